"""What is left of one copy when the other is taken away: the null test, after alignment."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # whose parts are loaded when they are used

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.signals import FloatArray, Signal

MAX_S = 60.0
"""Longer signals are compared over their first minute."""
MIN_S = 3.0
SEARCH_S = 1.0
"""Around the offset that is expected."""
SILENT_DB = -140.0
_CHUNK_S = 3.0
_NEAR_SAMPLES = 64
"""How far a chunk may lie from where its neighbours lie: copies that were sped drift."""
_BANDS_PER_OCTAVE = 3
_LOWEST_BAND_HZ = 40.0


@dataclass(frozen=True, slots=True)
class NullTest:
    """How two copies differ where they lie on each other.

    Levels are in dB relative to full scale; what is left is the first copy less the second, which
    was shifted to it and brought to its level.
    """

    offset_s: float
    """Where the second begins in the first, in s."""
    speed: float
    """Of the second, 1.0 is equal."""
    gain_db: float
    """That brings the second to the level of the first."""
    is_inverted: bool
    duration_s: float
    """How much was compared."""
    level_db: float
    """Of the first."""
    left_db: float
    """Of what is left."""
    bands: tuple[tuple[float, float, float], ...]
    """(middle in Hz, level of the first in dB, what is left in dB) of each third of an octave."""

    @property
    def depth_db(self) -> float:
        """How far what is left lies under the first copy: over 80, they are the same."""
        return self.level_db - self.left_db


def compare_signals(first: Signal, second: Signal, *, offset_s: float = 0.0) -> NullTest:
    """Align two copies of a recording, take one from the other, and measure what is left.

    Parameters
    ----------
    first, second
        The copies, of any rates and channels; both are brought to the lower rate, and compared as
        channel means.
    offset_s
        Where the second is expected to begin in the first, to within a second.

    Raises
    ------
    InvalidInputError
        They share less than three seconds, or one is silent.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal((1, 80_000)).astype("float32") / 8
    >>> test = compare_signals(Signal(noise, 8000), Signal(noise[:, 4000:] / 2, 8000))
    >>> round(test.offset_s, 3), round(test.gain_db, 1), test.depth_db > 80
    (0.5, 6.0, True)
    """
    sr = min(first.sr, second.sr)
    ours, theirs = _prepare(first, sr), _prepare(second, sr)
    lag = _find_lag(ours, theirs, round(offset_s * sr), round(SEARCH_S * sr))
    start, stop = max(lag, 0), min(ours.size, theirs.size + lag)
    if stop - start < MIN_S * sr or not (ours.any() and theirs.any()):
        shared_s = max(stop - start, 0) / sr
        raise InvalidInputError(
            f"two copies need {MIN_S:g} s of sound in common, got {shared_s:.1f} s"
        )
    chunks = _align(ours[start:stop], theirs[start - lag : stop - lag], round(_CHUNK_S * sr))
    kept = np.concatenate([chunk for _, _, chunk, _ in chunks])
    moved = np.concatenate([chunk for _, _, _, chunk in chunks])
    gain = float(np.dot(kept, moved)) / max(float(np.dot(moved, moved)), 1e-30)
    left = kept - gain * moved
    drift = _measure_drift([(place, shift) for place, shift, _, _ in chunks])
    return NullTest(
        offset_s=(lag + float(np.median([shift for _, shift, _, _ in chunks]))) / sr,
        speed=1.0 / (1.0 - drift),
        gain_db=20.0 * math.log10(max(abs(gain), 1e-6)),
        is_inverted=gain < 0.0,
        duration_s=kept.size / sr,
        level_db=_level_db(float(np.mean(np.square(kept)))),
        left_db=_level_db(float(np.mean(np.square(left)))),
        bands=_measure_bands(kept, left, sr),
    )


_Doubles = npt.NDArray[np.float64]


def _prepare(signal: Signal, sr: int) -> _Doubles:
    mono: FloatArray = signal.samples[:, : round(MAX_S * signal.sr)].mean(axis=0)
    if signal.sr != sr:
        import soxr  # only where it is needed, not where an import is started

        mono = soxr.resample(mono, signal.sr, sr, quality="VHQ")
    return mono.astype(np.float64)


def _find_lag(ours: _Doubles, theirs: _Doubles, expected: int, reach: int) -> int:
    """Where the second lies best in the first, near the expected place, in samples."""
    correlation = scipy.signal.correlate(ours, theirs, mode="full", method="fft")
    lags = np.arange(correlation.size) - (theirs.size - 1)
    is_near = np.abs(lags - expected) <= reach
    if not is_near.any():
        return expected
    return int(lags[is_near][np.abs(correlation[is_near]).argmax()])


def _align(
    ours: _Doubles, theirs: _Doubles, n_chunk: int
) -> list[tuple[int, float, _Doubles, _Doubles]]:
    """(place, shift, chunk, the other's, shifted) of each stretch; the ends are left out."""
    chunks, shift = [], 0
    edge = _NEAR_SAMPLES
    for start in range(0, ours.size - n_chunk + 1, n_chunk):
        mine = ours[start : start + n_chunk]
        there = np.clip(np.arange(start - shift, start - shift + n_chunk), 0, theirs.size - 1)
        other = theirs[there]
        fine = _find_shift(mine, other)
        moved = _shift(other, fine)
        chunks.append((start, shift + fine, mine[edge:-edge], moved[edge:-edge]))
        shift = round(shift + fine)
    return chunks


def _find_shift(mine: _Doubles, other: _Doubles) -> float:
    """By how many samples another chunk lags, with its fraction.

    The peak of the correlation is looked for in 16 steps a sample: it is as wide as the treble is
    low, and a parabola through whole samples errs by more than a null test bears.
    """
    n = scipy.fft.next_fast_len(2 * mine.size)
    cross = scipy.fft.rfft(mine, n) * np.conj(scipy.fft.rfft(other, n))
    coarse = scipy.fft.irfft(cross, n)
    near = np.arange(-_NEAR_SAMPLES, _NEAR_SAMPLES + 1)
    best = float(near[np.abs(coarse[near]).argmax()])
    phases = 2.0 * np.pi * np.arange(cross.size) / n
    for step in (1 / 4, 1 / 16, 1 / 64, 1 / 256):
        tried = best + step * np.arange(-4, 5)
        heights = [abs(float(np.real(cross @ np.exp(1j * phases * at)))) for at in tried]
        best = float(tried[int(np.argmax(heights))])
    return best


def _shift(samples: _Doubles, lag: float) -> _Doubles:
    """The samples later by so many, whole or not."""
    if lag == 0.0:
        return samples
    n = scipy.fft.next_fast_len(samples.size + 2 * _NEAR_SAMPLES)
    spectrum = scipy.fft.rfft(samples, n)
    spectrum *= np.exp(-2j * np.pi * np.arange(spectrum.size) * lag / n)
    shifted: _Doubles = scipy.fft.irfft(spectrum, n)[: samples.size]
    return shifted


def _measure_drift(places: list[tuple[int, float]]) -> float:
    """Samples by which the shift grows, per sample."""
    if len(places) < 2:
        return 0.0
    at, shifts = np.array(places, np.float64).T
    return float(np.polyfit(at, shifts, 1)[0])


def _level_db(power: float) -> float:
    return max(10.0 * math.log10(max(power, 1e-30)), SILENT_DB)


def _measure_bands(
    kept: _Doubles, left: _Doubles, sr: int
) -> tuple[tuple[float, float, float], ...]:
    hz, ours = scipy.signal.welch(kept, sr, nperseg=8192, scaling="density")
    _, rest = scipy.signal.welch(left, sr, nperseg=8192, scaling="density")
    n_bands = int(_BANDS_PER_OCTAVE * math.log2(0.5 * sr / _LOWEST_BAND_HZ))
    edges = _LOWEST_BAND_HZ * 2.0 ** (np.arange(n_bands + 1) / _BANDS_PER_OCTAVE)
    found = []
    for low, high in zip(edges, [*edges[1:-1], 0.5 * sr], strict=False):
        inside = (hz >= low) & (hz < high)
        if inside.any():
            level, rest_level = (float(each[inside].sum() * hz[1]) for each in (ours, rest))
            found.append((math.sqrt(low * high), _level_db(level), _level_db(rest_level)))
    return tuple(found)
