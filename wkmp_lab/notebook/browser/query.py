"""What is asked of a library in a browser: words, filters and an order; and who answers to it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wkmp_lab.display.numbers import read_clock
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.notebook.browser.columns import BrowserColumn
from wkmp_lab.notebook.browser.listing import Listing, PlaceArray, fold

MAX_TYPED = 200
"""Signs of a filter that count."""


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """What a column has to be.

    Attributes
    ----------
    column
        Its name.
    contains
        Folded; of a text.
    low, high
        Of a number, both allowed themselves; None: no bound.
    choices
        Of a choice; empty: any.
    """

    column: str
    contains: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows are wanted, and in which order.

    Attributes
    ----------
    words
        Folded; each has to occur in title, artist or path.
    filters
        All have to hold.
    sort
        Name of the column to order by; empty: by path and passage.
    is_descending
        The greatest first. Rows without a value come last in either order.
    """

    words: tuple[str, ...] = ()
    filters: tuple[ColumnFilter, ...] = ()
    sort: str = ""
    is_descending: bool = False

    @property
    def is_open(self) -> bool:
        """True where every row is wanted."""
        return not self.words and not self.filters


def read_query(asked: Mapping[str, Any], columns: Sequence[BrowserColumn]) -> Query:
    """The query in a message of the page.

    Parameters
    ----------
    asked
        ``search``: a text. ``filters``: by name of a column a text, a pair of texts for the
        bounds of a number, or a list of choices. ``sort``: name of a column, or empty.
        ``is_descending``.
    columns
        Those that can be asked for; a filter of another is passed over, as the page may be older.

    Raises
    ------
    InvalidInputError
        A bound is no number.
    """
    by_name = {column.name: column for column in columns}
    filters = [
        found
        for name, wanted in dict(asked.get("filters") or {}).items()
        if name in by_name and (found := _read_filter(by_name[name], wanted)) is not None
    ]
    sort = str(asked.get("sort") or "")
    return Query(
        words=tuple(fold(str(asked.get("search") or "")[:MAX_TYPED]).split()),
        filters=tuple(filters),
        sort=sort if sort in by_name else "",
        is_descending=bool(asked.get("is_descending")),
    )


def find_places(listing: Listing, query: Query) -> PlaceArray:
    """Places of the rows that answer to a query, in its order."""
    columns = {column.name: column for column in listing.columns}
    order = np.arange(len(listing), dtype=np.int64)
    if query.sort:
        order = _arrange(listing, columns[query.sort], is_descending=query.is_descending)
    if query.is_open:
        return order
    is_wanted = np.ones(len(listing), bool)
    for asked in query.filters:
        is_wanted &= _pass(listing, columns[asked.column], asked)
    if query.words:
        found = (all(word in text for word in query.words) for text in listing.words)
        is_wanted &= np.fromiter(found, bool, len(listing))
    return order[is_wanted[order]]


def _arrange(listing: Listing, column: BrowserColumn, *, is_descending: bool) -> PlaceArray:
    order = listing.order(column)
    is_missing = np.ones(len(listing), bool)
    is_missing[order] = False
    return np.concatenate([order[::-1] if is_descending else order, np.flatnonzero(is_missing)])


def _pass(listing: Listing, column: BrowserColumn, asked: ColumnFilter) -> npt.NDArray[np.bool_]:
    """Which rows a filter lets pass; a row without a value passes none."""
    if column.is_number:
        values = listing.numbers(column.name)
        low = -math.inf if asked.low is None else asked.low
        high = math.inf if asked.high is None else asked.high
        with np.errstate(invalid="ignore"):
            passing: npt.NDArray[np.bool_] = (values >= low) & (values <= high)
        return passing
    texts = listing.folded(column)
    if column.choices:
        wanted = {fold(choice) for choice in asked.choices}
        return np.fromiter((text in wanted for text in texts), bool, len(texts))
    return np.fromiter((asked.contains in text for text in texts), bool, len(texts))


def _read_filter(column: BrowserColumn, wanted: Any) -> ColumnFilter | None:
    """The filter; None where it asks for nothing."""
    if column.is_number:
        low, high = (_read_bound(column, text) for text in (*list(wanted)[:2], "", "")[:2])
        return None if low is None and high is None else ColumnFilter(column.name, "", low, high)
    if column.choices:
        chosen = tuple(choice for choice in column.choices if choice in wanted)
        return ColumnFilter(column.name, choices=chosen) if chosen else None
    text = fold(str(wanted)[:MAX_TYPED].strip())
    return ColumnFilter(column.name, contains=text) if text else None


def _read_bound(column: BrowserColumn, typed: object) -> float | None:
    text = str(typed)[:MAX_TYPED].strip().replace("\u2212", "-")
    if not text:
        return None
    try:
        value = read_clock(text) if column.kind == "clock" else float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise InvalidInputError(f"{column.label}: expected a number, got {text!r}")
    return value
