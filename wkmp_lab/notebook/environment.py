"""Where the code runs, and how progress is best shown there.

Widgets where somebody looks, a table that is renewed once a second where a notebook is executed
without anybody, a bar or lines in a terminal. IPython is asked only where it runs already.
"""

import sys
import warnings
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from wkmp_lab.errors import InvalidInputError

Ui = Literal["widgets", "html", "text", "log", "none"]
UIS: tuple[Ui, ...] = ("widgets", "html", "text", "log", "none")


def prepare_shell() -> None:
    """Let a notebook, or IPython in a terminal, show sessions and results as summaries."""
    shell = find_shell()
    if getattr(shell, "kernel", None) is not None:
        from wkmp_lab.notebook.progress.display import register_reprs

        register_reprs(shell)
    elif shell is not None:
        register_texts(shell)


def register_texts(shell: Any) -> None:
    """Let an IPython shell show sessions and results as a few lines of text."""
    from wkmp_lab.display.summary import format_snapshot_text
    from wkmp_lab.display.terminal import format_result
    from wkmp_lab.library.session import ImportSession
    from wkmp_lab.model import FileResult

    plain = shell.display_formatter.formatters["text/plain"]
    plain.for_type(
        ImportSession, lambda s, printer, _cycle: printer.text(format_snapshot_text(s.snapshot()))
    )
    plain.for_type(FileResult, lambda r, printer, _cycle: printer.text(format_result(r)))


def find_ui(
    *, shell: Any, environment: Mapping[str, str], is_terminal: bool, chosen: str | None = None
) -> Ui:
    """How progress is best shown.

    Parameters
    ----------
    shell
        The running IPython shell, None in a plain script.
    environment
        ``WKMP_LAB_UI`` decides where nothing is chosen.
    is_terminal
        A script's error stream is a terminal.
    chosen
        What the caller asks for.

    >>> find_ui(shell=None, environment={}, is_terminal=False)
    'log'
    >>> find_ui(shell=None, environment={"WKMP_LAB_UI": "none"}, is_terminal=True)
    'none'
    """
    asked = chosen or environment.get("WKMP_LAB_UI")
    if asked:
        return _require_ui(asked)
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return "text" if is_terminal else "log"
    # Executors (nbclient, papermill, nbconvert) forbid input: nobody is there to click. Voila
    # does so too, but somebody looks. The attribute is ipykernel's own; True where it is gone.
    return "widgets" if is_voila(environment) or getattr(kernel, "_allow_stdin", True) else "html"


def is_voila(environment: Mapping[str, str]) -> bool:
    """True where the kernel works for Voila, which draws the page when all cells have ended.

    >>> is_voila({"SERVER_SOFTWARE": "voila/0.5.13"})
    True
    """
    return environment.get("SERVER_SOFTWARE", "").startswith("voila")


def allow_nested_loops() -> None:
    """Let ``run_until_complete`` be called inside a running event loop (by nest_asyncio).

    Nothing in wkmp_lab needs this: in a notebook, ``await`` the session. It serves other hosts
    that keep a loop running and offer no await.

    Warns
    -----
    UserWarning
        In a notebook: under ipykernel 7.1 and newer, a nested ``run_until_complete`` makes "Run
        All" lose the cells that are queued.
    """
    import nest_asyncio

    if find_shell() is not None and _kernel_version() >= (7, 1):
        warnings.warn(
            "with this ipykernel, run_until_complete in a cell makes Run All lose the queued "
            "cells; use `await session` instead",
            UserWarning,
            stacklevel=2,
        )
    nest_asyncio.apply()


def _require_ui(name: str) -> Ui:
    for ui in UIS:
        if ui == name:
            return ui
    raise InvalidInputError(f"ui must be one of {', '.join(UIS)}, got {name!r}")


def find_shell() -> Any:
    """The running IPython shell; IPython is not loaded to find that there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _kernel_version() -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in version("ipykernel").split(".")[:2])
    except (PackageNotFoundError, ValueError):
        return ()
