"""SEGMENTING: where one piece ends and the next begins.

Every quiet stretch of the level profile is a candidate. Unless a fixed threshold is asked for,
each is weighed: a gap between pieces reaches the file's own noise floor, is steady there, lies
between a fall and a rise, and parts pieces of plausible length; a pause inside music misses some.
The weights are in :data:`WEIGHTS`; each gap keeps its evidence and the reason in words.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wkmp_lab.dsp.alignment import fit_durations
from wkmp_lab.dsp.gaps import (
    DIGITAL_SILENCE_DB,
    BoolArray,
    GapFacts,
    compute_quiet_level,
    find_runs,
    measure_floor_db,
    measure_gap,
)
from wkmp_lab.model import Gap, Segmentation
from wkmp_lab.settings import MEDIUM_THRESHOLD_DBFS, SegmentSettings
from wkmp_lab.signals import FloatArray, LevelProfile
from wkmp_lab.units import ticks_from_seconds

SILENT_FILE_DBFS = -70.0
"""A file whose loudest 50 ms (A-weighted, without clicks) stay below holds no audio."""
FLOOR_MARGIN_DB = 6.0
"""A stretch is quiet where its level is less than this above the floor."""
MIN_DEPTH_DB = 18.0
"""How far below the loud part of a file a stretch must lie to be a candidate at all."""
BRIDGE_S = 0.15
"""Quiet stretches with no more than this between them are one: crackle parts nothing."""
LOUD_PERCENTILE = 75.0
MIN_CANDIDATE_S = 0.25
SONG_S = 12 * 60.0
"""A file shorter than this is one song rather than an album side (WKMP SPEC033)."""
ALBUM_S = 25 * 60.0

WEIGHTS: dict[str, float] = {
    "bias": -4.2,
    "length": 0.7,
    "depth": 1.0,
    "above_floor": -0.10,
    "unrest": -0.06,
    "attack": 0.11,
    "piece": 1.4,
    "file": 0.3,
    "tags": -3.0,
}
"""Weight of each piece of evidence in the logistic score: a logistic regression on sides made of
17 songs in six conditions (57 gaps, 82 pauses), rounded; ``file`` and ``tags`` are set by hand."""


@dataclass(frozen=True, slots=True)
class SegmentHints:
    """What is known of a file from outside.

    Attributes
    ----------
    track, n_tracks
        Of the tags.
    n_siblings
        Other audio files in the same folder; None where unknown.
    durations_s
        Lengths of the pieces in order, from a cue sheet or a release.
    """

    track: int | None = None
    n_tracks: int | None = None
    n_siblings: int | None = None
    durations_s: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Weighed:
    facts: GapFacts
    evidence: tuple[tuple[str, float], ...]
    score: float


def find_passages(
    profile: LevelProfile,
    *,
    settings: SegmentSettings | None = None,
    hints: SegmentHints | None = None,
) -> Segmentation:
    """The passages of a file: they cover it whole, and meet in the middle of the gaps.

    Parameters
    ----------
    profile
        Levels of the whole file.
    settings
        Medium or threshold, shortest silence and passage, known structure.
    hints
        What is known from outside.

    Returns
    -------
    Segmentation
        No spans where the file is silent throughout; else at least one.
    """
    settings, hints = settings or SegmentSettings(), hints or SegmentHints()
    level = compute_quiet_level(profile)
    floor_db = measure_floor_db(level, hop_s=profile.coarse_hop_s)
    loud_db = _measure_loud_db(level)
    if not len(level) or float(level.max()) < SILENT_FILE_DBFS:
        return Segmentation((), (), settings.medium, floor_db, SILENT_FILE_DBFS, "no audio")
    threshold_db = find_threshold_db(settings, floor_db=floor_db, loud_db=loud_db)
    quiet = _find_quiet(profile, level, threshold_db, settings)
    if settings.durations_s or hints.durations_s or settings.n_passages:
        gaps = _choose_known(level, quiet, profile, floor_db, settings, hints)
    elif _is_fixed(settings):
        gaps = _take_all(level, quiet, profile, floor_db, settings)
    else:
        gaps = _weigh_all(level, quiet, profile, floor_db, settings, hints)
    cuts = [gap.cut_ticks for gap in gaps if gap.cut_ticks is not None]
    end = ticks_from_seconds(profile.duration_s)
    edges = [0, *cuts, end]
    spans = tuple(itertools.pairwise(edges))
    return Segmentation(
        spans, tuple(gaps), settings.medium, floor_db, threshold_db, _describe(len(spans))
    )


def find_threshold_db(settings: SegmentSettings, *, floor_db: float, loud_db: float) -> float:
    """The level below which a stretch is quiet.

    Parameters
    ----------
    settings
        A fixed threshold or a medium decides; else the file's own floor does.
    floor_db, loud_db
        A-weighted levels of the file's floor and of its loud part.
    """
    if settings.threshold_dbfs is not None:
        return settings.threshold_dbfs
    if settings.medium != "auto":
        return MEDIUM_THRESHOLD_DBFS[settings.medium]
    adaptive = max(floor_db + FLOOR_MARGIN_DB, -75.0)
    return min(adaptive, loud_db - MIN_DEPTH_DB)


def _measure_loud_db(level: FloatArray) -> float:
    return float(np.percentile(level, LOUD_PERCENTILE)) if len(level) else DIGITAL_SILENCE_DB


def _is_fixed(settings: SegmentSettings) -> bool:
    return settings.threshold_dbfs is not None or settings.medium != "auto"


def _find_quiet(
    profile: LevelProfile, level: FloatArray, threshold_db: float, settings: SegmentSettings
) -> list[tuple[int, int]]:
    """Quiet stretches in coarse frames, without those at the file's ends."""
    is_quiet: BoolArray = level < threshold_db
    if _is_fixed(settings):
        is_quiet = _level_of_power(profile) < threshold_db
    least_s = settings.min_silence_s if _is_fixed(settings) else MIN_CANDIDATE_S
    n_least = max(round(least_s / profile.coarse_hop_s), 1)
    n_bridge = 0 if _is_fixed(settings) else round(BRIDGE_S / profile.coarse_hop_s)
    runs = [run for run in find_runs(is_quiet, n_bridge=n_bridge) if run[1] - run[0] >= n_least]
    return [(a, b) for a, b in runs if a > 0 and b < len(is_quiet)]


