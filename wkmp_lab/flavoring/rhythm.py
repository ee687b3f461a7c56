"""Rhythm from an onset envelope: tempo with its other readings, pulse, beats, danceability."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from wkmp_lab.signals import DoubleArray, FloatArray

TEMPO_RANGE_BPM = (40.0, 240.0)
WINDOW_S = 12.0
"""Length of the stretches whose autocorrelations are averaged."""
PRIOR_BPM = 120.0
PRIOR_OCTAVES = 0.9
"""Centre and width of the log-normal preference for tempos (cf. Parncutt 1994, van Noorden and
Moelants 1999: people tap near 120 bpm)."""
BEAT_WEIGHTS = ((0.5, 0.2), (1.0, 1.0), (2.0, 0.5), (4.0, 0.3))
"""Weight of the correlation at half a beat and at 1, 2 and 4 beats: the half parts a tempo from
its neighbour at two thirds, whose half beat falls between the notes."""
ONSETS_PER_BEAT = 1.3
ONSETS_PER_BEAT_OCTAVES = 1.0
"""Centre and width of the log-normal preference for how many onsets a beat has. It parts a slow
piece in eighth notes from a fast one in quarters, which the correlation alone cannot; tuned on
composed pieces, of which it takes the exact tempos from 78 % to 91 % on a set not tuned on."""
OCTAVE_RATIO = 0.85
"""A half or double reading with this share of the best score makes the octave uncertain."""

_BATCH = 64
"""Stretches that are correlated at once, so that memory does not grow with their number."""


@dataclass(frozen=True, slots=True)
class TempoReading:
    """A tempo and its alternatives; strengths are shares of the best reading's score."""

    bpm: float
    strength: float
    is_octave_uncertain: bool
    alternatives: tuple[tuple[float, float], ...]
    pulse_clarity: float
    stability: float


def measure_tempo(onsets: FloatArray, *, frame_rate_hz: float) -> TempoReading | None:
    """Tempo of an onset envelope; None where there is no pulse.

    The autocorrelation of overlapping stretches is averaged, so that a change of key or a break
    does not matter; each tempo collects it at half a beat to four, weighed by a preference.
    """
    correlation = compute_autocorrelations(onsets, frame_rate_hz=frame_rate_hz)
    if correlation is None:
        return None
    mean = correlation.mean(axis=0)
    low, high = TEMPO_RANGE_BPM
    tempos = np.exp(np.linspace(np.log(low), np.log(high), 600))
    evidence = _collect(mean, tempos, frame_rate_hz)
    onset_rate_hz = len(find_onsets(onsets, frame_rate_hz=frame_rate_hz)) * (
        frame_rate_hz / len(onsets)
    )
    scores = np.maximum(evidence, 0.0) * _prefer(tempos, onset_rate_hz)
    best = int(np.argmax(scores))
    if scores[best] <= 0.0:
        return None
    bpm = _refine(mean, float(tempos[best]), frame_rate_hz)
    alternatives = _find_alternatives(tempos, scores, best)
    octaves = [share for value, share in alternatives if _is_octave(value / bpm)]
    return TempoReading(
        bpm=bpm,
        strength=float(
            np.clip(evidence[best] / sum(weight for _, weight in BEAT_WEIGHTS), 0.0, 1.0)
        ),
        is_octave_uncertain=max(octaves, default=0.0) >= OCTAVE_RATIO,
        alternatives=tuple(alternatives),
        pulse_clarity=float(np.clip(mean[_lag(bpm, frame_rate_hz)], 0.0, 1.0)),
        stability=_measure_stability(correlation, bpm, frame_rate_hz),
    )


