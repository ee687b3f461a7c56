"""SEGMENTING: where one piece ends and the next begins.

Every stretch near the file's own noise floor is a candidate (:mod:`~wkmp_lab.segmenting.gaps`).
Unless a fixed threshold or the structure is given, each is weighed
(:mod:`~wkmp_lab.segmenting.boundary_evidence`): a gap between pieces lies at the floor for long,
between loud surroundings, and parts pieces of plausible
length; behind a pause the music goes on in its rhythm and with its sound. Each gap keeps its
evidence and the reason in words.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wkmp_lab.model import Gap, Segmentation
from wkmp_lab.segmenting.alignment import (
    LengthFit,
    compute_change_db,
    fit_durations,
)
from wkmp_lab.segmenting.boundary_evidence import (
    BoundaryEvidence,
    count_alike,
    measure_evidence,
    name_strongest,
    weigh,
)
from wkmp_lab.segmenting.continuity import compute_rises_db, measure_continuity
from wkmp_lab.segmenting.declared_cuts import find_declared_cuts
from wkmp_lab.segmenting.gaps import (
    DIGITAL_SILENCE_DB,
    LEAST_FLOOR_DB,
    BoolArray,
    GapFacts,
    find_runs,
    find_sounding,
    measure_floor_db,
)
from wkmp_lab.segmenting.profile_measures import ProfileMeasures, measure_profile
from wkmp_lab.settings import MEDIUM_THRESHOLD_DBFS, SegmentHints, SegmentSettings
from wkmp_lab.signals import FloatArray, LevelProfile
from wkmp_lab.units import seconds_from_ticks, ticks_from_seconds

SILENT_FILE_DBFS = -70.0
"""A file whose loudest 50 ms (A-weighted, without clicks) stay below holds no audio."""
CLEAR_DB = 5.0
"""A stretch is quiet where it lies less than this above the floor, in every band."""
MIN_RANGE_DB = 10.0
"""How far a stretch must lie below the loud part of a file, in its clearest band."""
BRIDGE_S = 0.2
"""Quiet stretches with no more than this between them are one: crackle parts nothing."""
MIN_CANDIDATE_S = 0.25
TAKEN = "taken"
"""The fate of a gap that becomes a boundary; any other fate is a reason against it."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    facts: GapFacts
    evidence: BoundaryEvidence
    score: float


@dataclass(frozen=True, slots=True)
class _SetCuts:
    """Inner boundaries that hold as they are, and whose word they are."""

    boundaries_ticks: tuple[int, ...]
    words: str


def find_passages(
    profile: LevelProfile,
    *,
    settings: SegmentSettings | None = None,
    hints: SegmentHints | None = None,
) -> Segmentation:
    """The passages of a file: they cover it whole, and meet in the calm part of the gaps.

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
    return find_passages_in(measure_profile(profile), settings=settings, hints=hints)


def find_passages_in(
    measures: ProfileMeasures,
    *,
    settings: SegmentSettings | None = None,
    hints: SegmentHints | None = None,
) -> Segmentation:
    """The passages of a file whose profile was measured before: for cutting it again and again.

    See :func:`find_passages`; what the settings do not change is not computed anew.
    """
    settings, hints = settings or SegmentSettings(), hints or SegmentHints()
    profile = measures.profile
    floor_db = measure_floor_db(measures.level[find_sounding(profile)], hop_s=measures.hop_s)
    if float(measures.level.max(initial=DIGITAL_SILENCE_DB)) < SILENT_FILE_DBFS:
        return Segmentation((), (), settings.medium, floor_db, SILENT_FILE_DBFS, "no audio")
    set_cuts = _find_set_cuts(measures, settings, hints)
    durations_s = settings.durations_s or hints.durations_s
    weighed = _find_weighed(measures, hints)
    fit = _fit(measures, weighed, durations_s) if durations_s and set_cuts is None else None
    if set_cuts is not None:
        gaps = _take_set(measures, weighed, set_cuts)
    elif fit is not None:
        gaps = _take_fitting(measures, weighed, fit)
    elif settings.n_passages:
        gaps = _take_best(measures, weighed, settings, settings.n_passages)
    elif _is_fixed(settings):
        gaps = _take_all(measures, settings)
    else:
        gaps = _keep_long_pieces(weighed, measures, settings)
    cuts = [gap.cut_ticks for gap in gaps if gap.cut_ticks is not None]
    spans = tuple(itertools.pairwise([0, *cuts, ticks_from_seconds(profile.duration_s)]))
    threshold_db = find_threshold_db(settings, floor_db=floor_db, loud_db=measures.loud_db)
    verdict = "single song" if len(spans) == 1 else f"{len(spans)} pieces"
    if set_cuts is not None:
        verdict += f"; cut {set_cuts.words}"
    elif durations_s:
        verdict += _describe_fit(fit)
    return Segmentation(spans, tuple(gaps), settings.medium, floor_db, threshold_db, verdict)


def find_threshold_db(settings: SegmentSettings, *, floor_db: float, loud_db: float) -> float:
    """The level below which a stretch is quiet; nominal where the file's own floor decides.

    Parameters
    ----------
    settings
        A fixed threshold or a medium decides; else the file's floor does, band by band: the
        threshold is then what this amounts to for the A-weighted level of noise.
    floor_db, loud_db
        A-weighted levels of the file's floor and of its loud part.
    """
    if settings.threshold_dbfs is not None:
        return settings.threshold_dbfs
    if settings.medium != "auto":
        return MEDIUM_THRESHOLD_DBFS[settings.medium]
    return min(max(floor_db, LEAST_FLOOR_DB) + CLEAR_DB, loud_db - MIN_RANGE_DB)


def _find_set_cuts(
    measures: ProfileMeasures, settings: SegmentSettings, hints: SegmentHints
) -> _SetCuts | None:
    """What a person has set, else what is declared, unless the settings tell lengths; or None."""
    if hints.boundaries_ticks is not None:
        return _SetCuts(hints.boundaries_ticks, "by hand")
    declared = hints.declared
    if settings.durations_s or declared is None or not declared.pieces:
        return None
    return _SetCuts(find_declared_cuts(measures, declared), f"by {declared.source}")


def _is_fixed(settings: SegmentSettings) -> bool:
    return settings.threshold_dbfs is not None or settings.medium != "auto"


def _find_calm_stretches(measures: ProfileMeasures) -> list[tuple[int, int]]:
    """Stretches near the floor in coarse frames, without those at the file's ends."""
    is_quiet = measures.clearance < min(CLEAR_DB, measures.range_db - MIN_RANGE_DB)
    runs = find_runs(is_quiet, n_bridge=round(BRIDGE_S / measures.hop_s))
    return _keep_inner(runs, measures, MIN_CANDIDATE_S)


