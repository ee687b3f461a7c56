"""FLAVORING: the measured character of a passage, in named numbers with units and sources."""

import functools
from dataclasses import dataclass

import numpy as np

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.flavoring import beats, kinds, rhythm, spectrum, tempo, tonality
from wkmp_lab.flavors import flavor_distance
from wkmp_lab.model import Descriptors, Key, Tempo
from wkmp_lab.settings import FlavorSettings
from wkmp_lab.signals import DoubleArray, FloatArray, Samples
from wkmp_lab.units import dbfs_from_amplitude

__all__ = ["DESCRIPTORS", "Descriptor", "flavor_distance", "measure_descriptors", "warm_up"]

VERSION = 5
"""Raised whenever a descriptor changes its meaning."""
N_MFCC = 13
ONSET_BANDS = (0, 16, 32, 64, 96, 128)
"""Edges of the bands whose onsets are told apart, in mel bands: 0, 0.4, 0.8, 1.9, 4.5, 11 kHz."""
LEVEL_FRAMES_PER_S = 100
SUB_BAND_LEVEL_S = 1.0
"""Length of the stretches whose loudness spread is the dynamic complexity."""

_DB_PER_NEPER = np.float32(10.0 / np.log(10.0))
"""Power in dB from its natural logarithm, which costs a third of the common one."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What one number of a flavor means."""

    name: str
    unit: str
    least: float | None
    most: float | None
    meaning: str
    source: str


def _spectral(name: str, unit: str, most: float, meaning: str) -> tuple[Descriptor, ...]:
    source = f"librosa.feature.spectral_{name.removesuffix('_hz')}, within 0.1 %"
    return (
        Descriptor(f"{name}_mean", unit, 0.0, most, f"{meaning}, mean over frames", source),
        Descriptor(f"{name}_std", unit, 0.0, most, f"{meaning}, deviation over frames", source),
    )


DESCRIPTORS: tuple[Descriptor, ...] = (
    Descriptor(
        "dynamic_complexity_db",
        "dB",
        0.0,
        None,
        "mean deviation of the level of each second from the whole's",
        "Streich 2007",
    ),
    Descriptor(
        "onset_rate_hz",
        "1/s",
        0.0,
        20.0,
        "onsets per second",
        "peaks of librosa.onset.onset_strength (no top_db)",
    ),
    Descriptor(
        "pulse_clarity",
        "1",
        0.0,
        1.0,
        "autocorrelation of the onsets at the beat",
        "Lartillot et al. 2008",
    ),
    Descriptor(
        "tempo_stability", "1", 0.0, 1.0, "share of 12 s stretches with the common beat", "own"
    ),
    Descriptor(
        "danceability", "1", 0.0, 3.0, "detrended fluctuation analysis", "Streich and Herrera 2005"
    ),
    Descriptor(
        "chord_change_rate_hz", "1/s", 0.0, 3.0, "changes of the strongest triad per second", "own"
    ),
    Descriptor(
        "chroma_entropy",
        "1",
        0.0,
        1.0,
        "evenness of the pitch classes: 1 is all twelve alike",
        "Shannon entropy over log 12",
    ),
    *(
        Descriptor(
            f"chroma_{k:02d}",
            "1",
            0.0,
            1.0,
            f"share of the pitch class {k} semitones above the tonic",
            "spectral peaks, tuning corrected",
        )
        for k in range(12)
    ),
    *_spectral("centroid_hz", "Hz", 11025.0, "centre of the magnitude spectrum"),
    *_spectral("bandwidth_hz", "Hz", 11025.0, "spread of the magnitude spectrum"),
    *_spectral("rolloff_hz", "Hz", 11025.0, "frequency below which 85 % of the magnitude lies"),
    *_spectral("flatness", "1", 1.0, "geometric over arithmetic mean of the power"),
    *(
        Descriptor(
            f"contrast_{k}_db",
            "dB",
            0.0,
            None,
            f"peaks over valleys from {int(low)} to {int(high)} Hz",
            "librosa.feature.spectral_contrast, mean of every fourth frame: within 0.5 dB",
        )
        for k, (low, high) in enumerate(
            zip(spectrum.CONTRAST_EDGES_HZ, spectrum.CONTRAST_EDGES_HZ[1:], strict=False)
        )
    ),
    *(
        Descriptor(
            f"mfcc_{k:02d}_mean",
            "dB",
            None,
            None,
            f"cepstral coefficient {k}, mean",
            "librosa.feature.mfcc (128 bands, no top_db), within 0.05 dB",
        )
        for k in range(N_MFCC)
    ),
    *(
        Descriptor(
            f"mfcc_{k:02d}_std",
            "dB",
            0.0,
            None,
            f"cepstral coefficient {k}, deviation",
            "librosa.feature.mfcc (128 bands, no top_db), within 0.05 dB",
        )
        for k in range(N_MFCC)
    ),
)
"""Every number that :func:`measure_descriptors` can give, with unit, range and source."""


