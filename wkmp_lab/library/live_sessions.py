"""Which sessions a process has started, so that one can be found again."""

import threading
from pathlib import Path
from typing import Generic, Protocol, TypeVar


class HasEnd(Protocol):
    """What can tell whether it is over."""

    @property
    def is_ended(self) -> bool: ...


Held = TypeVar("Held", bound=HasEnd)


class LiveSessions(Generic[Held]):
    """Sessions by folder and store, latest last; a kernel finds here what its variables lost.

    Any thread may add and ask. Folder and store are the same however many links lead to them. Of
    one folder and store, a session that has ended is kept until the next is added.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._sessions: list[tuple[tuple[Path, Path], Held]] = []

    def add(self, session: Held, *, folder: Path, store_path: Path) -> None:
        """Keep a session as the one that was started last."""
        key = _resolve(folder, store_path)
        with self._mutex:
            self._sessions = [
                (place, other)
                for place, other in self._sessions
                if place != key or not other.is_ended
            ]
            self._sessions.append((key, session))

    def find_running(self, folder: Path, *, store_path: Path) -> Held | None:
        """The session that imports this folder into this store now, None where none does."""
        key = _resolve(folder, store_path)
        with self._mutex:
            found = [
                session
                for place, session in self._sessions
                if place == key and not session.is_ended
            ]
        # Where a second import was refused its store, the one that has it came first.
        return found[0] if found else None

    @property
    def last(self) -> Held | None:
        """The session that was started last, running or over; None where none was."""
        with self._mutex:
            return self._sessions[-1][1] if self._sessions else None


def _resolve(folder: Path, store_path: Path) -> tuple[Path, Path]:
    return folder.resolve(), store_path.resolve()
