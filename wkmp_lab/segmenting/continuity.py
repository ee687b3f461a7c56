"""Whether the music behind a quiet stretch goes on as it was before.

After a pause the same players go on in the same tempo; behind a gap another piece begins. What is
heard of that in levels: the rhythm of the rises, and the balance of the bands.
"""

from dataclasses import dataclass

import numpy as np

from wkmp_lab.segmenting.gaps import FIRST_BAND
from wkmp_lab.signals import FloatArray, LevelProfile

RHYTHM_CONTEXT_S = 20.0
LEAST_RHYTHM_S = 8.0
"""Less music on either side tells no rhythm."""
ONSET_STEP_S = 0.02
LARGEST_RISE_DB = 12.0
"""More of a rise does not count, or one drum stroke out of silence would be the whole rhythm."""
PERIODS_S = (0.2, 2.0)
N_FFT = 2048
TIMBRE_CONTEXT_S = 12.0
LEAST_POWER = 1e-10


@dataclass(frozen=True, slots=True)
class Continuity:
    """How alike the music is before and behind a stretch.

    Attributes
    ----------
    rhythm
        Correlation of the autocorrelations of level rises, -1 to 1; 0 where too little is heard.
        Of two songs it is seldom over 0.5 (1 pair in 20), across a pause often over 0.9.
    timbre_db
        RMS difference of the bands' levels, apart from a common change of level.
    """

    rhythm: float
    timbre_db: float


def compute_rises_db(profile: LevelProfile) -> FloatArray:
    """Rises in dB of the K-weighted level from one step of 20 ms to the next; 0 for falls."""
    n = max(round(ONSET_STEP_S / profile.hop_s), 1)
    power = profile.k_power[: len(profile.k_power) // n * n].reshape(-1, n).mean(axis=1)
    level = np.float32(10.0) * np.log10(np.maximum(power, np.float32(LEAST_POWER * 10)))
    rises: FloatArray = np.clip(np.diff(level, prepend=level[:1]), 0.0, LARGEST_RISE_DB)
    return rises


def measure_continuity(
    profile: LevelProfile, rises_db: FloatArray, start: int, end: int
) -> Continuity:
    """How the music before coarse frame ``start`` compares with that from ``end`` on."""
    hop_s = profile.coarse_hop_s
    n_steps, n_frames = round(RHYTHM_CONTEXT_S / ONSET_STEP_S), round(TIMBRE_CONTEXT_S / hop_s)
    first, last = (round(frame * hop_s / ONSET_STEP_S) for frame in (start, end))
    rhythms = [
        _measure_rhythm(rises_db[max(first - n_steps, 0) : first]),
        _measure_rhythm(rises_db[last : last + n_steps]),
    ]
    bands = profile.band_power[:, FIRST_BAND:]
    before, behind = (
        10.0 * np.log10(np.maximum(part.mean(axis=0), LEAST_POWER))
        for part in (bands[max(start - n_frames, 0) : start], bands[end : end + n_frames])
    )
    return Continuity(
        rhythm=float(rhythms[0] @ rhythms[1]), timbre_db=float(np.std(before - behind))
    )


def _measure_rhythm(rises_db: FloatArray) -> FloatArray:
    """The autocorrelation of rises over ``PERIODS_S``, of mean 0 and length 1, or all 0."""
    shortest, longest = (round(period_s / ONSET_STEP_S) for period_s in PERIODS_S)
    none = np.zeros(longest - shortest, np.float32)
    if len(rises_db) * ONSET_STEP_S < LEAST_RHYTHM_S:
        return none
    spectrum = np.fft.rfft(rises_db - rises_db.mean(), N_FFT)
    periods = np.fft.irfft(np.square(np.abs(spectrum)))[shortest:longest]
    periods -= periods.mean()
    size = float(np.linalg.norm(periods))
    return (periods / size).astype(np.float32) if size > 0 else none
