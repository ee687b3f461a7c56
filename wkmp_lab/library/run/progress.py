"""How far an import is: what the scan found, what the board tells, and the time that is left."""

import collections
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wkmp_lab.io.files.scanning import Scan
from wkmp_lab.model import FileResult, Phase
from wkmp_lab.progress.board import FIRST_OF_PASSAGES, PHASES, Board, FileState
from wkmp_lab.progress.estimate import (
    NOTHING,
    BoardReading,
    describe_remaining,
    estimate_remaining_s,
    read_board,
)

RATE_WINDOW = 20
"""Moments that the rate for the remaining time is taken over."""
MARK_INTERVAL_S = 0.5
"""Shortest time between two of them."""


@dataclass(frozen=True, slots=True)
class ProgressReading:
    """How far an import is at one moment."""

    board: BoardReading
    n_files: int
    fraction: float
    """Of the whole import, 0 to 1; never goes backwards."""
    elapsed_s: float
    remaining_s: float | None
    """None where it is not known yet, or no more asked for."""
    remaining_reason: str


class RunProgress:
    """How far one import is.

    The import thread opens and closes it; it and the lookup thread show which files have come,
    as does the thread of whoever decides by hand; everybody reads. All under one lock, but for
    the records of the board that belong to the workers.

    Parameters
    ----------
    started_s
        When the import began, in seconds since the epoch.
    lookup_limit
        What keeps look-ups slow, in words; empty where nothing does.

    Attributes
    ----------
    n_jobs
        Files that may be worked on at once, now; set by the import and the supervisor thread.
    """

    def __init__(self, *, started_s: float, lookup_limit: str = "") -> None:
        self.n_jobs = 0
        self._lookup_limit = lookup_limit
        self._started_s = started_s
        self._ended_s: float | None = None
        self._mutex = threading.Lock()
        self._board: Board | None = None
        self._paths: tuple[str, ...] = ()
        self._sizes = np.zeros(0, np.int64)
        self._index: dict[str, int] = {}
        self._n_found = 0
        self._skipped: tuple[tuple[str, str], ...] = ()
        self._n_finished_now = 0
        self._marks: collections.deque[tuple[float, float]] = collections.deque(maxlen=RATE_WINDOW)
        self._fraction = 0.0
        self._last_reading = NOTHING

    @property
    def n_found(self) -> int:
        """Files that the scan has found so far."""
        return self._n_found

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(path, reason) of what the scan passed over."""
        return self._skipped

    def show_found(self, n_files: int) -> None:
        """Show how many files the scan has found so far."""
        with self._mutex:
            self._n_found = n_files

    def open(self, scan: Scan) -> Board:
        """Make the progress board once the scan has told which files there are."""
        board = Board.create(len(scan.files))
        with self._mutex:
            self._paths = tuple(file.path for file in scan.files)
            self._sizes = np.array([file.size_bytes for file in scan.files], np.int64)
            self._index = {path: index for index, path in enumerate(self._paths)}
            self._n_found = len(scan.files)
            self._skipped = scan.skipped
            self._board = board
        return board

    def load(self, results: Sequence[FileResult]) -> None:
        """Show what an earlier import left, as a whole that is over."""
        n_passages = sum(len(result.passages) for result in results)
        with self._mutex:
            self._n_found = len(results)
            self._last_reading = BoardReading(
                fraction=1.0,
                n_by_phase=(len(results),) * len(PHASES),
                n_passages_by_phase=tuple(
                    n_passages * (k >= FIRST_OF_PASSAGES) for k in range(len(PHASES))
                ),
                n_finished=len(results),
                n_passages=n_passages,
                in_flight=(),
            )
            self._ended_s = self._started_s

    def find_index(self, path: str) -> int:
        """The place of a file in the scan, from 0."""
        return self._index[path]

    def show_measured(self, result: FileResult) -> None:
        """Show a file that no worker has touched in this import as measured, not identified."""
        with self._mutex:
            if self._board is None or result.path not in self._index:
                return
            self._mark(result, FileState.MEASURED)
            for phase in PHASES:
                if phase is not Phase.IDENTIFYING:
                    self._board.leave(self._index[result.path], phase)

    def show_done(self, result: FileResult, *, is_new: bool) -> None:
        """Show that nothing more is to come for a file.

        Parameters
        ----------
        result
            Of the file.
        is_new
            It was worked on in this import, and is finished by this; only such files tell the
            rate.
        """
        with self._mutex:
            self._mark(result, FileState.DONE)
            if is_new:
                self._n_finished_now += 1
                self._mark_rate()

    def close(self) -> None:
        """Stop the clock, and let go of the board."""
        with self._mutex:
            self._ended_s = time.time()
            self._last_reading = self._read_board()
            board, self._board = self._board, None
        if board is not None:
            board.remove()

    def read(self, *, is_live: bool) -> ProgressReading:
        """How far it is at this moment; the time that is left is told of a live import alone."""
        with self._mutex:
            reading = self._read_board()
            self._fraction = max(self._fraction, reading.fraction)
            remaining_s = self._estimate_remaining_s() if is_live else None
            return ProgressReading(
                board=reading,
                n_files=self._n_found,
                fraction=self._fraction,
                elapsed_s=(self._ended_s or time.time()) - self._started_s,
                remaining_s=remaining_s,
                remaining_reason=describe_remaining(
                    remaining_s,
                    n_files=self._n_found,
                    n_finished=reading.n_finished,
                    n_waiting=reading.n_waiting if reading.n_waiting > self.n_jobs else 0,
                    lookup_limit=self._lookup_limit,
                )
                if is_live
                else "",
            )

    def _mark(self, result: FileResult, state: FileState) -> None:
        if self._board is not None and result.path in self._index:
            index = self._index[result.path]
            self._board.mark(index, state, n_passages=len(result.passages))

    def _mark_rate(self) -> None:
        now_s = time.time()
        if not self._marks or now_s - self._marks[-1][0] >= MARK_INTERVAL_S:
            self._marks.append((now_s, self._read_board().fraction))

    def _estimate_remaining_s(self) -> float | None:
        return estimate_remaining_s(
            tuple(self._marks), fraction=self._fraction, n_finished=self._n_finished_now
        )

    def _read_board(self) -> BoardReading:
        if self._board is None:
            return self._last_reading
        now_s = time.time()
        return read_board(self._board.read(), paths=self._paths, sizes=self._sizes, now_s=now_s)
