"""The one short-time spectrum that all timbre and rhythm measures share."""

import itertools
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
BATCH_FRAMES = 32
"""Frames transformed at once: their spectra stay in the processor's cache until measured."""
STRETCH_FRAMES = 8 * BATCH_FRAMES
"""Frames measured at once: so many that the work around them no longer counts."""
AMIN = 1e-10
"""Least power before a logarithm, as in librosa."""
ROLLOFF_SHARE = 0.85
CONTRAST_EDGES_HZ = (0.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0, 11025.0)
CONTRAST_SHARE = 0.02
"""Share of a band's bins that make its peak, and of those that make its valley, as in librosa."""
CONTRAST_STEP = 4
"""Contrast is measured in every fourth frame: these just touch each other, and the mean over them
lies within 0.25 dB of that over all frames (of real music), at a quarter of the time."""

SHAPE_NAMES = ("centroid_hz", "bandwidth_hz", "rolloff_hz", "flatness")
N_SHAPE = len(SHAPE_NAMES)
N_BANDS = len(CONTRAST_EDGES_HZ) - 1

_BIN_HZ = SR / N_FFT
_N_FACTORS = 16
"""Powers multiplied before one logarithm is taken; 10^-160 and 10^304 still are numbers."""
_SUM_LENGTH = 32

_IntArray = npt.NDArray[np.int64]
_ComplexArray = npt.NDArray[np.complex64]


class Banks(NamedTuple):
    """What frames are measured with, computed once for all of them.

    Attributes
    ----------
    mel_weights
        Weight of each bin in the mel band that rises there and in the one that falls, float32,
        shape ``(2, N_BINS)``; there are no others.
    mel_starts
        First bin where each mel band rises and its forerunner falls, shape ``(N_MELS + 2,)``.
    contrast_spans
        Of each contrast band: first bin, the one behind its last, and how many bins make its peak
        and its valley; shape ``(N_BANDS, 3)``.
    """

    mel_weights: FloatArray
    mel_starts: _IntArray
    contrast_spans: _IntArray


class Measures(NamedTuple):
    """What is measured in a stretch of ``n`` frames, float32.

    Attributes
    ----------
    mel
        Power in each mel band, shape ``(n, N_MELS)``.
    shape
        The measures of :data:`SHAPE_NAMES`, shape ``(n, N_SHAPE)``.
    contrast
        Peaks over valleys of each band in dB, of every :data:`CONTRAST_STEP`-th frame, shape
        ``(ceil(n / CONTRAST_STEP), N_BANDS)``.
    """

    mel: FloatArray
    shape: FloatArray
    contrast: FloatArray


def compute_banks() -> Banks:
    """Mel and contrast bands at :data:`SR`."""
    bins_hz = np.arange(N_BINS) * _BIN_HZ
    starts = np.searchsorted(bins_hz, _compute_mel_edges())
    bands = np.searchsorted(starts, np.arange(N_BINS), side="right") - 1
    filters = np.pad(compute_mel_filters(), ((1, 1), (0, 0)))
    bins = np.arange(N_BINS)
    weights = np.stack([filters[np.minimum(bands + 1, N_MELS + 1), bins], filters[bands, bins]])
    return Banks(weights, starts.astype(np.int64), compute_contrast_spans())


def count_frames(mono: Samples) -> int:
    """Frames of a signal: one for each whole hop, and the first one."""
    return 1 + len(mono) // HOP_LENGTH


