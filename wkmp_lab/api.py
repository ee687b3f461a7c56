"""Imports as notebooks and scripts call them: the session's own, with progress to look at.

How progress is shown depends on where we are: widgets where somebody looks, a table that is
renewed once a second where a notebook is executed without anybody, a bar or lines in a terminal.
IPython and ipywidgets are loaded only where they run already.
"""

import threading
from pathlib import Path

from wkmp_lab.library import examine as examining
from wkmp_lab.library.run.completed import OnResult
from wkmp_lab.model import FileResult
from wkmp_lab.notebook.environment import Ui, prepare_shell
from wkmp_lab.notebook.session import NotebookSession
from wkmp_lab.notebook.showing import choose_ui, show_session
from wkmp_lab.settings import Settings

LAST_LOOK_S = 3.0
"""How long a blocking import waits for its display to show the end."""


def start_import(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    store: str | Path | None = None,
    retry_failed: bool = False,
    rescan: bool = False,
    ui: Ui | None = None,
    on_result: OnResult | None = None,
) -> NotebookSession:
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
    rescan
        Look into every file, even where size and times are as they were.
    ui
        How to show progress: ``widgets``, ``html``, ``text``, ``log`` or ``none``; None: the
        environment variable ``WKMP_LAB_UI``, else what fits.
    on_result
        Is called as ``on_result(index, path, result)`` with each file that is finished, in a
        thread of its own; after an error no more. See :meth:`ImportSession.completed`.

    Returns
    -------
    NotebookSession
        Its tables show what has come so far.

    Raises
    ------
    InvalidInputError
        The folder is missing or no folder, or there is no such ``ui``.
    """
    session, _ = _start(folder, settings, store, ui, retry_failed=retry_failed, rescan=rescan)
    if on_result is not None:
        session.completed().follow(on_result)
    return session


def import_folder(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    store: str | Path | None = None,
    retry_failed: bool = False,
    rescan: bool = False,
    ui: Ui | None = None,
    on_result: OnResult | None = None,
) -> NotebookSession:
    """Import a folder of music, show progress, and return when that is done.

    An interrupt (the kernel's stop button, Ctrl-C) cancels the import; finished files are kept.

    Parameters
    ----------
    folder, settings, store, retry_failed, rescan, ui
        As for :func:`start_import`.
    on_result
        Is called as ``on_result(index, path, result)`` with each file that is finished, in the
        calling thread; what it raises cancels the import, and is raised here.

    Raises
    ------
    InvalidInputError
        The folder is missing or no folder, or there is no such ``ui``.
    KeyboardInterrupt
        The import was interrupted; :func:`open_session` gives what had come.
    WkmpLabError
        The import could not be carried out, as where its store is held by another.
    """
    session, display = _start(
        folder, settings, store, ui, retry_failed=retry_failed, rescan=rescan
    )
    try:
        if on_result is not None:
            session.completed().hand_out(on_result)
        return session.wait()
    finally:
        display.join(LAST_LOOK_S)


def open_session(folder: str | Path, *, store: str | Path | None = None) -> NotebookSession:
    """What an import of the folder left, complete or not; the running one where one runs here.

    Where one runs in another process, what had come of it, and a state that says so.

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
    return NotebookSession.open(folder, store=store)


def last_session() -> NotebookSession:
    """The import that was started last in this process, running or ended.

    Raises
    ------
    InvalidInputError
        None was.
    """
    prepare_shell()
    return NotebookSession.last()


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


def _start(
    folder: str | Path,
    settings: Settings | None,
    store: str | Path | None,
    chosen: str | None,
    *,
    retry_failed: bool,
    rescan: bool,
) -> tuple[NotebookSession, threading.Thread]:
    ui = choose_ui(chosen)
    prepare_shell()
    session = NotebookSession.start(
        folder, settings=settings, store=store, retry_failed=retry_failed, rescan=rescan
    )
    session.ui = ui
    return session, show_session(session, ui=ui)
