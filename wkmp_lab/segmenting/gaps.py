"""Quiet stretches of a level profile, and what tells a gap between pieces from a pause in one.

Noise hides a quiet ending from a level meter, but seldom in every band at once. So the yardstick
is the *clearance*: how far a moment lies above the file's own noise floor in the band where it
stands out most. It finds the end of a song some 10 dB below where its level sinks into the hiss.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wkmp_lab.signals import FloatArray, LevelProfile

DIGITAL_SILENCE_DB = -100.0
"""Levels below are all taken for nothing."""
LEAST_FLOOR_DB = -88.0
"""No band's floor is taken to be lower: what lies there is inaudible beside any music."""
SOUND_DB = -85.0
"""The file's ends below are no part of the floor: a noisy side may be padded with digital zero."""
SMOOTH_FRAMES = 5
"""Median over 250 ms: clicks and crackle up to 100 ms vanish."""
RANK_FRAMES, RANK = 11, 3
"""The fourth lowest of 550 ms: ten clicks a second leave four frames of eleven clean."""
_RANK_BATCH = 2048
"""Windows that are ranked at once: they stay in the processor's cache."""
FIRST_BAND = 2
"""Bands from 150 Hz on: below lie rumble and hum."""
FLOOR_WINDOW_S = 0.4
"""The floor is the quietest level that is held for so long."""
NEAR_FLOOR_DB = 6.0
"""Where the whole level is this near to its least, each band shows its own floor."""
CALM_WINDOW_S = 1.0
CALM_DB = 0.5
"""The calm part of a stretch: means over this window, this close to the least of them."""
LATEST_CUT_S = 1.25
"""A cut lies no earlier before the next attack: an ending may be hidden, an attack hardly."""
LOUD_PERCENTILE = 75.0
CONTEXT_S = 8.0
"""How far a gap's surroundings reach."""
AT_FLOOR_DB = 2.5
"""Noise alone seldom has more clearance: what has is a sound that dies away."""

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GapFacts:
    """What was measured of one quiet stretch.

    Attributes
    ----------
    start, end
        Coarse frames ``[start, end)``.
    cut_s
        Where a cut belongs: in its calm part, and near the attack behind it.
    length_s, floor_s
        Its length, and how much of it lies at the floor.
    level_db
        Its median A-weighted level.
    depth_db
        How far that lies below the music around it.
    clearance_db
        Clearance of the music around it.
    above_floor_db
        Clearance of its calmest second.
    beside_db
        How far the loud part of the louder side lies above it, in level and in clearance: the
        lesser of the two.
    """

    start: int
    end: int
    cut_s: float
    length_s: float
    floor_s: float
    level_db: float
    depth_db: float
    clearance_db: float
    above_floor_db: float
    beside_db: float


