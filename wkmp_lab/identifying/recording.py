"""IDENTIFYING: which recording a passage is, decided from what several sources state.

Statements on one recording are joined by noisy-OR, and conflicts take confidence away. The level
is a rule on the strongest statement, one that can be checked by hand; it never comes from the
score. The order of the statements does not matter, and a candidate's level can only fall when a
statement for it is taken away.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wkmp_lab.identifying.candidates import describe_candidate
from wkmp_lab.identifying.conflicts import StatedRecording, weigh_conflict
from wkmp_lab.identifying.evidence import (
    AGREEMENT,
    AGREEMENT_CONFIDENCE,
    BARE_NAMES,
    DURATION_CONFIDENCE,
    DURATION_PENALTY,
    SURE_DURATION_S,
    TAGS_PENALTY,
    UNIDENTIFIED,
    PassageFacts,
    Statement,
    compute_confidence,
    describe_length,
    describe_statement,
    grade_statement,
    is_agreed,
    is_contradicted,
    measure_agreement,
    measure_excess_s,
)
from wkmp_lab.model import MAX_EXCESS_S, Candidate, Evidence, Identity, MatchLevel, Tags
from wkmp_lab.model.reasons import Reason, Silence, WhyUnidentified
from wkmp_lab.names import normalize_name

LEVELS: tuple[MatchLevel, ...] = ("unidentified", "low", "medium", "high")
"""By grade."""

CONFLICT_PENALTY = 0.5
"""Share of the strongest other song's confidence that a candidate loses."""


@dataclass(frozen=True, slots=True)
class _Graded:
    """A recording judged: ``notes`` say what lowered its grade."""

    candidate: Candidate
    grade: int
    statement: Statement
    notes: tuple[str, ...]
    is_tied: bool


def identify_recording(
    statements: Sequence[Statement],
    *,
    duration_s: float,
    tags: Tags | None = None,
    is_whole_file: bool = True,
    reasons: Sequence[Reason] = (),
) -> Identity:
    """The recording that the statements agree on, its level, and all candidates with evidence.

    Parameters
    ----------
    statements
        What the sources say, in any order, the file's own (``statements_of_tags``) included.
    duration_s
        Length of the passage.
    tags
        The file's tags where they speak of this passage.
    is_whole_file
        False for a passage whose cuts were found in a longer file; then lengths are not compared.
    reasons
        Why sources are silent, most telling first; the first is the reason of a passage that
        stays unidentified.

    Returns
    -------
    Identity
        ``high``, ``medium`` or ``low`` with the chosen candidate, or ``unidentified`` with the
        reason. No candidate is thrown away.

    Examples
    --------
    >>> statement = Statement("catalogue", title="Rain", artist="The Drops", bit_error=0.04,
    ...               overlap_s=28.0, query_s=30.0, next_bit_error=0.47)
    >>> identity = identify_recording([statement], duration_s=30.0, is_whole_file=False)
    >>> identity.level
    'high'
    >>> identity.sentence
    "'Rain' by The Drops: matches over 28 s of 30 s, 4 % of bits differ; the next other song 47 %"
    """
    facts = PassageFacts(duration_s, tags or Tags(), is_whole_file)
    recordings = _gather_recordings(statements)
    confidences = [_compute_joint_confidence(recording, facts) for recording in recordings]
    ranked = sorted(
        (_judge(index, recordings, confidences, facts) for index in range(len(recordings))),
        key=_rank,
    )
    candidates = tuple(graded.candidate for graded in ranked)
    if not ranked or ranked[0].grade == UNIDENTIFIED:
        is_tied = any(graded.is_tied for graded in ranked)
        given = next(iter(reasons), Silence(WhyUnidentified.NO_MATCH))
        why = Silence(WhyUnidentified.AMBIGUOUS) if is_tied else given
        words = _tell_why(why, candidates)
        return Identity("unidentified", str(why), None, candidates, words, why_not=why.why_not)
    best = ranked[0]
    reason = "; ".join(best.notes) or describe_statement(best.statement)
    return Identity(best.candidate.level, reason, best.candidate, candidates, _tell(best, facts))


