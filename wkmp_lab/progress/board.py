"""The progress board: one memory-mapped record a file, shared by workers and parent.

A worker writes only the record of the file it holds, the parent the control word, which files are
held back and how many may be read at once, so no lock is needed. Nothing depends on the board for
correctness: results travel by return value, and a lost write costs a stale progress bar at worst.
"""

import contextlib
import enum
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from wkmp_lab.errors import CancelledError
from wkmp_lab.model import Phase

PHASES = tuple(Phase)
FIRST_OF_PASSAGES = PHASES.index(Phase.SEGMENTING)
"""Before this one nothing is known of passages."""
PREFIX = "wkmp-lab-board-"
"""How the names of mapped files begin; the process that made them follows."""
MAX_PASSAGES = 65535
"""More than that are counted as so many."""
RECORD = np.dtype(
    [
        ("state", "u1"),
        ("phase", "i1"),
        ("phases_left", "u2"),
        ("is_held", "u1"),
        ("measure", "u1"),
        ("waits_for", "u1"),
        ("is_postponed", "u1"),
        ("n_passages", "u2"),
        ("n_cut", "u2"),
        ("fraction", "f4"),
        ("pid", "i4"),
        ("started", "f8"),
        ("phase_started", "f8"),
        ("alive", "f8"),
    ]
)


class Control(enum.IntEnum):
    """What the parent asks of the workers; kept in the ``state`` of record 0."""

    RUN = 0
    CANCEL = 1
    PAUSE = 2


class FileState(enum.IntEnum):
    """Where a file stands; kept in the ``state`` of its record."""

    WAITING = 0
    IN_FLIGHT = 1
    MEASURED = 2
    DONE = 3


class Board:
    """Progress of ``n_files`` files and the control word, in one mapped file.

    Pickles as its path, so that every process maps the same pages.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._records: npt.NDArray[Any] = np.memmap(path, RECORD, "r+")

    @classmethod
    def create(cls, n_files: int) -> "Board":
        """Make a board in the temporary folder; :meth:`remove` it when the run has ended.

        What runs that were killed have left behind there is cleared away.
        """
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
            pid = left.name.removeprefix(PREFIX).partition("-")[0]
            if pid.isdigit() and not psutil.pid_exists(int(pid)):
                with contextlib.suppress(OSError):  # another user's
                    left.unlink()
        descriptor, path = tempfile.mkstemp(prefix=f"{PREFIX}{os.getpid()}-")
        with os.fdopen(descriptor, "wb") as file:
            np.zeros(n_files + 1, RECORD).tofile(file)
        return cls(path)

    def __reduce__(self) -> tuple[type["Board"], tuple[str]]:
        return Board, (self.path,)

    def remove(self) -> None:
        """Delete the mapped file and what lies beside it under its name; maps that are still open
        keep working on Unix.
        """
        path = Path(self.path)
        path.unlink(missing_ok=True)
        for beside in path.parent.glob(f"{path.name}.*"):
            with contextlib.suppress(OSError):  # Windows keeps what is open
                beside.unlink()

    @property
    def control(self) -> Control:
        return Control(int(self._records[0]["state"]))

    @control.setter
    def control(self, value: Control) -> None:
        self._records[0]["state"] = value

    @property
    def n_readers(self) -> int:
        """Files that may be read at once; 0 where nobody need wait. Kept in the ``n_passages`` of
        record 0.
        """
        return int(self._records[0]["n_passages"])

    @n_readers.setter
    def n_readers(self, value: int) -> None:
        self._records[0]["n_passages"] = value

    def read(self) -> npt.NDArray[Any]:
        """A copy of all file records, shape ``(n_files,)``."""
        return np.array(self._records[1:])

    def count_places(self) -> int:
        """Files that workers have begun, and that are not identified yet."""
        records = self._records[1:]
        is_known = records["pid"] == 0  # measured by an earlier import
        states = records["state"]
        is_open = (states == FileState.IN_FLIGHT) | (states == FileState.MEASURED)
        return int((is_open & ~is_known).sum())

    def mark(self, index: int, state: FileState, *, n_passages: int = 0) -> None:
        """Set the state of a file from the parent's side."""
        record = self._records[index + 1]
        record["state"] = state
        record["n_passages"] = min(n_passages, MAX_PASSAGES)
        record["n_cut"] = max(record["n_cut"], record["n_passages"])
        if state is FileState.DONE:
            record["phases_left"] = (1 << len(PHASES)) - 1

    def hold(self, index: int, *, is_held: bool) -> None:
        """Let the work on a file wait, or go on."""
        self._records[index + 1]["is_held"] = is_held

    def postpone(self, index: int) -> None:
        """Let the worker that was handed a file give it back, if it has not begun it."""
        self._records[index + 1]["is_postponed"] = 1

    def take_postponed(self, index: int) -> bool:
        """True, once, where a file is to be given back."""
        record = self._records[index + 1]
        is_postponed = bool(record["is_postponed"])
        record["is_postponed"] = 0
        return is_postponed

    def note(
        self,
        index: int,
        *,
        phase: int,
        fraction: float,
        phases_left: int,
        n_cut: int,
        waits_for: int = 0,
    ) -> None:
        """Write down how far a worker of another machine is; news of a file that is measured come
        too late.
        """
        record = self._records[index + 1]
        if record["state"] > FileState.IN_FLIGHT:
            return
        now = time.time()
        if record["started"] == 0 or record["state"] == FileState.WAITING:
            record["started"] = now
            record["pid"] = os.getpid()  # a cluster's processes are not for this machine to end
            record["state"] = FileState.IN_FLIGHT
        if record["phase"] != phase or record["phase_started"] == 0:
            record["phase"] = phase
            record["phase_started"] = now
        record["fraction"] = fraction
        record["waits_for"] = waits_for
        record["phases_left"] |= phases_left
        record["n_cut"] = max(record["n_cut"], n_cut)
        record["alive"] = now

    def leave(self, index: int, phase: Phase) -> None:
        """Note that a file has left a phase."""
        self._records[index + 1]["phases_left"] |= 1 << PHASES.index(phase)


