"""A whole file at a glance: its level profile, and a spectrogram for the eye."""

import functools
import math
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import soxr

from wkmp_lab.dsp.compiling import load_numba
from wkmp_lab.flavoring.descriptors import measure_descriptors
from wkmp_lab.io.files.audio import AudioReader, read_signal
from wkmp_lab.pipeline.measure import read_profile
from wkmp_lab.settings import FlavorSettings
from wkmp_lab.signals import BAND_EDGES_HZ, FloatArray, LevelProfile
from wkmp_lab.units import ANALYSIS_SR

N_BANDS = 96
LOW_HZ = 30.0
COLUMN_S = 0.1
WINDOW_S = 0.046
FLOOR_DB = -100.0
SNAP_S = 2.0
"""How far a cut goes to a calmer spot."""
CALM_S = 0.05
"""A spot is calm over this long."""
BEATS_S = 20.0
"""What is listened to on each side of a place to find its beats."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Level in mel bands, ten times a second.

    Attributes
    ----------
    level_db
        dB below a full-scale sine, from -100, shape ``(n_bands, n_columns)``.
    column_s
        Length of a column.
    low_hz, high_hz
        Range of the bands, equally wide in mel (Slaney's, as in librosa).
    """

    level_db: FloatArray
    column_s: float
    low_hz: float
    high_hz: float


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """What the explorer draws from.

    Attributes
    ----------
    profile
        The levels.
    spectrogram
        For the eye.
    is_sketch
        True where the spectrogram is one of :func:`sketch_spectrogram`.
    """

    profile: LevelProfile
    spectrogram: Spectrogram
    is_sketch: bool = False


def read_overview(path: str | Path) -> Overview:
    """Levels and spectrogram of a file, in one decode.

    Raises
    ------
    DecodeError
        The file holds no audio that can be decoded.
    """
    blocks = _Columns()
    profile = read_profile(path, listener=blocks.feed)
    return Overview(profile, blocks.finish(profile.sr))


def read_spectrogram(path: str | Path) -> Spectrogram:
    """The spectrogram of a file, in a decode of its own.

    Raises
    ------
    DecodeError
        The file holds no audio that can be decoded.
    """
    columns = _Columns()
    with AudioReader(path) as reader:
        for block in reader.blocks():
            columns.feed(block.samples.mean(axis=0), reader.sr)
        return columns.finish(reader.sr)


def sketch_spectrogram(profile: LevelProfile) -> Spectrogram:
    """What a level profile tells of a spectrogram: its few bands, each as a step.

    It is there at once, and takes the place of one until that has been measured.
    """
    high_hz = 0.5 * profile.sr
    load_numba()
    mels_hz = librosa.mel_frequencies(N_BANDS + 2, fmin=LOW_HZ, fmax=high_hz)
    band = np.searchsorted(BAND_EDGES_HZ, mels_hz[1:-1], side="right") - 1
    # Power is told as of a sine in the middle of each mel band, which takes its share of the band.
    edges_hz = np.array([*BAND_EDGES_HZ, max(high_hz, BAND_EDGES_HZ[-1] + 1.0)])
    share = (0.5 * (mels_hz[2:] - mels_hz[:-2]) / np.diff(edges_hz)[band]).clip(max=1.0)
    factor = max(round(COLUMN_S / profile.coarse_hop_s), 1)
    starts = np.arange(0, len(profile.band_power), factor)
    if not starts.size:
        return Spectrogram(np.zeros((N_BANDS, 0), np.float32), COLUMN_S, LOW_HZ, high_hz)
    lengths = np.diff(starts, append=len(profile.band_power))[:, None]
    power = np.add.reduceat(profile.band_power, starts, axis=0) / lengths
    level_db = 10.0 * np.log10(np.maximum(2.0 * power[:, band] * share, 1e-12)).T
    column_s = factor * profile.coarse_hop_s
    return Spectrogram(
        np.maximum(level_db, FLOOR_DB).astype(np.float32), column_s, LOW_HZ, high_hz
    )


def find_calm_spot(profile: LevelProfile, near_s: float) -> float:
    """The middle of the quietest 50 ms within 2 s of a place, in seconds."""
    n_calm = max(round(CALM_S / profile.hop_s), 1)
    first = max(int((near_s - SNAP_S) / profile.hop_s), 0)
    power = profile.power[first : int((near_s + SNAP_S) / profile.hop_s) + 1]
    if len(power) < n_calm:
        return near_s
    means = np.convolve(power, np.full(n_calm, 1.0 / n_calm), mode="valid")
    # The nearest of equally quiet spots: in digital silence a cut has no reason to wander.
    quietest = np.flatnonzero(means <= means.min() * 1.0001)
    middles_s = (first + quietest + 0.5 * n_calm) * profile.hop_s
    return float(middles_s[np.argmin(np.abs(middles_s - near_s))])


