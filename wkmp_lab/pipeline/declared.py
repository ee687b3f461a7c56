"""What a file declares of its pieces: as a hint for the cuts, and beside the passages."""

from collections.abc import Sequence
from dataclasses import replace

from wkmp_lab.io.sheets.declared import read_declaration
from wkmp_lab.model import Declaration, DeclaredPiece, Passage, Tags
from wkmp_lab.settings import SegmentHints
from wkmp_lab.units import ticks_from_seconds

NOTE = "declared: "
"""How the notes begin that tell what of a sheet is not used."""


def complete_hints(hints: SegmentHints, path: str, tags: Tags, end_s: float) -> SegmentHints:
    """Hints with what the file itself says: its track number, and the pieces that it declares.

    See :func:`wkmp_lab.io.sheets.declared.read_declaration` for who is asked.
    """
    declared = read_declaration(path, tags, end_ticks=ticks_from_seconds(end_s))
    return replace(hints, track=tags.track, n_tracks=tags.n_tracks, declared=declared)


def tell_declaration(declared: Declaration | None) -> tuple[str, ...]:
    """What a user should know of the sheets that a file has."""
    return tuple(f"{NOTE}{note}" for note in declared.notes) if declared else ()


def mark_declared(
    passages: Sequence[Passage], declared: Declaration | None, *, end_ticks: int
) -> list[Passage]:
    """The passages, each with the piece that is declared there; None where there is none.

    A passage is the piece that it shares more with than both have apart: so a cut that a person
    has moved a little keeps its names, and two passages never get the same ones.

    Parameters
    ----------
    end_ticks
        The end of the audio, and of the last piece.
    """
    pieces = declared.pieces if declared else ()
    ends = [*(piece.start_ticks for piece in pieces[1:]), end_ticks]
    return [
        replace(
            passage,
            declared=next(
                (
                    piece
                    for piece, end in zip(pieces, ends, strict=False)
                    if _is_same(passage, piece, end)
                ),
                None,
            ),
        )
        for passage in passages
    ]


def _is_same(passage: Passage, piece: DeclaredPiece, end_ticks: int) -> bool:
    starts, ends = (passage.start_ticks, piece.start_ticks), (passage.end_ticks, end_ticks)
    return 2 * (min(ends) - max(starts)) > max(ends) - min(starts)
