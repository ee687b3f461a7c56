"""The compiled loops of the level meter: sums over samples, frame by frame."""

import numpy as np
import numpy.typing as npt

from wkmp_lab.dsp.compiling import njit
from wkmp_lab.signals import FloatArray

FULL_SCALE = 32766.5 / 32768.0
"""From here on a sample counts as clipped: the largest value of 16 bits, with rounding."""

MIN_CLIPPED_RUN = 3
"""Clipped samples in a row that make a fault; one or two may be a peak that just fits."""

_DENORMAL = 1e-30
_DoubleArray = npt.NDArray[np.float64]
_CountArray = npt.NDArray[np.uint16]


@njit(fastmath=True)
def sum_pair(first: FloatArray, second: FloatArray, frame_length: int, sums: _DoubleArray) -> None:
    """Sums of two channels over each frame, shape ``(n_frames, 6)``.

    The columns are: energy of each, energy of half the difference, sum of each, largest absolute
    value.
    """
    half, zero = np.float32(0.5), np.float32(0.0)
    for frame in range(sums.shape[0]):
        left = first[frame * frame_length : (frame + 1) * frame_length]
        right = second[frame * frame_length : (frame + 1) * frame_length]
        square_p = square_q = sum_p = sum_q = side = peak = zero
        for n in range(left.shape[0]):
            p, q = left[n], right[n]
            square_p += p * p
            square_q += q * q
            sum_p += p
            sum_q += q
            away = half * (p - q)
            side += away * away
            peak = max(peak, max(abs(p), abs(q)))
        sums[frame, 0], sums[frame, 1], sums[frame, 2] = square_p, square_q, side
        sums[frame, 3], sums[frame, 4], sums[frame, 5] = sum_p, sum_q, peak


# A recursive filter leaves the processor waiting for its own results. So two channels run side by
# side, the second at no cost, and each sum is written so that what is not yet known comes last;
# free reassociation (fastmath) would undo that, and takes twice the time.
@njit(fastmath={"contract"})
def filter_pair(
    first: FloatArray,
    second: FloatArray,
    weights: _DoubleArray,
    filters: _DoubleArray,
    state: _DoubleArray,
    frame_length: int,
    energies: _DoubleArray,
) -> None:
    """Add the K-weighted energy of two channels over each frame to ``energies``.

    ``filters`` are those of :func:`compute_k_filter`, ``state`` of shape ``(2, 4)`` is what they
    keep from one call to the next.
    """
    b0, b1, b2, a1, a2 = filters[0]
    c1, c2 = filters[1, 3], filters[1, 4]
    p1, p2, p3, p4 = state[0]
    q1, q2, q3, q4 = state[1]
    n_samples = first.shape[0]
    for frame in range(energies.shape[0]):
        energy_p = energy_q = 0.0
        for n in range(frame * frame_length, min((frame + 1) * frame_length, n_samples)):
            p, q = float(first[n]), float(second[n])
            shelf_p, shelf_q = b0 * p + p1, b0 * q + q1
            p1, q1 = (b1 * p + p2) - a1 * shelf_p, (b1 * q + q2) - a1 * shelf_q
            p2, q2 = b2 * p - a2 * shelf_p, b2 * q - a2 * shelf_q
            out_p, out_q = shelf_p + p3, shelf_q + q3
            p3, q3 = (p4 - 2.0 * shelf_p) - c1 * out_p, (q4 - 2.0 * shelf_q) - c1 * out_q
            p4, q4 = shelf_p - c2 * out_p, shelf_q - c2 * out_q
            energy_p += out_p * out_p
            energy_q += out_q * out_q
        if abs(p3) + abs(q3) < _DENORMAL:  # Denormal numbers would slow silence a hundredfold.
            p1 = p2 = p3 = p4 = q1 = q2 = q3 = q4 = 0.0
        energies[frame] += weights[0] * energy_p + weights[1] * energy_q
    state[0, 0], state[0, 1], state[0, 2], state[0, 3] = p1, p2, p3, p4
    state[1, 0], state[1, 1], state[1, 2], state[1, 3] = q1, q2, q3, q4


