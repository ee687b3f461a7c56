"""Key and tuning from spectral peaks of a low-rate spectrum."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from wkmp_lab.dsp.compiling import njit
from wkmp_lab.dsp.growing_arrays import GrowingArray
from wkmp_lab.signals import DoubleArray, FloatArray, Samples

SR = 5512.5
N_FFT = 4096
HOP_LENGTH = 2048
RANGE_HZ = (55.0, 2200.0)
C4_HZ = 261.625565
PEAK_SHARE = 0.02
LEAST_MAGNITUDE = 1e-4
"""A peak stands above both: a share of the spectrum's largest value, and the noise of silence."""
N_CENTS = 120
"""Pitch classes are collected in bins of 10 cents, so that tuning can be found afterwards."""
N_HARMONICS = 6
HARMONIC_DECAY = 0.6
"""A peak may be the n-th harmonic of a lower note: it speaks for that note by 0.6^(n-1)."""
_BIN_HZ = SR / N_FFT
_LOW, _HIGH = int(RANGE_HZ[0] / _BIN_HZ), int(RANGE_HZ[1] / _BIN_HZ)
_HARMONIC_OCTAVES = tuple(np.log2(np.arange(1, N_HARMONICS + 1)).tolist())
NAMES = {
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
"""Tonics as keys are spelled: with fewer accidentals, and F# major and Eb minor of equals."""
MODES = tuple(NAMES)
MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)
"""Key profiles of Albrecht and Shanahan (2013), from the tonic upwards."""
WEIGHTS = (4.03, 5.55, 6.86, 0.2)
"""What each part of :func:`collect_evidence` counts, by ``benchmarks/fit_tempo_key.py``: the first
three fitted; other people's pieces tell little of the last one (-0.6 to 0.2 are as likely), so
that composed pieces chose it."""
FIRST_SHARE, LEAST_FIRST = 1 / 6, 4
"""The beginning, which tells the key best: this share of the frames, and so many at least."""
LEAST_STEADINESS, SPEECH_STEADINESS = 0.03, 0.05
"""Pitches of noise and speech lie anywhere between semitones: their steadiness is 0.02 at most
over a minute, and more by the second value over the root of the number of frames. That of music is
0.04 and more, but for drums alone."""
TONAL_STEADINESS = 0.08
"""With so much there is music even where no beat is heard."""
LEAST_MOVEMENT = 0.06
"""Drones and hums keep to the same pitch classes within 0.03, music moves by 0.11 and more."""


@dataclass(frozen=True, slots=True)
class Pitches:
    """The pitch classes of a passage.

    Attributes
    ----------
    chroma
        Weight of each pitch class in each frame, harmonics counted for their notes, shape
        ``(n_frames, 12)``, from C.
    tuning_cents
        Deviation from A = 440 Hz, -50 to 50.
    steadiness
        How well all pitches keep to one tuning: 0 (anywhere between semitones) to 1.
    movement
        Mean distance of a frame's shares from those of the whole, 0 to 2.
    """

    chroma: DoubleArray
    tuning_cents: float
    steadiness: float
    movement: float

    @property
    def has_key(self) -> bool:
        """Whether these are pitches of a scale that come and go."""
        least = LEAST_STEADINESS + SPEECH_STEADINESS / np.sqrt(max(len(self.chroma), 1))
        return bool(self.steadiness >= least and self.movement >= LEAST_MOVEMENT)

    @property
    def is_music(self) -> bool:
        """Whether they make music of a passage that has no beat."""
        return self.has_key and self.steadiness >= TONAL_STEADINESS


@dataclass(frozen=True, slots=True)
class KeyReading:
    """A key, its runner-up and the pitch classes it was read from."""

    name: str
    tonic: int
    """In semitones above C."""
    probability: float
    runner_up: str
    runner_up_probability: float
    tuning_cents: float
    chroma: tuple[float, ...]
    """Share of each pitch class, from C, sum 1."""
    chord_changes_per_s: float


def measure_key(mono: Samples, *, sr: int) -> KeyReading | None:
    """Key of a passage; None where no pitches of a scale are heard, or they never change."""
    return find_key(collect_pitches(mono, sr=sr))


def find_key(pitches: Pitches) -> KeyReading | None:
    """Key that a passage's pitches are in; None where they are no scale's."""
    if not pitches.has_key:
        return None
    share = compute_probabilities(pitches)
    first, second = (int(k) for k in np.argsort(share)[::-1][:2])
    total = pitches.chroma.sum(axis=0)
    return KeyReading(
        name=name_key(first),
        tonic=first % 12,
        probability=float(share[first]),
        runner_up=name_key(second),
        runner_up_probability=float(share[second]),
        tuning_cents=pitches.tuning_cents,
        chroma=tuple(float(part) for part in total / total.sum()),
        chord_changes_per_s=_measure_changes(pitches.chroma),
    )


def compute_probabilities(pitches: Pitches) -> DoubleArray:
    """Probability of 12 major keys from C, then 12 minor."""
    share: DoubleArray = scipy.special.softmax(collect_evidence(pitches) @ np.array(WEIGHTS))
    return share


def collect_evidence(pitches: Pitches) -> DoubleArray:
    """What speaks for each key: correlations of its profile with three chromas, and its mode.

    The chromas are that of all sound, the mean over frames, where soft passages count as loud
    ones, and that of the beginning: most music begins in its key.

    Returns
    -------
    array
        float64, shape ``(24, 4)``, in the order of :func:`name_key`.
    """
    chroma = pitches.chroma
    n_first = max(round(FIRST_SHARE * len(chroma)), LEAST_FIRST)
    weight = chroma.sum(axis=1, keepdims=True)
    by_frame = (chroma / np.maximum(weight, 1e-9)).mean(axis=0)
    chromas = (chroma.sum(axis=0), by_frame, chroma[:n_first].sum(axis=0))
    columns = [correlate_profiles(each) for each in chromas]
    return np.stack([*columns, np.repeat([0.0, 1.0], 12)], axis=1)


