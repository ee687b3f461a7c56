"""Known lengths of pieces laid onto a level profile by dynamic programming."""

from dataclasses import dataclass

import numpy as np

from wkmp_lab.signals import DoubleArray, FloatArray

GRID_S = 0.5
"""Besides the gaps, the quietest moment of each half second may be a cut, and the one where the
sound changes most: joins without a gap."""
TOLERANCE_S = 12.0
"""How far a piece may be from its known length."""
QUIET_SPOT_COST_S = 2.0
"""What a cut outside a gap costs, in seconds of length error."""
LOUDNESS_COST_S_PER_DB = 0.05
"""What it costs besides for each dB above the floor."""
CHANGE_GAIN_S_PER_DB = 0.15
"""What it costs less for each dB by which the bands differ before and behind."""
LEAST_SPOT_COST_S = 0.3
"""No spot is as good as a gap."""
CHANGE_WINDOW_S = 1.5
UNSURE_S = 1.0
"""Lengths whose sum misses the file's by so much or more are worth one second a second."""
BEST_PRECISION_S = 0.1
WHOLE_SECONDS_PRECISION_S = 0.4
"""How sure lengths can be at best: exact ones, and those in whole seconds."""


@dataclass(frozen=True, slots=True)
class LengthFit:
    """Cuts that fit known lengths best.

    Attributes
    ----------
    cuts_s
        Inner cuts, in order.
    errors_s
        Found minus known length of each piece.
    cost_s
        Sum of absolute errors and of what the cuts cost.
    runner_up_cost_s
        The same for the best fit with another cut; None where there is none.
    """

    cuts_s: tuple[float, ...]
    errors_s: tuple[float, ...]
    cost_s: float
    runner_up_cost_s: float | None


def fit_durations(
    level: FloatArray,
    change_db: FloatArray,
    *,
    hop_s: float,
    gap_cuts_s: list[float],
    durations_s: tuple[float, ...],
    end_s: float,
) -> LengthFit | None:
    """The cuts that make pieces of known lengths; None where no cuts come near.

    Parameters
    ----------
    level
        Level or clearance in dB of each frame.
    change_db
        How much the sound changes at the start of each frame.
    hop_s
        Length of a frame.
    gap_cuts_s
        Where gaps would be cut: these are the best places.
    durations_s
        Known lengths of the pieces, in order; the last one is not held against the file's end.
    end_s
        Length of the file.
    """
    if len(durations_s) < 2:
        return LengthFit((), (end_s - sum(durations_s),), abs(end_s - sum(durations_s)), None)
    precision_s = find_precision_s(durations_s, end_s)
    places, costs = _find_places(level, change_db, hop_s, gap_cuts_s)
    found = _search(places, costs, durations_s, end_s, precision_s)
    if found is None:
        return None
    cuts, cost = found
    runners_up = [
        other[1]
        for cut in cuts
        if (
            other := _search(places, _without(places, costs, cut), durations_s, end_s, precision_s)
        )
    ]
    edges = np.array([0.0, *cuts, end_s])
    errors = np.diff(edges) - np.array(durations_s)
    return LengthFit(
        cuts_s=cuts,
        errors_s=tuple(float(error) for error in errors),
        cost_s=cost,
        runner_up_cost_s=min(runners_up, default=None),
    )


def find_precision_s(durations_s: tuple[float, ...], end_s: float) -> float:
    """How far known lengths can be trusted: as far as their sum is that of the file.

    A cue sheet is exact to a frame, a printed list to half a second; the lengths of a release fit
    a copy from vinyl to some seconds, as its gaps and its speed are others.

    >>> find_precision_s((180.0, 200.0), 380.2), find_precision_s((180.25, 200.5), 380.75)
    (0.4, 0.1)
    """
    is_whole = all(length_s == round(length_s) for length_s in durations_s)
    best_s = WHOLE_SECONDS_PRECISION_S if is_whole else BEST_PRECISION_S
    return min(max(abs(sum(durations_s) - end_s), best_s), UNSURE_S)


