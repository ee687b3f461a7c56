"""What runs inside a process of ours before any file is opened: manners, and a loop of requests.

Light on purpose: a process that cuts a clip must not load what measuring needs.
"""

import contextlib
import faulthandler
import os
import pickle
import signal
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import IO, Any

from wkmp_lab.errors import WkmpLabError

IDLE_S = 300.0
"""A process that nobody asks for so long leaves: it holds up to 200 MB."""
LEFT = 86
"""Exit status of a process that left for want of requests: no death, it is merely made again."""
_LENGTH = struct.Struct("<Q")


def settle_process(parent_pid: int, memory_mb: int) -> None:
    """Make this process a good child: deaf to Ctrl-C, mortal, bounded, and of few last words.

    Parameters
    ----------
    parent_pid
        It ends when this process has gone, however it went.
    memory_mb
        Address space that it may take, where the system can limit it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A native crash is told in a word by the parent; loky would have it print every stack.
    os.environ.setdefault("PYTHONFAULTHANDLER", "0")
    faulthandler.disable()
    threading.Thread(target=_leave_with_parent, args=(parent_pid,), daemon=True).start()
    _limit_memory(memory_mb)


def serve(parent_pid: int, memory_mb: int) -> None:
    """Answer the requests on standard input until it ends.

    A request is a folder to work in and a callable without arguments, the answer whether it
    returned, and what it returned or raised. What the work prints goes to standard error.
    """
    settle_process(parent_pid, memory_mb)
    with os.fdopen(os.dup(0), "rb") as requests, os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        rest = _Rest()
        threading.Thread(target=_leave_when_idle, args=(rest,), daemon=True).start()
        with contextlib.suppress(EOFError, BrokenPipeError):
            while True:
                request = read_message(requests)
                rest.is_working = True
                answer = _answer(request)
                rest.since_s, rest.is_working = time.monotonic(), False
                write_message(answers, answer)


def read_message(stream: IO[bytes]) -> bytes:
    """The next message of a stream.

    Raises
    ------
    EOFError
        The stream ends before the message does.
    """
    length = stream.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        raise EOFError("the stream has ended")
    n_bytes = _LENGTH.unpack(length)[0]
    message = stream.read(n_bytes)
    if len(message) < n_bytes:
        raise EOFError("the stream ends within a message")
    return message


def write_message(stream: IO[bytes], message: bytes) -> None:
    """Write a message, whole."""
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


@dataclass(slots=True)
class _Rest:
    """Whether the process is at work, and since when it is not."""

    is_working: bool = False
    since_s: float = field(default_factory=time.monotonic)


def _answer(request: bytes) -> bytes:
    try:
        folder, work = pickle.loads(request)  # noqa: S301 (our own parent wrote it)
        with contextlib.suppress(OSError):  # absolute paths need no folder
            os.chdir(folder)
        return pickle.dumps((True, work()), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 (the boundary: the parent raises it)
        return pickle.dumps((False, _make_portable(error)), pickle.HIGHEST_PROTOCOL)


def _make_portable(error: Exception) -> Exception:
    """The error itself where it survives pickling, else one that tells the same."""
    try:
        copy: Any = pickle.loads(pickle.dumps(error))  # noqa: S301 (written a moment ago)
    except Exception:  # noqa: BLE001 (errors of others may pickle in any way)
        return WkmpLabError(f"{type(error).__name__}: {error}")
    return error if isinstance(copy, type(error)) else WkmpLabError(str(error))


def _leave_when_idle(rest: _Rest) -> None:
    while rest.is_working or time.monotonic() - rest.since_s < IDLE_S:
        time.sleep(1.0)
    os._exit(LEFT)


def _leave_with_parent(parent_pid: int) -> None:
    """End this process when its parent has gone, however it went."""
    while os.getppid() == parent_pid:
        time.sleep(1.0)
    os._exit(1)


def _limit_memory(memory_mb: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    with contextlib.suppress(ValueError, OSError):
        limit = memory_mb << 20
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
