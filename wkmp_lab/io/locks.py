"""A lock between processes that the operating system releases when its holder dies."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

_POLL_S = 0.02


@contextlib.contextmanager
def hold_lock(
    path: Path,
    *,
    timeout_s: float | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    mode: int = 0o600,
) -> Iterator[bool]:
    """Hold an exclusive lock on ``path`` for the duration of a ``with`` block.

    It excludes other processes, other threads and this thread itself.

    Parameters
    ----------
    path
        The lock file; made where missing, never removed (removing it would race).
    timeout_s
        How long to wait; None waits as long as it takes, 0 tries once.
    is_cancelled
        Asked while waiting; True ends the wait.
    mode
        Who may use the lock file, whatever the umask says; every user of it needs to write.

    Yields
    ------
    bool
        True where the lock is held, False where the wait ended without it.

    Raises
    ------
    OSError
        The file cannot be made, is a link, or lies on a disk that knows no locks.
    RuntimeError
        This thread would wait for itself without end.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    # Of the thread: a store may be closed by another one than opened it. Preserved: no marker
    # files that outlive their holder where the disk knows no locks, and no removal on Windows.
    lock = FileLock(path, mode=mode, thread_local=False, preserve_lock_file=True)
    with contextlib.suppress(Timeout):
        lock.acquire(
            -1.0 if timeout_s is None else timeout_s,
            poll_interval=_POLL_S,
            cancel_check=is_cancelled,
        )
    try:
        yield lock.is_locked
    finally:
        lock.release()
