"""What the explorer's picture is drawn from, as small arrays of bytes for the browser."""

import math
from dataclasses import dataclass

import librosa
import numpy as np
import numpy.typing as npt

from wkmp_lab.analyzing.loudness import compute_short_term
from wkmp_lab.dsp.compiling import load_numba
from wkmp_lab.notebook.explorer.overview import (
    N_BANDS,
    Spectrogram,
    count_fft,
    measure_bands,
)
from wkmp_lab.signals import FloatArray, LevelProfile, Signal

MAX_FRAMES = 400_000
"""Of a level that is sent: all 10 ms frames of 66 minutes."""
MAX_COLUMNS = 3600
"""Of the spectrogram that is sent."""
LOWEST_DB = -120.0
STEP_DB = 0.5
"""Levels are sent in bytes, in steps of 0.5 dB from -120 dB: less than a pixel."""
RANGE_DB = 80.0
"""What the spectrogram shows below its loudest spot."""
MAX_SAMPLES = 16_384
"""Up to so many samples a channel are sent as they are; of more, the ends of each column."""
N_FINE_COLUMNS = 600
"""Of the spectrogram of a detail."""
TICKS_HZ = (200, 1000, 3000, 8000, 16_000)

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class PackedLevels:
    """Level curves of a whole file, a byte a frame.

    Attributes
    ----------
    hop_s
        Length of a frame of ``level`` and ``peak``.
    level, peak
        RMS level, and largest sample, of each frame.
    loudness
        Short-term loudness, ``loudness_hop_s`` apart, from ``loudness_start_s``: the middle of
        the first window of 3 s.
    """

    hop_s: float
    level: Bytes
    peak: Bytes
    loudness_start_s: float
    loudness_hop_s: float
    loudness: Bytes


@dataclass(frozen=True, slots=True, eq=False)
class Detail:
    """A stretch of a file from near by.

    Attributes
    ----------
    start_s, end_s
        What it covers, in whole samples.
    values
        float32: the samples, shape ``(n_channels, n_samples)``, of two channels at most; or the
        lowest and the highest of all channels in each column, shape ``(2, n_columns)``.
    are_samples
        Which of both.
    spectrum
        Its spectrogram, shape ``(n_bands, n_columns)``; see :func:`pack_spectrum`.
    """

    start_s: float
    end_s: float
    values: FloatArray
    are_samples: bool
    spectrum: Bytes


def pack_levels(profile: LevelProfile) -> PackedLevels:
    """The levels of a file, those of frames that share a byte put together.

    Peaks stay the highest, levels become the mean power.
    """
    factor = max(math.ceil(profile.power.size / MAX_FRAMES), 1)
    starts = np.arange(0, profile.power.size, factor)
    lengths = np.diff(starts, append=profile.power.size)
    power, peak = profile.power, profile.peak
    if factor > 1:
        power = (np.add.reduceat(power, starts) / lengths).astype(np.float32)
        peak = np.maximum.reduceat(peak, starts)
    curve = compute_short_term(profile)
    hop_s = float(curve.end_s[1] - curve.end_s[0]) if curve.end_s.size > 1 else 0.1
    return PackedLevels(
        hop_s=factor * profile.hop_s,
        level=_pack_db(10.0 * np.log10(np.maximum(power, 1e-13))),
        peak=_pack_db(20.0 * np.log10(np.maximum(peak, 1e-6))),
        loudness_start_s=float(curve.end_s[0]) - 1.5 if curve.end_s.size else 0.0,
        loudness_hop_s=hop_s,
        loudness=_pack_db(np.maximum(curve.level_lufs, LOWEST_DB)),
    )


def pack_spectrum(spectrogram: Spectrogram) -> Bytes:
    """Shape ``(n_bands, n_columns)``: 255 is the loudest spot, 0 lies 80 dB and more below it.

    Of columns that share one, the loudest is taken.
    """
    level_db = spectrogram.level_db
    if level_db.shape[1] > MAX_COLUMNS:
        n = level_db.shape[1]
        starts = np.unique(np.linspace(0, n, MAX_COLUMNS, endpoint=False).astype(int))
        level_db = np.maximum.reduceat(level_db, starts, axis=1)
    return _pack_colors(level_db, find_loudest(spectrogram))


