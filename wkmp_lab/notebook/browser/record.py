"""What stays of a browser: in a saved notebook, and in a terminal."""

import math

import pandas as pd

from wkmp_lab.display.numbers import format_count
from wkmp_lab.display.safe_text import clean_and_elide, elide
from wkmp_lab.display.templating import render
from wkmp_lab.notebook.browser.columns import PLACES, BrowserColumn
from wkmp_lab.notebook.browser.listing import Listing, PlaceArray
from wkmp_lab.notebook.browser.query import ColumnFilter, Query
from wkmp_lab.notebook.browser.shelf import Shelf
from wkmp_lab.notebook.progress.frames import format_frame_html
from wkmp_lab.tables import shown

MAX_KEPT = 50
"""Rows of each table in a saved notebook."""
MAX_LINES = 20
"""Rows in a terminal."""
MAX_CELL = 30
_TEMPLATE = "notebook/templates/browser.html.jinja"


def format_browser_html(shelf: Shelf) -> str:
    """The first rows in the order that was asked for, and those that are selected."""
    listing, places = shelf.find(shelf.query)
    asked = describe_query(shelf.query, listing.columns)
    html = render(_TEMPLATE, "headline", {"words": format_headline(shelf), "asked": asked})
    html += _format_table(listing, places[:MAX_KEPT], shelf.folder)
    chosen = shelf.find_selected()
    if len(chosen):
        words = f"{format_count(len(chosen), 'passage')} selected"
        html += render(_TEMPLATE, "subject", {"words": words})
        html += _format_table(listing, chosen[:MAX_KEPT], shelf.folder)
    return html


def format_browser_text(shelf: Shelf) -> str:
    """The first rows as plain text, a line each, under what there is of them."""
    listing, places = shelf.find(shelf.query)
    lines = [format_headline(shelf), *_format_lines(listing, places[:MAX_LINES], shelf.folder)]
    n_more = len(places) - MAX_LINES
    return "\n".join([*lines, f"... and {n_more:,} more"] if n_more > 0 else lines)


def format_headline(shelf: Shelf) -> str:
    """How many rows there are, in one line."""
    listing, places = shelf.find(shelf.query)
    words = f"Library: {format_count(len(listing), 'passage')}"
    if len(places) < len(listing):
        words += f", {len(places)} of them shown"
    n_chosen = len(shelf.find_selected())
    return f"{words}, {n_chosen} selected" if n_chosen else words


def describe_query(query: Query, columns: tuple[BrowserColumn, ...]) -> str:
    """What was asked for, in words; empty for all rows as the files lie.

    >>> describe_query(Query(words=("rain",), sort="tempo_bpm", is_descending=True), ())
    '"rain", by tempo_bpm, the greatest first'
    """
    labels = {column.name: column.label for column in columns}
    words = [f'"{clean_and_elide(word, MAX_CELL)}"' for word in query.words]
    words += [_describe_filter(each, labels.get(each.column, "")) for each in query.filters]
    if query.sort:
        words.append(f"by {labels.get(query.sort, query.sort)}")
        words += ["the greatest first"] if query.is_descending else []
    return ", ".join(words)


def _describe_filter(asked: ColumnFilter, label: str) -> str:
    if asked.choices:
        return f"{label} {' or '.join(asked.choices)}"
    if asked.contains:
        return f'{label} with "{clean_and_elide(asked.contains, MAX_CELL)}"'
    low, high = asked.low, asked.high
    bounds = [f"from {low:g}"] if low is not None and math.isfinite(low) else []
    bounds += [f"to {high:g}"] if high is not None and math.isfinite(high) else []
    return " ".join([label, *bounds])


def _format_table(listing: Listing, places: PlaceArray, folder: str) -> str:
    """The columns of the browser for some rows, as any table of ours is shown."""
    rows = [listing.rows[place] for place in places.tolist()]
    cells = {
        column.name: pd.Series(
            [column.read(row) for row in rows], index=places, dtype=_find_dtype(column)
        )
        for column in listing.columns
    }
    table = shown.mark(pd.DataFrame(cells, index=places), asked=tuple(cells))
    return format_frame_html(shown.place(table, folder))


def _find_dtype(column: BrowserColumn) -> str:
    whole = column.name in PLACES
    return ("Int64" if whole else "float64") if column.is_number else "string"


def _format_lines(listing: Listing, places: PlaceArray, folder: str) -> list[str]:
    columns = listing.columns
    rows = [
        [elide(column.show(listing.rows[place], folder), MAX_CELL) for column in columns]
        for place in places.tolist()
    ]
    table = [[column.label for column in columns], *rows]
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(cells, widths, columns, strict=True)
        ).rstrip()
        for cells in table
    ]
