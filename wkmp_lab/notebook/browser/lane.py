"""Work that is done one after the other in a thread of its own; of each kind the newest only."""

import threading
from collections.abc import Callable, Sequence

IDLE_S = 30.0
"""A thread that nobody asks for so long ends; the next request makes another one."""


class Lane:
    """A thread that does what it is asked for, and forgets what is asked anew meanwhile.

    Parameters
    ----------
    name
        Of the thread.
    kinds
        What can be asked for; of several that wait, the one that is named first is done first.
    """

    def __init__(self, name: str, kinds: Sequence[str]) -> None:
        self._name, self._kinds = name, tuple(kinds)
        self._waiting: dict[tuple[str, str], Callable[[], None]] = {}
        self._change = threading.Condition()
        self._is_running = False

    def put(self, kind: str, work: Callable[[], None], *, who: str = "") -> None:
        """Do this soon, instead of what waits of the same kind for the same asker."""
        with self._change:
            self._waiting[kind, who] = work
            self._change.notify()
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._follow, name=self._name, daemon=True).start()

    def is_waiting(self, kind: str, *, who: str = "") -> bool:
        """True where something of that kind is still to be done for that asker."""
        with self._change:
            return (kind, who) in self._waiting

    def _follow(self) -> None:
        try:
            while (work := self._take()) is not None:
                work()
        except BaseException:
            with self._change:
                self._is_running = False
            raise

    def _take(self) -> Callable[[], None] | None:
        """What is to be done next; None where nothing is asked for, and the thread may end."""
        with self._change:
            if not self._change.wait_for(lambda: self._waiting, IDLE_S):
                self._is_running = False
                return None
            first = min(self._waiting, key=lambda each: self._kinds.index(each[0]))
            return self._waiting.pop(first)
