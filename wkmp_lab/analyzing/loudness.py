"""Loudness of passages from a level profile: ITU-R BS.1770-4, EBU R 128, Tech 3341 and 3342."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wkmp_lab.signals import LevelProfile

_DoubleArray = npt.NDArray[np.float64]

MOMENTARY_S = 0.4
SHORT_TERM_S = 3.0
STEP_S = 0.1
"""Step of gating blocks (75 % overlap of 400 ms) and of the short-term values behind the range."""

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0
RANGE_PERCENTILES = (10.0, 95.0)

_OFFSET_LU = -0.691
"""Makes a 997 Hz sine of 0 dBFS in one channel read -3.01 LUFS (BS.1770-4, annex 1)."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """Loudness figures of a passage; ``None`` where it is too short or never passes the gate."""

    integrated_lufs: float | None
    range_lu: float | None
    momentary_max_lufs: float | None
    short_term_max_lufs: float | None


@dataclass(frozen=True, slots=True, eq=False)
class LoudnessCurve:
    """Loudness over time: ``level_lufs[i]`` is that of the window that ends at ``end_s[i]``."""

    end_s: _DoubleArray
    level_lufs: _DoubleArray


def lufs_from_power(k_power: npt.ArrayLike) -> _DoubleArray:
    """Loudness in LUFS of K-weighted mean squares; silence is -200.

    >>> lufs_from_power([1.0, 0.0]).tolist()
    [-0.691, -200.0]
    """
    power = np.asarray(k_power, dtype=np.float64)
    return np.maximum(_OFFSET_LU + 10.0 * np.log10(np.maximum(power, 1e-30)), -200.0)


def power_from_lufs(level_lufs: float) -> float:
    """K-weighted mean square of a loudness.

    >>> round(power_from_lufs(-0.691), 6)
    1.0
    """
    return float(10.0 ** ((level_lufs - _OFFSET_LU) / 10.0))


def _select_whole_frames(
    profile: LevelProfile, start_s: float, end_s: float | None
) -> tuple[int, npt.NDArray[np.float32]]:
    """First frame and K power of a passage, without the partial frame that ends most files."""
    frames = profile.find_frames(start_s=start_s, end_s=end_s)
    n_whole = int(profile.duration_s / profile.hop_s + 1e-6)
    return frames.start, profile.k_power[frames.start : min(frames.stop, n_whole)]


def _slide(k_power: npt.NDArray[np.float32], *, n_window: int, n_step: int) -> _DoubleArray:
    """Mean of every window of ``n_window`` frames, one each ``n_step`` frames; empty if none."""
    if k_power.size < n_window:
        return np.empty(0)
    total = np.concatenate([[0.0], np.cumsum(k_power, dtype=np.float64)])
    means: _DoubleArray = (total[n_window:] - total[:-n_window])[::n_step] / n_window
    return np.maximum(means, 0.0)


def _compute_integrated(blocks: _DoubleArray) -> float | None:
    loud = blocks[lufs_from_power(blocks) > ABSOLUTE_GATE_LUFS]
    if not loud.size:
        return None
    gate = lufs_from_power(loud.mean()) + RELATIVE_GATE_LU
    # The gate lies 10 LU below the mean of these very blocks: the loudest always passes.
    return float(lufs_from_power(loud[lufs_from_power(loud) > gate].mean()))


def _compute_range(windows: _DoubleArray) -> float | None:
    loud = windows[lufs_from_power(windows) > ABSOLUTE_GATE_LUFS]
    if not loud.size:
        return None
    levels = lufs_from_power(loud)
    gate = lufs_from_power(loud.mean()) + RANGE_GATE_LU
    low, high = np.percentile(levels[levels > gate], RANGE_PERCENTILES)
    return float(high - low)


def _largest_lufs(windows: _DoubleArray) -> float | None:
    return float(lufs_from_power(windows.max())) if windows.size else None


def measure_loudness(
    profile: LevelProfile, *, start_s: float = 0.0, end_s: float | None = None
) -> Loudness:
    """Integrated loudness, range and largest momentary and short-term loudness of a passage.

    The gates see the passage alone. The maxima are those over windows at every fine frame, ten
    times denser than Tech 3341 asks for.
    """
    _, k_power = _select_whole_frames(profile, start_s, end_s)
    n_momentary, n_short, n_step = (
        max(round(length_s / profile.hop_s), 1) for length_s in (MOMENTARY_S, SHORT_TERM_S, STEP_S)
    )
    momentary = _slide(k_power, n_window=n_momentary, n_step=1)
    short_term = _slide(k_power, n_window=n_short, n_step=1)
    return Loudness(
        integrated_lufs=_compute_integrated(momentary[::n_step]),
        range_lu=_compute_range(short_term[::n_step]),
        momentary_max_lufs=_largest_lufs(momentary),
        short_term_max_lufs=_largest_lufs(short_term),
    )


def _compute_curve(
    profile: LevelProfile, start_s: float, end_s: float | None, window_s: float
) -> LoudnessCurve:
    first, k_power = _select_whole_frames(profile, start_s, end_s)
    n_window, n_step = (max(round(s / profile.hop_s), 1) for s in (window_s, STEP_S))
    windows = _slide(k_power, n_window=n_window, n_step=n_step)
    ends = first + n_window + n_step * np.arange(windows.size, dtype=np.float64)
    return LoudnessCurve(
        end_s=np.multiply(ends, profile.hop_s), level_lufs=lufs_from_power(windows)
    )


def compute_short_term(
    profile: LevelProfile, *, start_s: float = 0.0, end_s: float | None = None
) -> LoudnessCurve:
    """Loudness of the last 3 s, ten times a second; empty for a passage under 3 s."""
    return _compute_curve(profile, start_s, end_s, SHORT_TERM_S)


def compute_momentary(
    profile: LevelProfile, *, start_s: float = 0.0, end_s: float | None = None
) -> LoudnessCurve:
    """Loudness of the last 400 ms, ten times a second; empty for a passage under 400 ms."""
    return _compute_curve(profile, start_s, end_s, MOMENTARY_S)
