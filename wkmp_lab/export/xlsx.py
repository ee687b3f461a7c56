"""Tables as one workbook (.xlsx) that people open: a sheet a table, the same bytes every time."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

MAX_ROWS = 1_048_576
MAX_CELL = 32_767
"""Limits of the format: rows of a sheet with its header, UTF-16 units of a cell (ECMA-376 and the
specifications of spreadsheet programs)."""
WIDTHS = (8, 48)
"""Narrowest and widest column, in digits."""
N_MEASURED_ROWS = 200
"""Rows that tell how wide a column is."""

_EPOCH = datetime(1980, 1, 1)
"""For the properties, which would else hold the moment of writing."""
# What XML 1.0 has no sign for.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Cell = str | float | bool | None
Sheet = tuple[Sequence[str], Iterable[Sequence[Cell]]]
"""Names of the columns, and the rows."""


class LongText(NamedTuple):
    """A text that no cell can hold whole."""

    sheet: str
    row: int
    """As the program counts: the header is row 1."""
    column: str
    text: str


def write_workbook(
    path: Path, sheets: Mapping[str, Sheet], *, long_texts: str = "another file"
) -> list[LongText]:
    """Write sheets by name: filters, widths that fit, the first row and column frozen.

    Parameters
    ----------
    path
        Replaced where it exists.
    sheets
        Names of at most 31 characters, without any of ``[]:*?/\\``. Numbers must be finite and
        keep 16 digits, None is an empty cell.
    long_texts
        Where the texts will stand that are longer than a cell can hold: the cell says so.

    Returns
    -------
    list of LongText
        Those texts, whole.
    """
    found: list[LongText] = []
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        book.set_properties({"created": _EPOCH})
        bold = book.add_format({"bold": True})
        for name, (columns, content) in sheets.items():
            rows = list(content)
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, len(rows), max(len(columns) - 1, 0))
            for column, width in enumerate(_measure_widths(columns, rows)):
                sheet.set_column(column, column, width)
            for column, title in enumerate(columns):
                sheet.write_string(0, column, _make_legal(title), bold)
            for number, row in enumerate(rows, 1):
                found += _write_row(sheet, number, row, columns, long_texts)
    return found


def _measure_widths(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Widths that show the header with its button, and texts as far as they are no novels.

    >>> _measure_widths(["n", "name"], [(0.1234567890123, "x" * 100), (1.0, None)])
    [8, 48]
    """
    low, high = WIDTHS
    lengths = [len(title) + 3 for title in columns]
    for row in rows[:N_MEASURED_ROWS]:
        shown = [len(value) if isinstance(value, str) else low for value in row]
        lengths = [max(both) for both in zip(lengths, shown, strict=True)]
    return [min(max(length, low), high) for length in lengths]


def _write_row(
    sheet: Worksheet, number: int, row: Sequence[Cell], columns: Sequence[str], long_texts: str
) -> Iterable[LongText]:
    for column, value in enumerate(row):
        # Each by its type: the general write() would turn "=1+1" into a formula.
        if isinstance(value, str):
            text = _make_legal(value)
            if _count_units(text) > MAX_CELL:
                yield LongText(sheet.get_name(), number + 1, columns[column], value)
                text = (
                    f"{len(value):,} characters, too long for a cell: they stand in {long_texts}"
                )
            sheet.write_string(number, column, text)
        elif isinstance(value, bool):
            sheet.write_boolean(number, column, value)
        elif value is not None:
            sheet.write_number(number, column, value)


def _make_legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)


def _count_units(text: str) -> int:
    return len(text) + sum(sign > "\uffff" for sign in text)
