"""Key and tuning from spectral peaks of a low-rate spectrum."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft
import soxr

from wkmp_lab.signals import FloatArray, Samples

SR = 5512.5
N_FFT = 4096
HOP_LENGTH = 2048
RANGE_HZ = (55.0, 2200.0)
N_CENTS = 120
"""Pitch classes are collected in bins of 10 cents, so that tuning can be found afterwards."""
N_HARMONICS = 6
HARMONIC_DECAY = 0.6
"""A peak may be the n-th harmonic of a lower note: it speaks for that note by 0.6^(n-1)."""
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)
"""Key profiles of Albrecht and Shanahan (2013), from the tonic upwards."""

DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KeyReading:
    """A key, its rival and the pitch classes it was read from."""

    name: str
    strength: float
    runner_up: str
    runner_up_strength: float
    tuning_cents: float
    chroma: tuple[float, ...]
    """Share of each pitch class, from C, sum 1."""
    chord_changes_per_s: float


def measure_key(mono: Samples, *, sr: int) -> KeyReading | None:
    """Key of a passage; None where no pitch is heard."""
    frames = collect_pitches(mono, sr=sr)
    total = frames.sum(axis=0)
    if total.sum() <= 0.0:
        return None
    tuning = _find_tuning(total)
    chroma_frames = _fold(frames, tuning)
    chroma = chroma_frames.sum(axis=0)
    chroma = chroma / chroma.sum()
    scores = score_keys(chroma)
    order = np.argsort(scores)[::-1]
    return KeyReading(
        name=name_key(int(order[0])),
        strength=float(np.clip(scores[order[0]], 0.0, 1.0)),
        runner_up=name_key(int(order[1])),
        runner_up_strength=float(np.clip(scores[order[1]], 0.0, 1.0)),
        tuning_cents=tuning,
        chroma=tuple(float(share) for share in chroma),
        chord_changes_per_s=_measure_changes(chroma_frames),
    )


def collect_pitches(mono: Samples, *, sr: int) -> FloatArray:
    """Weight of each pitch class, in bins of 10 cents from C, shape ``(n_frames, N_CENTS)``."""
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    resampler = soxr.ResampleStream(sr, SR, 1, dtype="float32", quality="HQ")
    rest = np.zeros(0, np.float32)
    rows: list[FloatArray] = []
    step = sr * 30
    for start in range(0, len(mono), step):
        block = np.ascontiguousarray(mono[start : start + step])
        is_last = start + step >= len(mono)
        rest = np.concatenate([rest, resampler.resample_chunk(block, last=is_last)])
        if is_last and len(rest) < N_FFT and not rows:
            rest = np.pad(rest, (0, N_FFT - len(rest)))
        if len(rest) < N_FFT:
            continue
        frames = np.lib.stride_tricks.sliding_window_view(rest, N_FFT)[::HOP_LENGTH]
        magnitudes = np.abs(scipy.fft.rfft(frames * window, axis=1)).astype(np.float32)
        rows.append(_pitch_classes(magnitudes))
        rest = rest[len(frames) * HOP_LENGTH :]
    return np.concatenate(rows) if rows else np.zeros((0, N_CENTS), np.float32)


def score_keys(chroma: DoubleArray) -> DoubleArray:
    """Correlation of a chroma with each key's profile: 12 major keys from C, then 12 minor."""
    profiles = np.array([np.roll(p, k) for p in (MAJOR, MINOR) for k in range(12)])
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    own = chroma - chroma.mean()
    norms = np.linalg.norm(centred, axis=1) * np.linalg.norm(own)
    scores: DoubleArray = centred @ own / np.maximum(norms, 1e-12)
    return scores


def name_key(index: int) -> str:
    """Name of a key by its place in :func:`score_keys`.

    >>> name_key(0), name_key(18)
    ('C major', 'F# minor')
    """
    return f"{NAMES[index % 12]} {'major' if index < 12 else 'minor'}"


def _pitch_classes(magnitudes: FloatArray) -> FloatArray:
    """Peaks of each spectrum, folded into pitch classes."""
    bin_hz = SR / N_FFT
    low, high = (int(edge / bin_hz) for edge in RANGE_HZ)
    left, middle, right = (magnitudes[:, low + d : high + d] for d in (-1, 0, 1))
    loudest = middle.max(axis=1, keepdims=True)
    is_peak = (middle > left) & (middle >= right) & (middle > 0.02 * loudest)
    is_peak &= middle > 1e-4
    rows, columns = np.nonzero(is_peak)
    a, b, c = (np.log(part[rows, columns] + 1e-9) for part in (left, middle, right))
    shift = 0.5 * (a - c) / (a - 2 * b + c - 1e-9)
    hz = (columns + low + np.clip(shift, -0.5, 0.5)) * bin_hz
    # The square root lets soft voices count beside loud ones.
    weight = np.sqrt(middle[rows, columns] / loudest[rows, 0])
    found = np.zeros((len(magnitudes), N_CENTS), np.float32)
    level = np.sqrt(loudest[:, 0] / max(float(loudest.max()), 1e-9))
    for n in range(1, N_HARMONICS + 1):
        cents = 12 * np.log2(hz / n / 261.625565) * (N_CENTS // 12)
        places = np.round(cents).astype(np.int64) % N_CENTS
        np.add.at(found, (rows, places), weight * HARMONIC_DECAY ** (n - 1))
    found *= level[:, None]
    return found


def _find_tuning(total: FloatArray) -> float:
    """Deviation from A = 440 Hz in cents, -50 to 50: circular mean within the semitone."""
    per_semitone = N_CENTS // 12
    by_offset = total.reshape(12, per_semitone).sum(axis=0)
    angles = 2 * np.pi * np.arange(per_semitone) / per_semitone
    mean = np.angle((by_offset * np.exp(1j * angles)).sum())
    return float(mean / (2 * np.pi) * 100.0)


def _fold(frames: FloatArray, tuning_cents: float) -> DoubleArray:
    """Twelve pitch classes per frame, with soft borders, at a tuning."""
    per_semitone = N_CENTS // 12
    offset = np.arange(N_CENTS) / per_semitone - tuning_cents / 100.0
    distance = (offset[:, None] - np.arange(12)[None] + 6.0) % 12.0 - 6.0
    weights = np.maximum(np.cos(np.pi * np.clip(distance, -0.5, 0.5)), 0.0) ** 2
    folded: DoubleArray = frames.astype(np.float64) @ weights
    return folded


def _measure_changes(chroma_frames: DoubleArray) -> float:
    """How often the strongest triad changes, per second."""
    triads = [np.roll(shape, k) for shape in _TRIADS for k in range(12)]
    if len(chroma_frames) < 3:
        return 0.0
    smooth = (chroma_frames[:-2] + chroma_frames[1:-1] + chroma_frames[2:]) / 3
    best = (smooth @ np.array(triads).T).argmax(axis=1)
    return float((np.diff(best) != 0).sum() / (len(best) * HOP_LENGTH / SR))


_TRIADS = (
    np.isin(np.arange(12), (0, 4, 7)).astype(np.float64),
    np.isin(np.arange(12), (0, 3, 7)).astype(np.float64),
)
