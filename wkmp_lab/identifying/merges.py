"""Neighbouring passages of a file that seem to be one song: a cut that went through it.

Nothing is merged by itself: these are offers. A song that is played twice is none, so lengths
have to agree with the recording's where that is known.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wkmp_lab.identifying.candidates import describe_candidate, is_same_candidate
from wkmp_lab.identifying.evidence import SURE_DURATION_S
from wkmp_lab.model import MAX_EXCESS_S, Candidate, FileResult, Passage


@dataclass(frozen=True, slots=True)
class Merge:
    """Two neighbouring passages of a file that one identity speaks for."""

    path: str
    first: int
    """Index of the first of the two; the other is the next one."""
    candidate: Candidate
    why: str

    def __str__(self) -> str:
        return f"#{self.first} and #{self.first + 1} may be one passage: {self.why}"


def find_merges(results: Sequence[FileResult]) -> list[Merge]:
    """Every merge that the identities of the passages suggest, by path and place.

    Two passages are offered as one where they are the same recording, or where the one is a
    recording that is as long as both together, and the other is nothing that is known. Where each
    is long enough to be the whole recording, it is played twice and not cut in two.
    """
    ordered = sorted(results, key=lambda result: result.path)
    return [merge for result in ordered for merge in find_merges_in(result.path, result.passages)]


def find_merges_in(path: str, passages: Sequence[Passage]) -> Iterator[Merge]:
    """The merges that are offered for one file."""
    for first, second in itertools.pairwise(passages):
        ours, theirs = _chosen(first), _chosen(second)
        if ours is not None and theirs is not None:
            why = _tell_halves(first, second, ours) if is_same_candidate(ours, theirs) else None
        elif ours is not None:
            why = _tell_rest(first, second, first, ours)
        else:
            why = _tell_rest(first, second, second, theirs) if theirs is not None else None
        named = ours or theirs
        if named is not None and why is not None:
            yield Merge(path, first.index, named, why)


def _chosen(passage: Passage) -> Candidate | None:
    return passage.identity.chosen if passage.identity else None


def _tell_halves(first: Passage, second: Passage, candidate: Candidate) -> str | None:
    """Why two passages that are the same recording are one; None where it is played twice."""
    both = f"both are {describe_candidate(candidate)}"
    if candidate.duration_s is None:
        return both
    together_s = _together_s(first, second)
    longest_s = max(first.duration_s, second.duration_s)
    is_whole_alone = longest_s > candidate.duration_s - SURE_DURATION_S
    if is_whole_alone or together_s > candidate.duration_s + MAX_EXCESS_S:
        return None
    return f"{both}, together {together_s:.0f} s of its {candidate.duration_s:.0f} s"


def _tell_rest(
    first: Passage, second: Passage, heard: Passage, candidate: Candidate
) -> str | None:
    """Why a passage that nobody knows is the rest of its neighbour; None where it is not."""
    whole_s = candidate.duration_s
    if whole_s is None or heard.duration_s > whole_s - MAX_EXCESS_S:
        return None
    if abs(_together_s(first, second) - whole_s) > SURE_DURATION_S:
        return None
    name = describe_candidate(candidate)
    return f"#{heard.index} is {name}, and only together they are as long as it ({whole_s:.0f} s)"


def _together_s(first: Passage, second: Passage) -> float:
    return second.end_s - first.start_s
