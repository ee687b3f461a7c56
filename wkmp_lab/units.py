"""Exact time in ticks, and the decibel scales.

One tick is 1/28,224,000 s, the time unit of WKMP: the least common multiple of the usual sample
rates from 8 to 192 kHz, so that a sample position at any of them is a whole number of ticks.
"""

import math

from wkmp_lab.errors import InvalidInputError

TICKS_PER_SECOND = 28_224_000
ANALYSIS_SR = 22_050
"""Rate of the analysis signal in Hz; at this rate Chromaprint gives what it gives for the file."""
SILENCE_DBFS = -200.0
"""Level given to digital silence, so that levels stay finite."""


def ticks_from_seconds(seconds: float) -> int:
    """Ticks nearest to a time in seconds.

    >>> ticks_from_seconds(0.5)
    14112000
    """
    return round(seconds * TICKS_PER_SECOND)


def seconds_from_ticks(ticks: int) -> float:
    """Seconds of a tick count.

    >>> seconds_from_ticks(14_112_000)
    0.5
    """
    return ticks / TICKS_PER_SECOND


def ticks_from_samples(n_samples: int, *, sr: int) -> int:
    """Ticks of a sample position; exact at every rate that divides 28,224,000, else the nearest.

    >>> ticks_from_samples(44_100, sr=44_100) == TICKS_PER_SECOND
    True
    """
    if sr <= 0:
        raise InvalidInputError(f"sr must be positive, got {sr}")
    return (n_samples * TICKS_PER_SECOND + sr // 2) // sr


def samples_from_ticks(ticks: int, *, sr: int) -> int:
    """Sample position nearest to a tick count."""
    if sr <= 0:
        raise InvalidInputError(f"sr must be positive, got {sr}")
    return (ticks * sr + TICKS_PER_SECOND // 2) // TICKS_PER_SECOND


def dbfs_from_amplitude(amplitude: float) -> float:
    """Level in dBFS of a linear amplitude (1.0 is full scale); digital silence is -200.

    >>> dbfs_from_amplitude(1.0)
    0.0
    """
    return max(20.0 * math.log10(amplitude), SILENCE_DBFS) if amplitude > 0.0 else SILENCE_DBFS


def amplitude_from_dbfs(level_dbfs: float) -> float:
    """Linear amplitude of a level in dBFS."""
    return float(10.0 ** (level_dbfs / 20.0))
