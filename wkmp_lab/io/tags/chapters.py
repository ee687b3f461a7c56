"""Chapters of a file: those that the decoder shows, and FLAC's own table of tracks."""

from fractions import Fraction
from typing import Any

from wkmp_lab.io.tags.fields import choose_texts, tags_from_texts
from wkmp_lab.model import DeclaredPiece, Tags
from wkmp_lab.units import TICKS_PER_SECOND, ticks_from_samples

MAX_CHAPTERS = 999
_LEAD_OUT = (170, 255)
"""Numbers of the track behind the last one (RFC 9639, 8.7)."""


def read_chapters(container: Any) -> tuple[DeclaredPiece, ...] | None:
    """The chapters of an open container, in its order; None where it has none.

    QuickTime's text tracks and Nero's lists, Matroska's chapters, ID3's CHAP frames and
    CHAPTER000 comments look all the same here.
    """
    found = [_read_chapter(chapter) for chapter in container.chapters()[:MAX_CHAPTERS]]
    return tuple(piece for piece in found if piece is not None) or None


def read_track_table(file: Any) -> tuple[DeclaredPiece, ...] | None:
    """The tracks of a FLAC file's CUESHEET block; None where it has none.

    Parameters
    ----------
    file
        What ``mutagen.File`` has returned.
    """
    table = getattr(file, "cuesheet", None)
    sr = getattr(getattr(file, "info", None), "sample_rate", 0)
    if table is None or not sr:
        return None
    tracks = [track for track in table.tracks if track.track_number not in _LEAD_OUT]
    return tuple(_read_track(track, sr) for track in tracks if track.type == 0) or None


def _read_chapter(chapter: Any) -> DeclaredPiece | None:
    start_s = chapter["start"] * Fraction(chapter["time_base"] or 0)
    if start_s < 0:
        return None
    by_key = {key.lower(): [text] for key, text in chapter["metadata"].items()}
    return _make_piece(round(start_s * TICKS_PER_SECOND), tags_from_texts(choose_texts(by_key)))


def _read_track(track: Any, sr: int) -> DeclaredPiece:
    """A track begins at its index 1, which may lie behind a gap that is its index 0."""
    offset = next((i.index_offset for i in track.indexes if i.index_number == 1), 0)
    code = track.isrc.rstrip(b"\x00").decode("ascii", "replace")
    tags = tags_from_texts({"isrc": [code]} if code else {})
    return _make_piece(ticks_from_samples(track.start_offset + offset, sr=sr), tags)


def _make_piece(start_ticks: int, tags: Tags) -> DeclaredPiece:
    return DeclaredPiece(start_ticks, tags.title, tags.artist, tags.isrc, tags.album)