@njit()
def count_clipped(
    samples: FloatArray, run_length: int, frame_length: int, peaks: FloatArray, counts: _CountArray
) -> int:
    """Add clipped samples and runs of one channel to ``counts``; the length of the open run.

    ``counts`` has the rows samples and runs. A run counts to the frame where it gets long enough.
    """
    for frame in range(peaks.shape[0]):
        if peaks[frame] < FULL_SCALE:
            run_length = 0
            continue
        for n in range(frame * frame_length, min((frame + 1) * frame_length, samples.shape[0])):
            if abs(samples[n]) < FULL_SCALE:
                run_length = 0
                continue
            run_length += 1
            if run_length == MIN_CLIPPED_RUN:
                counts[0, frame] += MIN_CLIPPED_RUN
                counts[1, frame] += 1
            elif run_length > MIN_CLIPPED_RUN:
                counts[0, frame] += 1
    return run_length


# A bend is a second difference: small for music, whose treble is weak, and huge for an impulse.
@njit(fastmath=True)
def raise_bends(
    samples: FloatArray,
    start: int,
    stop: int,
    frame_length: int,
    peaks: FloatArray,
    means: FloatArray,
) -> None:
    """Raise ``peaks`` and ``means`` to the largest and mean bend of one channel in each frame.

    The bend at sample ``n`` is ``|x[n] - 2 x[n - 1] + x[n - 2]|``; ``samples[start - 2:stop]`` is
    read.
    """
    two = np.float32(2.0)
    for frame in range(peaks.shape[0]):
        first = start + frame * frame_length
        x = samples[first - 2 : min(first + frame_length, stop)]
        n_samples = x.shape[0] - 2
        peak = total = np.float32(0.0)
        for n in range(n_samples):
            bend = abs(x[n + 2] - two * x[n + 1] + x[n])
            total += bend
            peak = max(peak, bend)
        peaks[frame] = max(peaks[frame], peak)
        means[frame] = max(means[frame], total / np.float32(n_samples))


@njit()
def count_silent(
    samples: FloatArray,
    start: int,
    stop: int,
    frame_length: int,
    step: int,
    limit: float,
    counts: _CountArray,
) -> None:
    """Count, of every ``step``-th sample of each frame, those with no channel over ``limit``.

    ``samples`` has the shape ``(n_channels, n)``, of which ``start`` to ``stop`` is read.
    """
    for frame in range(counts.shape[0]):
        first = start + frame * frame_length
        for n in range(first, min(first + frame_length, stop), step):
            is_silent = True
            for c in range(samples.shape[0]):
                is_silent = is_silent and abs(samples[c, n]) <= limit
            counts[frame] += is_silent


@njit(fastmath=True)
def measure_spectra(
    spectra: npt.NDArray[np.complex64],
    a_gain: FloatArray,
    first_bins: npt.NDArray[np.int64],
    levels: _DoubleArray,
    total: FloatArray,
) -> None:
    """A-weighted energy and band energies of each row into ``levels``; energies into ``total``.

    Energies are one-sided: every bin but the first and the last stands for two.
    """
    n_rows, n_bins = spectra.shape
    power = np.empty(n_bins, np.float32)
    for row in range(n_rows):
        z = spectra[row]
        for k in range(n_bins):
            power[k] = np.float32(2.0) * (z[k].real * z[k].real + z[k].imag * z[k].imag)
        power[0] *= np.float32(0.5)
        power[-1] *= np.float32(0.5)
        weighted = np.float32(0.0)
        for k in range(n_bins):
            weighted += power[k] * a_gain[k]
            total[k] += power[k]
        levels[row, 0] = weighted
        for band in range(first_bins.shape[0] - 1):
            energy = np.float32(0.0)
            for k in range(first_bins[band], first_bins[band + 1]):
                energy += power[k]
            levels[row, 1 + band] = energy
