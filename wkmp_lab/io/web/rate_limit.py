"""One request at a time to a host, over all processes of this machine, with a pause in between.

The lock is held for the whole request, and the next may start an interval after the *end* of the
last: then no scheduling delay between "go" and the wire can bring two requests nearer to each
other than the interval, which limiters that space the starts cannot promise.
"""

import contextlib
import json
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wkmp_lab.io.files.side_files import read_side_file
from wkmp_lab.io.locks import hold_lock

MAX_PAUSE_S = 60.0
"""No pause is longer, whatever a server or a stepped clock says."""
MAX_STAMP_BYTES = 1000
_POLL_S = 0.05
_PUBLIC_FOLDER = 0o1777
_PUBLIC_FILE = 0o666


def find_slots(own: Path, *, shared: Path | None = None) -> tuple[Path, str]:
    """The folder of the slots of all users of this machine, and what is wrong with it.

    A service counts requests by address: two users are one to it.

    Parameters
    ----------
    own
        The user's own folder, for where there is none that all users can share.
    shared
        The folder of all; None: in the machine's folder of temporary files.

    Returns
    -------
    Path
        The shared folder, made where missing, else ``own``.
    str
        Why it is ``own``; empty where it is not.
    """
    shared = shared or find_temporary() / "wkmp_lab-slots"
    try:
        if not os.path.lexists(shared):
            _make_public(shared)
        mode = shared.lstat().st_mode
    except OSError as error:
        return own, f"{str(shared)!r} cannot be shared with other users: {error.strerror or error}"
    # On Windows modes say nothing, and temporary files are the user's own.
    is_public = os.name == "nt" or stat.S_IMODE(mode) == _PUBLIC_FOLDER
    if not (stat.S_ISDIR(mode) and is_public):
        required = stat.filemode(stat.S_IFDIR | _PUBLIC_FOLDER)
        return own, f"{str(shared)!r} must be {required}, for all users, got {stat.filemode(mode)}"
    return shared, ""


def find_temporary() -> Path:
    """The folder of temporary files of the machine; ``TMPDIR`` may be a user's own."""
    common = Path("/tmp")  # noqa: S108 (public on purpose: links and foreign modes are refused)
    return common if common.is_dir() else Path(tempfile.gettempdir())


def _make_public(folder: Path) -> None:
    """Make a folder for all; it appears with its rights, since others may look at any moment."""
    made = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}")
    made.mkdir()
    try:
        made.chmod(_PUBLIC_FOLDER)
        made.rename(folder)
    except OSError:
        made.rmdir()
        if not folder.is_dir():  # else another was quicker
            raise


class Slot:
    """The place of this process at a host, as long as its lock is held."""

    def __init__(
        self, path: Path, *, interval_s: float, is_cancelled: Callable[[], bool], is_held: bool
    ) -> None:
        self._path = path
        self._interval_s = interval_s
        self._is_cancelled = is_cancelled
        self._is_started = False
        self.is_held = is_held
        """False where the wait for the lock was cancelled."""
        self.pause_s = 0.0
        """To be set: how long every process leaves the host alone after this request."""

    def start(self) -> bool:
        """Wait out the interval; False where that was cancelled, and nothing may be sent."""
        if not _sleep(_remaining_s(self._path, self._interval_s), self._is_cancelled):
            return False
        # Stamped before as well as after: a process may be killed while its request is out.
        _write_stamp(self._path, 0.0)
        self._is_started = True
        return True

    def end(self) -> None:
        """Stamp the end of a request that was started."""
        if self._is_started:
            _write_stamp(self._path, min(self.pause_s, MAX_PAUSE_S))


@contextlib.contextmanager
def hold_slot(
    path: Path, *, interval_s: float, is_cancelled: Callable[[], bool]
) -> Iterator[Slot]:
    """Wait for the turn of this process, and keep it for the duration of a ``with`` block.

    Parameters
    ----------
    path
        A file per host, on a local disk; a stamp beside it tells the end of the last request.
    interval_s
        From the end of one request to the start of the next.
    is_cancelled
        Asked while waiting.
    """
    with hold_lock(path, is_cancelled=is_cancelled, mode=_PUBLIC_FILE) as is_held:
        slot = Slot(path, interval_s=interval_s, is_cancelled=is_cancelled, is_held=is_held)
        try:
            yield slot
        finally:
            slot.end()


def _sleep(duration_s: float, is_cancelled: Callable[[], bool]) -> bool:
    until = time.monotonic() + duration_s
    while not is_cancelled():
        left_s = until - time.monotonic()
        if left_s <= 0.0:
            return True
        time.sleep(min(left_s, _POLL_S))
    return False


def _stamp_of(path: Path) -> Path:
    return path.with_suffix(".stamp")


def _remaining_s(path: Path, interval_s: float) -> float:
    """Time to wait; a clock that was set back cannot make it longer than the pause itself."""
    try:
        raw = read_side_file(_stamp_of(path), what="a stamp", max_bytes=MAX_STAMP_BYTES)
        end_s, pause_s = json.loads(raw)
        wait_s = max(interval_s, float(pause_s))
        left_s = float(end_s) + wait_s - time.time()
    except (OSError, ValueError, TypeError):
        return 0.0
    return min(max(left_s, 0.0), wait_s)


def _write_stamp(path: Path, pause_s: float) -> None:
    # Another user may have made the file or planted a link or a pipe: none of these is followed or
    # waited for, and what is there is not "created", which Linux refuses in a public folder.
    flags = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    stamp = _stamp_of(path)
    try:
        descriptor = os.open(stamp, flags | os.O_TRUNC)
    except FileNotFoundError:
        descriptor = os.open(stamp, flags | os.O_CREAT | os.O_EXCL, _PUBLIC_FILE)
        if hasattr(os, "fchmod"):  # past the umask
            os.fchmod(descriptor, _PUBLIC_FILE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(json.dumps([time.time(), pause_s]))