def compute_change_db(band_power: FloatArray, *, hop_s: float) -> FloatArray:
    """How much the bands' levels differ before and behind the start of each frame, in dB."""
    n = max(round(CHANGE_WINDOW_S / hop_s), 1)
    level = 10.0 * np.log10(np.maximum(band_power, np.float32(1e-9)))
    totals = np.concatenate([np.zeros_like(level[:1]), np.cumsum(level, axis=0, dtype=np.float64)])
    middle = np.arange(len(level))
    first, last = np.maximum(middle - n, 0), np.minimum(middle + n, len(level))
    before = (totals[middle] - totals[first]) / np.maximum(middle - first, 1)[:, None]
    behind = (totals[last] - totals[middle]) / (last - middle)[:, None]
    change: FloatArray = np.sqrt(np.mean((behind - before) ** 2, axis=1)).astype(np.float32)
    return change


def _find_places(
    level: FloatArray, change_db: FloatArray, hop_s: float, gap_cuts_s: list[float]
) -> tuple[DoubleArray, DoubleArray]:
    """Where cuts may be, in order, and what each costs."""
    n = max(round(GRID_S / hop_s), 1)
    n_rows = len(level) // n
    rows, changes = (values[: n_rows * n].reshape(-1, n) for values in (level, change_db))
    first = np.arange(n_rows) * n
    frames = np.concatenate([first + rows.argmin(axis=1), first + changes.argmax(axis=1)])
    places = np.concatenate(
        [
            (first + rows.argmin(axis=1) + 0.5) * hop_s,
            (first + changes.argmax(axis=1)) * hop_s,
            gap_cuts_s,
        ]
    )
    above = level[frames] - float(level.min(initial=0.0))
    spot_costs = (
        QUIET_SPOT_COST_S
        + LOUDNESS_COST_S_PER_DB * above
        - CHANGE_GAIN_S_PER_DB * change_db[frames]
    )
    costs = np.concatenate([np.maximum(spot_costs, LEAST_SPOT_COST_S), np.zeros(len(gap_cuts_s))])
    order = np.argsort(places, kind="stable")
    return places[order].astype(np.float64), costs[order].astype(np.float64)


def _without(places: DoubleArray, costs: DoubleArray, cut: float) -> DoubleArray:
    """Costs that forbid everything near a cut."""
    return np.where(np.abs(places - cut) < 1.0, np.inf, costs)


def _search(
    places: DoubleArray,
    costs: DoubleArray,
    durations_s: tuple[float, ...],
    end_s: float,
    precision_s: float,
) -> tuple[tuple[float, ...], float] | None:
    """The cheapest chain of cuts; each step looks only where the length nearly fits."""
    worth = UNSURE_S / precision_s
    best = np.full(len(places), np.inf)
    errors = np.abs(places - durations_s[0])
    near = errors <= TOLERANCE_S
    best[near] = worth * errors[near] + costs[near]
    back = []
    for duration_s in durations_s[1:-1]:
        following = np.full(len(places), np.inf)
        origin = np.full(len(places), -1)
        for i in np.flatnonzero(np.isfinite(best)):
            low, high = np.searchsorted(
                places, places[i] + duration_s + np.array([-TOLERANCE_S, TOLERANCE_S])
            )
            reach = slice(max(low, i + 1), high)
            errors = np.abs(places[reach] - places[i] - duration_s)
            total = best[i] + worth * errors + costs[reach]
            is_better = total < following[reach]
            following[reach] = np.where(is_better, total, following[reach])
            origin[reach] = np.where(is_better, i, origin[reach])
        best = following
        back.append(origin)
    # A side of unsure lengths may run on behind the last piece, which then counts a little.
    rest = end_s - places - durations_s[-1]
    total = (
        best + np.where(rest < 0, -rest, rest if precision_s < UNSURE_S else 0.2 * rest) * worth
    )
    total[places >= end_s] = np.inf
    last = int(np.argmin(total))
    if not np.isfinite(total[last]):
        return None
    chain = [last]
    for origin in reversed(back):
        chain.append(int(origin[chain[-1]]))
    return tuple(float(places[i]) for i in reversed(chain)), float(total[last])