def read_beats(path: str | Path, at_s: float, *, end_s: float) -> tuple[float, ...]:
    """Beats in seconds around a place in a file of ``end_s``, each side heard by itself.

    On both sides of a cut there are two pieces, each with its own tempo. Empty where there is no
    beat to be heard in the 20 s of a side.
    """
    beats_s: list[float] = []
    for first_s, last_s in ((max(at_s - BEATS_S, 0.0), at_s), (at_s, min(at_s + BEATS_S, end_s))):
        if last_s - first_s < 1.0:
            continue
        signal = read_signal(path, start_s=first_s, end_s=last_s)
        mono = signal.samples.mean(axis=0)
        resampled = soxr.resample(mono, signal.sr, ANALYSIS_SR).astype(np.float32)
        told = measure_descriptors(
            resampled, sr=ANALYSIS_SR, settings=FlavorSettings(has_beats=True)
        )
        if told.tempo is not None:
            beats_s += [first_s + beat_s for beat_s in told.tempo.beats_s]
    return tuple(beats_s)


class _Columns:
    """One short stretch of samples per column: enough for a picture, small for an hour."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._sr = 0
        self._powers: list[FloatArray] = []

    def feed(self, mono: FloatArray, sr: int) -> None:
        """Take the next samples in."""
        hop, n_fft = round(COLUMN_S * sr), count_fft(sr)
        samples = np.concatenate([self._rest, mono])
        n_columns = len(samples) // hop if hop >= n_fft else 0
        if n_columns:
            frames = samples[: n_columns * hop].reshape(n_columns, hop)[:, :n_fft]
            self._powers.append(measure_bands(frames, sr))
        self._rest = samples[n_columns * hop :]

    def finish(self, sr: int) -> Spectrogram:
        """The spectrogram of all that was fed."""
        if len(self._rest):
            last = np.zeros((1, count_fft(sr)), np.float32)
            kept = self._rest[: last.shape[1]]
            last[0, : len(kept)] = kept
            self._powers.append(measure_bands(last, sr))
        powers = self._powers or [np.zeros((0, N_BANDS), np.float32)]
        power = np.concatenate(powers).T
        level_db = np.maximum(10.0 * np.log10(np.maximum(power, 1e-12)), FLOOR_DB)
        return Spectrogram(level_db.astype(np.float32), COLUMN_S, LOW_HZ, 0.5 * sr)


def measure_bands(frames: FloatArray, sr: int) -> FloatArray:
    """Power of each frame in mel bands; a full-scale sine has 1 in its band.

    Parameters
    ----------
    frames
        Mono, shape ``(n_frames, n_fft)``.
    sr
        Their rate in Hz.

    Returns
    -------
    FloatArray
        Shape ``(n_frames, n_bands)``.
    """
    window = np.hanning(frames.shape[1]).astype(np.float32)
    spectra = np.fft.rfft(frames * window, axis=1)
    power = (np.abs(spectra) / (0.5 * window.sum())) ** 2
    bands: FloatArray = power.astype(np.float32) @ _make_filters(sr, frames.shape[1]).T
    return bands


def count_fft(sr: int) -> int:
    """Samples of a column's window: the power of two nearest to 46 ms, 16 at least."""
    return 1 << max(round(math.log2(WINDOW_S * sr)), 4)


@functools.lru_cache(maxsize=4)
def _make_filters(sr: int, n_fft: int) -> FloatArray:
    load_numba()
    bank: FloatArray = librosa.filters.mel(
        sr=sr, n_fft=n_fft, n_mels=N_BANDS, fmin=LOW_HZ, norm=None, dtype=np.float32
    )
    # Bands narrower than a bin hold none: they take what lies nearest.
    empty = np.flatnonzero(bank.sum(axis=1) == 0.0)
    centres = librosa.mel_frequencies(N_BANDS + 2, fmin=LOW_HZ, fmax=0.5 * sr)[1:-1]
    bank[empty, np.round(centres[empty] * n_fft / sr).astype(int)] = 1.0
    return bank