class FileProgress:
    """What one file's work reports to the board, and where it learns of pause and cancel."""

    def __init__(self, board: Board, index: int) -> None:
        self._board = board
        self._index = index

    def begin(self) -> None:
        """Take the file for this process."""
        record = self._board._records[self._index + 1]
        record["is_held"] = record["waits_for"] = record["measure"] = 0
        record["pid"] = os.getpid()
        record["started"] = record["alive"] = time.time()
        record["state"] = FileState.IN_FLIGHT

    def enter(self, phase: Phase) -> None:
        """Start a phase."""
        record = self._board._records[self._index + 1]
        record["fraction"] = 0.0
        record["waits_for"] = 0
        record["phase"] = PHASES.index(phase)
        record["phase_started"] = time.time()
        self.advance(0.0)

    def wait_for(self, phase: Phase, duration_s: float) -> None:
        """Show for a while that a place in a phase is waited for.

        Raises
        ------
        CancelledError
            The import was cancelled.
        """
        record = self._board._records[self._index + 1]
        record["waits_for"] = PHASES.index(phase) + 1
        record["alive"] = time.time()
        time.sleep(duration_s)
        self._raise_if_cancelled()

    def advance(self, fraction: float) -> None:
        """Report how much of the phase is done; waits while paused or held back.

        Raises
        ------
        CancelledError
            The import was cancelled.
        """
        record = self._board._records[self._index + 1]
        record["fraction"] = min(max(fraction, 0.0), 1.0)
        record["alive"] = time.time()
        while self._must_wait():
            time.sleep(0.05)
            record["alive"] = time.time()
        self._raise_if_cancelled()

    def _raise_if_cancelled(self) -> None:
        if self._board.control is Control.CANCEL:
            raise CancelledError("the import was cancelled")

    def _must_wait(self) -> bool:
        control = self._board.control
        is_held = bool(self._board._records[self._index + 1]["is_held"])
        return control is Control.PAUSE or (is_held and control is Control.RUN)

    def cut(self, n_passages: int) -> None:
        """Tell how many passages the coming phases go through."""
        self._board._records[self._index + 1]["n_cut"] = min(n_passages, MAX_PASSAGES)

    def measure(self, index: int | None) -> None:
        """Tell which of one's own measures is at work, from 0: who dies now has died of it."""
        self._board._records[self._index + 1]["measure"] = 0 if index is None else index + 1

    def leave(self, phase: Phase) -> None:
        """End a phase."""
        self._board.leave(self._index, phase)

    def end(self, n_passages: int) -> None:
        """All that a worker does for the file is done."""
        self._board._records[self._index + 1]["alive"] = time.time()
        self._board.mark(self._index, FileState.MEASURED, n_passages=n_passages)
