"""The nouns of declared structure: the pieces that a file, or a sheet beside it, says it has."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeclaredPiece:
    """A piece of a file as a CUE sheet or a chapter declares it; what it does not say is None.

    Texts are cleaned like those of tags, and trusted no more than these.
    """

    start_ticks: int
    """Where it begins in the file: INDEX 01 of a sheet, to the frame."""
    title: str | None = None
    performer: str | None = None
    isrc: str | None = None
    album: str | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """The pieces of a whole file, from one source, and what there is to say of the sources."""

    pieces: tuple[DeclaredPiece, ...] = ()
    """In order of time, all inside the file; empty where nothing is declared, or nothing fits."""
    source: str = ""
    """In words: the cue sheet 'side.cue', the chapters in the file, ..."""
    notes: tuple[str, ...] = ()
    """What of a sheet is not used, and why."""
