"""Fault points: where tests make a worker die, hang or fail, in whatever process it is.

``WKMP_LAB_FAULT`` holds ``point:action:name`` entries, separated by blanks. A file whose name
contains ``name`` meets its fault when it enters the point (a phase). Without the variable nothing
happens, at the cost of one look-up.
"""

import os
import signal
import time
from pathlib import PurePath

VARIABLE = "WKMP_LAB_FAULT"


def strike(point: str, path: str) -> None:
    """Do to this process what the environment asks for at this point.

    Parameters
    ----------
    point
        Name of the fault point.
    path
        Of the file that is being worked on.
    """
    for entry in os.environ.get(VARIABLE, "").split():
        where, action, name = entry.split(":", 2)
        if where == point and name in PurePath(path).name:
            _ACTIONS[action]()


def _hang() -> None:
    time.sleep(3600.0)


def _eat_memory() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(64 << 20))


def _fail() -> None:
    raise RuntimeError("a fault was asked for")


_ACTIONS = {
    "kill": lambda: os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM)),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda: os._exit(3),
    "hang": _hang,
    "memory": _eat_memory,
    "raise": _fail,
}
