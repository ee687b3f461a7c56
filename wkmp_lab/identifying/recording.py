"""IDENTIFYING: which recording a passage is, decided from what several sources claim.

Claims on one recording are joined by noisy-OR, and rivals take confidence away. The level is a
rule on the strongest claim, one that can be checked by hand; it never comes from the score. The
order of the claims does not matter, and a candidate's level can only fall when a claim for it is
taken away.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wkmp_lab.identifying.conflicts import Suspect, weigh_rival
from wkmp_lab.identifying.evidence import (
    AGREEMENT,
    AGREEMENT_CONFIDENCE,
    DURATION_CONFIDENCE,
    DURATION_PENALTY,
    MAX_DURATION_S,
    SURE_DURATION_S,
    TAGS_PENALTY,
    UNIDENTIFIED,
    Case,
    Claim,
    compute_confidence,
    describe_claim,
    describe_length,
    grade_claim,
    is_agreed,
    is_contradicted,
    measure_agreement,
    measure_excess_s,
)
from wkmp_lab.model import Candidate, Evidence, Identity, MatchLevel, Tags
from wkmp_lab.names import normalize_name

LEVELS: tuple[MatchLevel, ...] = ("unidentified", "low", "medium", "high")
"""By grade."""

CONFLICT_PENALTY = 0.5
"""Share of the strongest rival's confidence that a candidate loses."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A suspect judged: ``notes`` say what lowered its grade."""

    candidate: Candidate
    grade: int
    claim: Claim
    notes: tuple[str, ...]
    is_tied: bool


def identify_recording(
    claims: Sequence[Claim],
    *,
    duration_s: float,
    tags: Tags | None = None,
    is_whole_file: bool = True,
    reasons: Sequence[str] = (),
) -> Identity:
    """The recording that the claims agree on, its level, and every candidate with its evidence.

    Parameters
    ----------
    claims
        What the sources say, in any order, the file's own (``claims_of_tags``) included.
    duration_s
        Length of the passage.
    tags
        The file's tags where they speak of this passage.
    is_whole_file
        False for a passage cut out of a longer file; then lengths are not compared.
    reasons
        Why sources are silent (``too_short``, ``lookup_failed(acoustid, ...)``,
        ``offline_not_asked``), most telling first; the first is the reason of a passage that
        stays unidentified.

    Returns
    -------
    Identity
        ``high``, ``medium`` or ``low`` with the chosen candidate, or ``unidentified`` with the
        reason. No candidate is thrown away.

    Examples
    --------
    >>> claim = Claim("catalogue", title="Rain", artist="The Drops", bit_error=0.04,
    ...               overlap_s=28.0, query_s=30.0, next_bit_error=0.47)
    >>> identity = identify_recording([claim], duration_s=30.0, is_whole_file=False)
    >>> identity.level
    'high'
    >>> identity.sentence
    "'Rain' by The Drops: matches over 28 s of 30 s, 4 % of bits differ; the next other song 47 %"
    """
    case = Case(duration_s, tags or Tags(), is_whole_file)
    suspects = _gather_suspects(claims)
    confidences = [_compute_joint_confidence(suspect, case) for suspect in suspects]
    verdicts = sorted(
        (_judge(index, suspects, confidences, case) for index in range(len(suspects))),
        key=_rank,
    )
    candidates = tuple(verdict.candidate for verdict in verdicts)
    if not verdicts or verdicts[0].grade == UNIDENTIFIED:
        is_tied = any(verdict.is_tied for verdict in verdicts)
        reason = "ambiguous" if is_tied else next(iter(reasons), "no_match")
        return Identity("unidentified", reason, None, candidates, _tell_why(reason, candidates))
    best = verdicts[0]
    reason = "; ".join(best.notes) or describe_claim(best.claim)
    return Identity(best.candidate.level, reason, best.candidate, candidates, _tell(best, case))


def _gather_suspects(claims: Sequence[Claim]) -> list[Suspect]:
    """The recordings that are claimed; the same set whatever the order of the claims.

    Two claims are on one song where their ids are equal, or their titles and artists. A claim
    without an id speaks for every recording of its song.
    """
    songs = _name_songs(claims)
    mbids: dict[str, set[str | None]] = {}
    for claim, song in zip(claims, songs, strict=True):
        mbids.setdefault(song, set()).add(claim.recording_mbid)
    suspects = []
    for song, found in mbids.items():
        for mbid in (found - {None}) or {None}:
            of_song = [c for c, s in zip(claims, songs, strict=True) if s == song]
            theirs = [c for c in of_song if c.recording_mbid in (mbid, None)]
            suspects.append(Suspect(mbid, song, tuple(sorted(theirs, key=repr))))
    return sorted(suspects, key=lambda suspect: (suspect.song, suspect.mbid or ""))