def _keep_inner(
    runs: Sequence[tuple[int, int]], measures: ProfileMeasures, least_s: float
) -> list[tuple[int, int]]:
    n_least, n_frames = max(round(least_s / measures.hop_s), 1), len(measures.level)
    return [(a, b) for a, b in runs if a > 0 and b < n_frames and b - a >= n_least]


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


def _take_all(measures: ProfileMeasures, settings: SegmentSettings) -> list[Gap]:
    """The fixed rule: every silence parts in its middle, unless a piece would become too short."""
    threshold_db = find_threshold_db(settings, floor_db=0.0, loud_db=0.0)
    is_quiet: BoolArray = _level_of_power(measures.profile) < threshold_db
    runs = _keep_inner(find_runs(is_quiet), measures, settings.min_silence_s)
    weighed = [
        _Weighed(replace(facts, cut_s=0.5 * (facts.start + facts.end) * measures.hop_s), (), 1.0)
        for facts in measures.measure_gaps(runs)
    ]
    return _keep_long_pieces(weighed, measures, settings)


def _find_weighed(measures: ProfileMeasures, hints: SegmentHints) -> list[_Weighed]:
    """The stretches near the floor, each with its evidence and score."""
    profile, rises_db = measures.profile, compute_rises_db(measures.profile)
    found = measures.measure_gaps(_find_calm_stretches(measures))
    weighed = []
    for facts, n_alike in zip(found, count_alike([f.floor_s for f in found]), strict=True):
        evidence = measure_evidence(
            facts,
            measure_continuity(profile, rises_db, facts.start, facts.end),
            range_db=measures.range_db,
            duration_s=profile.duration_s,
            n_alike=n_alike,
            is_one_track=_is_one_track(hints),
        )
        weighed.append(_Weighed(facts, *weigh(evidence)))
    return weighed


def _is_one_track(hints: SegmentHints) -> bool:
    """True where the tags number the file as one track among several of its folder."""
    return hints.track is not None and (hints.n_tracks or 0) > 1 and (hints.n_siblings or 0) > 0


def _keep_long_pieces(
    weighed: Sequence[_Weighed], measures: ProfileMeasures, settings: SegmentSettings
) -> list[Gap]:
    """Gaps in order of time; the best are taken first, and no piece becomes too short."""
    cuts = [0.0, measures.profile.duration_s]
    fates: dict[int, str] = {}
    for item in sorted(weighed, key=lambda w: (-w.score, w.facts.start)):
        facts = item.facts
        if item.score < 0.5:
            fates[facts.start] = ""
        elif facts.length_s + 1e-9 < settings.min_silence_s:
            fates[facts.start] = f"shorter than {settings.min_silence_s:g} s"
        elif _is_too_near(facts.cut_s, cuts, settings):
            fates[facts.start] = f"a piece would be under {settings.min_passage_s:g} s"
        else:
            cuts.append(facts.cut_s)
            fates[facts.start] = TAKEN
    return [_make_gap(item, measures.hop_s, fates[item.facts.start]) for item in weighed]


def _make_gap(item: _Weighed, hop_s: float, fate: str) -> Gap:
    facts, is_boundary = item.facts, fate == TAKEN
    return Gap(
        start_ticks=ticks_from_seconds(facts.start * hop_s),
        end_ticks=ticks_from_seconds(facts.end * hop_s),
        level_dbfs=facts.level_db,
        depth_db=facts.depth_db,
        score=item.score,
        is_boundary=is_boundary,
        cut_ticks=ticks_from_seconds(facts.cut_s) if is_boundary else None,
        reason=_reason(item, fate),
        evidence=item.evidence,
    )


