"""How much a recording sounds like speech, told from its level profile alone.

Speech stops and starts: its level falls far below its mean between words and phrases, rises by
leaps some four times a second (the syllables), without a beat, and the balance of its bands
leaps as vowels and consonants take turns. Music may do some of that, seldom all.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy  # whose parts are loaded when they are used

from wkmp_lab.signals import DoubleArray, FloatArray, LevelProfile

SPEECH_VERSION = 1
"""Raised whenever a profile gives other odds: those that are kept are then not used."""
WINDOW_S, STEP_S = 10.0, 5.0
LEAST_S = 3.0
"""Less tells nothing."""
WEIGHTS: dict[str, float] = {
    "bias": -4.6,
    "low_share": 4.1,
    "syllables": 6.1,
    "beat": -14.1,
    "leaps": 9.5,
    "balance": 0.32,
}
"""Of a logistic regression on windows of the sources in ``benchmarks/kind_sets.py`` that were
seen, each counted by the root of its windows; left-out sources: 2.6 % of the windows of speech
missed, 2.7 % of the others taken for speech."""
LOW_DB = 12.0
SYLLABLES_HZ = (2.5, 8.0)
"""Scheirer and Slaney (1997) look at 4 Hz; syllables come at half to twice that."""
BEATS_S = (0.24, 1.6)
LEAP_DB, LEAP_S = 8.0, 0.1
ACTIVE_DB = 25.0
_FINE_S = 0.02
_RANGE_DB, _LARGEST_RISE_DB = 35.0, 12.0
_LOW_BANDS, _HIGH_BAND, _BAND_RANGE_DB = (2, 3), 5, 40.0
"""150 to 1000 Hz, and 2.5 to 5 kHz: what telephones carry of vowels and of consonants."""
_LEAST_ACTIVE = 10
_LEAST_POWER = 1e-9
_BATCH = 256


class SpeechCurve(NamedTuple):
    """Log odds of speech, by window; NaN in silence."""

    log_odds: DoubleArray
    starts_s: DoubleArray
    window_s: float

    def measure(self, start_s: float, end_s: float) -> float | None:
        """Probability of speech in a stretch; None where nothing sounds, or the file is short."""
        is_inside = (self.starts_s < end_s) & (self.starts_s + self.window_s > start_s)
        heard = self.log_odds[is_inside & ~np.isnan(self.log_odds)]
        return float(1.0 / (1.0 + math.exp(-float(heard.mean())))) if heard.size else None


def measure_speech(
    profile: LevelProfile, *, start_s: float = 0.0, end_s: float | None = None
) -> SpeechCurve:
    """The likeness of a passage to speech, in windows of 10 s or, where it is shorter, in one.

    Raises
    ------
    InvalidInputError
        Where the passage does not lie within the file.
    """
    frames = profile.find_coarse_frames(start_s=start_s, end_s=end_s)
    hop_s, n_frames = profile.coarse_hop_s, frames.stop - frames.start
    n_window = min(round(WINDOW_S / hop_s), n_frames)
    if n_window * hop_s < LEAST_S:
        return SpeechCurve(np.zeros(0), np.zeros(0), WINDOW_S)
    last = n_frames - n_window
    starts = np.unique(np.append(np.arange(0, last + 1, round(STEP_S / hop_s)), last))
    starts_s = (frames.start + starts) * hop_s
    known = profile.speech_log_odds
    if known is not None and known.size == starts.size and n_frames == profile.a_power.size:
        return SpeechCurve(known, starts_s, n_window * hop_s)
    odds = [
        _measure_windows(profile, frames.start + starts[first : first + _BATCH], n_window)
        for first in range(0, starts.size, _BATCH)
    ]
    return SpeechCurve(np.concatenate(odds), starts_s, n_window * hop_s)


def _measure_windows(
    profile: LevelProfile, starts: npt.NDArray[np.int64], n_window: int
) -> DoubleArray:
    """Log odds of the windows that begin at coarse frames ``starts``."""
    n_fine = max(round(_FINE_S / profile.hop_s), 1)
    factor = profile.coarse_factor
    places = starts[:, None] * factor + np.arange(n_window * factor // n_fine * n_fine)
    power = np.append(profile.k_power, np.float32(0.0))
    power = power[np.minimum(places, profile.k_power.size)]
    envelope = power.reshape(len(starts), -1, n_fine).mean(axis=2, dtype=np.float64)
    bands = profile.band_power[starts[:, None] + np.arange(n_window)]
    step_s = n_fine * profile.hop_s
    parts = {
        "bias": np.ones(len(starts)),
        **_measure_envelopes(envelope, step_s),
        "balance": _measure_balance(bands),
    }
    odds: DoubleArray = sum(
        (WEIGHTS[name] * values for name, values in parts.items()), np.zeros(len(starts))
    )
    odds[envelope.max(axis=1) < 10 * _LEAST_POWER] = np.nan
    return odds


def _measure_envelopes(envelope: DoubleArray, step_s: float) -> dict[str, DoubleArray]:
    """What the rise and fall of the level tells, a value a row."""
    n = envelope.shape[1]
    mean = np.maximum(envelope.mean(axis=1, keepdims=True), _LEAST_POWER)
    level = 10.0 * np.log10(np.maximum(envelope, _LEAST_POWER))
    reference = 10.0 * np.log10(mean)
    kept = np.maximum(level, reference - _RANGE_DB)
    n_leap = round(LEAP_S / step_s)
    return {
        "low_share": (level < reference - LOW_DB).mean(axis=1),
        "syllables": _measure_syllables(np.sqrt(envelope), step_s),
        "beat": _measure_beat(np.diff(kept, axis=1), step_s),
        "leaps": (kept[:, n_leap:] - kept[:, :-n_leap] > LEAP_DB).sum(axis=1) / n,
    }


@functools.cache
def _make_window(n: int) -> DoubleArray:
    return np.asarray(np.hanning(n))


def _measure_syllables(amplitude: DoubleArray, step_s: float) -> DoubleArray:
    """Depth of the level's movement, times the share of it at the rate of syllables."""
    n = amplitude.shape[1]
    relative = amplitude / np.maximum(amplitude.mean(axis=1, keepdims=True), _LEAST_POWER)
    centred = relative - relative.mean(axis=1, keepdims=True)
    power = np.abs(scipy.fft.rfft(centred * _make_window(n), axis=1)) ** 2
    hz = scipy.fft.rfftfreq(n, step_s)
    low, high = SYLLABLES_HZ
    total = power[:, hz > 0.3].sum(axis=1) + _LEAST_POWER
    share = power[:, (hz >= low) & (hz < high)].sum(axis=1) / total
    return np.asarray(share * relative.std(axis=1))


