"""What a person should look at: passages whose identity is not sure, and what speaks for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wkmp_lab.decisions import (
    BY_HAND,
    VERDICTS,
    Decision,
    IdentityDecision,
    describe_decision,
    find_best,
)
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.merging import Merge, find_merges_in
from wkmp_lab.model import MATCH_LEVELS, Candidate, FileResult, Identity, MatchLevel, Passage
from wkmp_lab.names import read_mbid
from wkmp_lab.summary import (
    LEFT,
    MAX_REASON,
    RIGHT,
    format_clock,
    format_count,
    format_name,
    wrap_html,
)
from wkmp_lab.text import clean_name, clean_text, escape_html

OPEN_LEVELS: tuple[MatchLevel, ...] = ("medium", "low", "unidentified")
MAX_CANDIDATES = 8
MAX_EVIDENCE = 6
MAX_DECISIONS = 100
Order = Literal["file", "level", "score", "lowest score", "margin"]
"""By path and place; the surest first; by the best candidate's score; by its lead."""
Key = tuple[str, int]
"""Path and index of a passage."""

__all__ = ["VERDICTS", "ReviewItem", "find_open", "read_recording_id"]


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A passage to be decided on."""

    result: FileResult
    passage: Passage

    @property
    def key(self) -> Key:
        """Path and index."""
        return self.result.path, self.passage.index

    @property
    def is_decided(self) -> bool:
        """True where a person has decided already."""
        identity = self.passage.identity
        return identity is not None and identity.reason == BY_HAND

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


def find_items(results: Sequence[FileResult], keys: Sequence[Key]) -> tuple[ReviewItem, ...]:
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
    order: Order = "file",
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


def name_candidate(candidate: Candidate) -> str:
    """A candidate in one line of plain text.

    >>> name_candidate(Candidate(None, "Rain", "The Drops", 0.82, "medium", duration_s=61.0))
    'Rain - The Drops (1:01), 0.82'
    """
    names = (candidate.title, candidate.artist, candidate.release_title)
    length = "" if candidate.duration_s is None else f" ({format_clock(candidate.duration_s)})"
    return f"{_join_names(candidate, names)}{length}, {candidate.score:.2f}"


def name_song(candidate: Candidate) -> str:
    """Title and artist of a candidate in one line of plain text.

    >>> name_song(Candidate(None, "Rain", "The Drops", 0.82, "medium"))
    'Rain - The Drops'
    """
    return _join_names(candidate, (candidate.title, candidate.artist))


def name_place(item: ReviewItem) -> str:
    """File and number of a passage in one line of plain text."""
    return f"{clean_name(item.result.path)} #{item.passage.index}"


def name_item(item: ReviewItem) -> str:
    """A passage in one line of plain text."""
    passage, identity = item.passage, item.passage.identity
    span = f"{format_clock(passage.start_s)} to {format_clock(passage.end_s)}"
    level = "decided" if item.is_decided else identity.level if identity else ""
    return f"{name_place(item)}, {span}: {level}"


def format_item_html(item: ReviewItem) -> str:
    """A passage with its candidates side by side, and what speaks for and against each."""
    passage, identity = item.passage, item.passage.identity
    tags = item.result.tags
    said = [clean_text(each) for each in (tags.artist, tags.album, tags.title) if each]
    head = (
        f"<p><b>{format_name(item.result.path)}</b> #{passage.index}, "
        f"{format_clock(passage.start_s)} to {format_clock(passage.end_s)} "
        f"({format_clock(passage.end_s - passage.start_s)})<br>"
    )
    if identity is not None:
        head += f"<b>{identity.level}</b>: {escape_html(identity.sentence, MAX_REASON)}"
    if said:
        head += f"<br>its tags: {escape_html(' - '.join(said), MAX_REASON)}"
    if item.merge is not None:
        head += f"<br>passages {escape_html(str(item.merge), MAX_REASON)}"
    return wrap_html(head + "</p>" + _candidates_html(identity))


def format_review_html(
    decided: Sequence[tuple[float, Decision]], items: Sequence[ReviewItem]
) -> str:
    """What was decided, newest first, and what is open: what stays in a saved notebook."""
    is_open = [item for item in items if not item.is_decided]
    waiting = "".join(
        f"<tr><td {LEFT}>{escape_html(name_item(item), MAX_REASON)}</td>"
        f"<td {LEFT}>{escape_html(_sentence_of(item), MAX_REASON)}</td></tr>"
        for item in is_open[:MAX_DECISIONS]
    )
    rows = "".join(
        f"<tr><td {LEFT}>{_verdict_of(decision)}</td>"
        f"<td {LEFT}>{escape_html(describe_decision(decision), MAX_REASON)}</td></tr>"
        for _, decision in list(reversed(decided))[:MAX_DECISIONS]
    )
    tables = "".join(
        f"<p>{title}</p><table><tbody>{body}</tbody></table>"
        for title, body in (("Decided", rows), ("Open", waiting))
        if body
    )
    return wrap_html(f"<p><b>{format_review_text(len(decided), len(is_open))}</b></p>{tables}")


def format_review_text(n_decided: int, n_open: int) -> str:
    """How far a review is, in one line.

    >>> format_review_text(3, 1)
    'Review: 1 passage to decide on, 3 decisions made'
    """
    is_open, made = format_count(n_open, "passage"), format_count(n_decided, "decision")
    return f"Review: {is_open} to decide on, {made} made"


def _join_names(candidate: Candidate, names: Sequence[str | None]) -> str:
    words = " - ".join(clean_text(name) for name in names if name)
    return words or f"recording {candidate.recording_mbid}"


def _sentence_of(item: ReviewItem) -> str:
    return item.passage.identity.sentence if item.passage.identity else ""


def _verdict_of(decision: Decision) -> str:
    return decision.verdict if isinstance(decision, IdentityDecision) else "cut"


def _candidates_html(identity: Identity | None) -> str:
    candidates = identity.candidates if identity else ()
    if not candidates:
        return "<p>No candidate was found.</p>"
    names = ("", "title", "artist", "release", "length", "score", "what speaks for and against")
    head = "".join(f'<th scope="col" {LEFT}>{name}</th>' for name in names)
    rows = "".join(
        _candidate_html(number, candidate)
        for number, candidate in enumerate(candidates[:MAX_CANDIDATES], 1)
    )
    n_more = len(candidates) - MAX_CANDIDATES
    more = f"<p>and {n_more} more in session.candidates</p>" if n_more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"


def _candidate_html(number: int, candidate: Candidate) -> str:
    strongest = sorted(candidate.evidence, key=lambda piece: -abs(piece.weight))[:MAX_EVIDENCE]
    evidence = "<br>".join(
        f"{'+' if piece.weight >= 0 else '-'} {escape_html(piece.source.replace('_', ' '), 30)}: "
        f"{escape_html(piece.detail or f'{piece.value:.3g}', 160)}"
        for piece in strongest
    )
    length = "" if candidate.duration_s is None else format_clock(candidate.duration_s)
    texts = (candidate.title, candidate.artist, candidate.release_title)
    cells = "".join(f"<td {LEFT}>{escape_html(text or '', 80)}</td>" for text in texts)
    return (
        f"<tr><td {LEFT}>{number}</td>{cells}<td {RIGHT}>{length}</td>"
        f"<td {RIGHT}>{candidate.score:.2f}</td><td {LEFT}>{evidence}</td></tr>"
    )