def _reason(item: _Weighed, fate: str) -> str:
    """Why a gap was taken or not, in words, strongest evidence first."""
    facts = f"{item.facts.length_s:.1f} s, {item.facts.depth_db:.0f} dB down"
    if not item.evidence:
        return f"{'silence' if fate == TAKEN else fate}: {facts}"
    if fate not in (TAKEN, ""):
        return f"not taken, {fate}: {facts}"
    words = name_strongest(item.evidence, is_for=fate == TAKEN)
    decided = "taken" if fate == TAKEN else "a pause in the music"
    return f"{decided}: {words} ({facts})"


def _take_best(
    measures: ProfileMeasures,
    weighed: Sequence[_Weighed],
    settings: SegmentSettings,
    n_passages: int,
) -> list[Gap]:
    """The rule for a known count: so many gaps, the best ones that leave no scrap between."""
    cuts = [0.0, measures.profile.duration_s]
    fates: dict[int, str] = {}
    for item in sorted(weighed, key=lambda w: (-w.score, w.facts.start)):
        cut_s = item.facts.cut_s
        if len(cuts) > n_passages:
            fates[item.facts.start] = "not among the best"
        elif _is_too_near(cut_s, cuts, settings):
            fates[item.facts.start] = f"a piece would be under {settings.min_passage_s:g} s"
        else:
            cuts.append(cut_s)
            fates[item.facts.start] = TAKEN
    return [_make_gap(item, measures.hop_s, fates[item.facts.start]) for item in weighed]


def _is_too_near(cut_s: float, cuts_s: Sequence[float], settings: SegmentSettings) -> bool:
    return min(abs(cut_s - other_s) for other_s in cuts_s) < settings.min_passage_s


def _fit(
    measures: ProfileMeasures, weighed: Sequence[_Weighed], durations_s: tuple[float, ...]
) -> LengthFit | None:
    return fit_durations(
        measures.clearance,
        compute_change_db(measures.profile.band_power, hop_s=measures.hop_s),
        hop_s=measures.hop_s,
        gap_cuts_s=[item.facts.cut_s for item in weighed],
        durations_s=durations_s,
        end_s=measures.profile.duration_s,
    )


def _take_fitting(
    measures: ProfileMeasures, weighed: Sequence[_Weighed], fit: LengthFit
) -> list[Gap]:
    """The rule for known lengths: the gaps and quiet spots that fit them best."""
    errors_s = dict(zip(fit.cuts_s, fit.errors_s, strict=False))
    gaps = []
    for item in weighed:
        error_s = errors_s.pop(item.facts.cut_s, None)
        fate = "does not fit the lengths" if error_s is None else TAKEN
        gap = _make_gap(item, measures.hop_s, fate)
        gaps.append(gap if error_s is None else _note_error(gap, error_s))
    gaps += [
        _note_error(_make_join(measures, cut_s), error_s) for cut_s, error_s in errors_s.items()
    ]
    return sorted(gaps, key=lambda gap: gap.start_ticks)


def _take_set(measures: ProfileMeasures, weighed: Sequence[_Weighed], cuts: _SetCuts) -> list[Gap]:
    """The rule for boundaries that are set: they hold, and the gaps stay to be looked at."""
    left = [
        _make_gap(item, measures.hop_s, f"not among the boundaries set {cuts.words}")
        for item in weighed
    ]
    taken = [
        replace(
            _make_join(measures, seconds_from_ticks(ticks)),
            cut_ticks=ticks,
            score=1.0,
            reason=f"taken: set {cuts.words}",
        )
        for ticks in cuts.boundaries_ticks
    ]
    return sorted([*left, *taken], key=lambda gap: gap.start_ticks)


def _note_error(gap: Gap, error_s: float) -> Gap:
    return replace(
        gap, reason=f"{gap.reason}; the piece before is {error_s:+.1f} s off its length"
    )


def _describe_fit(fit: LengthFit | None) -> str:
    """How well known lengths fit, and how the next best split would."""
    if fit is None:
        return "; the known lengths do not fit"
    text = f"; {sum(abs(error) for error in fit.errors_s):.1f} s off the known lengths"
    if fit.runner_up_cost_s is None:
        return text
    return f"{text} (cost {fit.cost_s:.1f}, next best split {fit.runner_up_cost_s:.1f})"


def _make_join(measures: ProfileMeasures, cut_s: float) -> Gap:
    """A cut without a gap, where the known lengths ask for one."""
    frame = min(int(cut_s / measures.hop_s), len(measures.level) - 1)
    return Gap(
        start_ticks=ticks_from_seconds(frame * measures.hop_s),
        end_ticks=ticks_from_seconds((frame + 1) * measures.hop_s),
        level_dbfs=float(measures.level[frame]),
        depth_db=0.0,
        score=0.5,
        is_boundary=True,
        cut_ticks=ticks_from_seconds(cut_s),
        reason="taken: a quiet spot where the known lengths ask for a join",
    )
