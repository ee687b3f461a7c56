"""The gates of phases that only so many files may be in at once, over all workers.

How many is set for a phase, or follows the disk for the two that read it.

On this machine a place in a phase is a lock on a file beside the board: it is gone with the
process that holds it, however that ends, and nobody has to hand places out. On a cluster it is a
lease, of Dask's scheduler or of an actor on Ray. Files wait before the phase begins, outside its
time.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from wkmp_lab.errors import CancelledError
from wkmp_lab.io.locks import hold_lock
from wkmp_lab.model import Phase
from wkmp_lab.progress.board import Board, Control, FileProgress
from wkmp_lab.progress.far import TELL_S, FarProgress
from wkmp_lab.settings import RunSettings

POLL_S = 0.01
"""How long a place may stay empty while a file waits for it."""
READING = (Phase.EXTRACTING, Phase.DECODING)
"""The phases that read the disk: the first hashes all bytes, the second decodes them."""


class LocalGates:
    """The gates of one file on the way through its phases, in a process of this machine.

    Parameters
    ----------
    progress
        Of the file: told that it waits, and tells of a cancel.
    board
        The locks lie beside it; it tells how many files may be read at once.
    settings
        With the limits.
    """

    def __init__(self, progress: FileProgress, *, board: Board, settings: RunSettings) -> None:
        self._progress = progress
        self._board = board
        self._settings = settings

    @contextlib.contextmanager
    def hold_place(self, phase: Phase) -> Iterator[None]:
        """Wait for a place in a phase, and keep it for the duration of a ``with`` block.

        Raises
        ------
        CancelledError
            The import was cancelled.
        """
        with contextlib.ExitStack() as places:
            limit = self._settings.find_limit(phase)
            while limit is not None and not self._take(places, phase.value, limit):
                self._progress.wait_for(phase, POLL_S)
            # It may change while the file waits.
            while phase in READING and (n_readers := self._board.n_readers):
                if self._take(places, "reading", n_readers):
                    break
                self._progress.wait_for(phase, POLL_S)
            yield

    def _take(self, place: contextlib.ExitStack, gate: str, n_places: int) -> bool:
        for k in range(n_places):
            path = Path(f"{self._board.path}.{gate}.{k}")
            with contextlib.ExitStack() as tried:
                if tried.enter_context(hold_lock(path, timeout_s=0.0)):
                    place.push(tried.pop_all())
                    return True
        return False


def begin_in_turn(
    progress: FileProgress, board: Board, index: int, *, n_places: int | None
) -> bool:
    """Begin a file: at once, or when fewer than so many others keep their places, each until it
    is identified.

    Returns
    -------
    bool
        False where it is to be given back instead.

    Raises
    ------
    CancelledError
        The import was cancelled.
    """
    while not board.take_postponed(index):
        if n_places is None:
            progress.begin()
            return True
        with hold_lock(Path(f"{board.path}.begin")):
            if board.count_places() < n_places:
                progress.begin()
                return True
        if board.control is Control.CANCEL:
            raise CancelledError("the import was cancelled")
        time.sleep(POLL_S)
    return False


class Lease(Protocol):
    """A place in a phase that a cluster hands out: a ``distributed.Semaphore``, or one alike."""

    def acquire(self, *, timeout: float) -> bool:
        """Wait so many seconds for the place; False where it was not free."""

    def release(self) -> Any:
        """Give it back."""


class LeasedGates:
    """The gates of a file on a cluster.

    Parameters
    ----------
    leases
        By the name of each phase that is limited.
    progress
        Of the file: told that it waits, and tells of a cancel.
    """

    def __init__(self, leases: Mapping[str, Lease], progress: FarProgress) -> None:
        self._leases = leases
        self._progress = progress

    @contextlib.contextmanager
    def hold_place(self, phase: Phase) -> Iterator[None]:
        """Wait for a place in a phase, and keep it for the duration of a ``with`` block.

        Raises
        ------
        CancelledError
            Nobody waits for the file any more.
        """
        lease = self._leases.get(phase.value)
        if lease is None:
            yield
            return
        while not lease.acquire(timeout=TELL_S):
            self._progress.wait_for(phase)
        try:
            yield
        finally:
            lease.release()