def compute_quiet_level(profile: LevelProfile) -> FloatArray:
    """A-weighted level in dB of each coarse frame, freed from clicks.

    A-weighting leaves rumble and hum out, the running median clicks.
    """
    power = np.maximum(profile.a_power, np.float32(1e-10))
    level: FloatArray = np.float32(10.0) * np.log10(power)
    return _rank(level, SMOOTH_FRAMES, SMOOTH_FRAMES // 2)


def compute_clearance(profile: LevelProfile, quiet_level: FloatArray) -> FloatArray:
    """How far each coarse frame lies above the file's noise floor in its clearest band, in dB.

    ``quiet_level`` is that of :func:`compute_quiet_level`. Noise alone has 0 to 3 dB; in digital
    silence, where a floor of ``LEAST_FLOOR_DB`` is assumed, values are negative. Empty for an
    empty profile.
    """
    if not len(profile.a_power):
        return np.zeros(0, np.float32)
    power = np.maximum(
        _rank(profile.band_power[:, FIRST_BAND:], RANK_FRAMES, RANK), np.float32(1e-12)
    )
    level: FloatArray = np.float32(10.0) * np.log10(power)
    sounding = find_sounding(profile)
    floor_db = _measure_band_floors(
        level[sounding], quiet_level[sounding], hop_s=profile.coarse_hop_s
    )
    clearance: FloatArray = (level - floor_db).max(axis=1)
    return clearance


def _measure_band_floors(level: FloatArray, total: FloatArray, *, hop_s: float) -> FloatArray:
    """The quietest level that each band holds while the file is quiet as a whole.

    Elsewhere a band may be empty because the music leaves it so, below any noise of the gaps. The
    file's ends do not count: their frames are odd.
    """
    half = RANK_FRAMES // 2
    inner = slice(half, -half) if len(level) > 2 * RANK_FRAMES else slice(None)
    n = min(max(round(FLOOR_WINDOW_S / hop_s), 1), len(level[inner]))
    totals = _running_mean(total[inner], n)
    is_quiet = totals <= totals.min() + NEAR_FLOOR_DB
    # Band by band: sums along the other axis take five times as long.
    floors = [_running_mean(band, n)[is_quiet].min() for band in level[inner].T]
    kept: FloatArray = np.maximum(np.array(floors), LEAST_FLOOR_DB).astype(np.float32)
    return kept


def _rank(values: FloatArray, n_frames: int, rank: int) -> FloatArray:
    """The value of a rank, from 0 for the lowest, in a window that runs along the first axis."""
    half = n_frames // 2
    padded = np.concatenate([values[:1].repeat(half, 0), values, values[-1:].repeat(half, 0)])
    ranked = np.empty_like(values)
    for start in range(0, len(values), _RANK_BATCH):
        n = min(_RANK_BATCH, len(values) - start)
        lowest = np.full((rank + 1, n, *values.shape[1:]), np.inf, np.float32)
        for shift in range(n_frames):
            value = padded[start + shift : start + shift + n]
            # Insertion into a sorted list, for all windows at once: sorting each takes longer.
            for kept in lowest:
                larger = np.maximum(kept, value)
                np.minimum(kept, value, out=kept)
                value = larger
        ranked[start : start + n] = lowest[rank]
    return ranked


def find_sounding(profile: LevelProfile) -> slice:
    """Coarse frames from the first to the last with any sound; all where there is none."""
    sounding = np.flatnonzero(profile.a_power > 10 ** (SOUND_DB / 10))
    if not sounding.size:
        return slice(0, len(profile.a_power))
    return slice(int(sounding[0]), int(sounding[-1]) + 1)


def measure_floor_db(level: FloatArray, *, hop_s: float) -> float:
    """The noise floor: the quietest level that a file holds for ``FLOOR_WINDOW_S``."""
    n = max(round(FLOOR_WINDOW_S / hop_s), 1)
    if len(level) < n:
        return float(level.max(initial=DIGITAL_SILENCE_DB))
    return float(_running_mean(level, n).min())


def find_runs(is_quiet: BoolArray, *, n_bridge: int = 0) -> list[tuple[int, int]]:
    """Stretches ``[start, end)`` of True; those with at most ``n_bridge`` frames between are one.

    >>> find_runs(np.array([True, False, True, True, False, False, True]), n_bridge=1)
    [(0, 4), (6, 7)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_quiet, [False]])))
    starts, ends = edges[::2], edges[1::2]
    is_apart = starts[1:] - ends[:-1] > n_bridge
    first = starts[np.concatenate([[True], is_apart])] if len(starts) else starts
    last = ends[np.concatenate([is_apart, [True]])] if len(ends) else ends
    return [(int(a), int(b)) for a, b in zip(first, last, strict=True)]


def find_calm(clearance: FloatArray, start: int, end: int, *, hop_s: float) -> tuple[int, int]:
    """The last part of a quiet stretch that is as calm as any of it, in frames ``[start, end)``.

    >>> find_calm(np.array([4, 3, 2, 2, 0, 0, 0, 0, 4.0]), 0, 9, hop_s=0.5)
    (4, 8)
    """
    n = min(max(round(CALM_WINDOW_S / hop_s), 1), end - start)
    means = _running_mean(clearance[start:end], n)
    first, last = find_runs(means <= means.min() + CALM_DB)[-1]
    return start + first, start + last - 1 + n


def measure_gap(
    level: FloatArray, clearance: FloatArray, start: int, end: int, *, hop_s: float
) -> GapFacts:
    """The facts of a quiet stretch of frames ``[start, end)``."""
    n_context = round(CONTEXT_S / hop_s)
    around = np.r_[max(start - n_context, 0) : start, end : min(end + n_context, len(level))]
    sides = (slice(max(start - n_context, 0), start), slice(end, end + n_context))
    first, last = find_calm(clearance, start, end, hop_s=hop_s)
    calm_db = max(float(clearance[first:last].mean()), 0.0)
    level_db = float(np.median(level[start:end]))
    return GapFacts(
        start=start,
        end=end,
        cut_s=max(0.5 * (first + last) * hop_s, last * hop_s - LATEST_CUT_S),
        length_s=(end - start) * hop_s,
        floor_s=int(np.count_nonzero(clearance[start:end] < AT_FLOOR_DB)) * hop_s,
        level_db=level_db,
        depth_db=float(np.median(level[around])) - level_db if len(around) else 0.0,
        clearance_db=float(np.median(clearance[around])) if len(around) else 0.0,
        above_floor_db=calm_db,
        beside_db=min(_measure_beside(level, sides) - level_db, _measure_beside(clearance, sides)),
    )


def _measure_beside(values: FloatArray, sides: tuple[slice, slice]) -> float:
    """The loud part of the louder side."""
    parts = [values[side] for side in sides]
    return max(float(np.percentile(part, LOUD_PERCENTILE)) for part in parts if len(part))


def _running_mean(values: FloatArray, n: int) -> npt.NDArray[np.float64]:
    """Means over ``n`` frames, along the first axis."""
    totals = np.cumsum(values, axis=0, dtype=np.float64)
    totals = np.concatenate([np.zeros_like(totals[:1]), totals])
    means: npt.NDArray[np.float64] = (totals[n:] - totals[:-n]) / n
    return means
