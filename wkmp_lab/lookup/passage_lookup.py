"""What has been learnt about one passage so far, and what it amounts to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from wkmp_lab.identifying.evidence import (
    MAX_BIT_ERROR,
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
from wkmp_lab.names import is_placeholder, read_mbid

NOBODY_ELSE = "nobody else, for this import is offline"
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
    asked: list[Silence] = field(default_factory=list)
    """Who was asked by its sound and what came of it, where nobody's word was enough."""
    releases: dict[str, tuple[ReleaseRef, ...]] = field(default_factory=dict)
    """Releases of each recording that was named."""
    shared: Mapping[str, int] = field(default_factory=dict)
    """How many passages of the same file or folder are on each release, by its id."""

    @property
    def is_asked_about(self) -> bool:
        """False for speech, which no source of songs knows."""
        return self.passage.kind != "speech"


def open_lookup(result: FileResult, passage: Passage) -> PassageLookup:
    """What the file says of a passage of its own; its tags only where that is all of it.

    Where it declares the passage, in a sheet or a chapter, that speaks of what the tags leave
    open, and the passage is as long as the piece is.
    """
    declared, is_alone = passage.declared, len(result.passages) == 1
    tags = _keep_meaning(result.tags) if is_alone else Tags()
    of_piece = _keep_meaning(_tags_of_piece(declared))
    statements = statements_of_tags(tags)
    if not statements and of_piece.title:
        statements = statements_of_piece(declared)
    tags = fill_tags(tags, of_piece)
    is_whole = is_alone or declared is not None
    lookup = PassageLookup(passage, tags, is_whole, list(statements))
    if not lookup.is_asked_about:
        lookup.reasons.append(Silence(WhyUnidentified.SPEECH))
    elif passage.duration_s < MIN_OVERLAP_S:
        lookup.reasons.append(Silence(WhyUnidentified.TOO_SHORT))
    elif passage.fingerprint is None:
        why = passage.fingerprint_reason or "none was made"
        lookup.reasons.append(Silence(WhyUnidentified.NO_FINGERPRINT, why))
    return lookup


def _tags_of_piece(piece: DeclaredPiece | None) -> Tags:
    if piece is None:
        return Tags()
    return Tags(title=piece.title, artist=piece.performer, album=piece.album, isrc=piece.isrc)


def _keep_meaning(tags: Tags) -> Tags:
    """Tags without malformed MusicBrainz ids, and without names that mean nothing."""
    return replace(
        tags,
        recording_mbid=read_mbid(tags.recording_mbid),
        release_mbid=read_mbid(tags.release_mbid),
        title=_drop_placeholder(tags.title),
        artist=_drop_placeholder(tags.artist),
        album=_drop_placeholder(tags.album),
        album_artist=_drop_placeholder(tags.album_artist),
        values=tuple(
            (name, tuple(each for each in values if not is_placeholder(each)))
            for name, values in tags.values
        ),
    )


def _drop_placeholder(name: str | None) -> str | None:
    return None if is_placeholder(name) else name


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


def note_catalogue(lookup: PassageLookup, matches: Sequence[CatalogueMatch]) -> None:
    """Keep what the catalogue says, and how near its nearest candidate comes."""
    query_s = lookup.passage.duration_s
    lookup.statements += [statement_of_match(match, query_s) for match in matches]
    told = "nothing alike"
    if matches:
        nearest = min(matches, key=lambda match: match.bit_error)
        told = f"best candidate {nearest.bit_error:.2f} of bits off over {nearest.overlap_s:.0f} s"
        told += f", at most {MAX_BIT_ERROR:.2f}" if nearest.bit_error > MAX_BIT_ERROR else ""
    lookup.asked.append(Silence(WhyUnidentified.NO_MATCH, f"catalogue asked: {told}"))


def identify(lookup: PassageLookup, silent: Sequence[Reason] = ()) -> Identity:
    """The decision on what has been learnt so far; ``silent`` tells who was not asked.

    Where the catalogue has answered, that is the reason, and being offline goes with it.
    """
    others = [reason for reason in silent if reason.why_not is not WhyUnidentified.OFFLINE]
    asked = lookup.asked
    if not asked:
        others = list(silent)
    elif len(others) < len(silent):
        asked = [replace(each, detail=f"{each.detail}; {NOBODY_ELSE}") for each in asked]
    return identify_recording(
        lookup.statements,
        duration_s=lookup.passage.duration_s,
        tags=lookup.tags,
        is_whole_file=lookup.is_whole_file,
        reasons=(*lookup.reasons, *others, *asked),
    )
