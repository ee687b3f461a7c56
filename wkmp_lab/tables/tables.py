"""The DataFrames of an import: one function per table, its columns written in :mod:`columns`.

Rows are ordered by path and passage. An empty table has its columns and dtypes. What is missing
in the model is ``<NA>`` or ``NaN`` here. Text and paths are shown without control characters;
the exact path of a file is ``FileResult.path``.
"""

from __future__ import annotations  # pandas is loaded when the first table is made

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from wkmp_lab.collection.copy_groups import GroupedCopy
from wkmp_lab.collection.neighbours import Neighbour
from wkmp_lab.collection.recuts import Recut
from wkmp_lab.collection.same_songs import SameSong
from wkmp_lab.display.numbers import list_failures
from wkmp_lab.display.safe_text import clean_path, clean_text
from wkmp_lab.flavors import CATEGORIES
from wkmp_lab.identifying.decisions import Decision
from wkmp_lab.identifying.merges import Merge
from wkmp_lab.model import DesignTrial, FileResult
from wkmp_lab.tables import own_columns, shown
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
from wkmp_lab.tables.columns_library import (
    COPIES,
    DECISIONS,
    DESIGNS,
    MERGES,
    MUSICAL_FLAVORS,
    NEIGHBOURS,
    RECUTS,
    SAME_SONGS,
    DecisionRow,
    NeighbourRow,
)
from wkmp_lab.tables.differences import DIFFERENCES, Difference
from wkmp_lab.tables.packing import list_shares

if TYPE_CHECKING:
    import pandas as pd

Row = TypeVar("Row")


def files_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """A row per file; columns :data:`columns_files.FILES`, and those of your own measures.

    >>> files_table([]).columns[:3].tolist()
    ['path', 'status', 'format']
    """
    rows = _by_path(results)
    own = own_columns.file_columns(rows)
    return _make_table([*FILES, *own], rows, asked=(*shown.FILES, *(each.name for each in own)))


def passages_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """A row per passage; columns :data:`columns.PASSAGES`, and those of your own measures."""
    rows = list(_passages(results))
    own = own_columns.passage_columns(rows)
    asked = (*shown.PASSAGES, *(each.name for each in own))
    return _make_table([*PASSAGES, *own], rows, asked=asked)


def candidates_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """A row per candidate of each passage; columns :data:`columns.CANDIDATES`."""
    return _make_table(CANDIDATES, list(_candidates(results)), asked=shown.CANDIDATES)


def evidence_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """A row per piece of evidence; columns :data:`columns.EVIDENCE`."""
    rows = [EvidenceRow(*row, piece) for row in _candidates(results) for piece in row[3].evidence]
    return _make_table(EVIDENCE, rows)


def flavors_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """A row per passage, a float64 column per descriptor, named as in the results.

    Units stand in ``flavoring.DESCRIPTORS``. Passages that were not described are not here.
    """
    rows = [row for row in _passages(results) if row.passage.descriptors is not None]
    values = [row.passage.descriptors.as_dict() for row in rows if row.passage.descriptors]
    names = dict.fromkeys(name for described in values for name in described)
    return add_numbers(_make_table(FLAVORS, rows), _list_numbers(names, values))


def gaps_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """A row per gap that was weighed; columns :data:`columns.GAPS`."""
    rows = [
        GapRow(result, gap)
        for result in _by_path(results)
        if result.segmentation is not None
        for gap in result.segmentation.gaps
    ]
    return _make_table(GAPS, rows)


def timeline_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """A row per phase of each file; columns :data:`columns.TIMELINE`."""
    starts = [span.start_s for result in results for span in result.spans]
    origin_s = min(starts, default=0.0)
    rows = [
        SpanRow(result, span, origin_s) for result in _by_path(results) for span in result.spans
    ]
    return _make_table(TIMELINE, rows)


def failures_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """A row per failed file, those of one cause together; columns :data:`columns.FAILURES`."""
    return _make_table(FAILURES, [result for result, _ in list_failures(results)])


def decisions_table(
    decisions: Sequence[tuple[float, Decision]], results: Sequence[FileResult]
) -> pd.DataFrame:
    """A row per decision by hand, oldest first; columns :data:`columns_library.DECISIONS`.

    One whose audio no file holds any more has no path.
    """
    held = list(reversed(_by_path(results)))
    paths = {result.sha256: result.path for result in held}
    paths |= {result.audio_hash: result.path for result in held}
    rows = [
        DecisionRow(paths.get(decision.content), made_s, decision)
        for made_s, decision in decisions
    ]
    return _make_table(DECISIONS, rows)


def musical_flavors_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """A row per passage with a WKMP flavor, a column per element: ``mood_happy.happy``, ...

    The values of a category sum to 1; categories that the source does not have are NaN. ``source``
    and ``submission`` tell where the flavor comes from.
    """
    rows = [row for row in _passages(results) if row.passage.musical_flavor is not None]
    values = [list_shares(row.passage) for row in rows]
    return add_numbers(_make_table(MUSICAL_FLAVORS, rows), _list_numbers(name_shares(), values))


