"""Known lengths of pieces laid onto a level profile by dynamic programming."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wkmp_lab.signals import FloatArray

GRID_S = 0.5
"""Besides the gaps, the quietest moment of each half second may be a cut: joins without a gap."""
TOLERANCE_S = 12.0
"""How far a piece may be from its known length."""
QUIET_SPOT_COST_S = 2.0
"""What a cut outside a gap costs, in seconds of length error."""
LOUDNESS_COST_S_PER_DB = 0.05
"""What it costs besides for each dB above the floor."""

DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alignment:
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
    *,
    hop_s: float,
    gap_cuts_s: list[float],
    durations_s: tuple[float, ...],
    end_s: float,
) -> Alignment | None:
    """The cuts that make pieces of known lengths; None where no cuts come near.

    Parameters
    ----------
    level
        Level or clearance in dB of each frame.
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
        return Alignment((), (end_s - sum(durations_s),), abs(end_s - sum(durations_s)), None)
    places, costs = _find_places(level, hop_s, gap_cuts_s)
    found = _search(places, costs, durations_s, end_s)
    if found is None:
        return None
    cuts, cost = found
    rivals = [
        other[1]
        for cut in cuts
        if (other := _search(places, _without(places, costs, cut), durations_s, end_s))
    ]
    edges = np.array([0.0, *cuts, end_s])
    errors = np.diff(edges) - np.array(durations_s)
    return Alignment(
        cuts_s=cuts,
        errors_s=tuple(float(error) for error in errors),
        cost_s=cost,
        runner_up_cost_s=min(rivals, default=None),
    )


def _find_places(
    level: FloatArray, hop_s: float, gap_cuts_s: list[float]
) -> tuple[DoubleArray, DoubleArray]:
    """Where cuts may be, in order, and what each costs."""
    n = max(round(GRID_S / hop_s), 1)
    rows = level[: len(level) // n * n].reshape(-1, n)
    spots = (np.arange(len(rows)) * n + rows.argmin(axis=1) + 0.5) * hop_s
    above = rows.min(axis=1) - float(level.min(initial=0.0))
    spot_costs = QUIET_SPOT_COST_S + LOUDNESS_COST_S_PER_DB * above
    places = np.concatenate([spots, gap_cuts_s])
    costs = np.concatenate([spot_costs, np.zeros(len(gap_cuts_s))])
    order = np.argsort(places, kind="stable")
    return places[order].astype(np.float64), costs[order].astype(np.float64)


def _without(places: DoubleArray, costs: DoubleArray, cut: float) -> DoubleArray:
    """Costs that forbid everything near a cut."""
    return np.where(np.abs(places - cut) < 1.0, np.inf, costs)


def _search(
    places: DoubleArray, costs: DoubleArray, durations_s: tuple[float, ...], end_s: float
) -> tuple[tuple[float, ...], float] | None:
    """The cheapest chain of cuts; each step looks only where the length nearly fits."""
    best = np.full(len(places), np.inf)
    near = np.abs(places - durations_s[0]) <= TOLERANCE_S
    best[near] = np.abs(places - durations_s[0])[near] + costs[near]
    back = []
    for duration_s in durations_s[1:-1]:
        following = np.full(len(places), np.inf)
        origin = np.full(len(places), -1)
        for i in np.flatnonzero(np.isfinite(best)):
            low, high = np.searchsorted(
                places, places[i] + duration_s + np.array([-TOLERANCE_S, TOLERANCE_S])
            )
            reach = slice(max(low, i + 1), high)
            total = best[i] + np.abs(places[reach] - places[i] - duration_s) + costs[reach]
            is_better = total < following[reach]
            following[reach] = np.where(is_better, total, following[reach])
            origin[reach] = np.where(is_better, i, origin[reach])
        best = following
        back.append(origin)
    # The last piece may run on to the side's end: what is missing counts, what is more a little.
    rest = end_s - places - durations_s[-1]
    total = best + np.where(rest < 0, -rest, 0.2 * rest)
    total[places >= end_s] = np.inf
    last = int(np.argmin(total))
    if not np.isfinite(total[last]):
        return None
    chain = [last]
    for origin in reversed(back):
        chain.append(int(origin[chain[-1]]))
    return tuple(float(places[i]) for i in reversed(chain)), float(total[last])