def _name_songs(claims: Sequence[Claim]) -> list[str]:
    """A label for the song of each claim: the least of all keys that are linked to it."""
    keys = [_keys_of(claim, claims) for claim in claims]
    groups: list[set[str]] = []
    for own in keys:
        linked = [group for group in groups if group & set(own)]
        groups = [group for group in groups if group not in linked] + [set(own).union(*linked)]
    label = {key: min(group) for group in groups for key in group}
    return [label[own[0]] for own in keys]


def _keys_of(claim: Claim, claims: Sequence[Claim]) -> list[str]:
    keys = [f"id:{claim.recording_mbid}"] if claim.recording_mbid else []
    if claim.title and (claim.artist or not keys):
        keys.append(_key_of_name(claim))
    if claim.source == "tags":
        # The one nearest name alone: "Part 1" and "Part 2" must not become one song.
        others = [other for other in claims if other.source != "tags"]
        alike = ((measure_agreement(c, _tags_of(claim)), _key_of_name(c)) for c in others)
        near = [(min(both), key) for both, key in alike if both and min(both) >= AGREEMENT]
        keys += [key for _, key in sorted(near)[-1:]]
    return keys


def _key_of_name(claim: Claim) -> str:
    return f"name:{normalize_name(claim.title)}\n{normalize_name(claim.artist)}"


def _tags_of(claim: Claim) -> Tags:
    return Tags(title=claim.title, artist=claim.artist)


def _judge(
    index: int, suspects: Sequence[Suspect], confidences: Sequence[float], case: Case
) -> _Verdict:
    suspect = suspects[index]
    grade, strongest, notes = _grade_alone(suspect, case)
    is_tied = False
    against = 0.0
    for other, confidence in zip(suspects, confidences, strict=True):
        if other is suspect:
            continue
        limit, note = weigh_rival(suspect, other, case)
        is_tied |= grade > limit == UNIDENTIFIED
        if limit < grade:
            grade, notes = limit, (*notes, note)
        if other.song != suspect.song:
            against = max(against, confidence)
    score = confidences[index] * (1.0 - CONFLICT_PENALTY * against)
    evidence = tuple(_list_evidence(suspect, strongest, case, against))
    candidate = _describe(suspect, LEVELS[grade], score, evidence)
    return _Verdict(candidate, grade, strongest, notes, is_tied)


def _grade_alone(suspect: Suspect, case: Case) -> tuple[int, Claim, tuple[str, ...]]:
    """The best grade of any single claim, that claim, and its reservation."""
    graded = [(*grade_claim(claim, case), claim) for claim in suspect.claims]
    grade, note, claim = max(graded, key=lambda g: (g[0], compute_confidence(g[2]), repr(g[2])))
    return grade, claim, (note,) if note else ()


def _compute_joint_confidence(suspect: Suspect, case: Case) -> float:
    """Noisy-OR of all that speaks for a suspect: each claim misses with its own probability.

    It takes the sources for independent, which they are not quite (an embedded id often came from
    the same fingerprint service); therefore levels are rules and not thresholds on this figure.
    """
    miss = math.prod(
        1.0 - compute_confidence(claim) * (1.0 - _penalty(claim, case)) for claim in suspect.claims
    )
    if any(is_agreed(claim, case.tags) for claim in suspect.claims if claim.is_heard):
        miss *= 1.0 - AGREEMENT_CONFIDENCE
    if any(_is_as_long(claim, case) for claim in suspect.claims):
        miss *= 1.0 - DURATION_CONFIDENCE
    return 1.0 - miss


def _penalty(claim: Claim, case: Case) -> float:
    """Share of a claim's confidence that lengths and tags take away."""
    excess_s = measure_excess_s(claim, case)
    is_off = excess_s is not None and abs(excess_s) > MAX_DURATION_S
    by_length = DURATION_PENALTY if is_off else 0.0
    by_tags = TAGS_PENALTY if is_contradicted(claim, case.tags) else 0.0
    return 1.0 - (1.0 - by_length) * (1.0 - by_tags)


