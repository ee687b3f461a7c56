"""How far an import is: what the scan found, what the board tells, and the time that is left."""

import threading
import time
from dataclasses import dataclass

from wkmp_lab.io.files.scanning import Scan
from wkmp_lab.model import FileResult, Phase
from wkmp_lab.progress.board import FIRST_OF_PASSAGES, PHASES, Board, FileState
from wkmp_lab.progress.costs import Expected, expect_by_size
from wkmp_lab.progress.estimate import (
    NOTHING,
    BoardReading,
    describe_remaining,
    read_board,
)

MAX_STEP, MAX_STEP_PER_S = 0.04, 0.25
"""How far a live fraction goes on from one look to the next, at once and for each second between:
a file that costs less than was expected is no jump."""


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
    n_requests
        Requests to services, told when the last look-up has ended; set by the import thread.
    """

    def __init__(self, *, started_s: float, lookup_limit: str = "") -> None:
        self.n_jobs = 0
        self.n_requests = 0
        self._lookup_limit = lookup_limit
        self._started_s = started_s
        self._ended_s: float | None = None
        self._mutex = threading.Lock()
        self._board: Board | None = None
        self._paths: tuple[str, ...] = ()
        self._expected = expect_by_size(())
        self._index: dict[str, int] = {}
        self._n_found = 0
        self._skipped: tuple[tuple[str, str], ...] = ()
        self._fraction = 0.0
        self._looked_s = started_s
        self._last_reading = NOTHING

    @property
    def is_limited(self) -> bool:
        """True where something keeps look-ups slow."""
        return bool(self._lookup_limit)

    @property
    def n_found(self) -> int:
        """Files that the scan has found so far."""
        return self._n_found

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(path, reason) of what the scan passed over."""
        return self._skipped

    def find_place(self, path: str) -> int:
        """Which file of the library a path is, from 1, in the order of the scan."""
        return self._index[path] + 1

    def show_found(self, n_files: int) -> None:
        """Show how many files the scan has found so far."""
        with self._mutex:
            self._n_found = n_files

    def open(self, scan: Scan) -> Board:
        """Make the progress board once the scan has told which files there are."""
        board = Board.create(len(scan.files))
        with self._mutex:
            self._paths = tuple(file.path for file in scan.files)
            self._expected = expect_by_size(scan.files)
            self._index = {path: index for index, path in enumerate(self._paths)}
            self._n_found = len(scan.files)
            self._skipped = scan.skipped
            self._board = board
        return board

    def expect(self, expected: Expected) -> None:
        """Weigh the files by what they are to cost, once it is known what has to be done."""
        with self._mutex:
            self._expected = expected

    def load(self, n_files: int, n_passages: int) -> None:
        """Show what an earlier import left, as a whole that is over."""
        with self._mutex:
            self._n_found = n_files
            self._last_reading = BoardReading(
                fraction=1.0,
                n_by_phase=(n_files,) * len(PHASES),
                n_passages_by_phase=tuple(
                    n_passages * (k >= FIRST_OF_PASSAGES) for k in range(len(PHASES))
                ),
                n_finished=n_files,
                n_passages=n_passages,
                in_flight=(),
            )
            self._ended_s = self._started_s

    def show_measured(self, result: FileResult) -> None:
        """Show a file that no worker has touched in this import as measured, not identified."""
        with self._mutex:
            if self._board is None or result.path not in self._index:
                return
            self._mark(result, FileState.MEASURED)
            for phase in PHASES:
                if phase is not Phase.IDENTIFYING:
                    self._board.leave(self._index[result.path], phase)

    def show_done(self, result: FileResult) -> None:
        """Show that nothing more is to come for a file."""
        with self._mutex:
            self._mark(result, FileState.DONE)

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
            self._advance(reading.fraction, is_live=is_live)
            remaining_s = reading.remaining_s if is_live else None
            return ProgressReading(
                board=reading,
                n_files=self._n_found,
                fraction=self._fraction,
                elapsed_s=(self._ended_s or time.time()) - self._started_s,
                remaining_s=remaining_s,
                remaining_reason=describe_remaining(
                    remaining_s,
                    fraction=self._fraction,
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

    def _advance(self, fraction: float, *, is_live: bool) -> None:
        """Go on to a fraction: never backwards, and while it is watched never in a jump."""
        now_s = time.time()
        most = self._fraction + max(MAX_STEP, MAX_STEP_PER_S * (now_s - self._looked_s))
        self._looked_s = now_s
        self._fraction = max(self._fraction, min(fraction, most) if is_live else fraction)

    def _read_board(self) -> BoardReading:
        if self._board is None:
            return self._last_reading
        return read_board(
            self._board.read(),
            paths=self._paths,
            expected=self._expected,
            now_s=time.time(),
            n_jobs=self.n_jobs,
        )