def compute_autocorrelations(onsets: FloatArray, *, frame_rate_hz: float) -> DoubleArray | None:
    """Normalised autocorrelation of overlapping stretches, shape ``(n_stretches, n_lags)``."""
    n = round(WINDOW_S * frame_rate_hz)
    if len(onsets) < n:
        if len(onsets) < n // 3:
            return None
        onsets = np.pad(onsets, (0, n - len(onsets)))
    frames = np.lib.stride_tricks.sliding_window_view(onsets, n)[:: n // 4]
    raw = np.concatenate(
        [_correlate(frames[k : k + _BATCH]) for k in range(0, len(frames), _BATCH)]
    )
    energy = raw[:, :1]
    is_heard = energy[:, 0] > 1e-9 * max(float(energy.max(initial=0.0)), 1e-9)
    if not is_heard.any() or float(energy.max()) <= 1e-9:
        return None
    # A lag's sum has fewer terms the longer it is: made up for, as far as it is reliable.
    taper = np.maximum(1.0 - np.arange(n) / n, 0.25)
    normalised: DoubleArray = raw[is_heard] / energy[is_heard] / taper
    return normalised


def _correlate(frames: FloatArray) -> DoubleArray:
    """Autocorrelation of each row about its mean, from lag 0 on, by the spectrum's power."""
    n = frames.shape[1]
    centred = frames - frames.mean(axis=1, keepdims=True, dtype=np.float64)
    spectra = scipy.fft.rfft(centred, 2 * n, axis=1)
    power = spectra.real**2 + spectra.imag**2
    correlation: DoubleArray = scipy.fft.irfft(power, axis=1)[:, :n]
    return correlation


def find_onsets(onsets: FloatArray, *, frame_rate_hz: float) -> npt.NDArray[np.int64]:
    """Frames of onsets: peaks that stand out of the half second around them."""
    if len(onsets) < 3:
        return np.zeros(0, np.int64)
    n = max(round(0.25 * frame_rate_hz), 1)
    padded = np.pad(onsets, n, mode="edge").astype(np.float64)
    totals = np.concatenate([[0.0], np.cumsum(padded)])
    local = (totals[2 * n + 1 :] - totals[: -2 * n - 1]) / (2 * n + 1)
    threshold = local + 0.5 * float(onsets.std())
    is_peak = (onsets[1:-1] > onsets[:-2]) & (onsets[1:-1] >= onsets[2:])
    found = np.flatnonzero(is_peak & (onsets[1:-1] > threshold[1:-1])) + 1
    gap = max(round(0.05 * frame_rate_hz), 1)
    kept = found[np.concatenate([[True], np.diff(found) > gap])] if len(found) else found
    return np.asarray(kept, np.int64)


def track_beats(onsets: FloatArray, bpm: float, *, frame_rate_hz: float) -> tuple[float, ...]:
    """Beat times in seconds by dynamic programming (Ellis 2007)."""
    period = 60.0 * frame_rate_hz / bpm
    n = len(onsets)
    if n < 2 * period:
        return ()
    strength = onsets / (float(onsets.std()) + 1e-9)
    lags = np.arange(-round(2 * period), -round(period / 2) + 1)
    costs = -100.0 * np.log(-lags / period) ** 2
    score, back = strength.astype(np.float64), np.full(n, -1)
    for i in range(-int(lags[-1]), n):
        earlier = i + lags
        usable = earlier >= 0
        values = score[earlier[usable]] + costs[usable]
        if len(values):
            k = int(np.argmax(values))
            if values[k] > 0:
                score[i] += values[k]
                back[i] = earlier[usable][k]
    beats = [int(np.argmax(score[-round(period) :])) + n - round(period)]
    while back[beats[-1]] >= 0:
        beats.append(int(back[beats[-1]]))
    return tuple(round(frame / frame_rate_hz, 3) for frame in reversed(beats))


def measure_danceability(levels: FloatArray) -> float | None:
    """Danceability by detrended fluctuation analysis of levels (Streich and Herrera 2005).

    Parameters
    ----------
    levels
        Amplitude in 10 ms frames.

    Returns
    -------
    float or None
        About 0 to 3, high is danceable; None for less than ten seconds.
    """
    if len(levels) < 1000 or float(levels.std()) == 0.0:
        return None
    walk = np.cumsum(levels - levels.mean(), dtype=np.float64)
    sizes = np.unique((31 * 1.1 ** np.arange(36)).astype(int))
    sizes = sizes[sizes < len(walk) // 4]
    residues = np.array([_detrend(walk, int(size)) for size in sizes])
    slopes = np.diff(np.log(residues)) / np.diff(np.log(sizes + 3.0))
    rising = slopes[slopes > 0]
    return float(1.0 / rising.mean()) if len(rising) else None


def _detrend(walk: DoubleArray, size: int) -> float:
    """Root mean square of what a straight line leaves in stretches of a size."""
    n = len(walk) // size
    rows = walk[: n * size].reshape(n, size)
    t = np.arange(size) - (size - 1) / 2
    slopes = rows @ t / (t @ t)
    variance = (rows**2).mean(axis=1) - rows.mean(axis=1) ** 2 - slopes**2 * (t @ t) / size
    return float(np.sqrt(max(variance.mean(), 1e-30)))


def _collect(mean: DoubleArray, tempos: DoubleArray, frame_rate_hz: float) -> DoubleArray:
    """Correlation at half a beat to four beats of each tempo."""
    lags = 60.0 * frame_rate_hz / tempos
    places = np.arange(len(mean))
    total = np.zeros_like(tempos)
    for beats, weight in BEAT_WEIGHTS:
        total += weight * np.interp(beats * lags, places, mean, right=0.0)
    return total


def _prefer(tempos: DoubleArray, onset_rate_hz: float) -> DoubleArray:
    """Preference for each tempo before it is listened for, 0 to 1."""
    octaves = np.log2(tempos / PRIOR_BPM) / PRIOR_OCTAVES
    per_beat = max(onset_rate_hz * 60.0, 1e-3) / tempos
    crowding = np.log2(per_beat / ONSETS_PER_BEAT) / ONSETS_PER_BEAT_OCTAVES
    # Scaled to a peak of 1: a piece of one onset must not run out of evidence.
    exponent = -0.5 * (octaves**2 + crowding**2)
    preference: DoubleArray = np.exp(exponent - exponent.max())
    return preference


def _refine(mean: DoubleArray, bpm: float, frame_rate_hz: float) -> float:
    """Tempo from the correlation's peak at the most beats that still fit, which is finest."""
    lag = 60.0 * frame_rate_hz / bpm
    for k in (2, 4, 8):
        centre, reach = k * lag, max(0.02 * k * lag, 1.5)
        first, last = int(centre - reach), int(centre + reach) + 2
        if last + 1 >= len(mean) * 0.75:
            break
        peak = first + int(np.argmax(mean[first:last]))
        if not first < peak < last - 1:
            continue
        left, middle, right = mean[peak - 1 : peak + 2]
        curve = left - 2 * middle + right
        shift = 0.5 * (left - right) / curve if curve < 0 else 0.0
        lag = (peak + shift) / k
    return float(60.0 * frame_rate_hz / lag)


def _find_alternatives(
    tempos: DoubleArray, scores: DoubleArray, best: int
) -> list[tuple[float, float]]:
    """(bpm, share of the best score) of half, double and other readings, strongest first."""
    found = []
    for factor in (0.5, 2.0, 1.5, 2 / 3, 3.0, 1 / 3):
        target = tempos[best] * factor
        if tempos[0] <= target <= tempos[-1]:
            near = np.abs(np.log(tempos / target)) < 0.03
            found.append((float(target), float(scores[near].max() / scores[best])))
    return sorted(found, key=lambda pair: -pair[1])


def _is_octave(ratio: float) -> bool:
    return any(abs(np.log(ratio / factor)) < 0.05 for factor in (0.5, 2.0))


def _lag(bpm: float, frame_rate_hz: float) -> int:
    return round(60.0 * frame_rate_hz / bpm)


def _measure_stability(correlation: DoubleArray, bpm: float, frame_rate_hz: float) -> float:
    """Share of stretches whose own peak lies at the common beat."""
    lag = _lag(bpm, frame_rate_hz)
    reach = max(round(0.25 * lag), 2)
    rows = correlation[:, max(lag - reach, 1) : lag + reach + 1]
    peaks = rows.argmax(axis=1) + max(lag - reach, 1)
    return float((np.abs(peaks - lag) <= max(0.04 * lag, 1.0)).mean())
