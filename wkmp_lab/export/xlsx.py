"""A table as a workbook (.xlsx), the same bytes every time."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from wkmp_lab.display.safe_text import elide

MAX_ROWS = 1_048_576
MAX_CELL = 32_767
"""Limits of the format: rows of a sheet with its header, characters of a cell (ECMA-376 and the
specifications of spreadsheet programs)."""

_EPOCH = datetime(1980, 1, 1)
"""For the properties, which would else hold the moment of writing."""
# What XML 1.0 has no sign for.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Cell = str | float | bool | None
Sheet = tuple[Sequence[str], Iterable[Sequence[Cell]]]
"""Names of the columns, and the rows."""


def write_workbook(path: Path, sheets: Mapping[str, Sheet]) -> None:
    """Write sheets by name; each has its first row and column frozen.

    Parameters
    ----------
    path
        Replaced where it exists.
    sheets
        Names of at most 31 characters, without any of ``[]:*?/\\``. Texts that are longer than a
        cell can hold are elided; numbers must be finite and keep 16 digits, None is an empty cell.
    """
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        book.set_properties({"created": _EPOCH})
        for name, (columns, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            _write_row(sheet, 0, columns)
            for number, row in enumerate(rows, 1):
                _write_row(sheet, number, row)


def _write_row(sheet: Worksheet, number: int, row: Sequence[Cell]) -> None:
    for column, value in enumerate(row):
        # Each by its type: the general write() would turn "=1+1" into a formula.
        if isinstance(value, str):
            text = _ILLEGAL.sub("\ufffd", elide(value, MAX_CELL))
            sheet.write_string(number, column, text)
        elif isinstance(value, bool):
            sheet.write_boolean(number, column, value)
        elif value is not None:
            sheet.write_number(number, column, value)
