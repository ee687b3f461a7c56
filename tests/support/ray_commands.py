"""A Ray as its users start one: a head with a client server by command, on loopback."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import psutil

from support.lab_server import find_port

START_S = 120.0
END_S = 20.0


@contextlib.contextmanager
def run_cluster(folder, *, n_workers):
    """The address of the client server, and the head's process; all ends with the block."""
    port, log = find_port(), folder / "ray.log"
    kept = tempfile.mkdtemp(prefix="ray-")  # of a name that is short enough for sockets in it
    command = [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
        *("--node-ip-address", "127.0.0.1", "--port", str(find_port())),
        *("--ray-client-server-port", str(port), "--num-cpus", str(n_workers)),
        *("--object-store-memory", str(100 << 20), "--include-dashboard", "false"),
        *("--disable-usage-stats", "--temp-dir", kept),
    ]
    # Workers that start slowly on a busy machine are waited for.
    told = {**os.environ, "RAY_worker_register_timeout_seconds": "600"}
    with log.open("wb") as file:
        head = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=told)
    try:
        deadline_s = time.monotonic() + START_S
        while not _answers(port):
            assert head.poll() is None, log.read_text()
            assert time.monotonic() < deadline_s, log.read_text()
            time.sleep(0.1)
        yield f"ray://127.0.0.1:{port}", head
    finally:
        _end(head)
        shutil.rmtree(kept, ignore_errors=True)


def _answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


def _end(head):
    """End a head with all that it has started."""
    started = psutil.Process(head.pid).children(recursive=True)
    head.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        head.wait(END_S)
    _, left = psutil.wait_procs(started, timeout=END_S)
    for each in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    if head.poll() is None:
        head.kill()
        head.wait()


def find_busy(pid=None):
    """Processes below a process (else this one) that work on a file."""
    children = psutil.Process(pid or os.getpid()).children(recursive=True)
    found = []
    for each in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            if "measure_far" in each.name():
                found.append(each)
    return found


def await_busy(pid=None):
    """The first process that is seen to work on a file."""
    deadline_s = time.monotonic() + START_S
    while not (busy := find_busy(pid)):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    return busy[0]


def await_idle(pid=None, *, limit_s):
    """Return when no process works on a file any more."""
    deadline_s = time.monotonic() + limit_s
    while find_busy(pid):
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
