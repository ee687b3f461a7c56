"""What a review shows of passages, candidates and decisions, as HTML and text: strings alone."""

from collections.abc import Sequence
from typing import NamedTuple

from wkmp_lab.collection.review_queue import ReviewItem
from wkmp_lab.display.numbers import format_clock, format_count
from wkmp_lab.display.safe_text import clean_name, clean_text
from wkmp_lab.display.templating import render
from wkmp_lab.identifying.decisions import (
    Decision,
    IdentityDecision,
    describe_decision,
)
from wkmp_lab.model import Candidate

MAX_CANDIDATES = 8
MAX_EVIDENCE = 6
MAX_DECISIONS = 100
_TEMPLATE = "notebook/templates/review.html.jinja"


class _CandidateRow(NamedTuple):
    """What a review shows of a candidate; of its evidence sign, source and words."""

    names: tuple[str, str, str]
    length: str
    score: str
    evidence: list[tuple[str, str, str]]


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


def format_item_html(item: ReviewItem | None) -> str:
    """A passage with its candidates side by side, and what speaks for and against each."""
    if item is None:
        return render(_TEMPLATE, "nothing", {})
    tags, declared = item.result.tags, item.passage.declared
    names = (tags.artist, tags.album, tags.title)
    if declared is not None:
        names = (declared.performer or tags.artist, declared.album or tags.album, declared.title)
    said = [clean_text(each) for each in names if each]
    values = {
        "path": item.result.path,
        "passage": item.passage,
        "identity": item.passage.identity,
        "tags": " - ".join(said),
        "merge": str(item.merge) if item.merge is not None else "",
        "candidates": [_make_row(each) for each in item.candidates[:MAX_CANDIDATES]],
        "n_more": len(item.candidates) - MAX_CANDIDATES,
    }
    return render(_TEMPLATE, "item", values)


def format_state_html(n_decided: int, n_all: int) -> str:
    """How far the queue of a review is."""
    return render(_TEMPLATE, "state", {"n_decided": n_decided, "n_all": n_all})


def format_review_html(
    decided: Sequence[tuple[float, Decision]], items: Sequence[ReviewItem]
) -> str:
    """What was decided, newest first, and what is open: what stays in a saved notebook."""
    is_open = [item for item in items if not item.is_decided]
    latest = list(reversed(decided))[:MAX_DECISIONS]
    values = {
        "headline": format_review_text(len(decided), len(is_open)),
        "decided": [(_verdict_of(each), describe_decision(each)) for _, each in latest],
        "waiting": [(name_item(item), _sentence_of(item)) for item in is_open[:MAX_DECISIONS]],
    }
    return render(_TEMPLATE, "record", values)


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


def _make_row(candidate: Candidate) -> _CandidateRow:
    strongest = sorted(candidate.evidence, key=lambda piece: -abs(piece.weight))[:MAX_EVIDENCE]
    return _CandidateRow(
        names=(candidate.title or "", candidate.artist or "", candidate.release_title or ""),
        length="" if candidate.duration_s is None else format_clock(candidate.duration_s),
        score=f"{candidate.score:.2f}",
        evidence=[
            (
                "+" if piece.weight >= 0 else "-",
                piece.source.replace("_", " "),
                piece.detail or f"{piece.value:.3g}",
            )
            for piece in strongest
        ],
    )
