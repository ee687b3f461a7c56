"""The work of an import: scan, sort out, measure, identify, keep; in threads of its own."""

import asyncio
import contextlib
import logging
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from wkmp_lab._version import __version__
from wkmp_lab.errors import CancelledError, WkmpLabError
from wkmp_lab.identifying.decisions import (
    CutDecision,
    Decision,
    find_boundaries,
    group_by_content,
)
from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.library import changes
from wkmp_lab.library.run_state import RunState
from wkmp_lab.library.store import Store, StoredRun
from wkmp_lab.lookup import services
from wkmp_lab.lookup.lookup_thread import LookupThread, identify_now
from wkmp_lab.model import FileResult, SourceFile
from wkmp_lab.pipeline import cache_keys, measure
from wkmp_lab.progress.board import Control
from wkmp_lab.progress.snapshot import SessionState
from wkmp_lab.runner.one_file import measure_apart
from wkmp_lab.runner.runner import Runner, order_tasks
from wkmp_lab.runner.worker import Task
from wkmp_lab.settings import SegmentHints, Settings

LOGGER = logging.getLogger("wkmp_lab")
CANCEL_WAIT_S = 10.0
"""How long an interrupted wait gives the workers to come to an end."""


class ImportRun:
    """One import under way. One thread scans, measures and writes, the lookup thread identifies;
    only they change the run state.

    Attributes
    ----------
    session_id
        Short random name of the import, in every log line.
    run_state
        What has come back.
    control
        What was asked for last: run, pause or cancel.
    state
        What it is at; never ``paused``, which is the control's.
    n_jobs
        Files that may be worked on at once, now.
    skipped
        (path, reason) of what the scan passed over.
    error
        What ended the import before its time, None where nothing did.
    ended
        Set when nothing changes any more.
    """

    def __init__(
        self, folder: str, *, settings: Settings, store_path: Path, retry_failed: bool = False
    ) -> None:
        self.session_id = uuid.uuid4().hex[:8]
        self.folder = folder
        self.settings = settings
        self.store_path = store_path
        self.n_jobs = 0
        self.skipped: tuple[tuple[str, str], ...] = ()
        self.error: BaseException | None = None
        self.state: SessionState = "scanning"
        self.control = Control.RUN
        self.run_state = RunState(
            self.session_id, folder, lookup_limit=services.name_limit(settings.identifying)
        )
        self.ended = threading.Event()
        self._retry_failed = retry_failed
        self._store: Store | None = None
        self._spawned = threading.Event()

    def set_control(self, control: Control) -> None:
        """Pause, go on, or cancel; a cancel is final."""
        if self.ended.is_set() or self.control is Control.CANCEL:
            return
        self.control = control
        board = self.run_state.board
        if board is not None:
            board.control = control

    @contextlib.contextmanager
    def open_store(self, *, is_writer: bool = True) -> Iterator[Store]:
        """The store: the import's own while it runs."""
        if self._store is not None:
            yield self._store
        else:
            with Store(self.store_path, folder=Path(self.folder), is_writer=is_writer) as store:
                yield store

    def take_decisions(self, store: Store) -> None:
        """Show the results as the store's decisions have them."""
        self.run_state.decide(group_by_content(decision for _, decision in store.read_decisions()))

    def decide(self, *decisions: Decision) -> None:
        """Keep decisions that are made, and undone, at once; show the results accordingly."""
        with self.open_store() as store:
            store.put_decisions(decisions)
            self.take_decisions(store)

    def undo(self) -> tuple[Decision, ...]:
        """Take back what was decided last, and return it. A file is cut as before."""
        with self.open_store() as store:
            undone = store.undo_decisions()
            self.take_decisions(store)
        recut = {each.sha256 for each in undone if isinstance(each, CutDecision)}
        for result in self.run_state.results if recut else ():
            if result.sha256 in recut:
                self.measure_again(result)
        return undone

    def cut(self, result: FileResult, decision: Decision) -> FileResult:
        """Keep a decision on where a file is cut, and measure it accordingly."""
        self.decide(decision)
        return self.measure_again(result)

    def measure_again(self, result: FileResult) -> FileResult:
        """Measure and identify one file now, with the boundaries that hold for it."""
        task = Task(0, result.source, self.make_hints(result), result.sha256)
        fresh = measure_apart(task, self.settings)
        fresh = identify_now(fresh, self.settings, folder=self.folder)
        with self.open_store() as store:
            self._revise(fresh, store)
        return fresh

    def make_hints(self, result: FileResult) -> SegmentHints:
        """What the library knows of a file when it is cut: its folder, lengths, decisions."""
        boundaries = find_boundaries(self.run_state.decisions.get(result.sha256 or "", ()))
        n_in_folder = changes.count_siblings(known.source for known in self.run_state.results)
        lengths_s = cache_keys.read_lengths(result)
        return changes.make_hints(result.source, n_in_folder, boundaries, lengths_s)

    def start(self) -> None:
        """Begin, in a thread of its own; returns when the worker processes exist.

        A notebook's interrupt reaches every process of its group: the workers are made while this
        process ignores it, and so ignore it from birth.
        """
        thread = threading.Thread(target=self._work, name="wkmp-import", daemon=True)
        with _ignoring_interrupts():
            thread.start()
            self._spawned.wait(30.0)

    def _work(self) -> None:
        try:
            with self.open_store() as store:
                self._store = store
                self.take_decisions(store)
                with Runner(self.settings, on_change=self._adapt) as runner:
                    self.n_jobs = runner.n_jobs
                    self._spawned.set()
                    self._import(runner, store)
        except CancelledError:
            self.state = "cancelled"
        except BaseException as error:  # noqa: BLE001 (the thread's boundary: wait() raises it)
            self.error, self.state = error, "failed"
            self._log(f"failed: {measure.describe_error(error)}")
        finally:
            self._store = None
            self.run_state.close()
            self._spawned.set()
            self.ended.set()

    def _import(self, runner: Runner, store: Store) -> None:
        scan = scan_folder(self.folder, settings=self.settings.scanning, on_found=self._found)
        self.skipped = scan.skipped
        self._log(f"{len(scan.files)} audio files found, {len(scan.skipped)} skipped")
        run = StoredRun(
            self.session_id, self.run_state.started_s, None, "running", self.n_jobs, self.settings
        )
        store.put_run(run, version=__version__)
        store.mark_missing(file.path for file in scan.files)
        board = self.run_state.open_board(scan.files)
        board.control = self.control
        self.state = "running"
        self._measure_and_identify(scan.files, runner, store)
        self.state = "cancelled" if self.control is Control.CANCEL else "completed"
        ended = replace(run, ended_s=time.time(), state=self.state)
        store.put_run(ended, version=__version__)
        self._log(f"{self.state}: {len(self.run_state.results)} of {len(scan.files)} files")

    def _measure_and_identify(
        self, files: Sequence[SourceFile], runner: Runner, store: Store
    ) -> None:
        board = self.run_state.board
        if board is None:
            raise WkmpLabError("an import needs its board")
        found = changes.sort_out(
            files,
            store=store,
            settings=self.settings,
            decisions=self.run_state.decisions,
            retry_failed=self._retry_failed,
        )
        self._log(
            f"parallelism level {self.n_jobs}: {len(found.tasks)} files to measure, "
            f"{len(found.known)} known, {len(found.copies)} copies"
        )
        store.put_many(found.copies, run_id=self.session_id)
        with LookupThread(
            self.settings,
            folder=self.folder,
            on_identified=lambda result: self._finish(result, store),
            on_revised=lambda result: self._revise(result, store),
            is_cancelled=lambda: self.control is Control.CANCEL,
        ) as lookup_thread:
            for result in (*found.known, *found.copies):
                self._take(result, lookup_thread, is_new=False)
            for _, _, outcome in runner.run(self._order(found.tasks), board):
                if outcome is not None:
                    store.put(outcome, run_id=self.session_id)
                    self._take(outcome, lookup_thread, is_new=True)
            lookup_thread.finish()
            for line in lookup_thread.remarks:
                self._remark(line)
        self._cut_by_releases(files, runner, store)

    def _cut_by_releases(self, files: Sequence[SourceFile], runner: Runner, store: Store) -> None:
        """Measure files again, once, whose release has told other lengths of their pieces."""
        wishing = {each.path for each in self.run_state.results if cache_keys.is_wishing(each)}
        board = self.run_state.board
        if not wishing or board is None or self.control is Control.CANCEL:
            return
        decided = self.run_state.decisions
        found = changes.sort_out(files, store=store, settings=self.settings, decisions=decided)
        tasks = [task for task in found.tasks if task.source.path in wishing]
        self._log(f"{len(tasks)} files are cut again by the lengths that their releases tell")
        for _, _, outcome in runner.run(self._order(tasks), board):
            if outcome is not None:
                self._revise(identify_now(outcome, self.settings, folder=self.folder), store)

    def _order(self, tasks: Sequence[Task]) -> list[Task]:
        return order_tasks(tasks, self.settings.running.order)

    def _take(self, result: FileResult, lookup_thread: LookupThread, *, is_new: bool) -> None:
        """Count a measured result, and hand it to the lookup thread if it is to be identified."""
        is_pending = lookup_thread.needs(result)
        self.run_state.put(result, is_finished=not is_pending, is_new=is_new)
        lookup_thread.put(result)
        if is_new and not is_pending:
            self._log_file(result)

    def _finish(self, result: FileResult, store: Store) -> None:
        """Keep a result that the lookup thread has identified."""
        store.put(result, run_id=self.session_id)
        self.run_state.put(result, is_finished=True)
        self._log_file(result)

    def _revise(self, result: FileResult, store: Store) -> None:
        """Keep another result of a file that had one."""
        store.put(result, run_id=self.session_id)
        self.run_state.replace(result)

    def _adapt(self, n_jobs: int, reason: str) -> None:
        """Show how many files go on at once; called by the runner's watch."""
        self.n_jobs = n_jobs
        if reason:
            self._log(f"now {n_jobs} at a time: {reason}")

    def _found(self, n_files: int) -> None:
        self.run_state.n_found = n_files
        if self.control is Control.CANCEL:
            raise CancelledError("cancelled during the scan")

    def _log_file(self, result: FileResult) -> None:
        reason = f" ({result.failure.reason})" if result.failure else ""
        self._log(
            f"Processing file {self.run_state.n_finished} of {self.run_state.n_found}: "
            f"{result.status}{reason}, {len(result.passages)} passages | {result.path!r}"
        )

    def _remark(self, line: str) -> None:
        """Log a line that the summary shows too."""
        self.run_state.remark(line)
        self._log(line)

    def _log(self, line: str) -> None:
        self.run_state.note(line)
        LOGGER.info("session %s [%d jobs] %s", self.session_id, self.n_jobs, line)


