"""A lock between processes that the operating system releases when its holder dies."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


@contextlib.contextmanager
def hold_lock(
    path: Path,
    *,
    timeout_s: float | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[bool]:
    """Hold an exclusive lock on ``path`` for the duration of a ``with`` block.

    Parameters
    ----------
    path
        The lock file; made where missing, never removed (removing it would race).
    timeout_s
        How long to wait; None waits as long as it takes, 0 tries once.
    is_cancelled
        Asked while waiting; True ends the wait.

    Yields
    ------
    bool
        True where the lock is held, False where the wait ended without it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        give_up = None if timeout_s is None else time.monotonic() + timeout_s
        is_held = _try_lock(descriptor)
        while not is_held and not is_cancelled():
            if give_up is not None and time.monotonic() >= give_up:
                break
            time.sleep(0.02)
            is_held = _try_lock(descriptor)
        yield is_held
    finally:
        os.close(descriptor)
