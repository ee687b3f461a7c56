"""The records of the model as HTML tables: a row per field, records within records folded."""

import dataclasses
from typing import Any, NamedTuple

from wkmp_lab.display.numbers import MAX_REASON, MAX_ROWS, format_count
from wkmp_lab.display.safe_text import clean_and_elide
from wkmp_lab.display.templating import render
from wkmp_lab.model import (
    Amplitude,
    AudioFormat,
    Candidate,
    Identity,
    Passage,
    Segmentation,
    Tags,
)
from wkmp_lab.units import seconds_from_ticks

SHOWN = (Amplitude, AudioFormat, Candidate, Identity, Passage, Segmentation, Tags)
"""Records that a notebook shows as tables."""


class _Table(NamedTuple):
    """The fields of a record that hold something, and the names of the others."""

    rows: list[tuple[str, "str | _Fold"]]
    missing: list[str]


class _Fold(NamedTuple):
    """Records within a record."""

    title: str
    tables: list[_Table]


def format_record_html(record: Any) -> str:
    """A record, field by field: times in seconds, numbers to four digits, what is missing last."""
    values = {"title": type(record).__name__, "table": _read_fields(record)}
    return render("notebook/templates/record.html.jinja", "card", values)


def _read_fields(record: Any) -> _Table:
    names = [field.name for field in dataclasses.fields(record)]
    cells = {
        name.removesuffix("_ticks"): _read_value(name, getattr(record, name)) for name in names
    }
    rows = [(name, cell) for name, cell in cells.items() if cell]
    return _Table(rows, [name for name, cell in cells.items() if not cell])


def _read_value(name: str, value: Any) -> str | _Fold:
    """What is shown of a value; an empty text where there is nothing to show."""
    if dataclasses.is_dataclass(value):
        return _Fold(type(value).__name__, [_read_fields(value)])
    if isinstance(value, tuple):
        return _read_items(name, value)
    return "" if value is None else clean_and_elide(_format_plain(name, value), MAX_REASON)


def _read_items(name: str, items: tuple[Any, ...]) -> str | _Fold:
    if not any(dataclasses.is_dataclass(item) for item in items):
        words = ", ".join(_format_plain(name, item) for item in items)
        return clean_and_elide(words, 3 * MAX_REASON)
    title = format_count(len(items), type(items[0]).__name__.lower())
    return _Fold(title, [_read_fields(item) for item in items[:MAX_ROWS]])


def _format_plain(name: str, value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(_format_plain(name, item) for item in value)
    if name.endswith("_ticks"):
        return f"{seconds_from_ticks(value):.2f} s"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
