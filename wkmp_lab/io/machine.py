"""How much memory and processor this machine has left, as its container limits it."""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine at one moment."""

    now_s: float
    available_mb: float
    """Memory that can be had without swapping."""
    total_mb: float
    idle: float
    """Share of all cores that nobody used lately, 0 to 1."""


def read_machine() -> Machine:
    """The machine now; what is idle is told since the last call of this process."""
    memory = psutil.virtual_memory()
    available_mb, total_mb = memory.available / 2**20, memory.total / 2**20
    limit = read_cgroup_mb(CGROUP)
    if limit is not None:
        available_mb, total_mb = min(available_mb, limit[0]), min(total_mb, limit[1])
    idle = 1.0 - psutil.cpu_percent(interval=None) / 100.0
    return Machine(time.time(), available_mb, total_mb, idle)


def read_cgroup_mb(folder: Path) -> tuple[float, float] | None:
    """What a container may still take, and may take in all, in MB; None where it has no limit.

    Parameters
    ----------
    folder
        Of the control group (version 2). What its cache of files takes can be had back, and
        counts as free.
    """
    with contextlib.suppress(OSError, ValueError, KeyError):
        limit = int((folder / "memory.max").read_text())  # "max": no limit, no number
        used = int((folder / "memory.current").read_text())
        lines = (folder / "memory.stat").read_text().splitlines()
        cache = int(dict(line.split(maxsplit=1) for line in lines)["inactive_file"])
        return max(limit - used + cache, 0) / 2**20, limit / 2**20
    return None
