"""What is asked of an import and what it is at, and how one waits for its end."""

import threading
import time

from wkmp_lab.progress.board import Board, Control
from wkmp_lab.progress.snapshot import SessionState

CANCEL_WAIT_S = 10.0
"""How long an interrupted wait gives the workers to come to an end."""


class RunControl:
    """What is asked of one import, and what it is at.

    Any thread may ask it to pause, to go on or to cancel; the import thread alone says what it is
    at, and that it has ended.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._ended = threading.Event()
        self._asked = Control.RUN
        self._stage: SessionState = "scanning"
        self._board: Board | None = None
        self._error: BaseException | None = None

    def ask(self, control: Control) -> None:
        """Pause, go on, or cancel; a cancel is final, and nothing is asked of what has ended."""
        with self._mutex:
            if self._ended.is_set() or self._asked is Control.CANCEL:
                return
            self._asked = control
            if self._board is not None:
                self._board.control = control

    def attach(self, board: Board) -> None:
        """Hand on to the workers, by their board, what was asked so far and what will be."""
        with self._mutex:
            self._board = board
            board.control = self._asked

    def enter(self, stage: SessionState) -> None:
        """Say what the import is at; never ``paused``, which is asked for."""
        with self._mutex:
            self._stage = stage

    def fail(self, error: BaseException) -> None:
        """Say what ended the import before its time."""
        with self._mutex:
            self._error, self._stage = error, "failed"

    def end(self) -> None:
        """Say that nothing changes any more."""
        with self._mutex:
            self._board = None
            self._ended.set()

    @property
    def state(self) -> SessionState:
        """What the import is at, as its user is told."""
        with self._mutex:
            is_paused = self._stage == "running" and self._asked is Control.PAUSE
            return "paused" if is_paused else self._stage

    @property
    def is_cancelled(self) -> bool:
        """True where a cancel was asked for, whether or not it has come to an end."""
        return self._asked is Control.CANCEL

    @property
    def is_ended(self) -> bool:
        """True where nothing changes any more."""
        return self._ended.is_set()

    @property
    def error(self) -> BaseException | None:
        """What ended the import before its time, None where nothing did."""
        return self._error

    def wait(self, timeout_s: float) -> bool:
        """Block until the end, or for so long; True where it has come."""
        return self._ended.wait(timeout_s)


def wait_for_end(control: RunControl, *, timeout_s: float | None = None) -> None:
    """Block until an import has ended.

    Parameters
    ----------
    control
        Of the import.
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
        while not control.wait(0.1):
            if give_up is not None and time.monotonic() > give_up:
                raise TimeoutError(f"the import still runs after {timeout_s} s")
    except KeyboardInterrupt:
        cancel_and_wait(control)
        raise
    raise_error(control)


async def await_end(control: RunControl) -> None:
    """Let others run until an import has ended; errors as in :func:`wait_for_end`."""
    import asyncio  # where somebody awaits, it is there already

    try:
        while not control.is_ended:
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        cancel_and_wait(control)
        raise
    raise_error(control)


def cancel_and_wait(control: RunControl) -> None:
    """Cancel an import, and give its workers some time to come to an end."""
    control.ask(Control.CANCEL)
    control.wait(CANCEL_WAIT_S)


def raise_error(control: RunControl) -> None:
    """Raise what ended an import before its time, where something did."""
    if control.error is not None:
        raise control.error
