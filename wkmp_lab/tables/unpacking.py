"""Packed rows as the DataFrames that results would have given."""

from __future__ import annotations  # pandas is loaded when the first table is made

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wkmp_lab.display.safe_text import clean_path
from wkmp_lab.tables import shown, tables
from wkmp_lab.tables.columns import ColumnKind
from wkmp_lab.tables.packing import NO_INT, OF_TABLE, PackedTable, Values, is_packed

if TYPE_CHECKING:
    import pandas as pd

_ASKED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"files": shown.FILES, "passages": shown.PASSAGES, "candidates": shown.CANDIDATES}
)


class PackedPart(NamedTuple):
    """Packed rows, and the name of each of their files; None for one that is not to be shown."""

    table: PackedTable
    names: Sequence[bytes | None]


class _Order(NamedTuple):
    """Which rows of all parts are shown, in which order, and of which files."""

    rows: npt.NDArray[np.int64]
    names: Sequence[bytes]
    paths: Sequence[str]
    """Of the files that are shown, ascending, as they are stored and as they are."""
    counts: npt.NDArray[np.int64]
    """Rows of each of them."""
    is_plain: bool
    """The rows of all parts as they are."""


def join_parts(
    name: str,
    parts: Sequence[PackedPart],
    *,
    lengthen: Callable[[bytes], str] = os.fsdecode,
    apart: Mapping[str, Mapping[bytes, Sequence[str | None]]] = MappingProxyType({}),
) -> pd.DataFrame:
    """The table that the results of all files of the parts would give.

    Parameters
    ----------
    name
        One of :data:`packing.OF_TABLE`.
    parts
        In any order.
    lengthen
        Gives the path of a file by its name.
    apart
        Values of columns that are not packed, by column and name: one for each row of the file.
    """
    import pandas as pd

    order = _find_order(parts, lengthen)
    series: dict[str, pd.Series[Any]] = {}
    for column in OF_TABLE[name]:
        if column.name == "path":
            series["path"] = _repeat_paths(order)
        elif is_packed(column):
            values = _gather([part.table.columns[column.name] for part in parts], order)
            series[column.name] = _make_series(column.kind, values)
        else:
            told = apart.get(column.name, {})
            texts = [
                text
                for file, n in zip(order.names, order.counts.tolist(), strict=True)
                for text in told.get(file, (None,) * n)
            ]
            series[column.name] = _make_series("text", texts)
    table = pd.DataFrame(series, index=pd.RangeIndex(order.rows.size))
    if name in ("flavors", "musical_flavors"):
        return tables.add_numbers(table, _gather_numbers(name, parts, order))
    return shown.mark(_finish(name, table), _ASKED.get(name, ()))


def add_notes(files: pd.DataFrame, notes: Mapping[str, str]) -> pd.DataFrame:
    """The table of files with a note more for some of them, by path, at the end of the others."""
    shown_paths = {clean_path(path): note for path, note in notes.items()}
    added = files["path"].map(shown_paths, na_action="ignore").astype("string")
    joined = files["notes"].str.cat(added, sep="; ")
    table = files.assign(notes=joined.fillna(files["notes"]).fillna(added))
    table.attrs.update(files.attrs)
    return table


def _find_order(parts: Sequence[PackedPart], lengthen: Callable[[bytes], str]) -> _Order:
    names = [name for part in parts for name in part.names]
    counts = np.concatenate([np.zeros(0, np.int64), *(part.table.counts for part in parts)])
    found = [(lengthen(name), place) for place, name in enumerate(names) if name is not None]
    found.sort()
    places = np.array([place for _, place in found], np.int64)
    shown_names = [name for _, place in found if (name := names[place]) is not None]
    starts, n_rows = np.cumsum(counts) - counts, counts[places]
    before = np.cumsum(n_rows) - n_rows
    rows = np.repeat(starts[places] - before, n_rows) + np.arange(n_rows.sum())
    is_plain = rows.size == counts.sum() and bool((rows == np.arange(rows.size)).all())
    return _Order(rows, shown_names, [path for path, _ in found], n_rows, is_plain)


def _repeat_paths(order: _Order) -> pd.Series[Any]:

    paths = _make_series("path", [clean_path(path) for path in order.paths])
    rows = np.repeat(np.arange(len(order.paths)), order.counts)
    return paths.take(rows).reset_index(drop=True)


def _gather(values: Sequence[Values], order: _Order) -> Values:
    """The values of one column from all parts, in order."""
    if not values:
        return []
    if isinstance(values[0], list):
        texts = [text for part in values for text in part]
        return texts if order.is_plain else [texts[row] for row in order.rows.tolist()]
    numbers = np.concatenate([np.asarray(part) for part in values])
    return numbers if order.is_plain else numbers[order.rows]


def _gather_numbers(
    name: str, parts: Sequence[PackedPart], order: _Order
) -> dict[str, npt.NDArray[np.float64]]:
    named = dict.fromkeys(key for part in parts for key in part.table.numbers)
    names = tables.name_shares() if name == "musical_flavors" else list(named)
    missing = [np.full(int(part.table.counts.sum()), np.nan) for part in parts]
    found = {}
    for key in names:
        pairs = zip(parts, missing, strict=True)
        values = [part.table.numbers.get(key, nothing) for part, nothing in pairs]
        found[key] = np.asarray(_gather(values, order), np.float64)
    if name == "musical_flavors":
        return found
    # As results name them: a number that the first rows do not have stands behind theirs.
    first = {key: int(np.isfinite(values).argmax()) for key, values in found.items()}
    return {key: found[key] for key in sorted(found, key=first.__getitem__)}


def _make_series(kind: ColumnKind, values: Values) -> pd.Series[Any]:
    import pandas as pd

    if kind in ("text", "path"):
        import pyarrow as pa

        # By way of Arrow: pandas looks at each text by itself.
        texts = pa.array(values, pa.large_string())
        return pd.Series(pd.StringDtype().__from_arrow__(texts))  # type: ignore[attr-defined]
    numbers = np.asarray(values)
    if isinstance(kind, tuple):
        dtype = pd.CategoricalDtype(list(kind), ordered=True)
        return pd.Series(pd.Categorical.from_codes(numbers.astype(np.int8), dtype=dtype))
    if kind == "float":
        return pd.Series(numbers, dtype="float64")
    missing = NO_INT if kind == "int" else -1
    whole = numbers.astype(np.int64)
    is_missing = whole == missing
    if kind == "bool":
        return pd.Series(pd.arrays.BooleanArray(whole == 1, is_missing))
    return pd.Series(pd.arrays.IntegerArray(np.where(is_missing, 1, whole), is_missing))


def _finish(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """What hangs on all rows of a table together."""
    if name == "timeline" and len(table):
        origin_s = table["started_epoch_s"].min()
        return table.assign(start_s=table["start_s"] - origin_s, end_s=table["end_s"] - origin_s)
    if name == "failures":
        n_of = Counter(table["reason"])
        reasons = zip(table["reason"], range(len(table)), strict=True)
        rows = sorted(reasons, key=lambda each: (-n_of[each[0]], each[0], each[1]))
        return table.take([row for _, row in rows]).reset_index(drop=True)
    return table