@contextlib.contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    old = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)


def load_run(folder: Path, store_path: Path) -> ImportRun:
    """What an import has left, as a run that has ended.

    Raises
    ------
    StoreError
        No import of the folder is known.
    """
    with Store(store_path, folder=folder, is_writer=False) as opened:
        stored = opened.read_last_run()
        settings = stored.settings if stored else Settings()
        results = changes.note_stale(opened.read_results(), settings)
        decided = [decision for _, decision in opened.read_decisions()]
    run = ImportRun(str(folder), settings=settings, store_path=store_path)
    run.run_state.decide(group_by_content(decided))
    run.run_state.load(results)
    # A run that never said how it ended was broken off.
    run.state = "completed" if stored is not None and stored.state == "completed" else "cancelled"
    run.ended.set()
    return run


def wait_for_end(run: ImportRun, *, timeout_s: float | None = None) -> None:
    """Block until an import has ended.

    Parameters
    ----------
    run
        The import.
    timeout_s
        None waits as long as it takes.

    Raises
    ------
    TimeoutError
        The import was still running; it goes on.
    KeyboardInterrupt
        The wait was interrupted; the import is cancelled.
    WkmpLabError
        The import could not be carried out.
    """
    give_up = None if timeout_s is None else time.monotonic() + timeout_s
    try:
        while not run.ended.wait(0.1):
            if give_up is not None and time.monotonic() > give_up:
                raise TimeoutError(f"the import still runs after {timeout_s} s")
    except KeyboardInterrupt:
        _cancel(run)
        raise
    _raise_error(run)


async def await_end(run: ImportRun) -> None:
    """Let others run until an import has ended; errors as in :func:`wait_for_end`."""
    try:
        while not run.ended.is_set():
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        _cancel(run)
        raise
    _raise_error(run)


def _cancel(run: ImportRun) -> None:
    run.set_control(Control.CANCEL)
    run.ended.wait(CANCEL_WAIT_S)


def _raise_error(run: ImportRun) -> None:
    if run.error is not None:
        raise run.error
