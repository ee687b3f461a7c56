"""What pieces a file has by its own word, or by that of a sheet beside it."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import NamedTuple

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.sheets.beside import find_sheets, select_tracks
from wkmp_lab.io.sheets.cue import TICKS_PER_FRAME, CueSheet, CueTrack, parse_cue
from wkmp_lab.io.tags.fields import tags_from_texts
from wkmp_lab.model import Declaration, DeclaredPiece, Tags
from wkmp_lab.units import ticks_from_seconds

MIN_PIECE_S = 0.1
"""What is shorter is no piece: a heading without a length, or a start at the very end."""


class _Offer(NamedTuple):
    """The pieces that one source declares, and what it gets wrong; or why it is not asked."""

    source: str
    pieces: tuple[DeclaredPiece, ...] = ()
    faults: tuple[str, ...] = ()
    refusal: str = ""


def read_declaration(path: str, tags: Tags, *, end_ticks: int) -> Declaration:
    """The pieces that a file has, by the first source that fits it.

    The cue sheet inside the file is asked first, then those beside it, then the file's own
    chapters (or FLAC's table of tracks). A source holds where it has more pieces that lie in the
    file than others; what is wrong with it is told in the notes. One chapter alone is no
    structure.

    Parameters
    ----------
    path
        The audio file.
    tags
        Its tags, with the cue sheet and the chapters that it holds.
    end_ticks
        The end of its audio.
    """
    notes: list[str] = []
    for offer in _list_offers(path, tags):
        if offer.refusal:
            notes.append(f"{offer.source} is not used: {offer.refusal}")
            continue
        pieces = _keep_inside(offer.pieces, end_ticks)
        n_outside = sum(piece.start_ticks >= end_ticks for piece in offer.pieces)
        faults = list(offer.faults)
        if n_outside:
            faults.append(f"{n_outside} of its {len(offer.pieces)} pieces begin behind the end")
        if len(pieces) <= n_outside + len(offer.faults):
            notes.append(f"{offer.source} is not used: {'; '.join(faults) or 'no piece fits'}")
            continue
        if faults:
            notes.append(f"{offer.source} is used in part: {'; '.join(faults)}")
        return Declaration(pieces, offer.source, tuple(notes))
    return Declaration(notes=tuple(notes))


def _list_offers(path: str, tags: Tags) -> Iterator[_Offer]:
    name = PurePath(path).name
    if tags.cue_sheet:
        source = "the cue sheet in the file"
        try:
            sheet = parse_cue(tags.cue_sheet)
        except InvalidInputError as error:
            yield _Offer(source, refusal=str(error))
        else:
            yield _offer_of_sheet(source, sheet, name, is_own=True)
    for found in find_sheets(path):
        source = f"the cue sheet '{found.name}'"
        if found.sheet is None:
            yield _Offer(source, refusal=found.why)
        else:
            yield _offer_of_sheet(source, found.sheet, name, is_own=found.is_own)
    if len(tags.chapters or ()) > 1:
        yield _Offer("the chapters in the file", tags.chapters or ())


def _offer_of_sheet(source: str, sheet: CueSheet, name: str, *, is_own: bool) -> _Offer:
    """What a sheet says of one file; its own sheet need not name it where it is of one file."""
    files = {track.file for track in sheet.tracks}
    tracks = sheet.tracks if is_own and len(files) == 1 else select_tracks(sheet, name)
    if not tracks:
        return _Offer(source, refusal="it is of other files")
    named = {track.file for track in tracks}
    faults = tuple(fault.why for fault in sheet.faults if fault.file in named)
    return _Offer(source, tuple(_piece_of_track(track, sheet) for track in tracks), faults)


def _piece_of_track(track: CueTrack, sheet: CueSheet) -> DeclaredPiece:
    texts = {
        "title": track.title,
        "artist": track.performer or sheet.performer,
        "isrc": track.isrc,
        "album": sheet.title,
    }
    clean = tags_from_texts({name: [text] for name, text in texts.items() if text})
    return DeclaredPiece(
        track.start_frames * TICKS_PER_FRAME, clean.title, clean.artist, clean.isrc, clean.album
    )


def _keep_inside(pieces: Sequence[DeclaredPiece], end_ticks: int) -> tuple[DeclaredPiece, ...]:
    """The pieces in order of time that begin before the end and have a length."""
    ordered = sorted(
        (piece for piece in pieces if piece.start_ticks < end_ticks),
        key=lambda piece: piece.start_ticks,
    )
    ends = [*(piece.start_ticks for piece in ordered), end_ticks][1:]
    least = ticks_from_seconds(MIN_PIECE_S)
    return tuple(
        piece for piece, end in zip(ordered, ends, strict=True) if end - piece.start_ticks >= least
    )
