"""The one short-time spectrum that all timbre and rhythm measures share."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.fft
from numba import njit

from wkmp_lab.signals import FloatArray, Samples

SR = 22_050
N_FFT = 2048
HOP_LENGTH = 512
N_MELS = 128
N_BINS = N_FFT // 2 + 1
FRAME_RATE_HZ = SR / HOP_LENGTH
BATCH_FRAMES = 64
AMIN = 1e-10
"""Least power before a logarithm, as in librosa."""
ROLLOFF = 0.85
CONTRAST_EDGES_HZ = (0.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0, 11025.0)
CONTRAST_SHARE = 0.1
"""Share of a band's bins that make its peak and its valley."""


class Shape(NamedTuple):
    """Columns of a frame's shape measures."""

    centroid_hz: int = 0
    bandwidth_hz: int = 1
    rolloff_hz: int = 2
    flatness: int = 3


N_SHAPE = 4
N_BANDS = len(CONTRAST_EDGES_HZ) - 1


def iterate_power(mono: Samples) -> Iterator[FloatArray]:
    """Power spectra in batches of frames, shape ``(n, N_BINS)``.

    Frames are centred as librosa's are: frame ``i`` has its middle at sample ``i * HOP_LENGTH``,
    zeros lie before and behind the signal, the window is a periodic Hann.
    """
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)
    n_frames = 1 + len(mono) // HOP_LENGTH
    half = N_FFT // 2
    span = (BATCH_FRAMES - 1) * HOP_LENGTH + N_FFT
    for first in range(0, n_frames, BATCH_FRAMES):
        start = first * HOP_LENGTH - half
        stretch = np.zeros(span, np.float32)
        found = mono[max(start, 0) : max(start + span, 0)]
        offset = max(-start, 0)
        stretch[offset : offset + len(found)] = found
        n = min(BATCH_FRAMES, n_frames - first)
        frames = np.lib.stride_tricks.sliding_window_view(stretch, N_FFT)[::HOP_LENGTH][:n]
        spectra = scipy.fft.rfft(frames * window, axis=1, overwrite_x=True)
        parts = spectra.view(np.float32)
        np.multiply(parts, parts, out=parts)
        power: FloatArray = parts[:, ::2] + parts[:, 1::2]
        yield power


def compute_mel_filters() -> FloatArray:
    """Slaney's mel filters, area-normalised, shape ``(N_MELS, N_BINS)``: librosa's defaults."""
    edges_hz = _hz_from_mel(np.linspace(0.0, _mel_from_hz(SR / 2), N_MELS + 2))
    bins_hz = np.arange(N_BINS) * SR / N_FFT
    ramps = edges_hz[:, None] - bins_hz[None]
    widths = np.diff(edges_hz)
    rise, fall = -ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None]
    filters = np.maximum(0.0, np.minimum(rise, fall))
    filters *= (2.0 / (edges_hz[2:] - edges_hz[:-2]))[:, None]
    return np.asarray(filters, np.float32)


def compute_mel_spans(filters: FloatArray) -> npt.NDArray[np.int64]:
    """First bin and the one behind the last of each filter, shape ``(N_MELS, 2)``."""
    spans = [(row.nonzero()[0][0], row.nonzero()[0][-1] + 1) for row in filters]
    return np.array(spans, np.int64)


def compute_contrast_bins() -> npt.NDArray[np.int64]:
    """First bin of each contrast band, and the one behind the last, shape ``(N_BANDS + 1,)``."""
    return np.searchsorted(np.arange(N_BINS) * SR / N_FFT, CONTRAST_EDGES_HZ).astype(np.int64)


@njit(cache=True, nogil=True, fastmath=True)
def measure_frames(
    power: npt.NDArray[np.float32],
    filters: npt.NDArray[np.float32],
    spans: npt.NDArray[np.int64],
    bands: npt.NDArray[np.int64],
    mel: npt.NDArray[np.float32],
    shape: npt.NDArray[np.float32],
    contrast: npt.NDArray[np.float32],
) -> None:
    """Mel power, shape and contrast of each frame of ``power``, into the given arrays.

    Contrast is the level of the mean of a band's upper half over its lower half, where the halves
    are told apart by the band's mean: it needs no sorting.
    """
    n_bins = power.shape[1]
    bin_hz = SR / 2 / (n_bins - 1)
    for i in range(power.shape[0]):
        row = power[i]
        for m in range(filters.shape[0]):
            total = np.float32(0.0)
            for k in range(spans[m, 0], spans[m, 1]):
                total += filters[m, k] * row[k]
            mel[i, m] = total
        weight = 0.0
        first = 0.0
        second = 0.0
        log_sum = 0.0
        power_sum = 0.0
        product = 1.0
        for k in range(n_bins):
            magnitude = np.sqrt(row[k])
            weight += magnitude
            first += magnitude * k
            second += magnitude * k * k
            floored = max(row[k], np.float32(1e-10))
            power_sum += floored
            product *= floored
            if k % 8 == 7:
                log_sum += np.log(product)
                product = 1.0
        log_sum += np.log(product)
        if weight > 0.0:
            mean = first / weight
            shape[i, 0] = mean * bin_hz
            shape[i, 1] = np.sqrt(max(second / weight - mean * mean, 0.0)) * bin_hz
        else:
            shape[i, 0] = 0.0
            shape[i, 1] = 0.0
        running = 0.0
        last = 0
        for k in range(n_bins):
            running += np.sqrt(row[k])
            if running >= 0.85 * weight:
                last = k
                break
        shape[i, 2] = last * bin_hz
        shape[i, 3] = np.exp(log_sum / n_bins) / (power_sum / n_bins)
        for b in range(bands.shape[0] - 1):
            contrast[i, b] = _contrast(row, bands[b], bands[b + 1])


@njit(cache=True, nogil=True, fastmath=True)
def _contrast(row: npt.NDArray[np.float32], start: int, end: int) -> float:
    total = 0.0
    for k in range(start, end):
        total += row[k]
    mean = total / (end - start)
    high = 0.0
    low = 0.0
    n_high = 0
    for k in range(start, end):
        if row[k] > mean:
            high += row[k]
            n_high += 1
        else:
            low += row[k]
    n_low = end - start - n_high
    if n_high == 0 or n_low == 0:
        return 0.0
    return float(10.0 * np.log10((high / n_high + 1e-10) / (low / n_low + 1e-10)))


def _mel_from_hz(hz: float) -> float:
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)


def _hz_from_mel(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))
