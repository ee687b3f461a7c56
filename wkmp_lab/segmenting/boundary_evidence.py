"""What speaks for a gap between two pieces, and what for a pause within one."""

import math
from collections.abc import Sequence

import numpy as np

from wkmp_lab.segmenting.continuity import Continuity
from wkmp_lab.segmenting.gaps import GapFacts
from wkmp_lab.settings import SegmentHints

SONG_S = 8 * 60.0
"""A file that is shorter is rather one song than a side."""
SURE_RHYTHM, SAME_RHYTHM = 0.5, 0.9
"""Correlations up to which two rhythms may be of two songs, and from which on they are one."""
OTHER_TIMBRE_DB = 4.0
"""From here on two pieces sound different; one in ten pairs of songs is nearer."""

MOST_COMPANY = 3
ALIKE_SHARE, LEAST_ALIKE_S = 0.6, 0.8
"""Another stretch is alike that is at the floor for this share of the time, and for so long."""

WEIGHTS: dict[str, float] = {
    "bias": -1.5,
    "length": 1.9,
    "depth": 0.5,
    "above_floor": -0.9,
    "piece": 2.5,
    "file": 1.3,
    "rhythm": -4.7,
    "timbre": 1.6,
    "company": 0.65,
    "speech": -14.0,
    "tags": -10.0,
}
"""Weight of each piece of evidence in the logistic score: what a logistic regression on the music
named in ``benchmarks/fit_gaps.py`` found with an ``AT_FLOOR_DB`` of 2, rounded (then 2.5 by hand,
for crackle). By hand, too: ``timbre`` (2.8 in the fit), as the
songs of an album are more alike than those of the fit's sides, ``speech``, which is not parted at
its pauses, and ``tags``, so that only a very long silence parts what nothing but the tags call one
track."""

MOST_SIDES = 4
"""With more files than this they are hardly numbered by side."""
SIDES_SHARE = 0.1
"""What a number counts that may be that of a side: a single has two tracks, too."""
LEAST_SONG_S = 60.0
"""Equal gaps speak of a side where the pieces between them are of this length on average."""

BoundaryEvidence = tuple[tuple[str, float], ...]


def measure_evidence(
    facts: GapFacts,
    continuity: Continuity,
    *,
    range_db: float,
    duration_s: float,
    n_alike: int,
    one_track: float,
    speech: float,
) -> dict[str, float]:
    """Each piece of evidence about a stretch, before its weight.

    Parameters
    ----------
    facts, continuity
        Of the stretch.
    range_db
        Clearance of the file's loud part.
    duration_s
        Length of the file.
    n_alike
        Other stretches of the file that lie at the floor for as long.
    one_track
        How far the tags are to be believed that call the file one track among several.
    speech
        How sure it is, 0 to 1, that what lies before and behind it is speech.
    """
    piece_s = min(facts.cut_s, duration_s - facts.cut_s)
    rhythm = (continuity.rhythm - SURE_RHYTHM) / (SAME_RHYTHM - SURE_RHYTHM)
    timbre = math.log2(max(continuity.timbre_db, 0.1) / OTHER_TIMBRE_DB)
    return {
        "bias": 1.0,
        "length": math.log2(max(facts.floor_s, 0.2) / 0.8),
        "depth": min(facts.clearance_db / max(range_db, 10.0), 1.0),
        "above_floor": min(facts.above_floor_db, 8.0),
        "piece": min(math.log2(max(piece_s, 1.0) / 20.0), 1.0),
        "file": min(max(math.log2(max(duration_s, 1.0) / SONG_S), -1.0), 1.0),
        "rhythm": min(max(rhythm, 0.0), 1.0),
        "timbre": min(max(timbre, -1.0), 0.0),
        "company": float(min(n_alike, MOST_COMPANY)),
        "speech": speech,
        "tags": one_track,
    }


def measure_one_track(hints: SegmentHints, *, n_alike: int, duration_s: float) -> float:
    """How far a file's number among others is to be believed to be that of one piece, 0 to 1.

    Files of a folder are numbered by piece or by side. What has as few numbers as a record has
    sides may be either, and a file with many equal gaps that are songs apart is a side.

    >>> third_of_nine = SegmentHints(track=3, n_tracks=9, n_siblings=8)
    >>> measure_one_track(third_of_nine, n_alike=0, duration_s=240.0)
    1.0
    >>> measure_one_track(third_of_nine, n_alike=4, duration_s=1200.0)
    0.2
    """
    n_tracks = hints.n_tracks or 0
    if hints.track is None or n_tracks < 2 or not hints.n_siblings:
        return 0.0
    if n_tracks <= MOST_SIDES:
        return SIDES_SHARE
    is_song_apart = duration_s / (n_alike + 2) >= LEAST_SONG_S
    return 1.0 / (1.0 + n_alike) if is_song_apart else 1.0


def count_alike(floors_s: Sequence[float]) -> list[int]:
    """For each stretch, how many others of a file lie at the floor for about as long, or longer.

    >>> count_alike([2.0, 0.5, 1.9, 0.9])
    [1, 3, 1, 2]
    """
    floors = np.array(floors_s, np.float64)
    least = np.maximum(ALIKE_SHARE * floors, LEAST_ALIKE_S)
    n_alike = (floors[None, :] >= least[:, None]).sum(axis=1) - (floors >= LEAST_ALIKE_S)
    return [int(n) for n in n_alike]


def weigh(measures: dict[str, float]) -> tuple[BoundaryEvidence, float]:
    """Each measure times its weight, and the score in (0, 1) that they add up to."""
    evidence = tuple((name, WEIGHTS[name] * value) for name, value in measures.items())
    return evidence, 1.0 / (1.0 + math.exp(-sum(value for _, value in evidence)))


_WORDS = {
    "length": ("long", "short"),
    "depth": ("between loud parts", "between quiet parts"),
    "above_floor": ("at the noise floor", "above the noise floor"),
    "piece": ("plausible pieces", "a very short piece"),
    "file": ("a long file", "a file of a song's length"),
    "rhythm": ("", "the rhythm goes on behind it"),
    "timbre": ("", "the same sound on both sides"),
    "company": ("one of several", ""),
    "speech": ("", "speech on both sides"),
    "tags": ("", "tagged as one track"),
}


def name_strongest(evidence: BoundaryEvidence, *, is_for: bool) -> str:
    """The three strongest pieces of evidence for a gap, or against it, in words."""
    sign = 1.0 if is_for else -1.0
    ranked = sorted(
        ((sign * value, name) for name, value in evidence if name in _WORDS), reverse=True
    )
    return ", ".join(
        _WORDS[name][0 if is_for else 1] for value, name in ranked[:3] if value > 0.05
    )
