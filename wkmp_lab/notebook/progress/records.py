"""The records of the model as HTML tables: a row per field, records within records folded."""

import dataclasses
from typing import Any

from wkmp_lab.display.numbers import LEFT, MAX_REASON, MAX_ROWS, format_count
from wkmp_lab.display.safe_text import escape_html
from wkmp_lab.display.summary import wrap_html
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


def format_record_html(record: Any) -> str:
    """A record, field by field: times in seconds, numbers to four digits, what is missing last."""
    return wrap_html(f"<p><b>{type(record).__name__}</b></p>{_format_fields(record)}")


def _format_fields(record: Any) -> str:
    names = [field.name for field in dataclasses.fields(record)]
    cells = {
        name.removesuffix("_ticks"): _format_value(name, getattr(record, name)) for name in names
    }
    rows = "".join(
        f"<tr><td {LEFT}>{name}</td><td {LEFT}>{cell}</td></tr>"
        for name, cell in cells.items()
        if cell
    )
    missing = ", ".join(name for name, cell in cells.items() if not cell)
    return f"<table>{rows}</table>" + (f"<p><small>none: {missing}</small></p>" if missing else "")


def _format_value(name: str, value: Any) -> str:
    """A value as HTML; empty where there is nothing to show."""
    if dataclasses.is_dataclass(value):
        return (
            f"<details><summary>{type(value).__name__}</summary>{_format_fields(value)}</details>"
        )
    if isinstance(value, tuple):
        return _format_items(name, value)
    return "" if value is None else escape_html(_format_plain(name, value), MAX_REASON)


def _format_items(name: str, items: tuple[Any, ...]) -> str:
    if not any(dataclasses.is_dataclass(item) for item in items):
        return escape_html(", ".join(_format_plain(name, item) for item in items), 3 * MAX_REASON)
    tables = "".join(_format_fields(item) for item in items[:MAX_ROWS])
    count = format_count(len(items), type(items[0]).__name__.lower())
    return f"<details><summary>{count}</summary>{tables}</details>"


def _format_plain(name: str, value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(_format_plain(name, item) for item in value)
    if name.endswith("_ticks"):
        return f"{seconds_from_ticks(value):.2f} s"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