def _gather_recordings(statements: Sequence[Statement]) -> list[StatedRecording]:
    """The recordings that are stated; the same set whatever the order of the statements.

    Two statements are on one song where their ids, or their titles and artists, are equal. One
    without an id speaks for every recording of its song.
    """
    songs = _name_songs(statements)
    mbids: dict[str, set[str | None]] = {}
    for statement, song in zip(statements, songs, strict=True):
        mbids.setdefault(song, set()).add(statement.recording_mbid)
    recordings = []
    for song, found in mbids.items():
        for mbid in (found - {None}) or {None}:
            of_song = [c for c, s in zip(statements, songs, strict=True) if s == song]
            theirs = [c for c in of_song if c.recording_mbid in (mbid, None)]
            recordings.append(StatedRecording(mbid, song, tuple(sorted(theirs, key=repr))))
    return sorted(recordings, key=lambda recording: (recording.song, recording.mbid or ""))


def _name_songs(statements: Sequence[Statement]) -> list[str]:
    """A label for the song of each statement: the least of all keys that are linked to it."""
    keys = [_keys_of(statement, statements) for statement in statements]
    groups: list[set[str]] = []
    for own in keys:
        linked = [group for group in groups if group & set(own)]
        groups = [group for group in groups if group not in linked] + [set(own).union(*linked)]
    label = {key: min(group) for group in groups for key in group}
    return [label[own[0]] for own in keys]


def _keys_of(statement: Statement, statements: Sequence[Statement]) -> list[str]:
    keys = [f"id:{statement.recording_mbid}"] if statement.recording_mbid else []
    if statement.title and (statement.artist or not keys):
        keys.append(_key_of_name(statement))
    if statement.source in BARE_NAMES:
        # The one nearest name alone: "Part 1" and "Part 2" must not become one song.
        others = [other for other in statements if other.source not in BARE_NAMES]
        alike = ((measure_agreement(c, _tags_of(statement)), _key_of_name(c)) for c in others)
        near = [(min(both), key) for both, key in alike if both and min(both) >= AGREEMENT]
        keys += [key for _, key in sorted(near)[-1:]]
    return keys


def _key_of_name(statement: Statement) -> str:
    return f"name:{normalize_name(statement.title)}\n{normalize_name(statement.artist)}"


def _tags_of(statement: Statement) -> Tags:
    return Tags(title=statement.title, artist=statement.artist)


def _judge(
    index: int,
    recordings: Sequence[StatedRecording],
    confidences: Sequence[float],
    facts: PassageFacts,
) -> _Graded:
    recording = recordings[index]
    grade, strongest, notes = _grade_alone(recording, facts)
    is_tied = False
    against = 0.0
    for other, confidence in zip(recordings, confidences, strict=True):
        if other is recording:
            continue
        limit, note = weigh_conflict(recording, other, facts)
        is_tied |= grade > limit == UNIDENTIFIED
        if limit < grade:
            grade, notes = limit, (*notes, note)
        if other.song != recording.song:
            against = max(against, confidence)
    score = confidences[index] * (1.0 - CONFLICT_PENALTY * against)
    evidence = tuple(_list_evidence(recording, strongest, facts, against))
    candidate = _describe(recording, LEVELS[grade], score, evidence)
    return _Graded(candidate, grade, strongest, notes, is_tied)


def _grade_alone(
    recording: StatedRecording, facts: PassageFacts
) -> tuple[int, Statement, tuple[str, ...]]:
    """The best grade of any single statement, that statement, and its reservation."""
    graded = [
        (*grade_statement(statement, facts), statement) for statement in recording.statements
    ]
    grade, note, statement = max(
        graded, key=lambda g: (g[0], compute_confidence(g[2]), repr(g[2]))
    )
    return grade, statement, (note,) if note else ()


def _compute_joint_confidence(recording: StatedRecording, facts: PassageFacts) -> float:
    """Noisy-OR of all that speaks for a recording: each statement misses by its own probability.

    It takes the sources for independent, which they are not quite (an embedded id often came from
    the same fingerprint service); therefore levels are rules and not thresholds on this figure.
    """
    miss = math.prod(
        1.0 - compute_confidence(statement) * (1.0 - _penalty(statement, facts))
        for statement in recording.statements
    )
    if any(
        is_agreed(statement, facts.tags)
        for statement in recording.statements
        if statement.is_heard
    ):
        miss *= 1.0 - AGREEMENT_CONFIDENCE
    if any(_is_as_long(statement, facts) for statement in recording.statements):
        miss *= 1.0 - DURATION_CONFIDENCE
    return 1.0 - miss


