"""One request at a time to a host, over all processes of this machine, with a pause in between.

The lock is held for the whole request, and the next may start an interval after the *end* of the
last: then no scheduling delay between "go" and the wire can bring two requests nearer to each
other than the interval, which limiters that space the starts cannot promise.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wkmp_lab.io.files.side_files import read_side_file
from wkmp_lab.io.locks import hold_lock

MAX_PAUSE_S = 60.0
"""No pause is longer, whatever a server or a stepped clock says."""
MAX_STAMP_BYTES = 1000
_POLL_S = 0.05


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
    with hold_lock(path, is_cancelled=is_cancelled) as is_held:
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
    _stamp_of(path).write_text(json.dumps([time.time(), pause_s]))
