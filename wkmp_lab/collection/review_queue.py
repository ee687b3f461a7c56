"""What a person should look at: passages whose identity is not sure, and what speaks for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.identifying.decisions import VERDICTS, find_best
from wkmp_lab.identifying.merges import Merge, find_merges_in
from wkmp_lab.model import (
    MATCH_LEVELS,
    Candidate,
    FileResult,
    MatchLevel,
    Passage,
    PassageId,
)
from wkmp_lab.names import read_mbid

OPEN_LEVELS: tuple[MatchLevel, ...] = ("medium", "low", "unidentified")
ReviewOrder = Literal["file", "level", "score", "lowest score", "margin"]
"""By path and place; the surest first; by the best candidate's score; by its lead."""

__all__ = ["VERDICTS", "ReviewItem", "find_open", "read_recording_id"]


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A passage to be decided on."""

    result: FileResult
    passage: Passage

    @property
    def key(self) -> PassageId:
        """Path and index."""
        return self.result.path, self.passage.index

    @property
    def is_decided(self) -> bool:
        """True where a person has decided already."""
        identity = self.passage.identity
        return identity is not None and identity.is_by_hand

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Who it may be, the best first."""
        return self.passage.identity.candidates if self.passage.identity else ()

    @property
    def best(self) -> Candidate | None:
        """The candidate that is taken where none is named; None where there is none."""
        return find_best(self.passage)

    @property
    def margin(self) -> float | None:
        """By how much the best candidate's score leads the next; None where nobody is next."""
        best = self.best
        others = [each.score for each in self.candidates if each != best]
        return None if best is None or not others else best.score - max(others)

    @property
    def merge(self) -> Merge | None:
        """The offer to make one of it and the next passage; None where there is none."""
        offers = find_merges_in(self.result.path, self.result.passages)
        return next((each for each in offers if each.first == self.passage.index), None)


def find_open(
    results: Sequence[FileResult], levels: Sequence[MatchLevel] = OPEN_LEVELS
) -> tuple[ReviewItem, ...]:
    """Passages of these levels, or with a merge offered, that nobody has decided on.

    By path and place. Passages that were not identified yet are not among them.
    """
    items = (ReviewItem(result, passage) for result in results for passage in result.passages)
    return tuple(
        item
        for item in sorted(items, key=lambda item: item.key)
        if item.passage.identity is not None
        and not item.is_decided
        and (item.passage.identity.level in levels or item.merge is not None)
    )


def find_items(results: Sequence[FileResult], keys: Sequence[PassageId]) -> tuple[ReviewItem, ...]:
    """The passages of these paths and indices as they are now, in this order.

    What is gone, as its file was cut anew, is not among them.
    """
    wanted = {path for path, _ in keys}
    known = {
        (result.path, passage.index): ReviewItem(result, passage)
        for result in results
        if result.path in wanted
        for passage in result.passages
    }
    return tuple(known[key] for key in keys if key in known)


def arrange_items(
    items: Sequence[ReviewItem],
    *,
    levels: Sequence[MatchLevel] = MATCH_LEVELS,
    least_score: float = 0.0,
    order: ReviewOrder = "file",
) -> tuple[ReviewItem, ...]:
    """The items of these levels, whose best candidate has at least this score, in order.

    Without a candidate there is no score: such items are left out where one is asked for, and
    have the lowest in order.
    """

    def rank(item: ReviewItem) -> float:
        score = item.best.score if item.best else -1.0
        if order == "margin":
            return -1.0 if item.margin is None else item.margin
        level = item.passage.identity.level if item.passage.identity else "unidentified"
        return score - 10.0 * MATCH_LEVELS.index(level) if order == "level" else score

    wanted = [
        item
        for item in items
        if item.passage.identity is not None
        and item.passage.identity.level in levels
        and (least_score <= 0.0 or (item.best is not None and item.best.score >= least_score))
    ]
    wanted.sort(key=lambda item: item.key)
    if order != "file":
        wanted.sort(key=rank, reverse=order != "lowest score")
    return tuple(wanted)


def read_recording_id(text: str) -> str:
    """The MusicBrainz recording id in what a person has typed or pasted.

    >>> read_recording_id("musicbrainz.org/recording/B1A9C0E9-D987-4042-AE91-78D6A3267D69 ")
    'b1a9c0e9-d987-4042-ae91-78d6a3267d69'

    Raises
    ------
    InvalidInputError
        It is neither an id nor the address of a recording.
    """
    typed = text.strip()
    address, _, last = typed.partition("?")[0].rstrip("/").rpartition("/")
    mbid = read_mbid(last)
    if mbid is None or (address and not address.endswith("/recording")):
        raise InvalidInputError(
            "expected the id of a recording at MusicBrainz (36 characters) or its address, "
            f"got {typed!r}"
        )
    return mbid
