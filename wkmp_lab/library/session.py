"""An import as its user holds it: what was asked for, what has come back, what is pending."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from wkmp_lab.collection import teach
from wkmp_lab.display.summary import format_finished
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.export import run_report
from wkmp_lab.io.files.scanning import locate_folder, require_folder
from wkmp_lab.library import relocate as relocation
from wkmp_lab.library import retuning
from wkmp_lab.library.library_view import LibraryView
from wkmp_lab.library.live_sessions import LiveSessions
from wkmp_lab.library.run.completed import Completed, Since
from wkmp_lab.library.run.control import await_end, wait_for_end
from wkmp_lab.library.run.import_run import load_run, make_run
from wkmp_lab.library.run.import_thread import ImportThread
from wkmp_lab.library.store import find_store_path
from wkmp_lab.progress.board import Control
from wkmp_lab.settings import AnalyzeSettings, IdentifySettings, SegmentSettings, Settings


class ImportSession(LibraryView):
    """One import of one folder.

    Made by :func:`start_import`, :func:`import_folder` and :func:`open_session`. Everything can
    be read while it runs; ``await session`` or :meth:`wait` waits for the end. It changes nothing
    itself: each request goes to the part of :mod:`wkmp_lab.library.run` that may carry it out, or
    to a function.

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

    @classmethod
    def start(
        cls,
        folder: str | Path,
        *,
        settings: Settings | None = None,
        store: str | Path | None = None,
        retry_failed: bool = False,
        rescan: bool = False,
    ) -> Self:
        """Start to import a folder of music, and return at once; see :func:`start_import`."""
        path = locate_folder(folder)
        require_folder(path)
        store_path = find_store_path(path, store)
        run = make_run(path, settings=settings or Settings(), store_path=store_path)
        session = cls(run)
        _LIVE.add(session, folder=path, store_path=store_path)
        ImportThread(run, retry_failed=retry_failed, rescan=rescan).start()
        return session

    @classmethod
    def open(cls, folder: str | Path, *, store: str | Path | None = None) -> Self:
        """What an import of the folder left; see :func:`open_session`."""
        path = locate_folder(folder)
        store_path = find_store_path(path, store)
        live = _LIVE.find_running(path, store_path=store_path)
        return cls(load_run(path, store_path)) if live is None else cls._of_this_kind(live)

    @classmethod
    def last(cls) -> Self:
        """The import that was started last; see :func:`last_session`."""
        last = _LIVE.last
        if last is None:
            raise InvalidInputError("no import was started here: use start_import or open_session")
        return cls._of_this_kind(last)

    @classmethod
    def _of_this_kind(cls, session: "ImportSession") -> Self:
        """The session itself, or another view of the same import."""
        return session if isinstance(session, cls) else cls(session._run)

    @property
    def n_jobs(self) -> int:
        """Files in flight."""
        return self._run.progress.n_jobs

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(path, reason) of what the scan passed over."""
        return self._run.progress.skipped

    @property
    def error(self) -> BaseException | None:
        """What ended the import before its time, None where nothing did."""
        return self._run.control.error

    def export(
        self, folder: str | Path, formats: str | Sequence[str] = "csv", *, has_bom: bool = False
    ) -> tuple[Path, ...]:
        """Write csv, parquet, xlsx, json, wkmp, cue, labels, m3u or html into a folder outside the
        music; see :func:`wkmp_lab.export.export.export_results`."""
        from wkmp_lab.export import export  # loads what writes each format

        music = self.folder
        return export.export_results(
            self.results, folder, formats=formats, music_folder=music, has_bom=has_bom
        )

    def save_report(self, path: str | Path) -> Path:
        """Write how it ran into one HTML file; see :func:`run_report.write_run_report`."""
        return run_report.write_run_report(self, path)

    # -- what can be done ----------------------------------------------------------------

    def pause(self) -> None:
        """Let the workers wait where they are; :meth:`resume` goes on."""
        self._run.control.ask(Control.PAUSE)

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        self._run.control.ask(Control.RUN)

    def prioritize(self, paths: str | Path | Iterable[str | Path]) -> int:
        """Let waiting files begin before all others, in this order; what was begun goes on.

        Parameters
        ----------
        paths
            Of files, or of folders with all below them, absolute or from the library.

        Returns
        -------
        int
            Files that waited and were moved; what the scan finds later is moved when it is found.
        """
        return self._run.prioritize([paths] if isinstance(paths, (str, Path)) else list(paths))

    def cancel(self) -> None:
        """End the import soon; finished files are kept, and a later import goes on from them."""
        self._run.control.ask(Control.CANCEL)

    def wait(self, timeout: float | None = None) -> Self:
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
        wait_for_end(self._run.control, timeout_s=timeout)
        return self

    def completed(self, *, since: Since = "start") -> Completed:
        """The results as they are finished, out of order, for ``for`` and for ``async for``.

        ``for index, path, result in session.completed()``: the file's place in the scan from 0,
        its path and its result. The loop ends when the import does; in a notebook ``async for``
        leaves the kernel free. What is done by hand later, as a new cut, does not come again.

        Parameters
        ----------
        since
            ``start``: all results, those that are there first; ``now``: those to come.

        Raises
        ------
        WkmpLabError
            At the end: the import could not be carried out.
        """
        run = self._run
        return Completed(run.finished, run.results, run.control, run.log, since=since)

    def __await__(self) -> Generator[None, None, Self]:
        return self._wait_async().__await__()

    async def _wait_async(self) -> Self:
        await await_end(self._run.control)
        return self

    def retry(self) -> Self:
        """A new import of the same folder that also tries the failed files again."""
        return type(self).start(
            self.folder, settings=self.settings, store=self.store_path, retry_failed=True
        )

    def identify(self, settings: IdentifySettings | None = None) -> Self:
        """A new import of the folder that asks what is still open; nothing is decoded again.

        Parameters
        ----------
        settings
            Others than before decide every passage anew, from stored fingerprints.
        """
        chosen = replace(self.settings, identifying=settings or self.settings.identifying)
        return type(self).start(self.folder, settings=chosen, store=self.store_path)

    def retune(
        self,
        *,
        segmenting: SegmentSettings | None = None,
        analyzing: AnalyzeSettings | None = None,
        redo: bool = False,
    ) -> Self:
        """Cut and measure the whole library by other settings, from its kept profiles, undecoded.

        Cuts, levels, loudness and leads are then those of a fresh import by these settings, to the
        last bit. Passages that begin or end elsewhere have to be heard anew: they lack
        fingerprint, descriptors and identity until the next import, which decodes their files,
        and those without a profile. What was decided by hand stays. ``preview_retune`` tells
        what would change.

        Parameters
        ----------
        segmenting, analyzing
            How files are cut, and how leads are found; None: as before.
        redo
            Start that next import at once, and return it as it begins.

        Returns
        -------
        ImportSession
            The library as it is now.

        Raises
        ------
        InvalidInputError
            The import still runs.
        StoreError
            The store is in use.
        """
        asked = self._ask_retuning(segmenting, analyzing)
        if redo:
            return type(self).start(self.folder, settings=asked.settings, store=self.store_path)
        n_done, n_left = retuning.retune_library(self._run.results.list_paths(), asked)
        session = type(self).open(self.folder, store=self.store_path)
        session._run.log.remark(retuning.describe_retuned(n_done, n_left), n_jobs=0)
        return session

    def relocate(self, new: str | Path) -> Self:
        """What is known here of a library that lies elsewhere by now, under the same names.

        Raises
        ------
        InvalidInputError
            The import still runs, or the new folder is missing or no folder.
        StoreError
            The store is in use, or the new folder has one with decisions of its own.
        """
        if not self.is_ended:
            raise InvalidInputError(f"an import of {self.folder!r} still runs: wait or cancel")
        is_own = self.store_path == find_store_path(Path(self.folder))
        store = None if is_own else self.store_path
        relocation.relocate(self.folder, new, store=store)
        return type(self).open(new, store=store)

    def teach(self, catalogue: str | Path | None = None) -> int:
        """Add what is known here to a catalogue; see :func:`teach.teach_results`."""
        return teach.teach_results(self.results, catalogue)

    def __repr__(self) -> str:
        now = self.snapshot()
        return (
            f"<ImportSession {self.session_id} {now.state}: {format_finished(now)}, "
            f"{now.n_passages} passages, {now.n_failed} failed>"
        )


def start_import(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    store: str | Path | None = None,
    retry_failed: bool = False,
    rescan: bool = False,
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
    rescan
        Look into every file, even where size and times are as they were.

    Raises
    ------
    InvalidInputError
        The folder is missing or no folder.
    """
    return ImportSession.start(
        folder, settings=settings, store=store, retry_failed=retry_failed, rescan=rescan
    )


def import_folder(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    store: str | Path | None = None,
    retry_failed: bool = False,
    rescan: bool = False,
) -> ImportSession:
    """Import a folder of music, and return when that is done; see :func:`start_import`."""
    return start_import(
        folder, settings=settings, store=store, retry_failed=retry_failed, rescan=rescan
    ).wait()


def open_session(folder: str | Path, *, store: str | Path | None = None) -> ImportSession:
    """What an import of the folder left, complete or not; the running one where one runs here.

    Where one runs in another process, what had come of it, and a state that says so.

    Raises
    ------
    StoreError
        No import of the folder is known.
    """
    return ImportSession.open(folder, store=store)


def last_session() -> ImportSession:
    """The import that was started last in this process.

    Raises
    ------
    InvalidInputError
        None was.
    """
    return ImportSession.last()


_LIVE: LiveSessions[ImportSession] = LiveSessions()
"""The one piece of state that a kernel keeps: what it has started, found again by
:meth:`ImportSession.open` and :meth:`ImportSession.last`."""
