"""Measures of one's own for tests, good ones and such as no process survives."""

import os
import signal
import time

import wkmp_lab as wl


@wl.measure(version=1, columns={"crossings_hz": "Hz"})
def crossings(y, *, sr, passage):
    import numpy as np

    return {"crossings_hz": float(np.count_nonzero(np.diff(np.signbit(y))) / (len(y) / sr))}


@wl.measure(version=1, columns={"fatal": "1"})
def fatal(y, *, sr, passage):
    """Ends its process for one of the songs."""
    if "song1." in passage.path:
        os.kill(os.getpid(), signal.SIGSEGV)
    return {"fatal": 0}


@wl.measure(version=1, columns={"endless": "1"})
def endless(y, *, sr, passage):
    if "song2." in passage.path:
        time.sleep(3600)
    return {"endless": 0}