def _penalty(statement: Statement, facts: PassageFacts) -> float:
    """Share of a statement's confidence that lengths and tags take away."""
    excess_s = measure_excess_s(statement, facts)
    is_off = excess_s is not None and abs(excess_s) > MAX_EXCESS_S
    by_length = DURATION_PENALTY if is_off else 0.0
    by_tags = TAGS_PENALTY if is_contradicted(statement, facts.tags) else 0.0
    return 1.0 - (1.0 - by_length) * (1.0 - by_tags)


def _is_as_long(statement: Statement, facts: PassageFacts) -> bool:
    excess_s = measure_excess_s(statement, facts)
    return excess_s is not None and abs(excess_s) <= SURE_DURATION_S


def _list_evidence(
    recording: StatedRecording, strongest: Statement, facts: PassageFacts, against: float
) -> Iterator[Evidence]:
    is_heard = any(
        grade_statement(statement, facts)[0]
        for statement in recording.statements
        if statement.is_heard
    )
    for statement in recording.statements:
        value = statement.bit_error if statement.bit_error is not None else statement.score
        words = describe_statement(statement, is_confirmed=is_heard)
        words += f" ({statement.detail})" if statement.detail else ""
        weight = compute_confidence(statement)
        yield Evidence(statement.source, 1.0 if value is None else value, weight, words)
    excess_s = measure_excess_s(strongest, facts)
    if excess_s is not None:
        is_off = abs(excess_s) > MAX_EXCESS_S
        bonus = DURATION_CONFIDENCE if _is_as_long(strongest, facts) else 0.0
        weight = -DURATION_PENALTY if is_off else bonus
        yield Evidence("duration", excess_s, weight, describe_length(strongest, facts))
    agreement = measure_agreement(strongest, facts.tags) if strongest.is_heard else None
    if agreement is not None:
        bonus = AGREEMENT_CONFIDENCE if is_agreed(strongest, facts.tags) else 0.0
        weight = -TAGS_PENALTY if is_contradicted(strongest, facts.tags) else bonus
        words = f"tags: title {agreement[0]:.2f}, artist {agreement[1]:.2f} alike"
        yield Evidence("tags", min(agreement), weight, words)
    if against > 0.0:
        yield Evidence("conflict", against, -CONFLICT_PENALTY * against, "strongest other song")


def _describe(
    recording: StatedRecording, level: MatchLevel, score: float, evidence: tuple[Evidence, ...]
) -> Candidate:
    """The candidate with every fact that any of its statements brings, the surest first."""
    statements = sorted(
        recording.statements,
        key=lambda statement: (-compute_confidence(statement), repr(statement)),
    )
    named = [
        statement
        for statement in statements
        if statement.title and statement.source not in BARE_NAMES
    ]
    named = [*named, *(statement for statement in statements if statement.title)]
    return Candidate(
        recording_mbid=recording.mbid,
        title=next((statement.title for statement in named), None),
        artist=next((statement.artist for statement in named), None),
        score=min(max(score, 0.0), 1.0),
        level=level,
        evidence=evidence,
        release_mbid=next((c.release_mbid for c in statements if c.release_mbid), None),
        release_title=next((c.release_title for c in statements if c.release_title), None),
        work_mbid=next((c.work_mbid for c in statements if c.work_mbid), None),
        acoustid=next((c.acoustid for c in statements if c.acoustid), None),
        duration_s=next((c.duration_s for c in statements if c.duration_s is not None), None),
    )


def _rank(graded: _Graded) -> tuple[int, float, str, str]:
    candidate = graded.candidate
    return (
        -graded.grade,
        -candidate.score,
        candidate.recording_mbid or "",
        f"{candidate.title}\n{candidate.artist}",
    )


def _tell(graded: _Graded, facts: PassageFacts) -> str:
    length = describe_length(graded.statement, facts)
    parts = [describe_statement(graded.statement), *([length] if length else []), *graded.notes]
    return f"{describe_candidate(graded.candidate)}: {'; '.join(dict.fromkeys(parts))}"


def _tell_why(reason: Reason, candidates: Sequence[Candidate]) -> str:
    words = reason.sentence
    if not candidates:
        return words
    best = candidates[0]
    why = best.evidence[0].detail if best.evidence else "without evidence"
    return f"{words}; the best candidate is {describe_candidate(best)}, {why}"
