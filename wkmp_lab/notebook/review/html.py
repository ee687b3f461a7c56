"""What a review shows of passages, candidates and decisions, as HTML and text: strings alone."""

from collections.abc import Sequence

from wkmp_lab.collection.review_queue import ReviewItem
from wkmp_lab.display.numbers import (
    LEFT,
    MAX_REASON,
    RIGHT,
    format_clock,
    format_count,
    format_name,
)
from wkmp_lab.display.safe_text import clean_name, clean_text, escape_html
from wkmp_lab.display.summary import wrap_html
from wkmp_lab.identifying.decisions import (
    Decision,
    IdentityDecision,
    describe_decision,
)
from wkmp_lab.model import Candidate, Identity

MAX_CANDIDATES = 8
MAX_EVIDENCE = 6
MAX_DECISIONS = 100


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


def _join_names(candidate: Candidate, names: Sequence[str | None]) -> str:
    words = " - ".join(clean_text(name) for name in names if name)
    return words or f"recording {candidate.recording_mbid}"


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
