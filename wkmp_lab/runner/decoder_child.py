"""One child process that opens audio for this one: a decoder that crashes ends the child.

It is started when it is first needed, made again when it has died, and ends with this process.
Requests of several threads are done one after the other.
"""

import contextlib
import functools
import os
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from wkmp_lab.errors import DecodeError, WkmpLabError
from wkmp_lab.runner.serving import LEFT, read_message, write_message

MEMORY_MB = 4096
"""Address space of the child that clips, pictures and single files are decoded in."""
DEATH_S = 5.0
"""How long a child that has closed its end may take to be gone."""
LISTEN_S = 0.1
"""How long an interrupt may go unheard: no system lets one end a read in every case."""
SINGLE_THREADED = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMEXPR", "NUMBA")
"""Libraries that would start a thread for every core; joblib tells its workers the same."""

_CODE = (
    "import sys; sys.path[:] = {path!r}; "
    "from wkmp_lab.runner.serving import serve; serve({pid}, {memory_mb})"
)

T = TypeVar("T")


class WorkerDiedError(WkmpLabError):
    """The process that had the work died of it."""


class DecoderChild:
    """A process that does what it is asked for, one request at a time.

    Parameters
    ----------
    memory_mb
        Address space that it may take, where the system can limit it.
    """

    def __init__(self, *, memory_mb: int = MEMORY_MB) -> None:
        self._memory_mb = memory_mb
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_busy(self) -> bool:
        """True while it does what somebody has asked for."""
        return self._lock.locked()

    def start(self) -> None:
        """Start the process where there is none; returns before it is ready."""
        with self._lock:
            self._find_process()

    def call(self, work: Callable[[], T]) -> T:
        """What ``work`` returns over there; what it raises is raised here.

        Parameters
        ----------
        work
            A function of a module, or a ``functools.partial`` of one; it travels by pickle, and
            so does what it returns.

        Raises
        ------
        WorkerDiedError
            The process died of it; the next call makes another one.
        """
        request = pickle.dumps((_find_folder(), work), pickle.HIGHEST_PROTOCOL)
        with self._lock:
            answer = self._ask(request)
            while answer is None:
                answer = self._ask(request)
        is_done, value = pickle.loads(answer)  # noqa: S301 (our own child wrote it)
        if not is_done:
            raise value
        result: T = value
        return result

    def close(self) -> None:
        """End the process; the next call makes another one."""
        with self._lock:
            self._end(grace_s=0.0)

    def _ask(self, request: bytes) -> bytes | None:
        """The answer; None where the process had just left for want of requests."""
        answers: list[bytes] = []
        exchange = threading.Thread(
            target=_exchange, args=(self._find_process(), request, answers), daemon=True
        )
        exchange.start()
        try:
            while exchange.is_alive():
                exchange.join(LISTEN_S)
        except BaseException:  # an interrupt: what comes now would be taken for the next answer
            self._end(grace_s=0.0)
            raise
        if answers:
            return answers[0]
        status = self._end(grace_s=DEATH_S)
        if status != LEFT:
            raise WorkerDiedError(describe_status(status))
        return None

    def _find_process(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end(grace_s=0.0)
        code = _CODE.format(path=sys.path, pid=os.getpid(), memory_mb=self._memory_mb)
        # A group of its own: Ctrl-C in a terminal, and a kernel's interrupt, go to the group.
        flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_make_environment(),
            process_group=None if os.name == "nt" else 0,
            creationflags=flags,
        )
        self._process = process
        self._farewell = weakref.finalize(self, _end_process, process, os.getpid())
        return process

    def _end(self, *, grace_s: float) -> int:
        """End the process, after ``grace_s`` where it does not by itself; its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
        self._farewell.detach()
        _end_process(process, os.getpid())
        return process.wait()


def keep_child(*, memory_mb: int = MEMORY_MB) -> DecoderChild:
    """A child of this process that has so much memory and nothing to do.

    Mostly there is one, the same at every call; where it is at work, in an import that may be
    paused, whoever else wants one is given another.
    """
    children = _keep_children(os.getpid(), memory_mb)
    idle = next((child for child in children if not child.is_busy), None)
    if idle is None:
        idle = DecoderChild(memory_mb=memory_mb)
        children.append(idle)
    return idle


def run_in_child(work: Callable[[], T], *, path: str | Path) -> T:
    """What ``work`` makes of a file, done in the child; see :meth:`DecoderChild.call`.

    Parameters
    ----------
    work
        As ``functools.partial(read_profile, path)``.
    path
        The file, for the message.

    Raises
    ------
    DecodeError
        The child died of it, twice, or ran out of its memory.
    """
    try:
        return call_twice(keep_child(), work)
    except WorkerDiedError as error:
        raise DecodeError(f"decoding ended its process: {error}", str(path)) from None
    except MemoryError:
        raise DecodeError(f"decoding took more than {MEMORY_MB} MB", str(path)) from None


def call_twice(child: DecoderChild, work: Callable[[], T]) -> T:
    """What the work returns; the first death is put down to the machine, the second not."""
    try:
        return child.call(work)
    except WorkerDiedError:
        return child.call(work)


def describe_status(status: int) -> str:
    """How a process died, by its exit status.

    >>> describe_status(-11), describe_status(3)
    ('worker died (signal 11)', 'worker died (exit status 3)')
    """
    kind, number = ("signal", -status) if status < 0 else ("exit status", status)
    return f"worker died ({kind} {number})"


@functools.cache
def _keep_children(_pid: int, memory_mb: int) -> list[DecoderChild]:
    """By process, since a fork must not speak into its parent's pipes."""
    return [DecoderChild(memory_mb=memory_mb)]


def _exchange(process: subprocess.Popen[bytes], request: bytes, answers: list[bytes]) -> None:
    """Send a request and take its answer; where the process dies there is none."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(EOFError, OSError, ValueError):  # ValueError: closed by an interrupt
        write_message(process.stdin, request)
        answers.append(read_message(process.stdout))


def _find_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was deleted
        return os.sep


def _make_environment() -> dict[str, str]:
    alone = {f"{name}_NUM_THREADS": "1" for name in SINGLE_THREADED}
    return {**alone, **os.environ}


def _end_process(process: subprocess.Popen[bytes], owner_pid: int) -> None:
    """Kill and collect a child, unless this is a fork of the process that it belongs to."""
    if os.getpid() != owner_pid:
        return
    process.kill()  # nothing happens to one that has been collected
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):  # what could not be written any more
                stream.close()
    process.wait()
