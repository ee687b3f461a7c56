"""What a browser shows of a passage: each column with its heading, its kind and its source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from wkmp_lab.display.numbers import format_clock
from wkmp_lab.display.safe_text import clean_and_elide, clean_name, clean_path, clean_text
from wkmp_lab.model import MATCH_LEVELS, Candidate
from wkmp_lab.notebook.progress.frames import format_value
from wkmp_lab.tables.columns import PASSAGES, Column, PassageRow
from wkmp_lab.tables.own_columns import ERRORS, NOT_RENEWED, passage_columns

BrowserKind = Literal["text", "number", "clock", "choice"]
"""How a column is filtered and shown; a clock is a number of seconds."""
MAX_TEXT = 200
"""Signs of a cell: its line has room for far fewer, its tool tip for all."""
PLACES = ("path", "passage")
"""Columns that stand before all others: where it is."""
_LABELS = {
    "duration_s": ("length", ""),
    "loudness_lufs": ("loudness", "LUFS"),
    "tempo_bpm": ("tempo", "bpm"),
    "path": ("file", ""),
    "passage": ("#", ""),
}
_BY_NAME: Mapping[str, Column[PassageRow]] = {each.name: each for each in PASSAGES}


@dataclass(frozen=True, slots=True)
class BrowserColumn:
    """One column of a browser.

    Attributes
    ----------
    name
        As in ``session.passages``.
    label, unit
        Its heading; the unit may be empty.
    kind
        How it is filtered, and whether its values are numbers.
    meaning
        In words, for its tool tip.
    read
        The value in a row; None where it is missing.
    choices
        The values of a choice, in their order.
    """

    name: str
    label: str
    unit: str
    kind: BrowserKind
    meaning: str
    read: Callable[[PassageRow], object]
    choices: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """True where values are numbers."""
        return self.kind in ("number", "clock")

    def show(self, row: PassageRow, folder: str = "") -> str:
        """What the cell of a row shows; empty where there is nothing."""
        value = self.read(row)
        if value is None:
            return ""
        if self.kind == "clock" and isinstance(value, float):
            return format_clock(value)
        if self.name == "path":
            value = clean_path(str(value))
        return clean_and_elide(format_value(self.name, value, folder), MAX_TEXT)


def list_columns(rows: Sequence[PassageRow]) -> tuple[BrowserColumn, ...]:
    """The columns of these passages: those that people ask for, then measures of one's own."""
    own = [each for each in passage_columns(rows) if each.name not in (ERRORS, NOT_RENEWED)]
    names = ("duration_s", "loudness_lufs", "tempo_bpm", "key", "match", "quality")
    return (
        *(_make(_BY_NAME[name]) for name in PLACES),
        BrowserColumn("title", "title", "", "text", _meaning("title"), read_title),
        BrowserColumn("artist", "artist", "", "text", _meaning("artist"), read_artist),
        *(_make(_BY_NAME[name]) for name in names),
        *(_make(each) for each in own),
    )


def list_axes(rows: Sequence[PassageRow]) -> tuple[str, ...]:
    """Names of what the axes of a scatter can show: every number of a passage."""
    own = [each.name for each in passage_columns(rows) if each.kind in ("int", "float")]
    numbers = [each.name for each in PASSAGES if each.kind in ("int", "float")]
    described: dict[str, None] = {}
    for row in rows:
        if row.passage.descriptors is not None:
            described |= dict.fromkeys(row.passage.descriptors.as_dict())
            break
    return (*(name for name in numbers if name != "passage"), *own, *described)


def find_axis_reader(name: str, rows: Sequence[PassageRow]) -> Callable[[PassageRow], object]:
    """What reads the number of that name from a row; a descriptor where no column has it."""
    known = {each.name: each.read for each in (*PASSAGES, *passage_columns(rows))}
    if name in known:
        return known[name]

    def read(row: PassageRow) -> object:
        described = row.passage.descriptors
        return None if described is None else described.as_dict().get(name)

    return read


def read_title(row: PassageRow) -> str | None:
    """The title that it was identified by, or else that of a CUE sheet, a chapter or its tags.

    Tags tell of a file: of one with several passages they name none.
    """
    chosen, declared = _find_chosen(row), row.passage.declared
    if chosen is not None and chosen.title:
        return clean_text(chosen.title)
    if declared is not None and declared.title:
        return clean_text(declared.title)
    return clean_text(row.file.tags.title or "") or None if _is_whole(row) else None


def read_artist(row: PassageRow) -> str | None:
    """The artist, from where :func:`read_title` has the title."""
    chosen, declared = _find_chosen(row), row.passage.declared
    if chosen is not None and chosen.artist:
        return clean_text(chosen.artist)
    if declared is not None and declared.performer:
        return clean_text(declared.performer)
    return clean_text(row.file.tags.artist or "") or None if _is_whole(row) else None


def is_identified(row: PassageRow) -> bool:
    """True where the title is that of a recording, and not what a file says of itself."""
    return _find_chosen(row) is not None


def name_row(row: PassageRow) -> str:
    """A passage in one line of plain text.

    It is named by title and artist, or else by its file.
    """
    names = [name for name in (read_title(row), read_artist(row)) if name]
    place = f"{clean_name(row.file.path)} #{row.passage.index}"
    return clean_and_elide(" - ".join(names) or place, MAX_TEXT)


def _find_chosen(row: PassageRow) -> Candidate | None:
    return row.passage.identity.chosen if row.passage.identity else None


def _is_whole(row: PassageRow) -> bool:
    return len(row.file.passages) == 1


def _make(column: Column[PassageRow]) -> BrowserColumn:
    label, unit = _LABELS.get(column.name, (column.name, ""))
    kind: BrowserKind = "number" if column.kind in ("int", "float") else "text"
    choices: tuple[str, ...] = ()
    if column.kind == MATCH_LEVELS:
        kind, choices = "choice", MATCH_LEVELS
    elif column.name == "duration_s":
        kind = "clock"
    return BrowserColumn(
        column.name, label, unit, kind, _meaning(column.name, column.meaning), column.read, choices
    )


def _meaning(name: str, meaning: str | None = None) -> str:
    return f"{name}: {meaning or _BY_NAME[name].meaning}"
