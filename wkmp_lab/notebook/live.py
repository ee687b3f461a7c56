"""Imports as notebooks and scripts call them: the session's own, with progress to look at.

How progress is shown depends on where we are: widgets where somebody looks, a table that is
renewed once a second where a notebook is executed without anybody, a bar or lines in a terminal.
IPython and ipywidgets are loaded only where they run already.
"""

import importlib
import os
import sys
import threading
import warnings
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from wkmp_lab import examining, terminal
from wkmp_lab import session as core
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import FileResult
from wkmp_lab.session import ImportSession
from wkmp_lab.settings import Settings

Ui = Literal["widgets", "html", "text", "log", "none"]
UIS: tuple[Ui, ...] = ("widgets", "html", "text", "log", "none")
LAST_LOOK_S = 3.0
"""How long a blocking import waits for its display to show the end."""


def start_import(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    store: str | Path | None = None,
    retry_failed: bool = False,
    ui: Ui | None = None,
) -> ImportSession:
    """Start to import a folder of music, show progress, and return at once.

    The kernel stays free: other cells run, the panel's buttons work. ``await session`` in a
    notebook or ``session.wait()`` in a script waits for the end.

    Parameters
    ----------
    folder
        The music folder; it is only read.
    settings
        Of every phase; the defaults where None.
    store
        The SQLite file to keep results in; None: in the user's data folder.
    retry_failed
        Try files again that failed before.
    ui
        How to show progress: ``widgets``, ``html``, ``text``, ``log`` or ``none``; None: the
        environment variable ``WKMP_LAB_UI``, else what fits.

    Returns
    -------
    ImportSession
        Its tables show what has come so far.

    Raises
    ------
    InvalidInputError
        The folder is missing or no folder, or there is no such ``ui``.
    """
    return _start(folder, settings, store, ui, retry_failed=retry_failed)[0]


def import_folder(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    store: str | Path | None = None,
    retry_failed: bool = False,
    ui: Ui | None = None,
) -> ImportSession:
    """Import a folder of music, show progress, and return when that is done.

    An interrupt (the kernel's stop button, Ctrl-C) cancels the import; finished files are kept.

    Parameters
    ----------
    folder, settings, store, retry_failed, ui
        As for :func:`start_import`.

    Raises
    ------
    InvalidInputError
        The folder is missing or no folder, or there is no such ``ui``.
    KeyboardInterrupt
        The import was interrupted; :func:`open_session` gives what had come.
    WkmpLabError
        The import could not be carried out, as where its store is held by another.
    """
    session, display = _start(folder, settings, store, ui, retry_failed=retry_failed)
    try:
        return session.wait()
    finally:
        display.join(LAST_LOOK_S)


def open_session(folder: str | Path, *, store: str | Path | None = None) -> ImportSession:
    """What an import of the folder left, complete or not; the running one where one runs here.

    Parameters
    ----------
    folder
        The music folder; it need not be there any more.
    store
        The SQLite file with the results; None: the one in the user's data folder.

    Raises
    ------
    StoreError
        No import of the folder is known.
    """
    prepare_shell()
    return core.open_session(folder, store=store)


def last_session() -> ImportSession:
    """The import that was started last in this process, running or ended.

    Raises
    ------
    InvalidInputError
        None was.
    """
    prepare_shell()
    return core.last_session()


def examine(path: str | Path, *, settings: Settings | None = None) -> FileResult:
    """One file through all phases, here and now; nothing is stored.

    Parameters
    ----------
    path
        The audio file.
    settings
        Of every phase; the defaults where None.

    Returns
    -------
    FileResult
        With its passages; one of status ``failed`` where the file cannot be decoded.

    Raises
    ------
    InvalidInputError
        There is no such file, or it is a folder.
    """
    prepare_shell()
    return examining.examine(path, settings=settings)


def prepare_shell() -> None:
    """Let a notebook show sessions and results as summaries; nothing in a plain script."""
    shell = _find_shell()
    if getattr(shell, "kernel", None) is not None:
        importlib.import_module("wkmp_lab.notebook.display").register_reprs(shell)


def find_ui(
    *, shell: Any, environment: Mapping[str, str], is_terminal: bool, wish: str | None = None
) -> Ui:
    """How progress is best shown.

    Parameters
    ----------
    shell
        The running IPython shell, None in a plain script.
    environment
        ``WKMP_LAB_UI`` decides where there is no wish.
    is_terminal
        A script's error stream is a terminal.
    wish
        What the caller asks for.

    >>> find_ui(shell=None, environment={}, is_terminal=False)
    'log'
    >>> find_ui(shell=None, environment={"WKMP_LAB_UI": "none"}, is_terminal=True)
    'none'
    """
    asked = wish or environment.get("WKMP_LAB_UI")
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

    if _find_shell() is not None and _kernel_version() >= (7, 1):
        warnings.warn(
            "with this ipykernel, run_until_complete in a cell makes Run All lose the queued "
            "cells; use `await session` instead",
            UserWarning,
            stacklevel=2,
        )
    nest_asyncio.apply()


def _start(
    folder: str | Path,
    settings: Settings | None,
    store: str | Path | None,
    wish: str | None,
    *,
    retry_failed: bool,
) -> tuple[ImportSession, threading.Thread]:
    ui = find_ui(
        shell=_find_shell(),
        environment=os.environ,
        is_terminal=sys.stderr is not None and sys.stderr.isatty(),
        wish=wish,
    )
    prepare_shell()
    session = core.start_import(folder, settings=settings, store=store, retry_failed=retry_failed)
    return session, show_session(session, ui=ui)


def show_session(session: terminal.Watched, *, ui: Ui) -> threading.Thread:
    """Show a session until it ends; the thread that does so, running, is returned."""
    if ui in ("widgets", "html"):
        # Loaded here: a script must not pay for IPython and widgets.
        display = importlib.import_module("wkmp_lab.notebook.display")
        show = display.make_follower(session, ui=ui, is_page=is_voila(os.environ))
    elif ui in ("text", "log"):

        def show() -> None:
            terminal.show_progress(session, stream=sys.stderr)
    else:

        def show() -> None:
            """Nothing is shown."""

    thread = threading.Thread(target=show, name="wkmp-progress", daemon=True)
    thread.start()
    return thread


def _require_ui(name: str) -> Ui:
    for ui in UIS:
        if ui == name:
            return ui
    raise InvalidInputError(f"ui must be one of {', '.join(UIS)}, got {name!r}")


def _find_shell() -> Any:
    """The running IPython shell; IPython is not loaded to find that there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _kernel_version() -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in version("ipykernel").split(".")[:2])
    except (PackageNotFoundError, ValueError):
        return ()
