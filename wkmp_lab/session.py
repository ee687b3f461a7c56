"""An import as its user holds it: what was asked for, what has come back, what is pending."""

import asyncio
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import pandas as pd

from wkmp_lab import export, pipeline, tables
from wkmp_lab.board import Control
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.importing import ImportCourse
from wkmp_lab.lane import identify_now
from wkmp_lab.model import FileResult, SessionState, Snapshot, SourceFile
from wkmp_lab.settings import Settings
from wkmp_lab.store import Store, StoredRun, find_store_path

CANCEL_WAIT_S = 10.0
"""How long an interrupted wait gives the workers to come to an end."""


class ImportSession:
    """One import of one folder.

    Made by :func:`start_import`, :func:`import_folder` and :func:`open_session`. Everything can
    be read while it runs; ``await session`` or :meth:`wait` waits for the end.

    Attributes
    ----------
    session_id
        Short random name of the import, in every log line.
    folder
        Absolute path of the music folder.
    settings
        What the import was asked for.
    store_path
        The SQLite file that keeps the results.
    """

    def __init__(self, course: ImportCourse) -> None:
        self._course = course
        self.session_id = course.session_id
        self.folder = course.folder
        self.settings = course.settings
        self.store_path = course.store_path

    @property
    def n_jobs(self) -> int:
        """Files in flight."""
        return self._course.n_jobs

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(path, reason) of what the scan passed over."""
        return self._course.skipped

    @property
    def error(self) -> BaseException | None:
        """What ended the import before its time, None where nothing did."""
        return self._course.error

    # -- what is there -------------------------------------------------------------------

    @property
    def results(self) -> tuple[FileResult, ...]:
        """What has come back so far, by path."""
        return self._course.ledger.results

    @property
    def state(self) -> SessionState:
        """``scanning, running, paused, completed, cancelled`` or ``failed``."""
        course = self._course
        is_paused = course.state == "running" and course.control is Control.PAUSE
        return "paused" if is_paused else course.state

    @property
    def is_ended(self) -> bool:
        """True where nothing changes any more."""
        return self._course.ended.is_set()

    def snapshot(self) -> Snapshot:
        """The state at this moment, as progress displays draw it."""
        return self._course.ledger.snapshot(self.state, n_jobs=self.n_jobs)

    @property
    def files(self) -> pd.DataFrame:
        """A row per file."""
        return tables.files_table(self.results)

    @property
    def passages(self) -> pd.DataFrame:
        """A row per passage."""
        return tables.passages_table(self.results)

    @property
    def candidates(self) -> pd.DataFrame:
        """A row per identity candidate of each passage."""
        return tables.candidates_table(self.results)

    @property
    def evidence(self) -> pd.DataFrame:
        """A row per piece of evidence: why each candidate was (not) taken."""
        return tables.evidence_table(self.results)

    @property
    def flavors(self) -> pd.DataFrame:
        """The measured character of each passage."""
        return tables.flavors_table(self.results)

    @property
    def gaps(self) -> pd.DataFrame:
        """Every gap that was weighed, taken or not."""
        return tables.gaps_table(self.results)

    @property
    def timeline(self) -> pd.DataFrame:
        """When and where each phase of each file ran."""
        return tables.timeline_table(self.results)

    @property
    def failures(self) -> pd.DataFrame:
        """A row per failed file, with phase and reason."""
        return tables.failures_table(self.results)

    def export(self, folder: str | Path, formats: Sequence[str] = ("csv",)) -> tuple[Path, ...]:
        """Write the tables into a folder; see :func:`wkmp_lab.export.export_results`."""
        return export.export_results(
            self.results, folder, formats=tuple(formats), music_folder=self.folder
        )

    # -- what can be done ----------------------------------------------------------------

    def pause(self) -> None:
        """Let the workers wait where they are; :meth:`resume` goes on."""
        self._course.set_control(Control.PAUSE)

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        self._course.set_control(Control.RUN)

    def cancel(self) -> None:
        """End the import soon; finished files are kept, and a later import goes on from them."""
        self._course.set_control(Control.CANCEL)

    def wait(self, timeout: float | None = None) -> "ImportSession":
        """Wait for the end.

        Parameters
        ----------
        timeout
            In seconds; None waits as long as it takes.

        Raises
        ------
        TimeoutError
            The import was still running; it goes on.
        KeyboardInterrupt
            The wait was interrupted; the import is cancelled, finished files are kept.
        WkmpLabError
            The import could not be carried out.
        """
        give_up = None if timeout is None else time.monotonic() + timeout
        try:
            while not self._course.ended.wait(0.1):
                if give_up is not None and time.monotonic() > give_up:
                    raise TimeoutError(f"the import still runs after {timeout} s")
        except KeyboardInterrupt:
            self.cancel()
            self._course.ended.wait(CANCEL_WAIT_S)
            raise
        return self._raise_error()

    def __await__(self) -> Generator[None, None, "ImportSession"]:
        return self._wait_async().__await__()

    async def _wait_async(self) -> "ImportSession":
        try:
            while not self._course.ended.is_set():
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            self.cancel()
            self._course.ended.wait(CANCEL_WAIT_S)
            raise
        return self._raise_error()

    def retry(self) -> "ImportSession":
        """A new import of the same folder that also tries the failed files again."""
        return start_import(
            self.folder, settings=self.settings, store=self.store_path, retry_failed=True
        )

    def __repr__(self) -> str:
        now = self.snapshot()
        return (
            f"<ImportSession {self.session_id} {now.state}: {now.n_finished} of {now.n_files} "
            f"files, {now.n_passages} passages, {now.n_failed} failed>"
        )

    def _raise_error(self) -> "ImportSession":
        if self.error is not None:
            raise self.error
        return self


def start_import(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    store: str | Path | None = None,
    retry_failed: bool = False,
) -> ImportSession:
    """Start to import a folder of music, and return at once.

    What an earlier import of the folder has finished is not done again.

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

    Raises
    ------
    InvalidInputError
        The folder is missing or no folder.
    """
    path = _require_folder(folder)
    course = ImportCourse(
        str(path),
        settings=settings or Settings(),
        store_path=_store_path(path, store),
        retry_failed=retry_failed,
    )
    session = ImportSession(course)
    _LIVE[str(path)] = session
    course.start()
    return session


def import_folder(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    store: str | Path | None = None,
    retry_failed: bool = False,
) -> ImportSession:
    """Import a folder of music, and return when that is done; see :func:`start_import`."""
    return start_import(folder, settings=settings, store=store, retry_failed=retry_failed).wait()


def open_session(folder: str | Path, *, store: str | Path | None = None) -> ImportSession:
    """What an import of the folder left, complete or not; the running one where one runs here.

    Raises
    ------
    StoreError
        No import of the folder is known.
    """
    path = Path(folder).expanduser().absolute()
    live = _LIVE.get(str(path))
    if live is not None and not live.is_ended:
        return live
    store_path = _store_path(path, store)
    with Store(store_path, folder=path, is_writer=False) as opened:
        run = opened.read_last_run()
        results = list(opened.read_results())
    settings = run.settings if run else Settings()
    course = ImportCourse(str(path), settings=settings, store_path=store_path)
    course.ledger.load(results)
    course.state = _state_left(run)
    course.ended.set()
    return ImportSession(course)


def last_session() -> ImportSession:
    """The import that was started last in this process.

    Raises
    ------
    InvalidInputError
        None was.
    """
    if not _LIVE:
        raise InvalidInputError("no import was started here: use start_import or open_session")
    return list(_LIVE.values())[-1]


def examine(path: str | Path, *, settings: Settings | None = None) -> FileResult:
    """One file through all phases, here and now; nothing is stored.

    Raises
    ------
    InvalidInputError
        There is no such file.
    """
    file = Path(path).expanduser().absolute()
    if not file.is_file():
        raise InvalidInputError(f"expected an audio file, got {str(path)!r}")
    stat = file.stat()
    source = SourceFile(str(file), stat.st_size, stat.st_mtime_ns, (stat.st_dev, stat.st_ino))
    settings = settings or Settings()
    result = pipeline.measure_file(source, settings=settings)
    return identify_now(result, settings)


_LIVE: dict[str, ImportSession] = {}
"""Imports of this process by folder, latest last: the one piece of state that a kernel keeps, so
that a session can be found again after its variable is gone."""


def _require_folder(folder: str | Path) -> Path:
    path = Path(folder).expanduser().absolute()
    if not path.exists():
        raise InvalidInputError(f"the music folder does not exist: {str(folder)!r}")
    if not path.is_dir():
        raise InvalidInputError(f"expected a folder of music, got a file: {str(folder)!r}")
    return path


def _store_path(folder: Path, store: str | Path | None) -> Path:
    return find_store_path(folder) if store is None else Path(store).expanduser().absolute()


def _state_left(run: StoredRun | None) -> SessionState:
    """How the last import ended; one that never said so was broken off."""
    return "completed" if run is not None and run.state == "completed" else "cancelled"
