"""What has been learnt about one passage so far, and what it amounts to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wkmp_lab.identifying.evidence import (
    MIN_OVERLAP_S,
    Statement,
    statements_of_piece,
    statements_of_tags,
)
from wkmp_lab.identifying.recording import identify_recording
from wkmp_lab.io.tags.fields import fill_tags
from wkmp_lab.io.web.answers import (
    AcoustidMatch,
    CatalogueMatch,
    Outcome,
    ReleaseRef,
)
from wkmp_lab.model import DeclaredPiece, FileResult, Identity, Passage, Tags
from wkmp_lab.model.reasons import FailedLookup, Reason, Service, Silence, WhyUnidentified
from wkmp_lab.names import read_mbid

MIN_TOLD_OFFSET_S = 0.5
"""Copies that begin as near to each other begin alike."""


@dataclass(slots=True)
class PassageLookup:
    """What has been learnt about one passage so far."""

    passage: Passage
    tags: Tags
    is_whole_file: bool
    """True where it is a piece as a whole, so that its length can be compared."""
    statements: list[Statement] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    releases: dict[str, tuple[ReleaseRef, ...]] = field(default_factory=dict)
    """Releases of each recording that was named."""


def open_lookup(result: FileResult, passage: Passage) -> PassageLookup:
    """What the file says of a passage of its own; its tags only where that is all of it.

    Where it declares the passage, in a sheet or a chapter, that speaks of what the tags leave
    open, and the passage is as long as the piece is.
    """
    declared, is_alone = passage.declared, len(result.passages) == 1
    tags = _valid_ids(result.tags) if is_alone else Tags()
    statements = statements_of_tags(tags) or statements_of_piece(declared)
    tags = fill_tags(tags, _tags_of_piece(declared))
    is_whole = is_alone or declared is not None
    lookup = PassageLookup(passage, tags, is_whole, list(statements))
    if passage.duration_s < MIN_OVERLAP_S:
        lookup.reasons.append(Silence(WhyUnidentified.TOO_SHORT))
    elif passage.fingerprint is None:
        why = passage.fingerprint_reason or "none was made"
        lookup.reasons.append(Silence(WhyUnidentified.NO_FINGERPRINT, why))
    return lookup


def _tags_of_piece(piece: DeclaredPiece | None) -> Tags:
    if piece is None:
        return Tags()
    return Tags(title=piece.title, artist=piece.performer, album=piece.album, isrc=piece.isrc)


def _valid_ids(tags: Tags) -> Tags:
    """Tags without malformed MusicBrainz ids."""
    return replace(
        tags,
        recording_mbid=read_mbid(tags.recording_mbid),
        release_mbid=read_mbid(tags.release_mbid),
    )


def statement_of_match(match: CatalogueMatch, query_s: float) -> Statement:
    """What the local catalogue says."""
    recording = match.recording
    return Statement(
        "catalogue",
        recording.mbid,
        recording.title,
        recording.artist,
        bit_error=match.bit_error,
        next_bit_error=match.next_bit_error,
        overlap_s=match.overlap_s,
        query_s=query_s,
        offset_s=match.offset_s,
        duration_s=recording.duration_s,
        detail=_tell_offset(match.offset_s),
    )


def _tell_offset(offset_s: float) -> str:
    """Where in the known copy the passage begins, in words.

    >>> _tell_offset(12.38), _tell_offset(0.1), _tell_offset(-3.0)
    ('from 12.4 s of the known copy', '', 'from 3.0 s before the known copy')
    """
    if abs(offset_s) < MIN_TOLD_OFFSET_S:
        return ""
    where = f"{offset_s:.1f} s of" if offset_s > 0 else f"{-offset_s:.1f} s before"
    return f"from {where} the known copy"


def statement_of_link(match: AcoustidMatch) -> Statement:
    """What AcoustID says."""
    recording = match.recording
    return Statement(
        "acoustid",
        recording.mbid,
        recording.title,
        recording.artist,
        score=match.score,
        share=match.share,
        duration_s=recording.duration_s,
        work_mbid=recording.work_mbid,
        acoustid=match.acoustid,
    )


def note_failure(lookup: PassageLookup, service: Service, outcome: Outcome[object]) -> None:
    """Keep why a service did not answer."""
    if not outcome.is_answered:
        lookup.reasons.append(FailedLookup(service, outcome.kind, outcome.why))


def identify(lookup: PassageLookup, silent: Sequence[Reason] = ()) -> Identity:
    """The decision on what has been learnt so far; ``silent`` tells who was not asked."""
    return identify_recording(
        lookup.statements,
        duration_s=lookup.passage.duration_s,
        tags=lookup.tags,
        is_whole_file=lookup.is_whole_file,
        reasons=(*lookup.reasons, *silent),
    )