def measure_descriptors(
    mono: Samples,
    *,
    sr: int,
    settings: FlavorSettings | None = None,
    speech: float | None = None,
) -> Descriptors:
    """The character of a passage.

    Parameters
    ----------
    mono
        float32 samples, read in blocks: memory does not grow with their number.
    sr
        Their rate in Hz, 22,050.
    settings
        Whether beats are kept.
    speech
        Probability of speech by the passage's level (``Amplitude.speech``); where it is not given
        a passage is not called speech.

    Returns
    -------
    Descriptors
        Speech, noise and silence have no tempo and no key. Numbers that cannot be measured (of
        silence, of a second of sound) are not there.

    Raises
    ------
    InvalidInputError
        ``sr`` is another rate.
    """
    if sr != spectrum.SR:
        raise InvalidInputError(f"descriptors are defined at {spectrum.SR} Hz, got sr = {sr}")
    settings = settings or FlavorSettings()
    frames = measure_frames(mono)
    levels = _measure_levels(mono)
    pitches = tonality.collect_pitches(mono, sr=sr)
    heard = tempo.measure_tempo(
        frames.envelopes, frame_rate_hz=spectrum.FRAME_RATE_HZ, is_tonal=pitches.is_music
    )
    kind = kinds.choose_kind(
        level_dbfs=dbfs_from_amplitude(float(levels.max(initial=0.0))),
        speech=speech,
        pitches=pitches,
        tempo=heard,
    )
    heard = heard if kind == "music" else None
    key = tonality.find_key(pitches) if kind == "music" else None
    duration_s = len(mono) / sr
    onsets = rhythm.find_onsets(frames.envelopes[0], frame_rate_hz=spectrum.FRAME_RATE_HZ)
    numbers: dict[str, float | None] = {
        "dynamic_complexity_db": _measure_complexity(levels),
        "onset_rate_hz": len(onsets) / duration_s if duration_s else None,
        "pulse_clarity": heard.pulse_clarity if heard else None,
        "tempo_stability": heard.stability if heard else None,
        "danceability": rhythm.measure_danceability(levels),
        **(_describe_key(key) if key else {}),
        **frames.numbers,
    }
    values = tuple(
        (d.name, float(v)) for d in DESCRIPTORS if (v := numbers.get(d.name)) is not None
    )
    return Descriptors(
        version=VERSION,
        values=values,
        tempo=_make_tempo(heard, frames.envelopes, settings) if heard else None,
        key=_make_key(key) if key else None,
        kind=kind,
    )


