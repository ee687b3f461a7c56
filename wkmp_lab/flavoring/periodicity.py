"""How strongly onsets return after each time: the evidence that readings of a tempo collect."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # whose parts are loaded when they are used

from wkmp_lab.signals import DoubleArray, FloatArray

WINDOW_S = 12.0
"""Length of the stretches whose measures are averaged."""
STEP_S = WINDOW_S / 4
"""From one stretch to the next."""
QUIET_SHARE = 1e-3
"""A stretch with less of the strongest one's energy says nothing."""
LEAST_ENERGY = 1e-9

_BATCH = 64
"""Stretches that are correlated at once, so that memory does not grow with their number."""
_FINER = 2
"""So much of zeros behind a stretch: correlations do not wrap round, and bins are finer."""


@dataclass(frozen=True, slots=True)
class Periodicity:
    """How an onset envelope repeats itself.

    Attributes
    ----------
    starts
        First frame of each stretch that is heard, shape ``(n_stretches,)``.
    correlations
        Autocorrelation of each of them, 1 at lag 0, shape ``(n_stretches, n_lags)``.
    correlation
        Their mean.
    spectrum
        Mean magnitude at each frequency, a pure sine being about 1; bin ``k`` is ``k /
        (2 n_lags)`` cycles a frame.
    """

    starts: npt.NDArray[np.int64]
    correlations: DoubleArray
    correlation: DoubleArray
    spectrum: DoubleArray

    def correlate_at(self, lags: DoubleArray) -> DoubleArray:
        """Correlation at lags in frames; none beyond the last."""
        places = np.arange(len(self.correlation))
        found: DoubleArray = np.interp(lags, places, self.correlation, right=0.0)
        return found

    def resonate_at(self, frequencies: DoubleArray) -> DoubleArray:
        """Magnitude at frequencies in cycles a frame."""
        places = np.arange(len(self.spectrum)) / (_FINER * len(self.correlation))
        found: DoubleArray = np.interp(frequencies, places, self.spectrum, right=0.0)
        return found


def measure_periodicity(onsets: FloatArray, *, frame_rate_hz: float) -> Periodicity | None:
    """Means over overlapping stretches; None where there are no onsets, or under four seconds.

    The mean over stretches does not mind a change of key or a break.
    """
    n = round(WINDOW_S * frame_rate_hz)
    if len(onsets) < n:
        if len(onsets) < n // 3:
            return None
        onsets = np.pad(onsets, (0, n - len(onsets)))
    step = round(STEP_S * frame_rate_hz)
    frames = np.lib.stride_tricks.sliding_window_view(onsets, n)[::step]
    measured = [_measure(frames[k : k + _BATCH]) for k in range(0, len(frames), _BATCH)]
    raw = np.concatenate([correlations for correlations, _ in measured])
    magnitudes = np.concatenate([magnitudes for _, magnitudes in measured])
    energy = raw[:, :1]
    most = float(energy.max(initial=0.0))
    if most <= LEAST_ENERGY:
        return None
    is_heard = energy[:, 0] > QUIET_SHARE * most
    # A lag's sum has fewer terms the longer it is: made up for, as far as it is reliable.
    taper = np.maximum(1.0 - np.arange(n) / n, 0.25)
    correlations = raw[is_heard] / energy[is_heard] / taper
    # A sine's windowed transform peaks at a quarter of its length times its amplitude.
    spectra = magnitudes[is_heard] / np.sqrt(energy[is_heard] * n / 8.0)
    starts = step * np.flatnonzero(is_heard)
    return Periodicity(starts, correlations, correlations.mean(axis=0), spectra.mean(axis=0))


def _measure(frames: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """Autocorrelation about the mean, from lag 0 on, and windowed magnitudes of each row."""
    n = frames.shape[1]
    centred = frames - frames.mean(axis=1, keepdims=True, dtype=np.float64)
    spectra = scipy.fft.rfft(centred, _FINER * n, axis=1)
    power = spectra.real**2 + spectra.imag**2
    correlation: DoubleArray = scipy.fft.irfft(power, axis=1)[:, :n]
    # A Hann window of the stretch's length, applied where it costs least: two bins to each side.
    windowed = 0.5 * spectra[:, 2:-2] - 0.25 * (spectra[:, :-4] + spectra[:, 4:])
    magnitudes: DoubleArray = np.abs(np.pad(windowed, ((0, 0), (2, 2))))
    return correlation, magnitudes