def neighbours_table(
    neighbours: Sequence[Neighbour], results: Sequence[FileResult]
) -> pd.DataFrame:
    """A row per neighbour, nearest first; columns :data:`columns_library.NEIGHBOURS`."""
    passages = {(row.file.path, row.passage.index): row.passage for row in _passages(results)}
    rows = [NeighbourRow(each, passages[each.path, each.passage]) for each in neighbours]
    return _make_table(NEIGHBOURS, rows)


def same_songs_table(pairs: Sequence[SameSong]) -> pd.DataFrame:
    """A row per pair, as given; columns :data:`columns_library.SAME_SONGS`."""
    return _make_table(SAME_SONGS, pairs)


def copies_table(copies: Sequence[GroupedCopy]) -> pd.DataFrame:
    """A row per copy, as given; columns :data:`columns_library.COPIES`."""
    return _make_table(COPIES, copies)


def merges_table(merges: Sequence[Merge]) -> pd.DataFrame:
    """A row per merge that is offered, as given; columns :data:`columns_library.MERGES`."""
    return _make_table(MERGES, merges)


def measures_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """A row per column of your own measures; columns :data:`own_columns.MEASURES`."""
    return _make_table(own_columns.MEASURES, own_columns.count_measures(_by_path(results)))


def comparison_table(differences: Sequence[Difference]) -> pd.DataFrame:
    """A row per difference, as given; columns :data:`wkmp_lab.tables.differences.DIFFERENCES`."""
    return _make_table(DIFFERENCES, differences)


TABLES: Mapping[str, Callable[[Sequence[FileResult]], pd.DataFrame]] = MappingProxyType(
    {
        "files": files_table,
        "passages": passages_table,
        "candidates": candidates_table,
        "evidence": evidence_table,
        "flavors": flavors_table,
        "musical_flavors": musical_flavors_table,
        "gaps": gaps_table,
        "timeline": timeline_table,
        "failures": failures_table,
        "measures": measures_table,
    }
)
"""Every table by name, in the order of exports."""


def add_numbers(
    table: pd.DataFrame, numbers: Mapping[str, npt.NDArray[np.float64]]
) -> pd.DataFrame:
    """The table with a float64 column for each of the numbers behind its own."""
    import pandas as pd

    added = pd.DataFrame(dict(numbers), index=table.index)
    return shown.mark(pd.concat([table, added], axis=1), shown.FLAVORS)


def name_shares() -> list[str]:
    """The elements of WKMP's flavor, as columns are named after them."""
    return [f"{name}.{element}" for name, elements in CATEGORIES.items() for element in elements]


def designs_table(trials: Sequence[DesignTrial]) -> pd.DataFrame:
    """A row per design; columns :data:`columns_library.DESIGNS`."""
    return _make_table(DESIGNS, trials)


def recuts_table(recuts: Sequence[Recut]) -> pd.DataFrame:
    """A row per file, as given; columns :data:`columns_library.RECUTS`."""
    return _make_table(RECUTS, recuts)


def _by_path(results: Sequence[FileResult]) -> list[FileResult]:
    return sorted(results, key=lambda result: result.path)


def _passages(results: Sequence[FileResult]) -> Iterator[PassageRow]:
    for result in _by_path(results):
        for passage in result.passages:
            yield PassageRow(result, passage)


def _candidates(results: Sequence[FileResult]) -> Iterator[CandidateRow]:
    for result, passage in _passages(results):
        if passage.identity is not None:
            for rank, candidate in enumerate(passage.identity.candidates, 1):
                yield CandidateRow(result, passage, rank, candidate)


def _make_table(
    columns: Sequence[Column[Row]], rows: Sequence[Row], *, asked: Sequence[str] = ()
) -> pd.DataFrame:
    import pandas as pd

    return shown.mark(
        pd.DataFrame(
            {
                column.name: _make_series(column.kind, [column.read(row) for row in rows])
                for column in columns
            },
            index=pd.RangeIndex(len(rows)),
        ),
        asked,
    )


def _list_numbers(
    names: Iterable[str], values: Sequence[Mapping[str, float]]
) -> dict[str, npt.NDArray[np.float64]]:
    """A column per name; NaN where a row has no such value."""
    return {
        name: np.array([row.get(name, np.nan) for row in values], np.float64) for name in names
    }


def _make_series(kind: ColumnKind, values: list[object]) -> pd.Series[Any]:
    import pandas as pd

    if isinstance(kind, tuple):
        return pd.Series(pd.Categorical(values, categories=list(kind), ordered=True))
    if kind in ("text", "path"):
        clean = clean_path if kind == "path" else clean_text
        texts = [None if value is None else clean(str(value)) for value in values]
        return pd.Series(texts, dtype="string")
    dtype = {"int": "Int64", "float": "float64", "bool": "boolean"}[kind]
    return pd.Series(values, dtype=dtype)
