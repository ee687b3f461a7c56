"""What cutting needs of a profile and no setting changes: computed once, held by who cuts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wkmp_lab.dsp.speech import SpeechCurve, measure_speech
from wkmp_lab.segmenting.gaps import (
    DIGITAL_SILENCE_DB,
    LOUD_PERCENTILE,
    GapFacts,
    compute_clearance,
    compute_quiet_level,
    measure_gap,
)
from wkmp_lab.settings import MEDIUM_THRESHOLD_DBFS, Medium
from wkmp_lab.signals import FloatArray, LevelProfile


@dataclass(frozen=True, slots=True, eq=False)
class ProfileMeasures:
    """A file's levels, A-weighted and as clearance, and where its loud part lies in both.

    Attributes
    ----------
    profile
        What was measured.
    level, clearance
        In dB, per coarse frame: see :func:`~wkmp_lab.segmenting.gaps.compute_quiet_level` and
        :func:`~wkmp_lab.segmenting.gaps.compute_clearance`.
    loud_db, range_db
        Level and clearance of the file's loud part.
    speech
        Where it sounds like speech.
    """

    profile: LevelProfile
    level: FloatArray
    clearance: FloatArray
    loud_db: float
    range_db: float
    speech: SpeechCurve

    @property
    def hop_s(self) -> float:
        """Length of a coarse frame."""
        return self.profile.coarse_hop_s

    def measure_gaps(self, runs: Sequence[tuple[int, int]]) -> list[GapFacts]:
        """The facts on stretches of coarse frames ``[start, end)``."""
        return [
            measure_gap(self.level, self.clearance, start, end, hop_s=self.hop_s)
            for start, end in runs
        ]


def measure_profile(profile: LevelProfile) -> ProfileMeasures:
    """What every cut of a file needs; hold it where the file is to be cut more than once."""
    level = compute_quiet_level(profile)
    clearance = compute_clearance(profile, level)
    loud_db, range_db = (
        float(np.percentile(values, LOUD_PERCENTILE)) if len(values) else DIGITAL_SILENCE_DB
        for values in (level, clearance)
    )
    speech = measure_speech(profile)
    return ProfileMeasures(profile, level, clearance, loud_db, range_db, speech)


def lay_on_medium(measures: ProfileMeasures, medium: Medium) -> ProfileMeasures:
    """The measures where what the medium calls silence lies at the floor, as do all other floors.

    The floor of one gap may lie far below that of the others.
    """
    if medium == "auto":
        return measures
    is_silent = compute_power_level(measures.profile) < MEDIUM_THRESHOLD_DBFS[medium]
    clearance = np.where(is_silent, np.minimum(measures.clearance, 0.0), measures.clearance)
    return replace(measures, clearance=clearance.astype(np.float32))


def compute_power_level(profile: LevelProfile) -> FloatArray:
    """Unweighted RMS level in dBFS per coarse frame: what a fixed threshold is meant for."""
    power, factor = profile.power, profile.coarse_factor
    n = len(profile.a_power)
    padded = np.zeros(n * factor, np.float32)
    padded[: len(power)] = power[: n * factor]
    level: FloatArray = 10.0 * np.log10(
        np.maximum(padded.reshape(n, factor).mean(axis=1), np.float32(1e-20))
    )
    return level
