"""The widget of a browser: what runs in the page, and the line to it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anywidget
import traitlets

from wkmp_lab.notebook.modules import read_module, read_style

STYLES = ("templates/card.css", "static/browser/browser.css")


class BrowserPage(anywidget.AnyWidget):
    """The page of one browser. It holds no rows: a saved notebook keeps what it is made of alone.

    Parameters
    ----------
    on_message
        Called with each message of the page and its buffers.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    def __init__(self, on_message: Callable[[Mapping[str, Any], Sequence[Any]], None]) -> None:
        super().__init__(_esm=read_module("browser/browser.js"), _css=read_style(*STYLES))
        self.on_msg(lambda _, message, buffers: on_message(message, buffers))

    def make_view(self) -> dict[str, Any]:
        """What a cell shows of it."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"application/vnd.jupyter.widget-view+json": view}
