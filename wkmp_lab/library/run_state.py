"""The fold of an import: every result that came back, with the counts that displays draw from."""

import collections
import threading
import time
from collections.abc import Sequence

import numpy as np

from wkmp_lab.identifying.decisions import ByContent, apply_decisions
from wkmp_lab.model import FileResult, MatchLevel, Phase, SourceFile
from wkmp_lab.progress.board import PHASES, Board, FileState
from wkmp_lab.progress.estimate import (
    MIN_FINISHED,
    NOTHING,
    BoardReading,
    estimate_remaining_s,
    read_board,
)
from wkmp_lab.progress.snapshot import SessionState, Snapshot

RATE_WINDOW = 20
"""Moments that the rate for the remaining time is taken over."""
MARK_INTERVAL_S = 0.5
"""Shortest time between two of them."""
N_LATEST = 20
"""Failures and log lines that a snapshot shows."""


class RunState:
    """Results of one import; written by its threads, read by everybody.

    Parameters
    ----------
    session_id, folder
        Shown in every snapshot.

    Attributes
    ----------
    decisions
        What a person has decided: laid over the results that are shown, never kept in them.
    """

    def __init__(self, session_id: str, folder: str, *, lookup_limit: str = "") -> None:
        self.session_id = session_id
        self._lookup_limit = lookup_limit
        self.folder = folder
        self.board: Board | None = None
        self.n_found = 0
        self.n_finished = 0
        self._mutex = threading.Lock()
        self._results: dict[str, FileResult] = {}
        self.decisions: ByContent = {}
        self._index: dict[str, int] = {}
        self._paths: tuple[str, ...] = ()
        self._sizes = np.zeros(0, np.int64)
        self._levels: collections.Counter[str] = collections.Counter()
        self._n_finished_now = 0
        self._measured_s = 0.0
        self._failures: dict[str, str] = {}
        self._log: collections.deque[str] = collections.deque(maxlen=N_LATEST)
        self._remarks: collections.deque[str] = collections.deque(maxlen=N_LATEST)
        self._marks: collections.deque[tuple[float, float]] = collections.deque(maxlen=RATE_WINDOW)
        self._fraction = 0.0
        self._last_reading = NOTHING
        self._started_s = time.time()
        self._ended_s: float | None = None

    @property
    def results(self) -> tuple[FileResult, ...]:
        """What has come back so far, by path."""
        with self._mutex:
            found = [self._decide(result) for result in self._results.values()]
        return tuple(sorted(found, key=lambda result: result.path))

    @property
    def started_s(self) -> float:
        """When the import began, in seconds since the epoch."""
        return self._started_s

    def open_board(self, files: Sequence[SourceFile]) -> Board:
        """Make the progress board once the scan has told which files there are."""
        self._paths = tuple(file.path for file in files)
        self._sizes = np.array([file.size_bytes for file in files], np.int64)
        self._index = {path: index for index, path in enumerate(self._paths)}
        self.n_found = len(files)
        self.board = Board.create(len(files))
        return self.board

    def load(self, results: Sequence[FileResult]) -> None:
        """Take over what an earlier import left, as a whole that is over."""
        self.n_found = len(results)
        for result in results:
            self._count(result)
        n_passages = sum(len(result.passages) for result in results)
        self._last_reading = BoardReading(
            fraction=1.0,
            n_by_phase=(len(results),) * len(PHASES),
            n_passages_by_phase=tuple(n_passages * (k > 1) for k in range(len(PHASES))),
            n_finished=len(results),
            n_passages=n_passages,
            in_flight=(),
        )
        self._ended_s = self._started_s

    def put(self, result: FileResult, *, is_finished: bool, is_new: bool = True) -> None:
        """Add or replace the result of a file.

        Parameters
        ----------
        result
            Of a file of the scan.
        is_finished
            Nothing more is to come for this file.
        is_new
            It was worked on in this import; only such files tell the rate.
        """
        with self._mutex:
            self._count(result)
        if not is_finished:
            if not is_new:
                self._show_waiting(result)
            return
        self.n_finished += 1
        if self.board is not None:
            index = self._index[result.path]
            self.board.mark(index, FileState.DONE, n_passages=len(result.passages))
        if is_new:
            self._n_finished_now += 1
            if any(
                s.phase is Phase.SEGMENTING and s.start_s >= self._started_s for s in result.spans
            ):
                self._measured_s += result.duration_s or 0.0
            self._mark_rate()

    def _show_waiting(self, result: FileResult) -> None:
        """Show a file that no worker has touched in this import as measured and not identified."""
        if self.board is None:
            return
        index = self._index[result.path]
        self.board.mark(index, FileState.MEASURED, n_passages=len(result.passages))
        for phase in PHASES:
            if phase is not Phase.IDENTIFYING:
                self.board.leave(index, phase)

    def find(self, path: str) -> FileResult | None:
        """The result of a path, None where none has come back."""
        with self._mutex:
            result = self._results.get(path)
            return None if result is None else self._decide(result)

    def replace(self, result: FileResult) -> None:
        """Replace the result of a finished file."""
        with self._mutex:
            self._count(result)
        if self.board is not None and result.path in self._index:
            index = self._index[result.path]
            self.board.mark(index, FileState.DONE, n_passages=len(result.passages))

    def decide(self, decisions: ByContent) -> None:
        """Lay these decisions over the results, instead of those before."""
        with self._mutex:
            self.decisions = decisions
            self._levels.clear()
            for result in self._results.values():
                self._levels.update(_levels_of(self._decide(result)))

    def note(self, line: str) -> None:
        """Add a line to the log that snapshots show."""
        self._log.append(line)

    def remark(self, line: str) -> None:
        """Add a line that summaries show."""
        self._remarks.append(line)

    def close(self) -> None:
        """Stop the clock, and let go of the board."""
        self._ended_s = time.time()
        board = self.board
        if board is not None:
            self._last_reading = self._read_board()
            self.board = None
            board.remove()

    def snapshot(self, state: SessionState, *, n_jobs: int) -> Snapshot:
        """The state of the import at this moment."""
        reading = self._read_board()
        self._fraction = max(self._fraction, reading.fraction)
        is_live = state in ("running", "paused")
        remaining_s = (
            estimate_remaining_s(
                tuple(self._marks), fraction=self._fraction, n_finished=self._n_finished_now
            )
            if is_live
            else None
        )
        with self._mutex:
            return Snapshot(
                session_id=self.session_id,
                state=state,
                folder=self.folder,
                n_files=self.n_found,
                n_finished=reading.n_finished,
                n_failed=len(self._failures),
                n_passages=reading.n_passages,
                n_passages_by_level=(
                    self._levels["high"],
                    self._levels["medium"],
                    self._levels["low"],
                    self._levels["unidentified"],
                ),
                n_files_by_phase=reading.n_by_phase,
                n_passages_by_phase=reading.n_passages_by_phase,
                fraction=1.0 if state == "completed" else self._fraction,
                elapsed_s=(self._ended_s or time.time()) - self._started_s,
                remaining_s=remaining_s,
                remaining_reason=self._describe_remaining(reading, remaining_s, n_jobs)
                if is_live
                else "",
                in_flight=reading.in_flight if is_live else (),
                failures=tuple(list(self._failures.items())[-N_LATEST:]),
                log=tuple(self._log),
                n_jobs=n_jobs,
                remarks=tuple(self._remarks),
                measured_s=self._measured_s,
            )

    def _describe_remaining(
        self, reading: BoardReading, remaining_s: float | None, n_jobs: int
    ) -> str:
        """What the remaining time depends on."""
        if self._lookup_limit and reading.n_waiting > n_jobs:
            return f"{self._lookup_limit}: {reading.n_waiting} files wait for answers"
        is_never_told = self.n_found <= MIN_FINISHED or reading.n_finished == self.n_found
        if remaining_s is None and is_never_told:
            return ""
        if remaining_s is None:
            return f"time left: told after {MIN_FINISHED} files"
        return "at the latest rate"

    def _mark_rate(self) -> None:
        now_s = time.time()
        if not self._marks or now_s - self._marks[-1][0] >= MARK_INTERVAL_S:
            self._marks.append((now_s, self._read_board().fraction))

    def _read_board(self) -> BoardReading:
        board = self.board
        if board is None:
            return self._last_reading
        return read_board(board.read(), paths=self._paths, sizes=self._sizes, now_s=time.time())

    def _count(self, result: FileResult) -> None:
        """Replace a result and keep the counts true; the caller holds the mutex."""
        old = self._results.get(result.path)
        if old is not None:
            self._levels.subtract(_levels_of(self._decide(old)))
        self._levels.update(_levels_of(self._decide(result)))
        self._results[result.path] = result
        self._failures.pop(result.path, None)
        if result.failure is not None:
            self._failures[result.path] = f"{result.failure.phase}: {result.failure.reason}"

    def _decide(self, result: FileResult) -> FileResult:
        return apply_decisions(result, self.decisions.get(result.sha256 or "", ()))


def _levels_of(result: FileResult) -> list[MatchLevel]:
    return [p.identity.level for p in result.passages if p.identity is not None]
