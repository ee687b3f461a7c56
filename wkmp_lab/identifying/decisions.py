"""What a person has decided: where a file is cut, and which recording a passage is.

Decisions are kept beside the results, by content (the hash of the coded audio) and place, so that
they outlive a renaming, other tags, another import and another identification. The results stay
what was measured and matched; decisions are laid over them when they are read, and one that is
taken back leaves no trace.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.identifying.candidates import describe_candidate, is_same_candidate
from wkmp_lab.model import Candidate, Evidence, FileResult, Identity, Passage
from wkmp_lab.model.reasons import WhyUnidentified
from wkmp_lab.units import seconds_from_ticks, ticks_from_seconds

Verdict = Literal["accept", "choose", "reject"]
"""Take what was matched; take another candidate; take none of them."""
VERDICTS: tuple[Verdict, ...] = ("accept", "choose", "reject")
MIN_SHARED_BY_DECISION = 0.9
"""Share of both spans that must overlap for a decision to hold after a file was cut anew."""
MIN_PIECE_S = 0.1
"""Shortest passage that can be cut by hand."""
BY_HAND = "by_hand"
"""Source of the evidence, and reason of the identity, that a decision adds."""
LEADS_BY_HAND = "leads_by_hand"
"""The parameter that a passage has whose lead points were set."""


@dataclass(frozen=True, slots=True)
class LeadPoints:
    """Where the lead-in of a span of the content ends, and its lead-out begins."""

    start_ticks: int
    end_ticks: int
    lead_in_ends_ticks: int
    lead_out_begins_ticks: int

    def __post_init__(self) -> None:
        points = (self.lead_in_ends_ticks, self.lead_out_begins_ticks)
        if not all(self.start_ticks <= point <= self.end_ticks for point in points):
            shown = " and ".join(f"{seconds_from_ticks(point):.2f}" for point in points)
            raise InvalidInputError(
                f"lead points must lie within their passage, "
                f"{seconds_from_ticks(self.start_ticks):.2f} to "
                f"{seconds_from_ticks(self.end_ticks):.2f} s, got {shown}"
            )


@dataclass(frozen=True, slots=True)
class CutDecision:
    """Where the content is cut, and where the leads of its passages end and begin.

    ``boundaries_ticks`` of None gives the cuts back to the automatism, and leads that are not set
    are those that were measured. The latest decision alone holds.
    """

    content: str
    boundaries_ticks: tuple[int, ...] | None
    leads: tuple[LeadPoints, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityDecision:
    """Which recording a span of the content is; without a candidate it is none that is known."""

    content: str
    start_ticks: int
    end_ticks: int
    verdict: Verdict
    candidate: Candidate | None = None

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise InvalidInputError(
                f"verdict must be one of {', '.join(VERDICTS)}, got {self.verdict!r}"
            )
        if (self.candidate is None) != (self.verdict == "reject"):
            raise InvalidInputError(
                f"verdict {self.verdict!r} does not fit candidate={self.candidate!r}"
            )


Decision = CutDecision | IdentityDecision
ByContent = Mapping[str, Sequence[Decision]]
"""Decisions by the content that they were made on, oldest first."""


def group_by_content(decisions: Iterable[Decision]) -> ByContent:
    """Decisions by content, in the order they were made."""
    groups: dict[str, list[Decision]] = {}
    for decision in decisions:
        groups.setdefault(decision.content, []).append(decision)
    return groups


def decisions_on(result: FileResult, decisions: ByContent) -> tuple[Decision, ...]:
    """What was decided on a file, oldest first: on its bytes, while the hash of its audio was not
    known, and then on that.
    """
    hashes = (result.sha256, result.audio_hash)
    return tuple(made for each in hashes if each for made in decisions.get(each, ()))


def make_identity_decision(
    result: FileResult, passage: int, verdict: Verdict, candidate: Candidate | None = None
) -> IdentityDecision:
    """A decision on a passage of a result.

    Parameters
    ----------
    result
        With its content hash.
    passage
        Index of the passage.
    verdict
        ``accept`` takes what was matched, or the best candidate where nothing was sure enough.
    candidate
        For ``choose``: the one to take; it need not be among those of the passage.

    Raises
    ------
    InvalidInputError
        There is no such passage, nothing to accept, or a candidate that does not fit.
    """
    place = _require_passage(result, passage)
    if verdict == "accept" and candidate is None:
        candidate = _best_of(place, result.path)
    return IdentityDecision(
        _require_content(result), place.start_ticks, place.end_ticks, verdict, candidate
    )


def make_cut_decision(
    result: FileResult,
    boundaries_s: Sequence[float] | None,
    *,
    leads_s: Mapping[int, tuple[float, float]] | None = None,
) -> CutDecision:
    """A decision on where a file is cut, and where leads end and begin.

    Parameters
    ----------
    result
        With its content hash and its length.
    boundaries_s
        Inner boundaries in seconds from the file's start; empty: it is one passage; None: back
        to the automatism.
    leads_s
        By the number of the passage, as the file is cut then: where its lead-in ends and where
        its lead-out begins, in seconds from the file's start.

    Raises
    ------
    InvalidInputError
        The boundaries are not in order, not inside the file, or leave a passage under 0.1 s;
        there is no such passage, or a lead point lies outside it.
    """
    digest, end_s = _require_content(result), result.duration_s
    if boundaries_s is None:
        ticks, spans = None, [(each.start_ticks, each.end_ticks) for each in result.passages]
    elif end_s is None:
        raise InvalidInputError(f"a file without audio cannot be cut: {result.path!r}")
    else:
        ticks = place_boundaries(boundaries_s, end_s, path=result.path)
        spans = list(itertools.pairwise((0, *ticks, ticks_from_seconds(end_s))))
    if missing := set(leads_s or {}) - set(range(len(spans))):
        raise InvalidInputError(
            f"leads must be of the {len(spans)} passages of {result.path!r}, got {min(missing)}"
        )
    points = (
        LeadPoints(*spans[number], *map(ticks_from_seconds, both))
        for number, both in (leads_s or {}).items()
    )
    return CutDecision(digest, ticks, tuple(points))


def make_merge_decision(result: FileResult, passage: int) -> CutDecision:
    """A decision that a passage and the next one are one; the other cuts of the file stay.

    Raises
    ------
    InvalidInputError
        There is no such passage, or none after it.
    """
    _require_passage(result, passage)
    starts = {each.index: each.start_ticks for each in result.passages if each.index > 0}
    if starts.pop(passage + 1, None) is None:
        raise InvalidInputError(f"passage {passage} is the last of {result.path!r}")
    return CutDecision(_require_content(result), tuple(starts.values()))


def place_boundaries(boundaries_s: Sequence[float], end_s: float, *, path: str) -> tuple[int, ...]:
    """Inner boundaries in ticks, where a file of ``end_s`` can be cut there.

    Raises
    ------
    InvalidInputError
        They are not in order, not inside the file, or leave a passage under 0.1 s.

    >>> place_boundaries([1.0], 2.0, path="side.flac")
    (28224000,)
    """
    marks = [0.0, *(float(boundary) for boundary in boundaries_s), end_s]
    # Written so that NaN is refused too.
    if not all(b - a >= MIN_PIECE_S for a, b in itertools.pairwise(marks)):
        raise InvalidInputError(
            f"boundaries must rise within 0 and {end_s:.3f} s, {MIN_PIECE_S} s apart at least, "
            f"got {[float(b) for b in boundaries_s]} for {path!r}"
        )
    return tuple(ticks_from_seconds(mark) for mark in marks[1:-1])


def find_boundaries(decisions: Sequence[Decision]) -> tuple[int, ...] | None:
    """The inner boundaries in ticks that hold for a content; None: found by listening.

    >>> find_boundaries([CutDecision("a", (7,)), CutDecision("a", (9,))])
    (9,)
    """
    for decision in reversed(decisions):
        if isinstance(decision, CutDecision):
            return decision.boundaries_ticks
    return None


def find_leads(decisions: Sequence[Decision]) -> tuple[LeadPoints, ...]:
    """The lead points that hold for a content: those that were set with its cuts."""
    for decision in reversed(decisions):
        if isinstance(decision, CutDecision):
            return decision.leads
    return ()


def apply_decisions(result: FileResult, decisions: Sequence[Decision]) -> FileResult:
    """A result with the identities and lead points that a person has chosen.

    The latest on each place holds.
    """
    if not decisions or not result.passages:
        return result
    leads = find_leads(decisions)
    passages = (set_leads(_decide(passage, decisions), leads) for passage in result.passages)
    return replace(result, passages=tuple(passages))


def set_leads(passage: Passage, leads: Sequence[LeadPoints]) -> Passage:
    """A passage with the first lead points that were set for its place; else as it is."""
    amplitude = passage.amplitude
    points = next((each for each in leads if _is_there(passage, each)), None)
    if points is None or amplitude is None:
        return passage
    length = passage.end_ticks - passage.start_ticks
    lead_in = min(max(points.lead_in_ends_ticks - passage.start_ticks, 0), length)
    lead_out = min(max(passage.end_ticks - points.lead_out_begins_ticks, 0), length)
    found_with = (*amplitude.parameters, (LEADS_BY_HAND, 1.0))
    amplitude = replace(
        amplitude, lead_in_ticks=lead_in, lead_out_ticks=lead_out, parameters=found_with
    )
    return replace(passage, amplitude=amplitude)


def find_best(passage: Passage) -> Candidate | None:
    """What ``accept`` takes: what was matched, or the best candidate; None where there is none."""
    identity = passage.identity
    if identity is None:
        return None
    return identity.chosen or next(iter(identity.candidates), None)


def make_candidate(
    recording_mbid: str, *, title: str | None = None, artist: str | None = None
) -> Candidate:
    """A candidate that a person names."""
    return Candidate(recording_mbid, title, artist, score=1.0, level="high")


def describe_decision(decision: Decision) -> str:
    """A decision in words.

    >>> describe_decision(CutDecision("a", ()))
    'one passage, not cut'
    """
    if isinstance(decision, IdentityDecision):
        if decision.candidate is None:
            return "none of the candidates"
        return describe_candidate(decision.candidate, is_quoted=False)
    n_leads = len(decision.leads)
    leads = f", leads of {n_leads} passage{'s' * (n_leads > 1)} set" if n_leads else ""
    if decision.boundaries_ticks is None:
        return f"cut automatically{leads}"
    if not decision.boundaries_ticks:
        return f"one passage, not cut{leads}"
    times = (f"{seconds_from_ticks(ticks):.2f}" for ticks in decision.boundaries_ticks)
    return f"cut at {', '.join(times)} s{leads}"


def _decide(passage: Passage, decisions: Sequence[Decision]) -> Passage:
    for decision in reversed(decisions):
        if isinstance(decision, IdentityDecision) and _is_there(passage, decision):
            return passage.identify_as(_overrule(passage.identity, decision))
    return passage


def _is_there(passage: Passage, decision: IdentityDecision | LeadPoints) -> bool:
    shared = min(passage.end_ticks, decision.end_ticks) - max(
        passage.start_ticks, decision.start_ticks
    )
    longest = max(
        passage.end_ticks - passage.start_ticks, decision.end_ticks - decision.start_ticks
    )
    return shared >= MIN_SHARED_BY_DECISION * longest


def _overrule(matched: Identity | None, decision: IdentityDecision) -> Identity:
    """The identity as decided, with the evidence as it was found."""
    candidates = matched.candidates if matched else ()
    before = f" (matched before: {matched.level})" if matched else ""
    picked = decision.candidate
    if picked is None:
        return Identity(
            "unidentified",
            BY_HAND,
            candidates=candidates,
            sentence=f"set aside by hand: no candidate{before}",
            why_not=WhyUnidentified.BY_HAND,
            is_by_hand=True,
        )
    twin = next((c for c in candidates if is_same_candidate(c, picked)), picked)
    ruling = Evidence(BY_HAND, 1.0, 1.0, f"{decision.verdict} by hand")
    chosen = replace(twin, score=1.0, level="high", evidence=(*twin.evidence, ruling))
    others = tuple(c for c in candidates if not is_same_candidate(c, picked))
    sentence = f"taken by hand: {describe_candidate(chosen, is_quoted=False)}{before}"
    return Identity("high", BY_HAND, chosen, (chosen, *others), sentence, is_by_hand=True)


def _best_of(passage: Passage, path: str) -> Candidate:
    best = find_best(passage)
    if best is None:
        raise InvalidInputError(
            f"passage {passage.index} of {path!r} has no candidate to accept: choose one"
        )
    return best


def _require_passage(result: FileResult, passage: int) -> Passage:
    for found in result.passages:
        if found.index == passage:
            return found
    raise InvalidInputError(
        f"passage must be one of the {len(result.passages)} of {result.path!r}, got {passage!r}"
    )


def _require_content(result: FileResult) -> str:
    if result.content is None:
        raise InvalidInputError(f"a file must have been read to be decided on: {result.path!r}")
    return result.content
