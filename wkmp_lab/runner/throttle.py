"""How many files may be worked on, and read, at once: evidence in, decision out; nothing is done
here.

Memory that runs short speaks for fewer files: their number is halved at once, and grows by one at
a time when there is plenty again. A disk that is crowded speaks for fewer readers, while files in
other phases go on: workers wait for input while the cores idle, and fewer readers at once may
bring as much, because a disk that need not seek is faster. But a drive that merely answers late (a
network's) shows the same signs and loses by fewer readers: so that step is judged by what is read
in all, and taken back for good if it cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from wkmp_lab.io.machine import Machine
from wkmp_lab.model import FileResult, SourceFile
from wkmp_lab.runner.gates import READING

WORKER_MB = 200.0
"""Resident size of a worker that is warm and has no file (197 MB measured, Linux, Python 3.11)."""
FILE_MB = 45.0
MB_PER_MINUTE = 1.0
"""What a file adds: 41 MB at 2 minutes, 94 MB at 59 minutes."""
LOSSLESS = frozenset((".aif", ".aiff", ".ape", ".flac", ".tta", ".w64", ".wav", ".wv"))
LOSSLESS_BYTES_PER_S, LOSSY_BYTES_PER_S = 40_000.0, 6_000.0
"""The fewest that are usual (mono FLAC, Opus at 48 kbit/s): lengths told by them are not short."""
BUDGET_SHARE = 0.8
"""Of the memory that is available at the start, where no budget is set."""
SHORT_MB, SHORT_SHARE = 500.0, 0.1
"""Memory is short below the smaller of these: megabytes, and a share of all there is."""
SETTLE_S = 2.0
"""A step is given this long to show before the next."""
CROWDED_BUSY, FREE_BUSY = 0.3, 0.6
"""Share of the reading time that was processor time: below, workers wait; above, they work."""
CROWDED_IDLE = 0.5
"""Share of the machine's cores that nobody uses while it waits for a disk."""
MAX_LOSS = 0.25
"""Half the readers of a drive that answers late read half as much; of a crowded one, as much."""
MIN_READ = 4
"""Files, and two for each job, that a reading takes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How files were read lately."""

    busy: float
    """Share of the time in which the processor worked, 0 to 1."""
    mb_per_s: float
    """Of one reader."""


@dataclass(frozen=True, slots=True)
class Gate:
    """How many files may go on now, how many may be read, and how that came."""

    n_allowed: int
    n_readers: int
    """As many as there are jobs where nobody need wait for the disk."""
    reason: str = ""
    changed_s: float = float("-inf")
    is_memory_short: bool = False
    """It was, and not all files go on again."""
    tried: tuple[int, float] | None = None
    """(files, MB/s of all together) before a step for the disk that is not judged yet."""
    is_late_drive: bool = False
    """Fewer readers brought less: no further step for the disk is tried."""


def find_budget_mb(memory_mb: int | None, machine: Machine) -> float:
    """What the workers may take together.

    >>> find_budget_mb(None, Machine(0.0, available_mb=4000.0, total_mb=8000.0, idle=1.0))
    3200.0
    """
    return float(memory_mb) if memory_mb is not None else BUDGET_SHARE * machine.available_mb


