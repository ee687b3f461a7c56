"""How far an import is: a pure function of the progress board and of what files should cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wkmp_lab.model import Phase
from wkmp_lab.progress.board import FIRST_OF_PASSAGES, PHASES, FileState
from wkmp_lab.progress.costs import PHASE_SHARES, Expected, FileNumbers
from wkmp_lab.progress.snapshot import InFlight

Records = npt.NDArray[Any]
MIN_FRACTION = 0.05
"""Share of the work that must be done before a remaining time is told."""
LEAST_BUSY_S = 0.5
"""Work of workers that tells a speed."""
RECENT = 0.25
"""Work counts half for the speed that is this share of the time so far ago."""
MOST_GUESSED = 0.9
"""How far into a phase that shows no progress of its own time alone is taken to lead."""
_SHARES: FileNumbers = np.array([PHASE_SHARES[phase] for phase in PHASES])


@dataclass(frozen=True, slots=True)
class BoardReading:
    """What the board's records say."""

    fraction: float
    """Of all work, 0 to 1, weighed by what each file is expected to cost."""
    n_by_phase: tuple[int, ...]
    """Files that have left each phase, in the order of Phase."""
    n_passages_by_phase: tuple[int, ...]
    """Passages that have left each phase; none in phases that go before them."""
    n_finished: int
    n_passages: int
    in_flight: tuple[InFlight, ...]
    n_waiting: int = 0
    """Files that are measured and wait for their identity."""
    remaining_s: float | None = None
    """Time that is left, as far as the work so far tells; None where it tells too little."""


NOTHING = BoardReading(0.0, (0,) * len(PHASES), (0,) * len(PHASES), 0, 0, in_flight=())
"""Before the scan has ended."""


def read_board(
    records: Records,
    *,
    paths: Sequence[str],
    expected: Expected,
    now_s: float,
    n_jobs: int = 1,
) -> BoardReading:
    """The reading of one moment.

    Parameters
    ----------
    records
        A copy of the board, shape ``(n_files,)``.
    paths
        Of each file, in the board's order.
    expected
        What each file costs.
    now_s
        The time, in seconds since the epoch.
    n_jobs
        Files that go on at once.
    """
    n_files = len(paths)
    left = np.stack([(records["phases_left"] >> k) & 1 for k in range(len(PHASES))])
    is_busy = records["state"] == FileState.IN_FLIGHT
    shares = _measure_shares(records, left, expected, now_s)
    counts = left.sum(axis=1)
    counts[0] = n_files
    passages = left @ records["n_cut"].astype(np.int64)
    # Within a phase, passages are measured one after the other.
    inside = records[is_busy & ((records["phases_left"] >> records["phase"]) & 1 == 0)]
    begun = (inside["fraction"] * inside["n_cut"] + 1e-3).astype(np.int64)
    np.add.at(passages, inside["phase"].astype(np.int64), begun)
    passages[:FIRST_OF_PASSAGES] = 0
    fraction = _measure_fraction(records, shares, expected)
    return BoardReading(
        fraction=fraction,
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
        remaining_s=estimate_remaining_s(records, shares, expected, now_s=now_s, n_jobs=n_jobs)
        if fraction >= MIN_FRACTION
        else None,
    )


def estimate_remaining_s(
    records: Records, shares: FileNumbers, expected: Expected, *, now_s: float, n_jobs: int
) -> float | None:
    """Seconds that are left, as the workers have been so far; None where that tells too little.

    The work that is left is spread over the workers, but no file over two; a file in flight tells
    its own pace the better the further it is. Who identifies works beside them.

    Parameters
    ----------
    records
        A copy of the board, shape ``(n_files,)``.
    shares
        Of the measuring of each file that is done, shape ``(n_files,)``.
    expected
        What each file costs.
    now_s
        The time, in seconds since the epoch.
    n_jobs
        Files that go on at once.
    """
    speed = _measure_speed(records, shares, expected, now_s)
    if speed is None:
        return None
    left_s = expected.measuring_s * (1.0 - shares) / speed
    is_busy = (records["state"] == FileState.IN_FLIGHT) & (shares > 0.0)
    own_s = (now_s - records["started"][is_busy]) * (1.0 - shares[is_busy]) / shares[is_busy]
    left_s[is_busy] += shares[is_busy] * (own_s - left_s[is_busy])
    measuring_s = max(float(left_s.sum()) / max(n_jobs, 1), float(left_s.max(initial=0.0)))
    is_open = records["state"] != FileState.DONE
    return max(measuring_s, float(expected.identifying_s[is_open].sum()))