def _level_of_power(profile: LevelProfile) -> FloatArray:
    """Unweighted RMS level in dBFS per coarse frame: what a fixed threshold is meant for."""
    power, factor = profile.power, profile.coarse_factor
    n = len(profile.a_power)
    padded = np.zeros(n * factor, np.float32)
    padded[: len(power)] = power[: n * factor]
    level: FloatArray = 10.0 * np.log10(
        np.maximum(padded.reshape(n, factor).mean(axis=1), np.float32(1e-20))
    )
    return level


def _take_all(
    level: FloatArray,
    quiet: Sequence[tuple[int, int]],
    profile: LevelProfile,
    floor_db: float,
    settings: SegmentSettings,
) -> list[Gap]:
    """The fixed rule: every silence parts, unless a piece would become too short."""
    hop_s = profile.coarse_hop_s
    facts = [measure_gap(level, a, b, hop_s=hop_s, floor_db=floor_db) for a, b in quiet]
    weighed = [_Weighed(f, (), 1.0) for f in facts]
    return _keep_long_pieces(weighed, profile, settings)


def _weigh_all(
    level: FloatArray,
    quiet: Sequence[tuple[int, int]],
    profile: LevelProfile,
    floor_db: float,
    settings: SegmentSettings,
    hints: SegmentHints,
) -> list[Gap]:
    """The adaptive rule: each quiet stretch by its own evidence."""
    hop_s = profile.coarse_hop_s
    facts = [measure_gap(level, a, b, hop_s=hop_s, floor_db=floor_db) for a, b in quiet]
    span_db = _measure_loud_db(level) - floor_db
    weighed = [_weigh(f, profile, hints, span_db) for f in facts]
    return _keep_long_pieces(weighed, profile, settings)


def _weigh(
    facts: GapFacts, profile: LevelProfile, hints: SegmentHints, span_db: float
) -> _Weighed:
    """Evidence and score of a stretch, in a file whose music lies ``span_db`` above its floor."""
    middle_s = 0.5 * (facts.start + facts.end) * profile.coarse_hop_s
    piece_s = min(middle_s, profile.duration_s - middle_s)
    measures = {
        "bias": 1.0,
        "length": math.log2(facts.length_s / 0.8),
        "depth": min(facts.depth_db / max(span_db, 10.0), 1.0),
        "above_floor": min(facts.above_floor_db, 12.0),
        "unrest": min(facts.unrest_db, 20.0),
        "attack": min(facts.attack_db, 50.0),
        "piece": min(math.log2(max(piece_s, 1.0) / 20.0), 1.0),
        "file": _length_of_file(profile.duration_s),
        "tags": float(_is_one_track(hints)),
    }
    evidence = tuple((name, WEIGHTS[name] * value) for name, value in measures.items())
    total = sum(value for _, value in evidence)
    return _Weighed(facts, evidence, 1.0 / (1.0 + math.exp(-total)))


def _length_of_file(duration_s: float) -> float:
    """-1 for a song's length, +1 for an album side's."""
    span = math.log(ALBUM_S / SONG_S)
    return max(-1.0, min(1.0, 2.0 * math.log(max(duration_s, 1.0) / SONG_S) / span - 1.0))


def _is_one_track(hints: SegmentHints) -> bool:
    """True where the tags number the file as one track among several of its folder."""
    return hints.track is not None and (hints.n_tracks or 0) > 1 and (hints.n_siblings or 0) > 0