def _measure_beat(rises: DoubleArray, step_s: float) -> DoubleArray:
    """The highest autocorrelation of the level's rises at the distance of a beat."""
    rises = np.clip(rises, 0.0, _LARGEST_RISE_DB)
    rises -= rises.mean(axis=1, keepdims=True)
    first, last = (round(beat_s / step_s) for beat_s in BEATS_S)
    n_fft = scipy.fft.next_fast_len(rises.shape[1] + last, real=True)
    spectrum = scipy.fft.rfft(rises, n_fft, axis=1)
    correlation = scipy.fft.irfft(np.abs(spectrum) ** 2, n_fft, axis=1)
    own = np.maximum(correlation[:, 0], _LEAST_POWER)
    return np.asarray(correlation[:, first:last].max(axis=1) / own)


def _measure_balance(bands: FloatArray) -> DoubleArray:
    """How much the balance of low and high bands moves while anything is said, in dB, a row."""
    total = bands[..., _LOW_BANDS[0] : _HIGH_BAND + 2].sum(axis=2, dtype=np.float64)
    is_active = total > total.max(axis=1, keepdims=True) * 10 ** (-ACTIVE_DB / 10)
    asked = bands[..., [*_LOW_BANDS, _HIGH_BAND]]
    level = 10.0 * np.log10(np.maximum(asked, _LEAST_POWER), dtype=np.float64)
    level = np.maximum(level, level.max(axis=1, keepdims=True) - _BAND_RANGE_DB)
    tilt = level[..., -1] - level[..., :-1].mean(axis=2)
    n_active = is_active.sum(axis=1)
    spread = tilt.std(axis=1, where=is_active | (n_active <= _LEAST_ACTIVE)[:, None])
    return np.where(n_active > _LEAST_ACTIVE, spread, 0.0)
