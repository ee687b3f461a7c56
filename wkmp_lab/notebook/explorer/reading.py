"""What is read of a file while it is looked at: the newest wish of each kind, in one thread."""

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.runner.decoder_child import run_in_child
from wkmp_lab.signals import Signal

STRETCH_S = 30.0
"""So much is decoded where a detail is asked for: the next one mostly lies within."""

T = TypeVar("T")


class NewestWishes:
    """A thread that does what was asked for last, of each kind; what came before is forgotten.

    Parameters
    ----------
    name
        Of the thread.
    order
        The kinds, those that somebody waits for most first.
    """

    def __init__(self, name: str, order: tuple[str, ...]) -> None:
        self._wishes: dict[str, Callable[[], None]] = {}
        self._order = order
        self._changed = threading.Condition()
        self._is_closed = False
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def ask(self, kind: str, work: Callable[[], None]) -> None:
        """Do this soon, and nothing of this kind that waits."""
        with self._changed:
            self._wishes[kind] = work
            self._changed.notify()

    def close(self) -> None:
        """End the thread; what waits is not done."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def _run(self) -> None:
        while (work := self._take()) is not None:
            work()

    def _take(self) -> Callable[[], None] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._wishes)
            if self._is_closed:
                return None
            kind = next(kind for kind in self._order if kind in self._wishes)
            return self._wishes.pop(kind)


class StretchReader:
    """Reads stretches of one file, and holds the latest.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._from_s = 0.0
        self._signal: Signal | None = None

    def read(self, start_s: float, end_s: float) -> tuple[float, Signal]:
        """Where a stretch of the file begins that holds the one that is wanted, and the stretch.

        Raises
        ------
        DecodeError
            Nothing can be decoded.
        """
        held = self._signal
        if held is None or not (
            self._from_s <= start_s and end_s <= self._from_s + held.duration_s
        ):
            around_s = max(0.5 * (STRETCH_S - (end_s - start_s)), 0.0)
            from_s = max(start_s - around_s, 0.0)
            work = partial(read_signal, self._path, start_s=from_s, end_s=end_s + around_s)
            held = decode(work, path=self._path)
            # In whole samples, as they were cut.
            self._from_s, self._signal = round(from_s * held.sr) / held.sr, held
        return self._from_s, held


def decode(work: Callable[[], T], *, path: str) -> T:
    """What ``work`` reads of the file, in the child that decodes for this process."""
    return run_in_child(work, path=path)
