"""What one source says that a passage is, how far that carries by itself, and how it is told."""

import math
from dataclasses import dataclass
from typing import Literal

from wkmp_lab.dsp.chromaprint import MAX_RELATED_BIT_ERROR
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import MAX_EXCESS_S, DeclaredPiece, Tags
from wkmp_lab.names import compute_similarity, describe_song

Source = Literal[
    "acoustid", "catalogue", "embedded_id", "isrc", "text_search", "album", "tags", "declared"
]
BARE_NAMES: frozenset[Source] = frozenset({"tags", "declared"})
"""Who gives a name alone, as the file or a sheet beside it has it."""

UNIDENTIFIED, LOW, MEDIUM, HIGH = range(4)
"""Grades, so that levels can be compared."""

MAX_BIT_ERROR = 0.15
"""Re-encodings and clips lie below (medians 0.006 to 0.055), unrelated pieces above 0.26."""
MAX_SURE_BIT_ERROR = 0.10
SHORT_OVERLAP_S = 9.0
"""A clip of 10 s overlaps by a little less than that."""
MAX_SHORT_BIT_ERROR = 0.07
"""For shorter overlaps: there, parts of a faster version of a piece come down to 0.09."""
MIN_OVERLAP_S = 4.0
MIN_FAIR_OVERLAP_S = 10.0
MIN_SURE_OVERLAP_S = 20.0
SURE_SCORE = 0.90
FAIR_SCORE = 0.80
MIN_SCORE = 0.50
"""Pairs of different mixes of one piece live between 0.4 and 0.6."""
SURE_DURATION_S = 3.0
"""Encodings and editions of one recording differ by less than this."""
AGREEMENT = 0.8
"""Of names: one that is written in two ways lies above, most names of two things below."""
CONTRADICTION = 0.22
"""Three of four pairs of names that have nothing to do with each other lie below."""
MIN_SEARCH_TITLE = 0.9

