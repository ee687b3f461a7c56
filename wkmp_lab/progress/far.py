"""Progress of a file on another machine: told in small events, and written to the board here."""

import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from wkmp_lab.errors import CancelledError
from wkmp_lab.model import Phase
from wkmp_lab.progress.board import MAX_PASSAGES, PHASES

TELL_S = 0.3
"""A fraction is told no sooner than this after what was told before; a phase is told at once."""


class FarNews(msgspec.Struct, frozen=True, array_like=True):
    """How far a file is: what :meth:`~wkmp_lab.progress.board.Board.note` writes down."""

    index: int
    phase: int
    """As an index into ``PHASES``."""
    fraction: float
    phases_left: int
    n_cut: int
    waits_for: int = 0
    """The phase that a place is waited for in, as an index into ``PHASES`` plus 1; 0: none."""


class Channel(Protocol):
    """What takes news from a worker to the process that gave it the work."""

    def tell(self, news: FarNews) -> None: ...

    def is_cancelled(self) -> bool:
        """True where nobody waits for the file any more."""


class FarProgress:
    """What one file's work on a cluster reports, a few times a second.

    Parameters
    ----------
    channel
        Where it goes; whatever that loses costs a stale progress bar at worst.
    index
        The file's record on the board.
    read_clock
        In seconds.
    """

    def __init__(
        self, channel: Channel, index: int, *, read_clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._channel = channel
        self._index = index
        self._read_clock = read_clock
        self._told_s = float("-inf")
        self._phase = 0
        self._fraction = 0.0
        self._phases_left = 0
        self._n_cut = 0

    def enter(self, phase: Phase) -> None:
        """Start a phase."""
        self._phase = PHASES.index(phase)
        self._fraction = 0.0
        self._tell()
        self._raise_if_cancelled()

    def wait_for(self, phase: Phase) -> None:
        """Show that a place in a phase is waited for.

        Raises
        ------
        CancelledError
            Nobody waits for the file any more.
        """
        self._tell(waits_for=PHASES.index(phase) + 1)
        self._raise_if_cancelled()

    def advance(self, fraction: float) -> None:
        """Report how much of the phase is done.

        Raises
        ------
        CancelledError
            Nobody waits for the file any more.
        """
        self._fraction = min(max(fraction, 0.0), 1.0)
        if self._read_clock() - self._told_s >= TELL_S:
            self._tell()
        self._raise_if_cancelled()

    def cut(self, n_passages: int) -> None:
        """Tell how many passages the coming phases go through."""
        self._n_cut = min(n_passages, MAX_PASSAGES)

    def measure(self, index: int | None) -> None:
        """Which of one's own measures is at work is not told: a cluster tries a file again."""

    def leave(self, phase: Phase) -> None:
        """End a phase; told with the next one."""
        self._phases_left |= 1 << PHASES.index(phase)

    def _tell(self, *, waits_for: int = 0) -> None:
        self._told_s = self._read_clock()
        self._channel.tell(
            FarNews(
                self._index, self._phase, self._fraction, self._phases_left, self._n_cut, waits_for
            )
        )

    def _raise_if_cancelled(self) -> None:
        if self._channel.is_cancelled():
            raise CancelledError("the import was cancelled")