def warm_up() -> None:
    """Compile the kernels, or load them compiled, by a first call."""
    clicks = np.zeros(6 * spectrum.SR, np.float32)
    clicks[:: spectrum.SR // 2] = 0.5
    measure_descriptors(clicks, sr=spectrum.SR, settings=FlavorSettings(has_beats=True))


@dataclass(frozen=True, slots=True)
class Frames:
    """What one walk over the spectrum gives."""

    numbers: dict[str, float]
    envelopes: FloatArray
    """Onset strength in dB a frame: of all bands, then of those of :data:`ONSET_BANDS`."""


def measure_frames(mono: Samples) -> Frames:
    """Spectral numbers and onsets of a signal at the descriptors' rate."""
    cosines, onset_weights = _compute_cosines(), _compute_onset_weights()
    totals, squares = np.zeros((2, spectrum.N_SHAPE + N_MFCC))
    contrasts = np.zeros(spectrum.N_BANDS)
    n_frames = n_contrasts = 0
    last = None
    onsets = []
    for measured in spectrum.iterate_measures(mono):
        log_mel = _DB_PER_NEPER * np.log(np.maximum(measured.mel, spectrum.AMIN))
        before = log_mel[:, :1] if last is None else last
        rises = np.diff(log_mel, axis=1, prepend=before)
        onsets.append(onset_weights @ np.maximum(rises, 0.0))
        last = log_mel[:, -1:]
        rows = np.concatenate([measured.shape, cosines @ log_mel], dtype=np.float64)
        totals += rows.sum(axis=1)
        squares += np.einsum("ij,ij->i", rows, rows)
        contrasts += measured.contrast.sum(axis=1)
        n_frames += rows.shape[1]
        n_contrasts += measured.contrast.shape[1]
    means = totals / n_frames
    deviations = np.sqrt(np.maximum(squares / n_frames - means**2, 0.0))
    numbers = _name_numbers(means, deviations, contrasts / n_contrasts)
    return Frames(numbers, np.concatenate(onsets, axis=1))


def _name_numbers(
    means: DoubleArray, deviations: DoubleArray, contrasts: DoubleArray
) -> dict[str, float]:
    names = [*spectrum.SHAPE_NAMES, *(f"mfcc_{k:02d}" for k in range(N_MFCC))]
    found = {f"contrast_{k}_db": float(contrast) for k, contrast in enumerate(contrasts)}
    for name, mean, deviation in zip(names, means, deviations, strict=True):
        found[f"{name}_mean"] = float(mean)
        found[f"{name}_std"] = float(deviation)
    return found


@functools.cache
def _compute_cosines() -> FloatArray:
    """Orthonormal type-2 cosine transform, shape ``(N_MFCC, N_MELS)``."""
    n = spectrum.N_MELS
    table = np.cos(np.pi / n * np.arange(N_MFCC)[:, None] * (np.arange(n) + 0.5)) * np.sqrt(2 / n)
    table[0] /= np.sqrt(2)
    cosines: FloatArray = table.astype(np.float32)
    return cosines


@functools.cache
def _compute_onset_weights() -> FloatArray:
    """What each mel band counts in the mean over all and over each band, one row each."""
    edges = np.array(ONSET_BANDS)
    mel = np.arange(spectrum.N_MELS)
    is_inside = (mel >= edges[:-1, None]) & (mel < edges[1:, None])
    rows = np.concatenate([np.ones((1, spectrum.N_MELS), bool), is_inside])
    weights: FloatArray = (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)
    return weights


def _measure_levels(mono: Samples) -> FloatArray:
    """Amplitude (root mean square) in 10 ms frames."""
    hop = spectrum.SR // LEVEL_FRAMES_PER_S
    step = hop * 6000
    parts = []
    for start in range(0, len(mono) // hop * hop, step):
        block = mono[start : min(start + step, len(mono) // hop * hop)]
        rows = block.reshape(-1, hop)
        parts.append(np.sqrt(np.einsum("ij,ij->i", rows, rows) / np.float32(hop)))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _measure_complexity(levels: FloatArray) -> float | None:
    n = round(SUB_BAND_LEVEL_S * LEVEL_FRAMES_PER_S)
    seconds = levels[: len(levels) // n * n].reshape(-1, n)
    power = (seconds.astype(np.float64) ** 2).mean(axis=1)
    level = 10.0 * np.log10(np.maximum(power, 1e-9))
    level = level[level > level.max(initial=-90.0) - 60.0]
    return float(np.abs(level - level.mean()).mean()) if len(level) else None


def _describe_key(key: tonality.KeyReading) -> dict[str, float]:
    chroma = np.array(key.chroma)
    heard = chroma[chroma > 0]
    entropy = float(-(heard * np.log(heard)).sum() / np.log(12))
    relative = np.roll(chroma, -key.tonic)
    return {
        "chord_change_rate_hz": key.chord_changes_per_s,
        "chroma_entropy": entropy,
        **{f"chroma_{k:02d}": float(relative[k]) for k in range(12)},
    }


def _make_tempo(
    reading: tempo.TempoReading, envelopes: FloatArray, settings: FlavorSettings
) -> Tempo:
    beats_s: tuple[float, ...] = ()
    if settings.has_beats:
        beats_s = beats.track_beats(
            envelopes, reading.periodicity, reading.bpm, frame_rate_hz=spectrum.FRAME_RATE_HZ
        )
    return Tempo(
        bpm=reading.bpm,
        strength=reading.probability,
        is_octave_uncertain=reading.is_octave_uncertain,
        octave_probability=reading.octave_probability,
        alternatives=reading.alternatives,
        stability=reading.stability,
        beats_s=beats_s,
    )


def _make_key(reading: tonality.KeyReading) -> Key:
    return Key(
        name=reading.name,
        strength=reading.probability,
        runner_up=reading.runner_up,
        runner_up_strength=reading.runner_up_probability,
        tuning_cents=reading.tuning_cents,
    )
