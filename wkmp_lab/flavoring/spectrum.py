"""The one short-time spectrum that all timbre and rhythm measures share."""

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy  # whose parts are loaded when they are used

from wkmp_lab.dsp.compiling import njit
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
lies within 0.4 dB of that over all frames (17 songs of a minute), at a quarter of the time."""

SHAPE_NAMES = ("centroid_hz", "bandwidth_hz", "rolloff_hz", "flatness")
N_SHAPE = len(SHAPE_NAMES)
N_BANDS = len(CONTRAST_EDGES_HZ) - 1

_BIN_HZ = SR / N_FFT
_N_FACTORS = 16
"""Powers multiplied before one logarithm is taken; 10^-160 and 10^304 still are numbers."""
_SUM_LENGTH = 32
_TINY = 1e-30
"""Of silence, whose shape is 0."""

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
    """What is measured in a stretch of ``n`` frames, float32, time on the last axis.

    Attributes
    ----------
    mel
        Power in each mel band, shape ``(N_MELS, n)``.
    shape
        The measures of :data:`SHAPE_NAMES`, shape ``(N_SHAPE, n)``.
    contrast
        Peaks over valleys of each band in dB, of every :data:`CONTRAST_STEP`-th frame, shape
        ``(N_BANDS, ceil(n / CONTRAST_STEP))``.
    """

    mel: FloatArray
    shape: FloatArray
    contrast: FloatArray


@functools.cache
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
    """Spectra in batches of frames, complex64, shape ``(N_BINS, n)``.

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
        yield scipy.fft.rfft(windowed[:n].T, axis=0)


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
            mel=np.empty((N_MELS, n), np.float32),
            shape=np.empty((N_SHAPE, n), np.float32),
            contrast=np.empty((N_BANDS, -(-n // CONTRAST_STEP)), np.float32),
        )
        for start in range(0, n, BATCH_FRAMES):
            _measure(next(batches), start, banks, measures)
        yield measures


# Bin by bin, with the frames of a batch side by side in the innermost loop: so the compiler turns
# every sum over bins into vector instructions, however few bins it has.
@njit(fastmath=True)
def _measure(spectra: _ComplexArray, start: int, banks: Banks, measures: Measures) -> None:
    """Measure a batch of frames into the places from ``start`` on."""
    n_bins, n_frames = spectra.shape
    power = np.empty((n_bins, n_frames), np.float32)
    magnitude = np.empty((n_bins, n_frames), np.float32)
    for k in range(n_bins):
        for i in range(n_frames):
            z = spectra[k, i]
            power[k, i] = z.real * z.real + z.imag * z.imag
            magnitude[k, i] = np.sqrt(power[k, i])
    stop = start + n_frames
    _measure_mel(power, banks.mel_weights, banks.mel_starts, measures.mel[:, start:stop])
    shape = measures.shape[:, start:stop]
    _measure_shape(magnitude, shape)
    _measure_flatness(power, shape[3])
    for i in range(-start % CONTRAST_STEP, n_frames, CONTRAST_STEP):
        contrast = measures.contrast[:, (start + i) // CONTRAST_STEP]
        _measure_contrast(magnitude[:, i].copy(), banks.contrast_spans, contrast)


@njit(fastmath=True)
def _measure_mel(
    power: FloatArray, weights: FloatArray, starts: _IntArray, mel: FloatArray
) -> None:
    n_frames = power.shape[1]
    before = np.empty(n_frames, np.float32)
    rising, falling = np.zeros((2, n_frames), np.float32)
    for m in range(starts.shape[0] - 1):
        before[:] = rising
        rising[:] = 0.0
        falling[:] = 0.0
        for k in range(starts[m], starts[m + 1]):
            for i in range(n_frames):
                rising[i] += weights[0, k] * power[k, i]
                falling[i] += weights[1, k] * power[k, i]
        if m > 0:
            mel[m - 1] = before + falling


@njit(fastmath=True)
def _measure_shape(magnitude: FloatArray, shape: FloatArray) -> None:
    """Centroid, bandwidth and roll-off of each frame into the first three rows."""
    n_bins, n_frames = magnitude.shape
    n_parts = -(-n_bins // _SUM_LENGTH)
    parts = np.zeros((n_parts, n_frames), np.float32)
    weight, moment, spread, centre = np.zeros((4, n_frames), np.float32)
    for k in range(n_bins):
        for i in range(n_frames):
            parts[k // _SUM_LENGTH, i] += magnitude[k, i]
            moment[i] += magnitude[k, i] * np.float32(k)
    for part in range(n_parts):
        weight += parts[part]
    for i in range(n_frames):
        centre[i] = moment[i] / max(weight[i], np.float32(_TINY))
    for k in range(n_bins):
        for i in range(n_frames):
            away = np.float32(k) - centre[i]
            spread[i] += magnitude[k, i] * away * away
    for i in range(n_frames):
        shape[0, i] = centre[i] * _BIN_HZ
        shape[1, i] = np.sqrt(spread[i] / max(weight[i], np.float32(_TINY))) * _BIN_HZ
        goal = ROLLOFF_SHARE * float(weight[i])
        shape[2, i] = _find_rolloff(magnitude[:, i], parts[:, i], goal) * _BIN_HZ


@njit(fastmath=True)
def _find_rolloff(magnitude: FloatArray, parts: FloatArray, goal: float) -> int:
    """Bin where the sum reaches the goal: by the sums of stretches first, then bin by bin."""
    before = 0.0
    part = 0
    while part < parts.shape[0] - 1 and before + parts[part] < goal:
        before += parts[part]
        part += 1
    for k in range(part * _SUM_LENGTH, magnitude.shape[0]):
        before += magnitude[k]
        if before >= goal:
            return k
    return int(magnitude.shape[0] - 1)


@njit(fastmath=True)
def _measure_flatness(power: FloatArray, flatness: FloatArray) -> None:
    """Geometric over arithmetic mean; few logarithms, each of the product of many powers."""
    n_bins, n_frames = power.shape
    total = np.zeros(n_frames, np.float32)
    logs = np.zeros(n_frames)
    products = np.ones(n_frames)
    for k in range(n_bins):
        for i in range(n_frames):
            value = max(power[k, i], np.float32(AMIN))
            total[i] += value
            products[i] *= value
        if k % _N_FACTORS == _N_FACTORS - 1 or k == n_bins - 1:
            for i in range(n_frames):
                logs[i] += np.log(products[i])
                products[i] = 1.0
    for i in range(n_frames):
        flatness[i] = np.exp(logs[i] / n_bins) / (total[i] / n_bins)


@njit(fastmath=True)
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


@njit(fastmath=True)
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