def _keep_long_pieces(
    weighed: Sequence[_Weighed], profile: LevelProfile, settings: SegmentSettings
) -> list[Gap]:
    """Gaps in order of time; the best are taken first, and no piece becomes too short."""
    hop_s, end_s = profile.coarse_hop_s, profile.duration_s
    cuts: list[float] = [0.0, end_s]
    taken: dict[int, str] = {}
    for item in sorted(weighed, key=lambda w: (-w.score, w.facts.start)):
        middle_s = 0.5 * (item.facts.start + item.facts.end) * hop_s
        if item.score < 0.5:
            taken[item.facts.start] = ""
        elif item.facts.length_s + 1e-9 < settings.min_silence_s:
            taken[item.facts.start] = f"shorter than {settings.min_silence_s:g} s"
        elif min(abs(middle_s - cut) for cut in cuts) < settings.min_passage_s:
            taken[item.facts.start] = f"a piece would be under {settings.min_passage_s:g} s"
        else:
            cuts.append(middle_s)
            taken[item.facts.start] = "taken"
    return [_make_gap(item, hop_s, taken[item.facts.start]) for item in weighed]


def _make_gap(item: _Weighed, hop_s: float, fate: str) -> Gap:
    facts, is_boundary = item.facts, fate == "taken"
    start, end = (ticks_from_seconds(frame * hop_s) for frame in (facts.start, facts.end))
    return Gap(
        start_ticks=start,
        end_ticks=end,
        level_dbfs=facts.level_db,
        depth_db=facts.depth_db,
        score=item.score,
        is_boundary=is_boundary,
        cut_ticks=(start + end) // 2 if is_boundary else None,
        reason=_reason(item, fate),
        evidence=item.evidence,
    )


_WORDS = {
    "length": ("long", "short"),
    "depth": ("deep", "shallow"),
    "above_floor": ("at the noise floor", "above the noise floor"),
    "unrest": ("steady", "a decaying tail"),
    "attack": ("a clear attack behind it", "no attack behind it"),
    "piece": ("plausible pieces", "a very short piece"),
    "file": ("a long file", "a file of a song's length"),
    "tags": ("", "tagged as one track"),
}


def _reason(item: _Weighed, fate: str) -> str:
    """Why a gap was taken or not, in words, strongest evidence first."""
    facts = f"{item.facts.length_s:.1f} s, {item.facts.depth_db:.0f} dB down"
    if not item.evidence:
        return f"{'silence' if fate == 'taken' else fate}: {facts}"
    if fate not in ("taken", ""):
        return f"not taken, {fate}: {facts}"
    sign = 1.0 if fate == "taken" else -1.0
    ranked = sorted(
        ((sign * value, name) for name, value in item.evidence if name in _WORDS), reverse=True
    )
    words = [_WORDS[name][0 if sign > 0 else 1] for value, name in ranked[:3] if value > 0.05]
    verdict = "taken" if fate == "taken" else "a pause in the music"
    return f"{verdict}: {', '.join(words)} ({facts})"


def _choose_known(
    level: FloatArray,
    quiet: Sequence[tuple[int, int]],
    profile: LevelProfile,
    floor_db: float,
    settings: SegmentSettings,
    hints: SegmentHints,
) -> list[Gap]:
    """The rule for a known structure: cuts that fit the lengths, or as many as are known."""
    hop_s = profile.coarse_hop_s
    span_db = _measure_loud_db(level) - floor_db
    facts = [measure_gap(level, a, b, hop_s=hop_s, floor_db=floor_db) for a, b in quiet]
    weighed = [_weigh(f, profile, hints, span_db) for f in facts]
    durations_s = settings.durations_s or hints.durations_s
    if durations_s is None:
        best = sorted(weighed, key=lambda w: -w.score)[: (settings.n_passages or 1) - 1]
        return [
            _make_gap(w, hop_s, "taken" if w in best else "not among the best") for w in weighed
        ]
    fit = fit_durations(
        level,
        hop_s=hop_s,
        gaps_s=[(w.facts.start * hop_s, w.facts.end * hop_s) for w in weighed],
        durations_s=durations_s,
        end_s=profile.duration_s,
    )
    cuts_s = set(fit.cuts_s) if fit else set()
    gaps = []
    for item in weighed:
        middle_s = 0.5 * (item.facts.start + item.facts.end) * hop_s
        is_cut = any(abs(middle_s - cut_s) < 1e-6 for cut_s in cuts_s)
        cuts_s -= {cut_s for cut_s in cuts_s if abs(middle_s - cut_s) < 1e-6}
        gaps.append(_make_gap(item, hop_s, "taken" if is_cut else "does not fit the lengths"))
    gaps += [_make_join(level, cut_s, hop_s) for cut_s in cuts_s]
    return sorted(gaps, key=lambda gap: gap.start_ticks)


def _make_join(level: FloatArray, cut_s: float, hop_s: float) -> Gap:
    """A cut without a gap, where the known lengths ask for one."""
    frame = min(int(cut_s / hop_s), len(level) - 1)
    return Gap(
        start_ticks=ticks_from_seconds(frame * hop_s),
        end_ticks=ticks_from_seconds((frame + 1) * hop_s),
        level_dbfs=float(level[frame]),
        depth_db=0.0,
        score=0.5,
        is_boundary=True,
        cut_ticks=ticks_from_seconds(cut_s),
        reason="taken: a quiet spot where the known lengths ask for a join",
    )


def _describe(n_passages: int) -> str:
    return "single song" if n_passages == 1 else f"{n_passages} pieces"
