"""Rhythm that needs no tempo: onsets, and how danceable levels are."""

import numpy as np
import numpy.typing as npt

from wkmp_lab.signals import DoubleArray, FloatArray


def find_onsets(onsets: FloatArray, *, frame_rate_hz: float) -> npt.NDArray[np.int64]:
    """Frames of onsets: peaks that stand out of the half second around them."""
    if len(onsets) < 3:
        return np.zeros(0, np.int64)
    n = max(round(0.25 * frame_rate_hz), 1)
    padded = np.pad(onsets, n, mode="edge").astype(np.float64)
    totals = np.concatenate([[0.0], np.cumsum(padded)])
    local = (totals[2 * n + 1 :] - totals[: -2 * n - 1]) / (2 * n + 1)
    threshold = local + 0.5 * float(onsets.std())
    is_peak = (onsets[1:-1] > onsets[:-2]) & (onsets[1:-1] >= onsets[2:])
    found = np.flatnonzero(is_peak & (onsets[1:-1] > threshold[1:-1])) + 1
    gap = max(round(0.05 * frame_rate_hz), 1)
    kept = found[np.concatenate([[True], np.diff(found) > gap])] if len(found) else found
    return np.asarray(kept, np.int64)


def measure_danceability(levels: FloatArray) -> float | None:
    """Danceability by detrended fluctuation analysis of levels (Streich and Herrera 2005).

    Parameters
    ----------
    levels
        Amplitude in 10 ms frames.

    Returns
    -------
    float or None
        About 0 to 3, high is danceable; None for less than ten seconds.
    """
    if len(levels) < 1000 or float(levels.std()) == 0.0:
        return None
    walk = np.cumsum(levels - levels.mean(), dtype=np.float64)
    sizes = np.unique((31 * 1.1 ** np.arange(36)).astype(int))
    sizes = sizes[sizes < len(walk) // 4]
    residues = np.array([_detrend(walk, int(size)) for size in sizes])
    slopes = np.diff(np.log(residues)) / np.diff(np.log(sizes + 3.0))
    rising = slopes[slopes > 0]
    return float(1.0 / rising.mean()) if len(rising) else None


def _detrend(walk: DoubleArray, size: int) -> float:
    """Root mean square of what a straight line leaves in stretches of a size."""
    n = len(walk) // size
    rows = walk[: n * size].reshape(n, size)
    t = np.arange(size) - (size - 1) / 2
    slopes = rows @ t / (t @ t)
    variance = (rows**2).mean(axis=1) - rows.mean(axis=1) ** 2 - slopes**2 * (t @ t) / size
    return float(np.sqrt(max(variance.mean(), 1e-30)))