def _is_as_long(claim: Claim, case: Case) -> bool:
    excess_s = measure_excess_s(claim, case)
    return excess_s is not None and abs(excess_s) <= SURE_DURATION_S


def _list_evidence(
    suspect: Suspect, strongest: Claim, case: Case, against: float
) -> Iterator[Evidence]:
    is_heard = any(grade_claim(claim, case)[0] for claim in suspect.claims if claim.is_heard)
    for claim in suspect.claims:
        value = claim.bit_error if claim.bit_error is not None else claim.score
        words = describe_claim(claim, is_confirmed=is_heard)
        words += f" ({claim.detail})" if claim.detail else ""
        weight = compute_confidence(claim)
        yield Evidence(claim.source, 1.0 if value is None else value, weight, words)
    excess_s = measure_excess_s(strongest, case)
    if excess_s is not None:
        is_off = abs(excess_s) > MAX_DURATION_S
        bonus = DURATION_CONFIDENCE if _is_as_long(strongest, case) else 0.0
        weight = -DURATION_PENALTY if is_off else bonus
        yield Evidence("duration", excess_s, weight, describe_length(strongest, case))
    agreement = measure_agreement(strongest, case.tags) if strongest.is_heard else None
    if agreement is not None:
        bonus = AGREEMENT_CONFIDENCE if is_agreed(strongest, case.tags) else 0.0
        weight = -TAGS_PENALTY if is_contradicted(strongest, case.tags) else bonus
        words = f"tags: title {agreement[0]:.2f}, artist {agreement[1]:.2f} alike"
        yield Evidence("tags", min(agreement), weight, words)
    if against > 0.0:
        yield Evidence("conflict", against, -CONFLICT_PENALTY * against, "strongest other song")


def _describe(
    suspect: Suspect, level: MatchLevel, score: float, evidence: tuple[Evidence, ...]
) -> Candidate:
    """The candidate with every fact that any of its claims brings, the surest claim first."""
    claims = sorted(suspect.claims, key=lambda claim: (-compute_confidence(claim), repr(claim)))
    named = [claim for claim in claims if claim.title and claim.source != "tags"]
    named = [*named, *(claim for claim in claims if claim.title)]
    return Candidate(
        recording_mbid=suspect.mbid,
        title=next((claim.title for claim in named), None),
        artist=next((claim.artist for claim in named), None),
        score=min(max(score, 0.0), 1.0),
        level=level,
        evidence=evidence,
        release_mbid=next((c.release_mbid for c in claims if c.release_mbid), None),
        release_title=next((c.release_title for c in claims if c.release_title), None),
        work_mbid=next((c.work_mbid for c in claims if c.work_mbid), None),
        acoustid=next((c.acoustid for c in claims if c.acoustid), None),
        duration_s=next((c.duration_s for c in claims if c.duration_s is not None), None),
    )


def _rank(verdict: _Verdict) -> tuple[int, float, str, str]:
    candidate = verdict.candidate
    return (
        -verdict.grade,
        -candidate.score,
        candidate.recording_mbid or "",
        f"{candidate.title}\n{candidate.artist}",
    )


def _tell(verdict: _Verdict, case: Case) -> str:
    length = describe_length(verdict.claim, case)
    parts = [describe_claim(verdict.claim), *([length] if length else []), *verdict.notes]
    return f"{_name(verdict.candidate)}: {'; '.join(dict.fromkeys(parts))}"


REASONS = {
    "no_match": "no source knows it",
    "ambiguous": "several songs fit equally well",
    "too_short": "too short to be told",
    "offline_not_asked": "offline, and unknown here",
}
"""Reasons in words; the others speak for themselves."""


def _tell_why(reason: str, candidates: Sequence[Candidate]) -> str:
    words = f"unidentified: {REASONS.get(reason, reason)}"
    if not candidates:
        return words
    best = candidates[0]
    why = best.evidence[0].detail if best.evidence else "without evidence"
    return f"{words}; the best candidate is {_name(best)}, {why}"


def _name(candidate: Candidate) -> str:
    if candidate.title is None:
        return f"recording {candidate.recording_mbid}"
    return (
        f"{candidate.title!r} by {candidate.artist}" if candidate.artist else repr(candidate.title)
    )
