"""The passages of a library at one moment, and what is reckoned of them when it is asked for.

An import brings new rows every second, and most columns are never sorted by: nothing of a column
is read before somebody asks for it, and then once.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from wkmp_lab.model import FileResult, PassageId
from wkmp_lab.notebook.browser.columns import (
    BrowserColumn,
    find_axis_reader,
    list_axes,
    list_columns,
    name_row,
    read_artist,
    read_title,
)
from wkmp_lab.signals import DoubleArray
from wkmp_lab.tables.columns import PassageRow

PlaceArray = npt.NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing:
    """The passages of a library, in the order of ``session.passages``.

    Attributes
    ----------
    results
        By path.
    version
        Counts what a browser has seen: a page of another version shows other rows.
    rows
        The passages.
    found
        Answers to queries that were asked lately, by query.
    """

    results: tuple[FileResult, ...]
    version: int
    rows: tuple[PassageRow, ...]
    found: dict[object, PlaceArray] = field(default_factory=dict, repr=False, compare=False)
    _known: dict[tuple[str, str], object] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def keys(self) -> list[PassageId]:
        """(path, passage) of each row."""
        return self.once("keys", "", lambda: [key_of(row) for row in self.rows])

    @property
    def places(self) -> dict[PassageId, int]:
        """Where each passage stands."""
        return self.once("places", "", lambda: {key: at for at, key in enumerate(self.keys)})

    @property
    def columns(self) -> tuple[BrowserColumn, ...]:
        """What is shown of each row."""
        return self.once("columns", "", lambda: list_columns(self.rows))

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the numbers that a scatter can show."""
        return self.once("axes", "", lambda: list_axes(self.rows))

    @property
    def words(self) -> list[str]:
        """What is searched of each row: title, artist and path, folded."""

        def join() -> list[str]:
            parts = ((read_title(r), read_artist(r), r.file.path) for r in self.rows)
            return [fold("\n".join(part for part in each if part)) for each in parts]

        return self.once("words", "", join)

    def folded(self, column: BrowserColumn) -> list[str]:
        """The texts of a column as they are compared; empty where there is none."""

        def read() -> list[str]:
            values = (column.read(row) for row in self.rows)
            return ["" if value is None else fold(str(value)) for value in values]

        return self.once("folded", column.name, read)

    def numbers(self, name: str) -> DoubleArray:
        """A number of each row, by the name of a column or a descriptor; NaN where it has none."""

        def read() -> DoubleArray:
            reader = find_axis_reader(name, self.rows)
            return np.array([_number(reader(row)) for row in self.rows], np.float64)

        return self.once("numbers", name, read)

    def order(self, column: BrowserColumn) -> PlaceArray:
        """Places in the order of a column, the least first; those without a value are left out."""
        return self.once("order", column.name, lambda: self._sort(column))

    def _sort(self, column: BrowserColumn) -> PlaceArray:
        if column.is_number:
            values = self.numbers(column.name)
            return np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]
        texts = self.folded(column)
        present = [at for at, text in enumerate(texts) if text]
        ranks = {fold(choice): rank for rank, choice in enumerate(column.choices)}
        if ranks:
            present.sort(key=lambda at: ranks[texts[at]])
        else:
            present.sort(key=texts.__getitem__)
        return np.array(present, np.int64)

    def once(self, what: str, name: str, reckon: Callable[[], T]) -> T:
        """What ``reckon`` returns, reckoned when it is asked for first."""
        found = self._known.get((what, name))
        if found is None:
            found = self._known[what, name] = reckon()
        result: T = found  # type: ignore[assignment]
        return result


def make_listing(results: Iterable[FileResult], *, version: int = 0) -> Listing:
    """The passages of results, which come by path."""
    held = tuple(results)
    rows = tuple(PassageRow(result, passage) for result in held for passage in result.passages)
    return Listing(held, version, rows)


def key_of(row: PassageRow) -> PassageId:
    """What a passage is known by."""
    return row.file.path, row.passage.index


def name_passages(listing: Listing, places: Sequence[int]) -> list[str]:
    """The passages at some places, each in one line of plain text."""
    return [name_row(listing.rows[place]) for place in places]


def fold(text: str) -> str:
    """A text as it is searched: of lower case, without accents.

    >>> fold("Sigur Rós"), fold("STRASSE") == fold("straße")
    ('sigur ros', True)
    """
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
