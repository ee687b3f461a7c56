"""Tempo of onset envelopes: every reading of it with its probability.

Each tempo from 40 to 240 bpm collects evidence: how well the onsets of five bands correlate at
quarters, thirds, halves, one and more of its beats, how strongly they resonate at those rates
(Peeters 2006: where both agree, it is the beat and neither its half nor its double), how many
onsets a beat would have, and how usual the tempo is. A weighted sum of all of it makes a softmax
over the tempos; the weights were fitted on other people's music (``benchmarks/fit_tempo_key.py``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wkmp_lab.flavoring import rhythm
from wkmp_lab.flavoring.periodicity import Periodicity, measure_periodicity
from wkmp_lab.flavoring.tempo_weights import WEIGHTS
from wkmp_lab.signals import DoubleArray, FloatArray

TEMPO_RANGE_BPM = (40.0, 240.0)
N_TEMPOS = 241
SAME_TEMPO = 0.04
"""Readings this much apart are one tempo (the tolerance of MIREX)."""
CORRELATED_BEATS = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 2.0, 3.0, 4.0, 6.0, 8.0)
"""Beats of delay at which a tempo is correlated."""
RESONANT_PER_BEAT = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0, 4.0, 6.0, 8.0)
"""Times a beat at which a tempo is listened for."""
N_CROWDED = 3
"""Envelopes whose onsets a beat are counted: all bands, and the two lowest."""
USUAL_BPM = 110.0
LEAST_RISE_DB, LEAST_ONSETS_HZ = 2.0, 0.2
"""Noise and drones rise by 0.2 to 1.3 dB where they rise most, music by 3 and more; it does so
every two seconds at least."""
LEAST_CLARITY = 0.3
"""Speech and noise correlate by up to 0.2 with themselves, music with a beat by 0.35 and more."""
OCTAVE_SHARE = 1 / 3
"""Half or double with this share of the best reading's probability makes the octave uncertain."""
MAX_ALTERNATIVES = 4
LEAST_PROBABILITY = 0.01


@dataclass(frozen=True, slots=True)
class TempoReading:
    """A tempo and its alternatives with their probabilities."""

    bpm: float
    probability: float
    octave_probability: float
    """That half or double of it is the tempo."""
    is_octave_uncertain: bool
    alternatives: tuple[tuple[float, float], ...]
    """(bpm, probability) of other readings, likeliest first."""
    pulse_clarity: float
    stability: float
    periodicity: Periodicity
    """Of all bands: what beats are found by."""


def measure_tempo(
    envelopes: FloatArray, *, frame_rate_hz: float, is_tonal: bool
) -> TempoReading | None:
    """Tempo of a passage's onset envelopes; None where there are no onsets, or no music.

    Parameters
    ----------
    envelopes
        Onset strength in dB a frame: of all bands, and of five of them from the lowest upwards,
        shape ``(6, n_frames)``.
    is_tonal
        Whether pitches of a scale are heard: free rhythm in it is music still, and has its best
        guess; without it only a beat tells music from noise and speech.
    """
    whole = envelopes[0]
    found = rhythm.find_onsets(whole, frame_rate_hz=frame_rate_hz)
    n_risen = int((whole[found] >= LEAST_RISE_DB).sum())
    if n_risen <= LEAST_ONSETS_HZ * len(whole) / frame_rate_hz:
        return None
    measured = [measure_periodicity(each, frame_rate_hz=frame_rate_hz) for each in envelopes]
    heard = measured[0]
    if heard is None or not (is_tonal or _find_clarity(heard, frame_rate_hz) >= LEAST_CLARITY):
        return None
    evidence = collect_evidence(envelopes, measured, frame_rate_hz=frame_rate_hz)
    return _read(evidence @ np.array(WEIGHTS), heard, frame_rate_hz)


def list_tempos() -> DoubleArray:
    """The tempos that are weighed, in bpm, shape ``(N_TEMPOS,)``."""
    low, high = TEMPO_RANGE_BPM
    tempos: DoubleArray = np.exp(np.linspace(np.log(low), np.log(high), N_TEMPOS))
    return tempos


