"""Rows of tables as bytes, those of many files together, column by column.

What a table shows of a file hangs on its result alone, so that it can be kept beside it. Paths are
not kept: they are those of the files, wherever these lie by then.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from wkmp_lab._version import __version__
from wkmp_lab.display.safe_text import clean_text
from wkmp_lab.model import FileResult, Passage
from wkmp_lab.tables.columns import (
    CANDIDATES,
    EVIDENCE,
    FAILURES,
    FLAVORS,
    GAPS,
    PASSAGES,
    TIMELINE,
    CandidateRow,
    Column,
    ColumnKind,
    EvidenceRow,
    GapRow,
    PassageRow,
    SpanRow,
)
from wkmp_lab.tables.columns_files import FILES
from wkmp_lab.tables.columns_library import MUSICAL_FLAVORS

LEVEL = 1
"""Of zlib: a higher one takes far more time and few bytes away."""
KEPT_APART = ("fingerprint",)
"""Columns whose values the results hold in a form as short as any."""
NO_INT = np.iinfo(np.int64).min
"""Stands where a whole number is missing."""
Values = npt.NDArray[Any] | list[str | None]
"""Of one column: numbers, or texts."""
OF_TABLE: Mapping[str, Sequence[Column[Any]]] = MappingProxyType(
    {
        "files": FILES,
        "passages": PASSAGES,
        "candidates": CANDIDATES,
        "evidence": EVIDENCE,
        "flavors": FLAVORS,
        "musical_flavors": MUSICAL_FLAVORS,
        "gaps": GAPS,
        "timeline": TIMELINE,
        "failures": FAILURES,
    }
)
"""The columns of each table that is packed; flavors have more, named by their rows."""
LIKENESS = f"{__version__}-1"
"""Another version may show other things of the same result; raised where this one does."""


@dataclass(frozen=True, slots=True)
class PackedTable:
    """The rows of one table, file by file.

    Attributes
    ----------
    counts
        Rows of each file, shape ``(n_files,)``.
    columns
        Values by name, but for paths and what is kept apart.
    numbers
        Numbers that stand behind the columns, by name.
    """

    counts: npt.NDArray[np.int64]
    columns: Mapping[str, Values]
    numbers: Mapping[str, npt.NDArray[np.float64]]


def pack_tables(results: Sequence[FileResult]) -> dict[str, bytes]:
    """The rows of each table of :data:`OF_TABLE`, in the order of the results."""
    return {name: encode_table(make_packed(name, results)) for name in OF_TABLE}


def make_packed(name: str, results: Sequence[FileResult]) -> PackedTable:
    """The rows of one table, in the order of the results."""
    by_file = [_ROWS[name](result) for result in results]
    rows = [row for each in by_file for row in each]
    return PackedTable(
        counts=np.array([len(each) for each in by_file], np.int64),
        columns={
            column.name: _pack_values(column.kind, [column.read(row) for row in rows])
            for column in OF_TABLE[name]
            if is_packed(column)
        },
        numbers=_pack_numbers(name, rows),
    )


def list_shares(passage: Passage) -> dict[str, float]:
    """The shares of a passage's musical flavor by ``category.element``; empty without one."""
    flavor = passage.musical_flavor
    return {
        f"{category}.{element}": share
        for category, shares in (flavor.categories.items() if flavor else ())
        for element, share in shares.items()
    }


def is_packed(column: Column[Any]) -> bool:
    """True for a column whose values are kept in packed rows."""
    return column.kind != "path" and column.name not in KEPT_APART


def encode_table(table: PackedTable) -> bytes:
    """A packed table as bytes."""
    columns = [
        values if isinstance(values, list) else values.tobytes()
        for values in table.columns.values()
    ]
    numbers = {name: values.tobytes() for name, values in table.numbers.items()}
    content = msgspec.msgpack.encode((table.counts.astype("<i4").tobytes(), columns, numbers))
    return zlib.compress(content, LEVEL)


def decode_table(name: str, content: bytes) -> PackedTable:
    """A packed table from its bytes, made by a version that is like this one."""
    counts, packed, numbers = msgspec.msgpack.decode(zlib.decompress(content))
    kept = [column for column in OF_TABLE[name] if is_packed(column)]
    return PackedTable(
        counts=np.frombuffer(counts, "<i4").astype(np.int64),
        columns={
            column.name: values
            if isinstance(values, list)
            else np.frombuffer(values, _find_dtype(column.kind))
            for column, values in zip(kept, packed, strict=True)
        },
        numbers={key: np.frombuffer(values, np.float64) for key, values in numbers.items()},
    )


def _pack_values(kind: ColumnKind, values: list[object]) -> Values:
    if isinstance(kind, tuple):
        code: dict[object, int] = {None: -1} | {each: k for k, each in enumerate(kind)}
        return np.array([code[value] for value in values], np.int8)
    if kind == "text":
        return [None if value is None else clean_text(str(value)) for value in values]
    if kind == "float":
        return np.array([np.nan if value is None else value for value in values], np.float64)
    if kind == "bool":
        return np.array([-1 if value is None else value for value in values], np.int8)
    return np.array([NO_INT if value is None else value for value in values], np.int64)


def _find_dtype(kind: ColumnKind) -> type[np.generic]:
    if kind == "float":
        return np.float64
    return np.int64 if kind == "int" else np.int8


def _pack_numbers(name: str, rows: Sequence[Any]) -> dict[str, npt.NDArray[np.float64]]:
    found = list(_list_numbers(name, rows))
    names = dict.fromkeys(key for values in found for key in values)
    return {key: np.array([values.get(key, np.nan) for values in found]) for key in names}


def _list_numbers(name: str, rows: Sequence[Any]) -> Iterator[Mapping[str, float]]:
    """The numbers behind the columns of each row."""
    if name == "flavors":
        yield from (row.passage.descriptors.as_dict() for row in rows)
    if name == "musical_flavors":
        yield from (list_shares(row.passage) for row in rows)


def _list_passages(result: FileResult) -> list[PassageRow]:
    return [PassageRow(result, passage) for passage in result.passages]


def _list_candidates(result: FileResult) -> list[CandidateRow]:
    return [
        CandidateRow(result, passage, rank, candidate)
        for passage in result.passages
        if passage.identity is not None
        for rank, candidate in enumerate(passage.identity.candidates, 1)
    ]


_ROWS: Mapping[str, Callable[[FileResult], Sequence[Any]]] = MappingProxyType(
    {
        "files": lambda result: [result],
        "passages": _list_passages,
        "candidates": _list_candidates,
        "evidence": lambda result: [
            EvidenceRow(*row, piece)
            for row in _list_candidates(result)
            for piece in row.candidate.evidence
        ],
        "flavors": lambda result: [
            row for row in _list_passages(result) if row.passage.descriptors is not None
        ],
        "musical_flavors": lambda result: [
            row for row in _list_passages(result) if row.passage.musical_flavor is not None
        ],
        "gaps": lambda result: [
            GapRow(result, gap)
            for gap in (result.segmentation.gaps if result.segmentation else ())
        ],
        "timeline": lambda result: [SpanRow(result, span, 0.0) for span in result.spans],
        "failures": lambda result: [result] if result.failure else [],
    }
)
"""The rows of a file in each table; times of the timeline are not yet from the first start."""
