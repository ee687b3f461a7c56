"""True peak: the largest value between the samples, by 4x interpolation (ITU-R BS.1770-4)."""

import numpy as np
from numba import njit

from wkmp_lab.signals import FloatArray

N_TAPS = 16
"""Taps of each phase of the interpolator."""

_KAISER_BETA = 5.0


def compute_interpolator() -> FloatArray:
    """Taps for the points 1/4, 1/2 and 3/4 of the way between samples, shape ``(3, N_TAPS)``.

    A Kaiser-windowed sinc: flat within 0.03 dB up to 0.4 sr, where the example filter of BS.1770-4
    annex 2 ripples by 0.24 dB at the same number of products, since its fourth phase is spent on
    the samples themselves, which need no filter.
    """
    offsets = np.arange(N_TAPS) - (N_TAPS // 2 - 1)
    distance = np.array([[0.25], [0.5], [0.75]]) - offsets
    ratio = distance / (N_TAPS / 2)
    window = np.i0(_KAISER_BETA * np.sqrt(1.0 - ratio * ratio))
    taps = np.sinc(distance) * window
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), dtype=np.float32)


# Taps as scalars, and the points in a buffer of their own before the largest is looked for: so the
# compiler turns both loops into vector instructions. Every point is then cheaper to compute than
# to rule out, and the peak of any stretch is exact.
@njit(cache=True, nogil=True, fastmath=True)
def raise_true_peaks(
    samples: FloatArray,
    start: int,
    stop: int,
    frame_length: int,
    taps: FloatArray,
    peaks: FloatArray,
) -> None:
    """Raise ``peaks`` to the interpolated values of one channel, frame by frame.

    A point between samples ``n - 8`` and ``n - 7`` counts to the frame of sample ``n``, for
    ``start <= n < stop``; ``samples[start - 15:stop]`` is read. What follows the last whole frame
    counts to the last entry of ``peaks``.
    """
    n_frames = peaks.shape[0]
    points = np.empty(frame_length + N_TAPS, dtype=np.float32)
    for frame in range(n_frames):
        first = start + frame * frame_length
        last = stop if frame == n_frames - 1 else first + frame_length
        x = samples[first - 15 : last]
        largest = peaks[frame]
        for phase in range(taps.shape[0]):
            t = taps[phase]
            t0, t1, t2, t3, t4, t5, t6, t7 = t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]
            t8, t9, t10, t11 = t[8], t[9], t[10], t[11]
            t12, t13, t14, t15 = t[12], t[13], t[14], t[15]
            for n in range(last - first):
                points[n] = (
                    (t0 * x[n] + t1 * x[n + 1] + t2 * x[n + 2] + t3 * x[n + 3])
                    + (t4 * x[n + 4] + t5 * x[n + 5] + t6 * x[n + 6] + t7 * x[n + 7])
                    + (t8 * x[n + 8] + t9 * x[n + 9] + t10 * x[n + 10] + t11 * x[n + 11])
                    + (t12 * x[n + 12] + t13 * x[n + 13] + t14 * x[n + 14] + t15 * x[n + 15])
                )
            for n in range(last - first):
                size = abs(points[n])
                if size > largest:
                    largest = size
        peaks[frame] = largest