def iterate_spectra(mono: Samples) -> Iterator[_ComplexArray]:
    """Spectra in batches of frames, complex64, shape ``(n, N_BINS)``.

    Frames are centred as librosa's are: frame ``i`` has its middle at sample ``i * HOP_LENGTH``,
    zeros lie before and behind the signal, the window is a periodic Hann.
    """
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)
    n_frames = count_frames(mono)
    half = N_FFT // 2
    span = (BATCH_FRAMES - 1) * HOP_LENGTH + N_FFT
    stretch = np.zeros(span, np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(stretch, N_FFT)[::HOP_LENGTH]
    windowed = np.empty((BATCH_FRAMES, N_FFT), np.float32)
    for first in range(0, n_frames, BATCH_FRAMES):
        start = first * HOP_LENGTH - half
        found = mono[max(start, 0) : max(start + span, 0)]
        offset = max(-start, 0)
        stretch[offset : offset + len(found)] = found
        stretch[offset + len(found) :] = 0.0
        n = min(BATCH_FRAMES, n_frames - first)
        np.multiply(frames[:n], window, out=windowed[:n])
        yield scipy.fft.rfft(windowed[:n], axis=1)


def compute_mel_filters() -> FloatArray:
    """Slaney's mel filters, area-normalised, shape ``(N_MELS, N_BINS)``: librosa's defaults."""
    edges_hz = _compute_mel_edges()
    bins_hz = np.arange(N_BINS) * _BIN_HZ
    ramps = edges_hz[:, None] - bins_hz[None]
    widths = np.diff(edges_hz)
    rise, fall = -ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None]
    filters = np.maximum(0.0, np.minimum(rise, fall))
    filters *= (2.0 / (edges_hz[2:] - edges_hz[:-2]))[:, None]
    return np.asarray(filters, np.float32)


def compute_contrast_spans() -> _IntArray:
    """First bin, the one behind the last, and the bins of a peak of each band: librosa's.

    >>> compute_contrast_spans()[[0, -1]].tolist()
    [[0, 18, 1], [594, 1025, 9]]
    """
    bins_hz = np.arange(N_BINS) * _BIN_HZ
    spans = []
    for band, (low_hz, high_hz) in enumerate(itertools.pairwise(CONTRAST_EDGES_HZ)):
        # librosa adds the bin below a band, and leaves its last one to the next band.
        first = int(np.searchsorted(bins_hz, low_hz)) - (band > 0)
        stop = int(np.searchsorted(bins_hz, high_hz, side="right"))
        n_picked = max(round(CONTRAST_SHARE * (stop - first)), 1)
        spans.append((first, stop - (band < N_BANDS - 1), n_picked))
    return np.array(spans, np.int64)


