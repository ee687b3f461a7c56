"""The columns of measures of one's own, and the table that tells of the measures themselves."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from wkmp_lab.flavoring.descriptors import DESCRIPTORS
from wkmp_lab.model import FileResult, Measured, MeasureInfo
from wkmp_lab.model.measured import CellValue, MeasureTarget
from wkmp_lab.pipeline.own.measures_kept import list_measured
from wkmp_lab.tables.columns import PASSAGES, Column, ColumnKind, PassageRow
from wkmp_lab.tables.columns_files import FILES

ERRORS, NOT_RENEWED = "measure_errors", "measures_not_renewed"
"""Columns that stand behind the own ones."""


Row = TypeVar("Row")


class MeasureRow(NamedTuple):
    """A column of a measure, with what is counted of it."""

    info: MeasureInfo
    column: str
    unit: str
    n_values: int
    n_errors: int
    is_renewed: bool


MEASURES: Sequence[Column[MeasureRow]] = (
    Column("measure", "text", "name of the function", lambda row: row.info.name),
    Column("column", "text", "a column that it fills", lambda row: row.column),
    Column("unit", "text", "unit of the column", lambda row: row.unit),
    Column("on", "text", "what has such a cell: passage or file", lambda row: row.info.on),
    Column("version", "text", "as its maker told it", lambda row: row.info.version),
    Column("code_hash", "text", "hash of its code", lambda row: row.info.code_hash),
    Column("n_values", "int", "cells that are filled", lambda row: row.n_values),
    Column("n_errors", "int", "cells that it could not fill", lambda row: row.n_errors),
    Column(
        "is_renewed",
        "bool",
        "its function was given, so that nothing of it is out of date",
        lambda row: row.is_renewed,
    ),
)
"""A row per column of each measure of one's own."""


def list_taken_names() -> tuple[str, ...]:
    """Names that no own column may have."""
    of_passages, of_files = ([each.name for each in columns] for columns in (PASSAGES, FILES))
    described = (each.name for each in DESCRIPTORS)
    return (*of_passages, *of_files, *described, ERRORS, NOT_RENEWED)


def passage_columns(rows: Sequence[PassageRow]) -> list[Column[PassageRow]]:
    """The own columns of passages; empty where nobody has measured any."""
    return _make_columns(
        rows, "passage", read_file=lambda row: row.file, read=lambda row: row.passage.measured
    )


def file_columns(rows: Sequence[FileResult]) -> list[Column[FileResult]]:
    """The own columns of files; empty where nobody has measured any."""
    return _make_columns(rows, "file", read_file=lambda row: row, read=lambda row: row.measured)


def list_cells(measured: Iterable[Measured]) -> dict[str, CellValue]:
    """Value by column of what measures have found."""
    return {name: value for each in measured for name, value in each.cells}


def count_measures(results: Sequence[FileResult]) -> list[MeasureRow]:
    """What is counted of each column of each measure."""
    cells = [each for result in results for each in list_measured(result)]
    old = {name for result in results for name in result.not_renewed}
    return [
        MeasureRow(
            info,
            column,
            unit,
            n_values=sum(column in dict(e.cells) for e in cells if e.measure == info.name),
            n_errors=sum(
                column not in dict(e.cells) and e.error is not None
                for e in cells
                if e.measure == info.name
            ),
            is_renewed=info.name not in old,
        )
        for info in _list_infos(results)
        for column, unit in info.columns
    ]


def _make_columns(
    rows: Sequence[Row],
    on: MeasureTarget,
    *,
    read_file: Callable[[Row], FileResult],
    read: Callable[[Row], tuple[Measured, ...]],
) -> list[Column[Row]]:
    infos = [each for each in _list_infos(map(read_file, rows)) if each.on == on]
    if not infos:
        return []
    found = [list_cells(read(row)) for row in rows]
    units = {name: unit for info in infos for name, unit in info.columns}

    def make(name: str, unit: str) -> Column[Row]:
        kind = _find_kind(cells[name] for cells in found if name in cells)
        meaning = f"measured by yourself, in {unit}" if unit else "measured by yourself"
        return Column(name, kind, meaning, lambda row: list_cells(read(row)).get(name))

    def name_errors(row: Row) -> str | None:
        return "; ".join(f"{each.measure}: {each.error}" for each in read(row) if each.error)

    def name_not_renewed(row: Row) -> str | None:
        return ", ".join(m.measure for m in read(row) if m.measure in read_file(row).not_renewed)

    return [
        *(make(name, unit) for name, unit in units.items()),
        Column(ERRORS, "text", "why cells are empty", lambda row: name_errors(row) or None),
        Column(
            NOT_RENEWED,
            "text",
            "measures whose functions were not given: their cells are as they were",
            lambda row: name_not_renewed(row) or None,
        ),
    ]


def _list_infos(results: Iterable[FileResult]) -> Iterator[MeasureInfo]:
    """Each measure once, as the last of the files has it that it measured."""
    latest = {info.name: info for result in results for info in result.measures}
    return iter(latest.values())


def _find_kind(values: Iterable[CellValue]) -> ColumnKind:
    """What a column holds, by what is in it."""
    kinds = {type(value) for value in values}
    if str in kinds:
        return "text"
    if kinds == {bool}:
        return "bool"
    return "int" if kinds and float not in kinds else "float"