def correlate_profiles(chroma: DoubleArray) -> DoubleArray:
    """Correlation of a chroma with the profile of each of 24 keys."""
    profiles = np.array([np.roll(p, k) for p in (MAJOR, MINOR) for k in range(12)])
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    own = chroma - chroma.mean()
    norms = np.linalg.norm(centred, axis=1) * np.linalg.norm(own)
    found: DoubleArray = centred @ own / np.maximum(norms, 1e-12)
    return found


def collect_pitches(mono: Samples, *, sr: int) -> Pitches:
    """The pitch classes of a passage, their tuning found and corrected."""
    notes = _collect_cents(mono, sr=sr)
    total = notes.sum(axis=0)
    by_offset = total.reshape(12, -1).sum(axis=0)
    angles = 2 * np.pi * np.arange(len(by_offset)) / len(by_offset)
    resultant = (by_offset * np.exp(1j * angles)).sum()
    tuning_cents = float(np.angle(resultant) / (2 * np.pi) * 100.0)
    chroma = _fold(notes, tuning_cents)
    heard = chroma[chroma.sum(axis=1) > 0.0]
    shares = heard / heard.sum(axis=1, keepdims=True)
    away = np.abs(shares - shares.mean(axis=0)).sum(axis=1) if len(shares) else np.zeros(1)
    return Pitches(
        chroma=chroma,
        tuning_cents=tuning_cents,
        steadiness=float(np.abs(resultant) / max(float(by_offset.sum()), 1e-9)),
        movement=float(away.mean()),
    )


def _collect_cents(mono: Samples, *, sr: int) -> FloatArray:
    """Weight of each pitch class, in bins of 10 cents from C, shape ``(n_frames, N_CENTS)``."""
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    import soxr  # only where a file is described, not where an import is started

    resampler = soxr.ResampleStream(sr, SR, 1, dtype="float32", quality="HQ")
    rest = np.zeros(0, np.float32)
    notes = GrowingArray(np.float32, N_CENTS)
    step = sr * 30
    for start in range(0, len(mono), step):
        block = np.ascontiguousarray(mono[start : start + step])
        is_last = start + step >= len(mono)
        rest = np.concatenate([rest, resampler.resample_chunk(block, last=is_last)])
        if is_last and len(rest) < N_FFT and not len(notes):
            rest = np.pad(rest, (0, N_FFT - len(rest)))
        if len(rest) < N_FFT:
            continue
        frames = np.lib.stride_tricks.sliding_window_view(rest, N_FFT)[::HOP_LENGTH]
        found = np.zeros((len(frames), N_CENTS), np.float32)
        _collect_peaks(scipy.fft.rfft(frames * window, axis=1), found)
        notes.append(found)
        rest = rest[len(frames) * HOP_LENGTH :]
    return notes.finish()


def name_key(index: int) -> str:
    """Name of a key by its place in :func:`compute_probabilities`, spelled as the key is.

    >>> name_key(0), name_key(10), name_key(18)
    ('C major', 'Bb major', 'F# minor')
    """
    mode = MODES[index // 12]
    return f"{NAMES[mode][index % 12]} {mode}"


@njit()
def _collect_peaks(spectra: npt.NDArray[np.complex64], found: FloatArray) -> None:
    """Add the peaks of each spectrum to ``found``, in the places of the notes they speak for."""
    magnitudes = np.empty((spectra.shape[0], _HIGH + 1), np.float32)
    for i in range(magnitudes.shape[0]):
        for k in range(_HIGH + 1):
            z = spectra[i, k]
            magnitudes[i, k] = np.sqrt(z.real * z.real + z.imag * z.imag)
    most = magnitudes[:, _LOW:_HIGH].max()
    for i in range(magnitudes.shape[0]):
        row = magnitudes[i]
        threshold = max(PEAK_SHARE * row[_LOW:_HIGH].max(), LEAST_MAGNITUDE)
        for k in range(_LOW, _HIGH):
            if row[k] <= threshold or row[k] <= row[k - 1] or row[k] < row[k + 1]:
                continue
            octaves = np.log2((k + _find_shift(row, k)) * _BIN_HZ / C4_HZ)
            # The square root lets soft voices count beside loud ones.
            weight = np.sqrt(row[k] / most)
            for overtone in _HARMONIC_OCTAVES:
                place = int(np.rint((octaves - overtone) * N_CENTS))
                found[i, place % N_CENTS] += weight
                weight *= HARMONIC_DECAY


@njit()
def _find_shift(row: FloatArray, k: int) -> float:
    """Place of a peak beside its bin, -0.5 to 0.5: the top of a parabola through the levels."""
    left, middle, right = np.log(row[k - 1 : k + 2] + 1e-9)
    curve = left - 2.0 * middle + right
    return min(max(0.5 * (left - right) / curve, -0.5), 0.5) if curve < 0.0 else 0.0


def _fold(frames: FloatArray, tuning_cents: float) -> DoubleArray:
    """Twelve pitch classes per frame, with soft borders, at a tuning."""
    per_semitone = N_CENTS // 12
    offset = np.arange(N_CENTS) / per_semitone - tuning_cents / 100.0
    distance = (offset[:, None] - np.arange(12)[None] + 6.0) % 12.0 - 6.0
    weights = np.maximum(np.cos(np.pi * np.clip(distance, -0.5, 0.5)), 0.0) ** 2
    folded: FloatArray = frames @ weights.astype(np.float32)
    return folded.astype(np.float64)


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
