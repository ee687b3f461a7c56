"""Quiet stretches of a level profile, and what tells a gap between pieces from a pause in one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wkmp_lab.signals import FloatArray, LevelProfile

DIGITAL_SILENCE_DB = -100.0
"""Levels below are all taken for nothing."""
SMOOTH_FRAMES = 5
"""Median over 250 ms: clicks and crackle up to 100 ms vanish."""
FLOOR_WINDOW_S = 0.4
"""The floor is the quietest level that is held for so long."""
CONTEXT_S = 8.0
"""How far a gap's surroundings reach."""

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GapFacts:
    """What was measured of one quiet stretch.

    Attributes
    ----------
    start, end
        Coarse frames ``[start, end)``.
    length_s
        Its length.
    level_db
        Its median A-weighted level.
    depth_db
        How far that lies below the music around it.
    above_floor_db
        How far that lies above the file's floor.
    unrest_db
        How much the level moves inside: noise is steady, a tail decays.
    attack_db, decay_db
        Rise of the level in the half second behind, fall in the one before.
    """

    start: int
    end: int
    length_s: float
    level_db: float
    depth_db: float
    above_floor_db: float
    unrest_db: float
    attack_db: float
    decay_db: float


def compute_quiet_level(profile: LevelProfile) -> FloatArray:
    """A-weighted level in dB of each coarse frame, freed from clicks.

    A-weighting leaves rumble and hum out, the running median clicks.
    """
    power = np.maximum(profile.a_power, np.float32(1e-10))
    level: FloatArray = np.float32(10.0) * np.log10(power)
    half = SMOOTH_FRAMES // 2
    if len(level) <= 2 * half:
        return level
    padded = np.pad(level, half, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, SMOOTH_FRAMES)
    smooth: FloatArray = np.median(windows, axis=1).astype(np.float32)
    return smooth


def measure_floor_db(level: FloatArray, *, hop_s: float) -> float:
    """The noise floor: the quietest level that a file holds for ``FLOOR_WINDOW_S``."""
    n = max(round(FLOOR_WINDOW_S / hop_s), 1)
    if len(level) < n:
        return float(level.max(initial=DIGITAL_SILENCE_DB))
    totals = np.concatenate([[0.0], np.cumsum(level, dtype=np.float64)])
    means = (totals[n:] - totals[:-n]) / n
    return float(means.min())


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


def measure_gap(
    level: FloatArray, start: int, end: int, *, hop_s: float, floor_db: float
) -> GapFacts:
    """The facts of a quiet stretch of frames ``[start, end)``."""
    inside = level[start:end]
    n_context, n_edge = round(CONTEXT_S / hop_s), max(round(0.5 / hop_s), 1)
    before, after = level[max(start - n_context, 0) : start], level[end : end + n_context]
    around = np.concatenate([before, after])
    level_db = float(np.median(inside))
    margin = len(inside) // 8
    core = inside[margin : len(inside) - margin]
    return GapFacts(
        start=start,
        end=end,
        length_s=len(inside) * hop_s,
        level_db=level_db,
        depth_db=float(np.median(around)) - level_db if len(around) else 0.0,
        above_floor_db=level_db - floor_db,
        unrest_db=float(np.percentile(core, 90) - np.percentile(core, 10)),
        attack_db=float(after[:n_edge].max(initial=level_db)) - level_db,
        decay_db=float(before[-n_edge:].max(initial=level_db)) - level_db,
    )
