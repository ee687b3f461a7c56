"""One import as a whole: what was asked for, and the parts that it is made of."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wkmp_lab.display.numbers import format_count
from wkmp_lab.library import changes
from wkmp_lab.library.run.completed import Finished
from wkmp_lab.library.run.control import RunControl
from wkmp_lab.library.run.log import RunLog
from wkmp_lab.library.run.progress import RunProgress
from wkmp_lab.library.run.recorder import FlightRecorder
from wkmp_lab.library.run.results import Results
from wkmp_lab.library.run.shared_store import SharedStore
from wkmp_lab.library.run.stored import MAX_HELD, StoredResults
from wkmp_lab.library.store import Store, is_written_elsewhere, packed
from wkmp_lab.lookup import services
from wkmp_lab.model import FileResult
from wkmp_lab.progress.snapshot import SessionState, Snapshot
from wkmp_lab.runner.task_queue import TaskQueue
from wkmp_lab.settings import Settings

DAMAGED = "damaged in the store, and left out until the next import mends it"
ELSEWHERE = "this import runs in another process: open it again to see what has come since"
N_COMING = 3
"""Waiting files that a snapshot names."""


@dataclass(frozen=True, slots=True, eq=False)
class ImportRun:
    """One import, running or over: nothing here changes but its parts, which say by whom."""

    session_id: str
    """Short random name of the import, in every log line."""
    folder: str
    settings: Settings
    started_s: float
    """When it began, in seconds since the epoch."""
    store: SharedStore
    results: Results
    finished: Finished
    progress: RunProgress
    log: RunLog
    recorder: FlightRecorder
    control: RunControl
    queue: TaskQueue

    def snapshot(self) -> Snapshot:
        """The state of the import at this moment."""
        state = self.control.state
        is_live = state in ("running", "paused")
        far = self.progress.read(is_live=is_live)
        counts = self.results.count()
        return Snapshot(
            session_id=self.session_id,
            state=state,
            folder=self.folder,
            n_files=far.n_files,
            n_finished=far.board.n_finished,
            n_failed=counts.n_failed,
            n_passages=far.board.n_passages,
            n_passages_by_level=counts.n_passages_by_level,
            n_files_by_phase=far.board.n_by_phase,
            n_passages_by_phase=far.board.n_passages_by_phase,
            fraction=1.0 if state == "completed" else far.fraction,
            elapsed_s=far.elapsed_s,
            remaining_s=far.remaining_s,
            remaining_reason=far.remaining_reason,
            in_flight=far.board.in_flight if is_live else (),
            failures=counts.failures,
            log=self.log.lines,
            n_jobs=self.progress.n_jobs,
            remarks=self.log.remarks,
            measured_s=counts.measured_s,
            has_measures=bool(self.settings.measures),
            n_requests=self.progress.n_requests,
            coming=self.queue.peek(N_COMING) if is_live else (),
        )

    def prioritize(self, paths: Sequence[str | Path]) -> int:
        """Move files that wait, or come in later, to the front; returns how many waited."""
        n_moved = self.queue.prioritize([place(path, self.folder) for path in paths])
        line = f"{format_count(n_moved, 'file')} moved to the front"
        self.log.note(line, n_jobs=self.progress.n_jobs)
        return n_moved

    def take_decisions(self, store: Store) -> None:
        """Show the results as the store's decisions have them."""
        self.results.decide(decision for _, decision in store.read_decisions())

    def revise(self, result: FileResult, store: Store) -> None:
        """Keep and show another result of a file that had one."""
        store.put(result, run_id=self.session_id)
        self.results.replace(result)
        self.progress.show_done(result)


def place(path: str | Path, folder: str) -> str:
    """The absolute path of a file or folder that may be told from the music folder.

    >>> place("a/1.ogg", "/music"), place("/other", "/music")
    ('/music/a/1.ogg', '/other')
    """
    return str(Path(folder, Path(path).expanduser()))


def make_run(
    folder: Path, *, settings: Settings, store_path: Path, is_stored: bool = False
) -> ImportRun:
    """An import of a folder of which nothing has happened yet; ``is_stored``: all has, earlier."""
    session_id, started_s = uuid.uuid4().hex[:8], time.time()
    store, log = SharedStore(store_path, folder=folder), RunLog(session_id)
    stored = StoredResults(store, settings, on_damage=lambda line: _tell_damage(log, line))
    limit = services.name_limit(settings.identifying)
    return ImportRun(
        session_id=session_id,
        folder=str(folder),
        settings=settings,
        started_s=started_s,
        store=store,
        results=Results(since_s=started_s, stored=stored if is_stored else None),
        finished=Finished(),
        progress=RunProgress(started_s=started_s, lookup_limit=limit),
        log=log,
        recorder=FlightRecorder(session_id, started_s=started_s),
        control=RunControl(),
        queue=TaskQueue(),
    )


def load_run(folder: Path, store_path: Path) -> ImportRun:
    """What an import has left, as a run that has ended here: another process may be at it.

    Raises
    ------
    StoreError
        No import of the folder is known.
    """
    is_elsewhere = is_written_elsewhere(store_path)
    with Store(store_path, folder=folder, is_writer=False) as opened:
        is_large = (packed.count_files(opened) or 0) > MAX_HELD
        damage = opened.find_damage(has_rows=not is_large)
        stored = opened.read_last_run()
        settings = stored.settings if stored else Settings()
        run = make_run(folder, settings=settings, store_path=store_path, is_stored=is_large)
        run.take_decisions(opened)
        record = opened.read_record()
        if not is_large:
            for result in changes.note_stale(opened.read_results(), settings):
                run.results.replace(result)
    if stored is not None and record is not None and record.run_id == stored.id:
        run.recorder.load(record)
    if is_large:
        counts = run.results.count_stored()
        paths = counts.paths
        n_passages = sum(kind.n_passages * n for kind, n in counts.n_of_kind.items())
    else:
        held = run.results.read()
        paths = tuple(result.path for result in held)
        n_passages = sum(len(result.passages) for result in held)
    run.finished.load(paths)
    run.progress.load(len(paths), n_passages)
    for line in damage:
        _tell_damage(run.log, line)
    if is_elsewhere:
        run.log.remark(ELSEWHERE, n_jobs=0)
    # A run that never said how it ended was broken off, unless its store is being written to.
    is_whole = stored is not None and stored.state == "completed"
    ended: SessionState = "completed" if is_whole else "cancelled"
    run.control.enter("running elsewhere" if is_elsewhere else ended)
    run.control.end()
    return run


def _tell_damage(log: RunLog, line: str) -> None:
    told = f"{DAMAGED}: {line}"
    if not any(told in remark for remark in log.remarks):
        log.remark(told, n_jobs=0)
