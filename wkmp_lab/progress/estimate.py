"""How far an import is: a pure function of the progress board and of what has come back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wkmp_lab.model import Phase
from wkmp_lab.progress.board import FIRST_OF_PASSAGES, PHASES, FileState
from wkmp_lab.progress.snapshot import InFlight

PHASE_SHARES = {
    Phase.SCANNING: 0.0,
    Phase.EXTRACTING: 0.02,
    Phase.DECODING: 0.67,
    Phase.SEGMENTING: 0.01,
    Phase.FINGERPRINTING: 0.03,
    Phase.IDENTIFYING: 0.04,
    Phase.ANALYZING: 0.01,
    Phase.FLAVORING: 0.22,
    Phase.MEASURING: 0.0,
}
"""Share of each phase in the work on a file: processor time on 14 Ogg songs of four minutes.
What measures of one's own cost nobody can tell."""

MIN_FINISHED = 5
"""Files that must have finished before a remaining time is told."""


@dataclass(frozen=True, slots=True)
class BoardReading:
    """What the board's records say."""

    fraction: float
    """Of all work, 0 to 1, weighed by file size."""
    n_by_phase: tuple[int, ...]
    """Files that have left each phase, in the order of Phase."""
    n_passages_by_phase: tuple[int, ...]
    """Passages that have left each phase; none in phases that go before them."""
    n_finished: int
    n_passages: int
    in_flight: tuple[InFlight, ...]
    n_waiting: int = 0
    """Files that are measured and wait for their identity."""


NOTHING = BoardReading(0.0, (0,) * len(PHASES), (0,) * len(PHASES), 0, 0, in_flight=())
"""Before the scan has ended."""


def read_board(
    records: npt.NDArray[Any],
    *,
    paths: Sequence[str],
    sizes: npt.NDArray[np.int64],
    now_s: float,
) -> BoardReading:
    """The reading of one moment.

    Parameters
    ----------
    records
        A copy of the board, shape ``(n_files,)``.
    paths, sizes
        Path and size in bytes of each file, in the board's order.
    now_s
        The time, in seconds since the epoch.
    """
    n_files = len(paths)
    left = np.stack([(records["phases_left"] >> k) & 1 for k in range(len(PHASES))])
    shares = np.array([PHASE_SHARES[phase] for phase in PHASES])
    done = shares @ left
    is_busy = records["state"] == FileState.IN_FLIGHT
    done[is_busy] += shares[records["phase"][is_busy]] * records["fraction"][is_busy]
    weights = sizes + 1.0
    counts = left.sum(axis=1)
    counts[0] = n_files
    passages = left @ records["n_cut"].astype(np.int64)
    # Within a phase, passages are measured one after the other.
    inside = records[is_busy & ((records["phases_left"] >> records["phase"]) & 1 == 0)]
    begun = (inside["fraction"] * inside["n_cut"] + 1e-3).astype(np.int64)
    np.add.at(passages, inside["phase"].astype(np.int64), begun)
    passages[:FIRST_OF_PASSAGES] = 0
    return BoardReading(
        fraction=float(np.minimum(done, 1.0) @ weights / weights.sum()) if n_files else 0.0,
        n_by_phase=tuple(int(count) for count in counts),
        n_passages_by_phase=tuple(int(count) for count in passages),
        n_finished=int((records["state"] == FileState.DONE).sum()),
        n_passages=int(records["n_passages"].sum()),
        in_flight=tuple(
            InFlight(
                path=paths[i],
                phase=PHASES[int(records[i]["phase"])],
                fraction=float(records[i]["fraction"]),
                elapsed_s=max(now_s - float(records[i]["started"]), 0.0),
                worker=str(int(records[i]["pid"])),
                waits_for=_phase_before(int(records[i]["waits_for"])),
            )
            for i in is_busy.nonzero()[0]
        ),
        n_waiting=int((records["state"] == FileState.MEASURED).sum()),
    )


def _phase_before(number: int) -> Phase | None:
    """A phase by its number from 1; None for 0."""
    return PHASES[number - 1] if number else None


def estimate_remaining_s(
    marks: Sequence[tuple[float, float]], *, fraction: float, n_finished: int
) -> float | None:
    """Seconds that are left at the recent rate.

    Parameters
    ----------
    marks
        ``(time in s, fraction)`` of recent moments, oldest first: the rolling window.
    fraction
        The fraction done now.
    n_finished
        Files finished in this run.

    Returns
    -------
    float or None
        None where fewer than ``MIN_FINISHED`` files have finished, or nothing moves.

    Examples
    --------
    >>> estimate_remaining_s([(0.0, 0.2), (10.0, 0.4)], fraction=0.4, n_finished=5)
    30.0
    """
    if n_finished < MIN_FINISHED or len(marks) < 2:
        return None
    (start_s, start), (end_s, end) = marks[0], marks[-1]
    if end <= start or end_s <= start_s:
        return None
    return round((1.0 - fraction) * (end_s - start_s) / (end - start), 6)


def describe_remaining(
    remaining_s: float | None,
    *,
    n_files: int,
    n_finished: int,
    n_waiting: int = 0,
    lookup_limit: str = "",
) -> str:
    """What the remaining time depends on, in words; empty where there is nothing to say.

    Parameters
    ----------
    remaining_s
        As it is told; None where it is not known yet.
    n_files, n_finished
        Of the import.
    n_waiting
        Files that wait for answers; 0 where they are no more than workers bring at once.
    lookup_limit
        The limit that look-ups keep, in words; empty where nobody is asked.

    >>> describe_remaining(None, n_files=300, n_finished=2)
    'time left: told after 5 files'
    >>> describe_remaining(90.0, n_files=300, n_finished=9, n_waiting=3, lookup_limit="1 a second")
    '1 a second: 3 files wait for answers'
    """
    if lookup_limit and n_waiting:
        wait = "file waits" if n_waiting == 1 else "files wait"
        return f"{lookup_limit}: {n_waiting} {wait} for answers"
    if remaining_s is not None:
        return "at the latest rate"
    is_never_told = n_files <= MIN_FINISHED or n_finished == n_files
    return "" if is_never_told else f"time left: told after {MIN_FINISHED} files"