def fit_jobs(n_wanted: int, budget_mb: float) -> int:
    """Workers that a budget holds with a short file each, at least one.

    >>> fit_jobs(8, 1000.0), fit_jobs(8, 100.0)
    (4, 1)
    """
    return max(min(n_wanted, int(budget_mb // (WORKER_MB + FILE_MB))), 1)


def estimate_file_mb(source: SourceFile, *, max_duration_s: float) -> float:
    """Memory that a file adds to its worker at most, by its size and kind.

    Parameters
    ----------
    source
        The file as the scan saw it; nothing is opened.
    max_duration_s
        Decoding ends there.
    """
    is_lossless = PurePath(source.path).suffix.lower() in LOSSLESS
    duration_s = source.size_bytes / (LOSSLESS_BYTES_PER_S if is_lossless else LOSSY_BYTES_PER_S)
    return FILE_MB + MB_PER_MINUTE * min(duration_s, max_duration_s) / 60.0


def choose_running(costs_mb: Sequence[float], *, n_allowed: int, room_mb: float) -> list[int]:
    """Which of the files in flight may go on.

    Parameters
    ----------
    costs_mb
        Of each, in the order in which they were begun: the oldest always goes on.
    n_allowed
        Files at most.
    room_mb
        What they may cost together.

    Returns
    -------
    list of int
        Positions, ascending; not empty where there are files.

    >>> choose_running([100.0, 400.0, 50.0], n_allowed=3, room_mb=200.0)
    [0, 2]
    """
    chosen: list[int] = []
    spent_mb = 0.0
    for k, cost_mb in enumerate(costs_mb):
        if not chosen or (len(chosen) < n_allowed and spent_mb + cost_mb <= room_mb):
            chosen.append(k)
            spent_mb += cost_mb
    return chosen


def measure_reading(results: Sequence[FileResult], *, n_jobs: int) -> Reading | None:
    """How files were read; None where too few are there to tell."""
    if len(results) < max(MIN_READ, 2 * n_jobs):
        return None
    spans = [span for result in results for span in result.spans if span.phase in READING]
    wall_s = sum(span.end_s - span.start_s for span in spans)
    if wall_s <= 0.0:
        return None
    n_bytes = sum(result.source.size_bytes for result in results)
    busy = sum(span.cpu_s or 0.0 for span in spans) / wall_s
    return Reading(busy, n_bytes / 1e6 / wall_s)


def decide(gate: Gate, machine: Machine, reading: Reading | None, *, n_jobs: int) -> Gate:
    """The gate after a look at the machine; the same one where nothing is to be changed.

    Parameters
    ----------
    gate
        As it is.
    machine
        As it is seen now.
    reading
        Of files that were begun after the gate's latest change; None where too few were.
    n_jobs
        Files at once at most.
    """
    if machine.now_s - gate.changed_s < SETTLE_S:
        return gate
    short_mb = min(SHORT_MB, SHORT_SHARE * machine.total_mb)
    free = f"{machine.available_mb:.0f} MB free"
    if machine.available_mb < short_mb:
        if gate.n_allowed == 1:
            return gate
        fewer = replace(gate, n_allowed=gate.n_allowed // 2, is_memory_short=True, tried=None)
        return _tell(fewer, f"memory is short ({free})", machine)
    if gate.is_memory_short:
        if machine.available_mb < 2.0 * short_mb:
            return gate
        n_more = gate.n_allowed + 1
        more = replace(gate, n_allowed=n_more, is_memory_short=n_more < n_jobs)
        return _tell(more, f"there is memory again ({free})", machine)
    if reading is None:
        return gate
    return _decide_by_reading(gate, machine, reading, n_jobs)


def _decide_by_reading(gate: Gate, machine: Machine, reading: Reading, n_jobs: int) -> Gate:
    all_mb_per_s = gate.n_readers * reading.mb_per_s
    if gate.tried is not None:
        n_before, before_mb_per_s = gate.tried
        if all_mb_per_s < (1.0 - MAX_LOSS) * before_mb_per_s:
            told = f"fewer read only {all_mb_per_s:.1f} of {before_mb_per_s:.1f} MB/s"
            back = replace(gate, n_readers=n_before, tried=None, is_late_drive=True)
            return _tell(back, told, machine)
        gate = replace(gate, tried=None)
    waits = f"{1.0 - reading.busy:.0%} of the reading is waiting"
    is_crowded = reading.busy < CROWDED_BUSY and machine.idle > CROWDED_IDLE
    if is_crowded and gate.n_readers > 1 and not gate.is_late_drive:
        tried = (gate.n_readers, all_mb_per_s)
        fewer = replace(gate, n_readers=gate.n_readers // 2, tried=tried)
        return _tell(fewer, f"the disk is crowded ({waits})", machine)
    if gate.n_readers < n_jobs and reading.busy > FREE_BUSY:
        more = replace(gate, n_readers=gate.n_readers + 1, tried=None)
        return _tell(more, f"the disk keeps up ({waits})", machine)
    return gate


def _tell(gate: Gate, reason: str, machine: Machine) -> Gate:
    return replace(gate, reason=reason, changed_s=machine.now_s)