def _measure_fraction(records: Records, shares: FileNumbers, expected: Expected) -> float:
    """Share of all work that is done; where no file costs anything, share of files."""
    is_done = records["state"] == FileState.DONE
    whole_s = float(expected.measuring_s.sum() + expected.identifying_s.sum())
    if whole_s <= 0.0:
        return float(is_done.mean()) if is_done.size else 0.0
    done_s = shares @ expected.measuring_s + is_done @ expected.identifying_s
    return min(float(done_s) / whole_s, 1.0)


def _measure_shares(
    records: Records, left: npt.NDArray[Any], expected: Expected, now_s: float
) -> FileNumbers:
    """How much of the measuring of each file is done, 0 to 1.

    By the phases that it has ``left``, a 1 for each, shape ``(n_phases, n_files)``; within one
    that tells nothing of itself, by the time that it should take.
    """
    done: FileNumbers = np.minimum(_SHARES @ left, 1.0)
    done[records["state"] >= FileState.MEASURED] = 1.0
    is_busy = records["state"] == FileState.IN_FLIGHT
    if not is_busy.any():
        return done
    inside = is_busy & ((records["phases_left"] >> records["phase"]) & 1 == 0)
    phase_shares = _SHARES[records["phase"][inside]]
    told = records["fraction"][inside].astype(np.float64)
    # Before a speed is known, that of a usual machine.
    speed = _measure_speed(records, _add(done, inside, phase_shares * told), expected, now_s)
    should_take_s = expected.measuring_s[inside] * phase_shares / (speed or 1.0)
    spent_s = np.maximum(now_s - records["phase_started"][inside], 0.0)
    guessed = MOST_GUESSED * (1.0 - np.exp(-spent_s / np.maximum(should_take_s, 1e-3)))
    is_silent = told <= 0.0
    return _add(done, inside, phase_shares * np.where(is_silent, guessed, told))


def _add(done: FileNumbers, where: npt.NDArray[np.bool_], more: FileNumbers) -> FileNumbers:
    added: FileNumbers = done.copy()
    added[where] = np.minimum(added[where] + more, 1.0)
    return added


def _measure_speed(
    records: Records, shares: FileNumbers, expected: Expected, now_s: float
) -> float | None:
    """Expected seconds of work that one worker does in a second; None where too little is done."""
    is_begun = (records["started"] > 0.0) & (expected.measuring_s > 0.0)
    is_busy = records["state"] == FileState.IN_FLIGHT
    ended_s = np.where(is_busy, now_s, records["alive"])
    began_s = float(records["started"][is_begun].min(initial=now_s))
    half_s = max(RECENT * (now_s - began_s), 1e-3)
    # What was done lately counts most: the machine, or the kind of files, may have changed.
    weights = np.where(is_begun, 0.5 ** ((now_s - ended_s) / half_s), 0.0)
    busy_s = float(weights @ np.maximum(ended_s - records["started"], 0.0))
    done_s = float(weights @ (expected.measuring_s * shares))
    return done_s / busy_s if busy_s >= LEAST_BUSY_S and done_s > 0.0 else None


def _phase_before(number: int) -> Phase | None:
    """A phase by its number from 1; None for 0."""
    return PHASES[number - 1] if number else None


def describe_remaining(
    remaining_s: float | None,
    *,
    fraction: float,
    n_waiting: int = 0,
    lookup_limit: str = "",
) -> str:
    """What the remaining time depends on, in words; empty where there is nothing to say.

    Parameters
    ----------
    remaining_s
        As it is told; None where it is not known yet.
    fraction
        Of all work that is done.
    n_waiting
        Files that wait for answers; 0 where they are no more than workers bring at once.
    lookup_limit
        The limit that look-ups keep, in words; empty where nobody is asked.

    >>> describe_remaining(None, fraction=0.01)
    'time left: told soon'
    >>> describe_remaining(90.0, fraction=0.3, n_waiting=3, lookup_limit="1 a second")
    '1 a second: 3 files wait for answers'
    """
    if lookup_limit and n_waiting:
        wait = "file waits" if n_waiting == 1 else "files wait"
        return f"{lookup_limit}: {n_waiting} {wait} for answers"
    return "time left: told soon" if remaining_s is None and fraction < 1.0 else ""