ID_CONFIDENCE = 0.5
"""Of an embedded id: right most of the time, but it tells of the tagger, not of the sound."""
TAGS_CONFIDENCE = 0.2
SEARCH_CONFIDENCE = 0.4
AGREEMENT_CONFIDENCE = 0.3
DURATION_CONFIDENCE = 0.1
TAGS_PENALTY = 0.3
DURATION_PENALTY = 0.3


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source says that a passage is; what it does not say is None.

    Attributes
    ----------
    score
        AcoustID's score in [0, 1].
    share
        Submissions for this recording, relative to the fingerprint's most submitted one.
    bit_error, next_bit_error
        Share of differing fingerprint bits, here and for the nearest other song.
    overlap_s, query_s
        Length of the part that was compared, and of the passage's fingerprint.
    duration_s
        Length of the recording that is stated.
    """

    source: Source
    recording_mbid: str | None = None
    title: str | None = None
    artist: str | None = None
    score: float | None = None
    share: float = 1.0
    bit_error: float | None = None
    next_bit_error: float | None = None
    overlap_s: float = 0.0
    query_s: float | None = None
    offset_s: float | None = None
    duration_s: float | None = None
    release_mbid: str | None = None
    release_title: str | None = None
    work_mbid: str | None = None
    acoustid: str | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        if self.source == "acoustid" and self.score is None:
            raise InvalidInputError("a statement of acoustid needs a score, got None")
        if self.source == "catalogue" and self.bit_error is None:
            raise InvalidInputError("a statement of the catalogue needs a bit error, got None")
        if not (self.recording_mbid or self.title):
            raise InvalidInputError(
                f"a statement of {self.source} needs an id or a title, got neither"
            )

    @property
    def is_heard(self) -> bool:
        """True where the statement rests on the sound itself."""
        return self.source in ("acoustid", "catalogue")


@dataclass(frozen=True, slots=True)
class PassageFacts:
    """The passage that is decided on, as far as the file tells."""

    duration_s: float
    tags: Tags
    is_whole_file: bool


def statements_of_tags(tags: Tags) -> tuple[Statement, ...]:
    """What the file says of itself: an embedded id, else its title.

    >>> [each.source for each in statements_of_tags(Tags(title="Rain", artist="The Drops"))]
    ['tags']
    """
    if tags.recording_mbid:
        return (
            Statement(
                "embedded_id",
                tags.recording_mbid.lower(),
                tags.title,
                tags.artist,
                release_mbid=tags.release_mbid,
                release_title=tags.album,
            ),
        )
    return (Statement("tags", None, tags.title, tags.artist),) if tags.title else ()


def statements_of_piece(piece: DeclaredPiece | None) -> tuple[Statement, ...]:
    """What a CUE sheet or a chapter says that a passage is; nothing where it gives no title.

    >>> [each.source for each in statements_of_piece(DeclaredPiece(0, "Rain", "The Drops"))]
    ['declared']
    """
    if piece is None or not piece.title:
        return ()
    return (Statement("declared", None, piece.title, piece.performer),)


def measure_agreement(statement: Statement, tags: Tags) -> tuple[float, float] | None:
    """Similarity of title and artist to the tags; None where either side is silent.

    Of several artists the most similar one counts, or all together.
    """
    if not (tags.title and statement.title):
        return None
    artists = [tags.artist, *tags.all_of("artist")] if tags.artist and statement.artist else []
    artist = max((compute_similarity(name, statement.artist) for name in artists), default=None)
    title = compute_similarity(tags.title, statement.title)
    return title, title if artist is None else artist


def is_agreed(statement: Statement, tags: Tags) -> bool:
    """True where the tags name the same title and artist."""
    return min(measure_agreement(statement, tags) or (0.0,)) >= AGREEMENT


def is_contradicted(statement: Statement, tags: Tags) -> bool:
    """True where neither title nor artist of the tags have anything to do with the statement."""
    return max(measure_agreement(statement, tags) or (1.0,)) < CONTRADICTION


def measure_excess_s(statement: Statement, facts: PassageFacts) -> float | None:
    """Length of the passage less that of the recording, in seconds; None where unknown."""
    if statement.duration_s is None or not facts.is_whole_file:
        return None
    return facts.duration_s - statement.duration_s


def grade_statement(statement: Statement, facts: PassageFacts) -> tuple[int, str]:
    """The level that a statement alone is worth, with the reservation that lowered it, or ''."""
    grade = _grade_plain(statement, facts)
    if grade < HIGH:
        return grade, _tell_reservation(statement, grade)
    excess_s = measure_excess_s(statement, facts)
    if is_contradicted(statement, facts.tags):
        return MEDIUM, f"the tags say {describe_song(facts.tags.title, facts.tags.artist)}"
    if excess_s is not None and abs(excess_s) > SURE_DURATION_S:
        return MEDIUM, _tell_excess(excess_s)
    return HIGH, ""


def _grade_plain(statement: Statement, facts: PassageFacts) -> int:
    match statement.source:
        case "catalogue":
            return _grade_bit_error(statement)
        case "acoustid":
            return _grade_score(statement, facts)
        case "text_search":
            return _grade_search(statement, facts)
        case "embedded_id" | "isrc" | "album":
            return LOW
    return UNIDENTIFIED


def _tell_reservation(statement: Statement, grade: int) -> str:
    """What keeps a statement that was heard from being sure, in words."""
    if grade == UNIDENTIFIED or not statement.is_heard:
        return ""
    if statement.source == "acoustid":
        return "the score is not sure" if grade == MEDIUM else "only the tags support that score"
    if statement.overlap_s < MIN_SURE_OVERLAP_S:
        return f"less than {MIN_SURE_OVERLAP_S:.0f} s to compare"
    return f"more than {_percent(MAX_SURE_BIT_ERROR)} of bits differ"


def _grade_bit_error(statement: Statement) -> int:
    if statement.bit_error is None or statement.bit_error > MAX_BIT_ERROR:
        return UNIDENTIFIED
    if statement.bit_error <= MAX_SURE_BIT_ERROR and statement.overlap_s >= MIN_SURE_OVERLAP_S:
        return HIGH
    if statement.overlap_s >= MIN_FAIR_OVERLAP_S:
        return MEDIUM
    is_short = statement.overlap_s < SHORT_OVERLAP_S
    limit = MAX_SHORT_BIT_ERROR if is_short else MAX_SURE_BIT_ERROR
    is_near = statement.bit_error <= limit and statement.overlap_s >= MIN_OVERLAP_S
    return LOW if is_near else UNIDENTIFIED


def _grade_score(statement: Statement, facts: PassageFacts) -> int:
    score = statement.score or 0.0
    if score >= SURE_SCORE:
        return HIGH
    if score >= FAIR_SCORE:
        return MEDIUM
    return LOW if score >= MIN_SCORE and is_agreed(statement, facts.tags) else UNIDENTIFIED


def _grade_search(statement: Statement, facts: PassageFacts) -> int:
    title, artist = measure_agreement(statement, facts.tags) or (0.0, 0.0)
    excess_s = measure_excess_s(statement, facts)
    is_long_enough = excess_s is not None and abs(excess_s) <= MAX_EXCESS_S
    return LOW if title >= MIN_SEARCH_TITLE and artist >= AGREEMENT and is_long_enough else 0


def compute_confidence(statement: Statement) -> float:
    """Confidence in [0, 1) of a statement by itself, before lengths and tags are looked at."""
    match statement.source:
        case "catalogue":
            nearness = 1.0 - (statement.bit_error or 0.0) / MAX_RELATED_BIT_ERROR
            length = min(statement.overlap_s / MIN_SURE_OVERLAP_S, 1.0)
            return 0.98 * math.sqrt(max(nearness, 0.0)) * length
        case "acoustid":
            return (
                0.98 * max((statement.score or 0.0) - 0.4, 0.0) / 0.6 * min(statement.share, 1.0)
            )
        case "text_search" | "album":
            return SEARCH_CONFIDENCE
        case "embedded_id" | "isrc":
            return ID_CONFIDENCE
    return TAGS_CONFIDENCE


def describe_statement(statement: Statement, *, is_confirmed: bool = False) -> str:
    """What the statement rests on, in words.

    Parameters
    ----------
    is_confirmed
        The sound says the same; else a statement that does not rest on it says so.
    """
    words = _describe_plainly(statement)
    return words if statement.is_heard or is_confirmed else f"{words}, not confirmed by sound"


def _describe_plainly(statement: Statement) -> str:
    match statement.source:
        case "catalogue":
            whole = f" of {statement.query_s:.0f} s" if statement.query_s else ""
            error, next_error = _percent(statement.bit_error), statement.next_bit_error
            words = f"matches over {statement.overlap_s:.0f} s{whole}, {error} of bits differ"
            next_song = "no other song is near"
            if next_error is not None:
                next_song = f"the next other song {_percent(next_error)}"
            return f"{words}; {next_song}"
        case "acoustid":
            words = f"AcoustID score {statement.score:.2f}"
            is_most = statement.share >= 1.0
            return words if is_most else f"{words}, {_percent(statement.share)} of the links"
        case "text_search":
            return "found by title and artist"
        case "embedded_id":
            return "by the id in the file"
        case "album":
            return "by its place on the release"
        case "isrc":
            return "by its ISRC"
        case "declared":
            return "by the title that a sheet or chapter declares"
    return "by the title in the tags"


def describe_length(statement: Statement, facts: PassageFacts) -> str:
    """How the passage's length compares, in words; '' where unknown."""
    excess_s = measure_excess_s(statement, facts)
    return "" if excess_s is None else _tell_excess(excess_s)


def _tell_excess(excess_s: float) -> str:
    if abs(excess_s) < 0.5:
        return "as long as the recording"
    return f"{abs(excess_s):.1f} s {'longer' if excess_s > 0 else 'shorter'} than the recording"


def _percent(ratio: float | None) -> str:
    return f"{100 * (ratio or 0.0):.0f} %"