def collect_evidence(
    envelopes: FloatArray, measured: Sequence[Periodicity | None], *, frame_rate_hz: float
) -> DoubleArray:
    """What speaks for each tempo, by the envelopes and their periodicities: ``(N_TEMPOS, n)``."""
    tempos = list_tempos()
    beat_frames = 60.0 * frame_rate_hz / tempos
    silent = np.zeros_like(tempos)
    columns: list[DoubleArray] = []
    for periodicity in measured:
        columns += [
            periodicity.correlate_at(n * beat_frames) if periodicity else silent
            for n in CORRELATED_BEATS
        ]
        columns += [
            periodicity.resonate_at(n / beat_frames) if periodicity else silent
            for n in RESONANT_PER_BEAT
        ]
    octaves = np.log2(tempos / USUAL_BPM)
    columns += [octaves, octaves**2, octaves**3]
    for each in envelopes[:N_CROWDED]:
        n_onsets = len(rhythm.find_onsets(each, frame_rate_hz=frame_rate_hz))
        per_min = 60.0 * frame_rate_hz * n_onsets / len(each)
        crowding = np.log2(max(per_min, 1.0) / tempos)
        columns += [crowding, crowding**2]
    return np.stack(columns, axis=1)


def _read(scores: DoubleArray, heard: Periodicity, frame_rate_hz: float) -> TempoReading:
    share = np.exp(scores - scores.max())
    share /= share.sum()
    readings = find_readings(share)
    best, probability = readings[0]
    bpm = _refine(heard, best, frame_rate_hz)
    others = [(value, p) for value, p in readings[1:] if p >= LEAST_PROBABILITY]
    octaves = [p for value, p in others if is_octave(value / best)]
    lag = round(60.0 * frame_rate_hz / bpm)
    return TempoReading(
        bpm=bpm,
        probability=probability,
        octave_probability=sum(octaves),
        is_octave_uncertain=max(octaves, default=0.0) >= OCTAVE_SHARE * probability,
        alternatives=tuple(others[:MAX_ALTERNATIVES]),
        pulse_clarity=float(np.clip(heard.correlation[lag], 0.0, 1.0)),
        stability=_measure_stability(heard.correlations, lag),
        periodicity=heard,
    )


def find_readings(share: DoubleArray) -> list[tuple[float, float]]:
    """(bpm, probability of that tempo within 4 %), likeliest first, none within another.

    Parameters
    ----------
    share
        Probability of each of :func:`list_tempos`, sum 1.
    """
    tempos = list_tempos()
    reach = round(np.log1p(SAME_TEMPO) / np.log(tempos[1] / tempos[0]))
    left = share.copy()
    found = []
    for _ in range(MAX_ALTERNATIVES + 2):
        near = np.convolve(left, np.ones(2 * reach + 1), "same")
        centre = int(np.argmax(near))
        stretch = slice(max(centre - reach, 0), centre + reach + 1)
        place = stretch.start + int(np.argmax(left[stretch]))
        found.append((float(tempos[place]), float(min(near[centre], 1.0))))
        left[max(centre - 2 * reach, 0) : centre + 2 * reach + 1] = 0.0
    return found


def is_octave(ratio: float) -> bool:
    """Whether two tempos are half and double of each other.

    >>> is_octave(2.02), is_octave(1.5)
    (True, False)
    """
    return abs(abs(math.log2(ratio)) - 1.0) < math.log2(1.05)


def _find_clarity(heard: Periodicity, frame_rate_hz: float) -> float:
    """Strongest correlation at a beat's distance."""
    low, high = TEMPO_RANGE_BPM
    first, last = (round(60.0 * frame_rate_hz / bpm) for bpm in (high, low / 2))
    return float(heard.correlation[first:last].max(initial=0.0))


def _refine(heard: Periodicity, bpm: float, frame_rate_hz: float) -> float:
    """Tempo from the correlation's peak at the most beats that still fit, which is finest."""
    mean = heard.correlation
    lag = 60.0 * frame_rate_hz / bpm
    for k in (1, 2, 4, 8):
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


def _measure_stability(correlations: DoubleArray, lag: int) -> float:
    """Share of stretches whose own peak lies at the common beat."""
    reach = max(round(0.25 * lag), 2)
    rows = correlations[:, max(lag - reach, 1) : lag + reach + 1]
    peaks = rows.argmax(axis=1) + max(lag - reach, 1)
    return float((np.abs(peaks - lag) <= max(0.04 * lag, 1.0)).mean())