def iterate_measures(mono: Samples) -> Iterator[Measures]:
    """Mel power, shape and contrast of all frames, in stretches of :data:`STRETCH_FRAMES`."""
    banks = compute_banks()
    batches = iterate_spectra(mono)
    n_frames = count_frames(mono)
    for first in range(0, n_frames, STRETCH_FRAMES):
        n = min(STRETCH_FRAMES, n_frames - first)
        measures = Measures(
            mel=np.empty((n, N_MELS), np.float32),
            shape=np.empty((n, N_SHAPE), np.float32),
            contrast=np.empty((-(-n // CONTRAST_STEP), N_BANDS), np.float32),
        )
        for start in range(0, n, BATCH_FRAMES):
            _measure(next(batches), start, banks, measures)
        yield measures


@njit(cache=True, nogil=True, fastmath=True)
def _measure(spectra: _ComplexArray, start: int, banks: Banks, measures: Measures) -> None:
    """Measure a batch of frames into the rows from ``start`` on."""
    n_bins = spectra.shape[1]
    power = np.empty(n_bins, np.float32)
    magnitude = np.empty(n_bins, np.float32)
    for i in range(spectra.shape[0]):
        row = spectra[i]
        for k in range(n_bins):
            power[k] = row[k].real * row[k].real + row[k].imag * row[k].imag
            magnitude[k] = np.sqrt(power[k])
        _measure_mel(power, banks.mel_weights, banks.mel_starts, measures.mel[start + i])
        _measure_shape(power, magnitude, measures.shape[start + i])
        if (start + i) % CONTRAST_STEP == 0:
            contrast = measures.contrast[(start + i) // CONTRAST_STEP]
            _measure_contrast(magnitude, banks.contrast_spans, contrast)


@njit(cache=True, nogil=True, fastmath=True)
def _measure_mel(
    power: FloatArray, weights: FloatArray, starts: _IntArray, mel: FloatArray
) -> None:
    rising = np.float32(0.0)
    for m in range(starts.shape[0] - 1):
        before = rising
        rising = np.float32(0.0)
        falling = np.float32(0.0)
        for k in range(starts[m], starts[m + 1]):
            rising += weights[0, k] * power[k]
            falling += weights[1, k] * power[k]
        if m > 0:
            mel[m - 1] = before + falling


@njit(cache=True, nogil=True, fastmath=True)
def _measure_shape(power: FloatArray, magnitude: FloatArray, shape: FloatArray) -> None:
    n_bins = magnitude.shape[0]
    weight = np.float32(0.0)
    moment = np.float32(0.0)
    for k in range(n_bins):
        weight += magnitude[k]
        moment += magnitude[k] * np.float32(k)
    centre = moment / weight if weight > 0.0 else np.float32(0.0)
    spread = np.float32(0.0)
    for k in range(n_bins):
        away = np.float32(k) - centre
        spread += magnitude[k] * away * away
    shape[0] = centre * _BIN_HZ
    shape[1] = np.sqrt(spread / weight) * _BIN_HZ if weight > 0.0 else 0.0
    shape[2] = _find_rolloff(magnitude, ROLLOFF_SHARE * float(weight)) * _BIN_HZ
    shape[3] = _measure_flatness(power)


@njit(cache=True, nogil=True, fastmath=True)
def _find_rolloff(magnitude: FloatArray, goal: float) -> int:
    """Bin where the sum reaches the goal: by whole stretches first, then bin by bin."""
    n_bins = magnitude.shape[0]
    before = 0.0
    first = 0
    while first < n_bins:
        part = float(magnitude[first : first + _SUM_LENGTH].sum())
        if before + part >= goal:
            break
        before += part
        first += _SUM_LENGTH
    for k in range(first, n_bins):
        before += float(magnitude[k])
        if before >= goal:
            return k
    return int(n_bins - 1)


@njit(cache=True, nogil=True, fastmath=True)
def _measure_flatness(power: FloatArray) -> float:
    """Geometric over arithmetic mean; few logarithms, each of the product of many powers."""
    n_bins = power.shape[0]
    n_products = n_bins // _N_FACTORS
    total = np.float32(0.0)
    for k in range(n_bins):
        total += max(power[k], np.float32(AMIN))
    logs = 0.0
    products = np.ones(n_products)
    for factor in range(_N_FACTORS):
        for j in range(n_products):
            products[j] *= max(power[factor * n_products + j], np.float32(AMIN))
    for j in range(n_products):
        logs += np.log(products[j])
    for k in range(_N_FACTORS * n_products, n_bins):
        logs += np.log(max(power[k], np.float32(AMIN)))
    return float(np.exp(logs / n_bins) / (total / n_bins))


@njit(cache=True, nogil=True, fastmath=True)
def _measure_contrast(magnitude: FloatArray, spans: _IntArray, contrast: FloatArray) -> None:
    """Level of the mean of a band's largest bins over that of its smallest ones, in dB."""
    largest = np.empty(spans[:, 2].max(), np.float32)
    smallest = np.empty_like(largest)
    for b in range(spans.shape[0]):
        first, stop, n_picked = spans[b]
        largest[:] = -1e30
        smallest[:] = -1e30
        for k in range(first, stop):
            _insert(magnitude[k], largest, n_picked)
        # Backwards, for music grows softer upwards: fewer have to be moved.
        for k in range(stop - 1, first - 1, -1):
            _insert(-magnitude[k], smallest, n_picked)
        peak = max(largest[:n_picked].mean(), AMIN)
        valley = max(-smallest[:n_picked].mean(), AMIN)
        contrast[b] = 10.0 * np.log10(peak / valley)


@njit(cache=True, nogil=True, fastmath=True)
def _insert(value: float, largest: FloatArray, n: int) -> None:
    """Put a value into its place among the ``n`` largest, which fall; the last one drops out."""
    if value <= largest[n - 1]:
        return
    j = n - 1
    while j > 0 and largest[j - 1] < value:
        largest[j] = largest[j - 1]
        j -= 1
    largest[j] = value


def _mel_from_hz(hz: float) -> float:
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)


def _compute_mel_edges() -> npt.NDArray[np.float64]:
    """Where each mel band begins; its peak and its end are the beginnings of the next two."""
    return _hz_from_mel(np.linspace(0.0, _mel_from_hz(SR / 2), N_MELS + 2))


def _hz_from_mel(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))
