"""Beats: the path through the onsets that is strong and keeps to the tempo, as it changes."""

import numpy as np
import numpy.typing as npt

from wkmp_lab.dsp.compiling import njit
from wkmp_lab.flavoring.periodicity import Periodicity
from wkmp_lab.signals import DoubleArray, FloatArray

CURVE_RANGE = 0.25
"""A piece's tempo is followed this far to both sides (natural logarithm)."""
N_CURVE = 41
CURVE_BEATS = (1.0, 2.0, 4.0)
STIFFNESS = 200.0
"""Cost of a change between stretches of three seconds, per square of its logarithm."""
TIGHTNESS = 200.0
"""Cost of a beat that comes early or late, per square of its logarithm (Ellis 2007)."""
BAND_WEIGHTS = (1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
"""What the envelopes count in the choice of beats: all bands, and five from the lowest up."""


def follow_tempo(heard: Periodicity, bpm: float, *, frame_rate_hz: float) -> DoubleArray:
    """Beat period around each stretch in frames, shape ``(n_stretches,)``: the tempo's curve.

    The likeliest path (Viterbi) through what each stretch correlates with, near the tempo.
    """
    factors = np.exp(np.linspace(-CURVE_RANGE, CURVE_RANGE, N_CURVE))
    periods = 60.0 * frame_rate_hz / bpm * factors
    places = np.arange(heard.correlations.shape[1])
    evidence = np.zeros((len(heard.correlations), N_CURVE))
    for beats in CURVE_BEATS:
        for i, row in enumerate(heard.correlations):
            evidence[i] += np.interp(beats * periods, places, row, right=0.0)
    away = np.log(factors)
    costs = STIFFNESS * (away[:, None] - away[None]) ** 2
    total = evidence[0] - STIFFNESS * away**2 / 4
    back = np.zeros(evidence.shape, np.int64)
    for i in range(1, len(evidence)):
        reached = total[:, None] - costs
        back[i] = reached.argmax(axis=0)
        total = reached.max(axis=0) + evidence[i]
    path = [int(total.argmax())]
    for i in range(len(evidence) - 1, 0, -1):
        path.append(int(back[i, path[-1]]))
    followed: DoubleArray = periods[path[::-1]]
    return followed


def track_beats(
    envelopes: FloatArray, heard: Periodicity, bpm: float, *, frame_rate_hz: float
) -> tuple[float, ...]:
    """Beat times in seconds by dynamic programming (Ellis 2007) along the tempo's curve."""
    n = len(envelopes[0])
    curve = follow_tempo(heard, bpm, frame_rate_hz=frame_rate_hz)
    middles = heard.starts + heard.correlations.shape[1] / 2
    periods = np.interp(np.arange(n), middles, curve)
    if n < 2 * periods.max():
        return ()
    strength = weigh_onsets(envelopes, period=float(np.median(periods)))
    back, last = _search(strength, periods, TIGHTNESS)
    beats = [int(last)]
    while back[beats[-1]] >= 0:
        beats.append(int(back[beats[-1]]))
    return tuple(round(frame / frame_rate_hz, 3) for frame in reversed(beats))


def weigh_onsets(envelopes: FloatArray, *, period: float) -> DoubleArray:
    """How much a beat at each frame is worth, smoothed a little, as a multiple of its spread."""
    total = np.zeros(len(envelopes[0]))
    for weight, envelope in zip(BAND_WEIGHTS, envelopes, strict=True):
        if weight > 0.0:
            total += weight * envelope / (float(envelope.std()) + 1e-9)
    width = np.arange(-round(period), round(period) + 1)
    window = np.exp(-0.5 * (width * 32.0 / period) ** 2)
    smooth: DoubleArray = np.convolve(total, window, "same")[: len(total)]
    return smooth / (float(smooth.std()) + 1e-9)


@njit()
def _search(
    strength: DoubleArray, periods: DoubleArray, tightness: float
) -> tuple[npt.NDArray[np.int64], int]:
    """Place before each frame on its best path (-1: none), and where the best path ends."""
    n = len(strength)
    score = strength.copy()
    back = np.full(n, -1)
    for i in range(n):
        period = periods[i]
        best, place = 0.0, -1
        for lag in range(max(int(period / 2), 1), int(2 * period) + 1):
            if lag > i:
                break
            away = np.log(lag / period)
            value = score[i - lag] - tightness * away * away
            if value > best:
                best, place = value, i - lag
        score[i] += best
        back[i] = place
    first = max(n - int(periods[n - 1]) - 1, 0)
    return back, first + int(np.argmax(score[first:]))
