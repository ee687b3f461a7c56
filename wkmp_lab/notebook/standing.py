"""Widgets on a page, and below them the form that stays when they are gone.

A saved notebook holds what a cell has shown, and of widgets nothing but their name: when the
kernel has ended, they cannot be found. So the static form stands below them, folded, and is
renewed with every change; whoever saves, restarts and loads the page anew finds it there.
"""

import os
from collections.abc import Mapping
from typing import Any

from IPython import get_ipython
from IPython.display import DisplayHandle

from wkmp_lab.display.templating import render
from wkmp_lab.notebook.environment import find_ui

_TEMPLATE = "notebook/templates/card.html.jinja"
Bundle = Mapping[str, str]


class Standing:
    """What one cell shows of a set of widgets."""

    def __init__(self) -> None:
        self._live: Any = None
        self._kept: Any = None
        self._last = ""

    def present(self, box: Any, static: Bundle) -> None:
        """Show the widgets in a box, or the static form alone where a notebook is executed and
        nobody looks: there controls are of no use.
        """
        if find_ui(shell=get_ipython(), environment=os.environ, is_terminal=False) == "html":
            self.show_static(static)
        else:
            self.show(box._repr_mimebundle_(), static)

    def show(self, live: Mapping[str, Any], static: Bundle) -> None:
        """Show the widgets, and the static form below them, folded."""
        self._live = _display({**live, **static})
        self._last = static["text/html"]
        self._kept = _display(_fold(static))

    def show_static(self, static: Bundle) -> None:
        """Show the static form alone, where nobody looks."""
        self._live = _display(static)

    def keep(self, static: Bundle) -> None:
        """Renew the static form; one that says the same is not sent again."""
        if self._kept is not None and static["text/html"] != self._last:
            self._last = static["text/html"]
            self._kept.update(_fold(static), raw=True)

    def end(self, static: Bundle) -> None:
        """Let the static form take the place of the widgets."""
        if self._live is not None:
            self._live.update(static, raw=True)
        if self._kept is not None:
            self._kept.update({"text/html": "", "text/plain": ""}, raw=True)
            self._kept = None


def _display(bundle: Mapping[str, Any]) -> Any:
    handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
    handle.display(bundle, raw=True)
    return handle


def _fold(static: Bundle) -> dict[str, str]:
    words = static["text/plain"].partition("\n")[0]
    html = render(_TEMPLATE, "fold", {"words": words}) + static["text/html"]
    return {"text/html": html + render(_TEMPLATE, "unfold", {}), "text/plain": ""}
