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


@dataclass(frozen=True, slots=True)
class CutDecision:
    """Where the content is cut; ``boundaries_ticks`` of None gives it back to the automatism."""

    content: str
    boundaries_ticks: tuple[int, ...] | None


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


def make_cut_decision(result: FileResult, boundaries_s: Sequence[float] | None) -> CutDecision:
    """A decision on where a file is cut.

    Parameters
    ----------
    result
        With its content hash and its length.
    boundaries_s
        Inner boundaries in seconds from the file's start; empty: it is one passage; None: back
        to the automatism.

    Raises
    ------
    InvalidInputError
        The boundaries are not in order, not inside the file, or leave a passage under 0.1 s.
    """
    digest, end_s = _require_content(result), result.duration_s
    if boundaries_s is None:
        return CutDecision(digest, None)
    if end_s is None:
        raise InvalidInputError(f"a file without audio cannot be cut: {result.path!r}")
    return CutDecision(digest, place_boundaries(boundaries_s, end_s, path=result.path))


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


def apply_decisions(result: FileResult, decisions: Sequence[Decision]) -> FileResult:
    """A result with the identities that a person has chosen; the latest on each place holds."""
    if not decisions or not result.passages:
        return result
    passages = tuple(_decide(passage, decisions) for passage in result.passages)
    return replace(result, passages=passages)


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
    if decision.boundaries_ticks is None:
        return "cut automatically"
    if not decision.boundaries_ticks:
        return "one passage, not cut"
    times = (f"{seconds_from_ticks(ticks):.2f}" for ticks in decision.boundaries_ticks)
    return f"cut at {', '.join(times)} s"


def _decide(passage: Passage, decisions: Sequence[Decision]) -> Passage:
    for decision in reversed(decisions):
        if isinstance(decision, IdentityDecision) and _is_there(passage, decision):
            return passage.identify_as(_overrule(passage.identity, decision))
    return passage


def _is_there(passage: Passage, decision: IdentityDecision) -> bool:
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