def find_loudest(spectrogram: Spectrogram) -> float:
    """The level in dB that has the brightest colour."""
    return float(spectrogram.level_db.max(initial=-60.0))


def find_hz_ticks(spectrogram: Spectrogram) -> list[tuple[int, float]]:
    """Round frequencies in Hz, and how high each lies, from 0 at the bottom to 1 at the top."""
    load_numba()
    low, high = librosa.hz_to_mel(np.array([spectrogram.low_hz, spectrogram.high_hz]))
    ticks = [hz for hz in TICKS_HZ if hz < spectrogram.high_hz]
    places = (librosa.hz_to_mel(np.array(ticks, dtype=float)) - low) / (high - low)
    return [(hz, float(place)) for hz, place in zip(ticks, places, strict=True)]


def make_detail(
    signal: Signal,
    *,
    from_s: float,
    start_s: float,
    end_s: float,
    n_columns: int,
    loudest_db: float,
) -> Detail:
    """What is seen of a stretch of a file from near by.

    Parameters
    ----------
    signal
        Decoded audio that covers the stretch, as far as the file does.
    from_s
        Where it begins in the file.
    start_s, end_s
        The stretch.
    n_columns
        Of the picture.
    loudest_db
        The brightest colour of the spectrogram; see :func:`find_loudest`.
    """
    sr = signal.sr
    offset = round(from_s * sr)
    first = min(max(math.floor(start_s * sr) - offset, 0), signal.n_samples)
    stop = min(max(math.ceil(end_s * sr) - offset, first), signal.n_samples)
    samples = signal.samples[:, first:stop]
    are_samples = samples.shape[1] <= MAX_SAMPLES
    return Detail(
        start_s=(offset + first) / sr,
        end_s=(offset + stop) / sr,
        values=np.ascontiguousarray(samples[:2] if are_samples else _span(samples, n_columns)),
        are_samples=are_samples,
        spectrum=_make_fine_spectrum(signal, first, stop, loudest_db),
    )


def _span(samples: FloatArray, n_columns: int) -> FloatArray:
    """Lowest and highest sample of any channel in each column."""
    n = samples.shape[1]
    starts = np.unique(np.linspace(0, n, n_columns, endpoint=False).astype(int))
    low = np.minimum.reduceat(samples.min(axis=0), starts)
    high = np.maximum.reduceat(samples.max(axis=0), starts)
    return np.stack([low, high])


def _make_fine_spectrum(signal: Signal, first: int, stop: int, loudest_db: float) -> Bytes:
    """A spectrogram of some samples, whose columns also look at what lies around them."""
    n_fft = count_fft(signal.sr)
    n_columns = min(N_FINE_COLUMNS, max(8 * (stop - first) // n_fft, 1))
    if stop <= first:
        return np.zeros((N_BANDS, 0), np.uint8)
    edges = np.linspace(first, stop, n_columns + 1)
    begins = np.round(0.5 * (edges[1:] + edges[:-1])).astype(int)  # each n_fft / 2 to the left
    low = max(first - n_fft, 0)
    mono = signal.samples[:, low : stop + n_fft].mean(axis=0)
    padded = np.pad(mono, n_fft // 2)
    frames = padded[(begins - low)[:, None] + np.arange(n_fft)]
    power = measure_bands(frames.astype(np.float32), signal.sr).T
    return _pack_colors(10.0 * np.log10(np.maximum(power, 1e-12)), loudest_db)


def _pack_db(level_db: npt.NDArray[np.floating]) -> Bytes:
    return np.clip(np.round((level_db - LOWEST_DB) / STEP_DB), 0, 255).astype(np.uint8)


def _pack_colors(level_db: npt.NDArray[np.floating], loudest_db: float) -> Bytes:
    share = (level_db - (loudest_db - RANGE_DB)) / RANGE_DB
    return np.ascontiguousarray(np.clip(np.round(255.0 * share), 0, 255).astype(np.uint8))
