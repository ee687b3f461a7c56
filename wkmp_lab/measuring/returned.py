"""What a measure returned, taken into cells: what fits is kept, what does not is told in words."""

import math
import numbers
from collections.abc import Mapping
from typing import Any

from wkmp_lab.model.measured import CellValue, Measured, MeasureInfo

MAX_TEXT = 10_000
"""Characters of a text: results travel, and are kept in memory."""
MAX_INT = 2**63 - 1
"""The largest integer that tables hold."""
MAX_ERROR = 300


def read_returned(info: MeasureInfo, returned: object) -> Measured:
    """The cells that a return value fills, and what is wrong with the rest of it.

    A column that is not there, None and NaN are missing values.

    >>> info = MeasureInfo("zcr", "1", "ab12", (("zcr_hz", "Hz"),))
    >>> read_returned(info, {"zcr_hz": 3.5}).cells
    (('zcr_hz', 3.5),)
    >>> read_returned(info, {"zcr": 3.5}).error
    "returned 'zcr', which is none of its columns: zcr_hz"
    """
    if not isinstance(returned, Mapping):
        error = f"must return a dict of {', '.join(info.names)}, got {describe_kind(returned)}"
        return Measured(info.name, error=error)
    faults = []
    unknown = [key for key in returned if key not in info.names]
    if unknown:
        shown = ", ".join(repr(key)[:60] for key in unknown[:3])
        columns = ", ".join(info.names)
        faults.append(f"returned {shown}, which is none of its columns: {columns}")
    cells: list[tuple[str, CellValue]] = []
    for name in info.names:
        value, fault = _read_value(returned.get(name))
        if fault:
            faults.append(f"{name} must be {fault}")
        elif value is not None:
            cells.append((name, value))
    return Measured(info.name, tuple(cells), shorten_error("; ".join(faults)) or None)


def shorten_error(text: str) -> str:
    """Words of others as one line that can be kept: short, and without what no encoding takes."""
    line = " ".join(text.split()).encode("utf-8", "backslashreplace").decode()
    return line if len(line) <= MAX_ERROR else f"{line[: MAX_ERROR - 1]}…"


def describe_kind(value: Any) -> str:
    """What a value is, without showing all of it.

    >>> describe_kind([1, 2]), describe_kind(None)
    ('list [1, 2]', 'None')
    """
    if value is None:
        return "None"
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"{type(value).__name__} of shape {shape}"
    return f"{type(value).__name__} {value!r}"[:60]


def _read_value(value: Any) -> tuple[CellValue, str]:
    """A value as a cell holds it, and what it must be where it cannot."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # numpy's own numbers
    if value is None or isinstance(value, bool):
        return value, ""
    if isinstance(value, str):
        return _read_text(value)
    if isinstance(value, numbers.Integral):
        number = int(value)
        is_fit = abs(number) <= MAX_INT
        return (number, "") if is_fit else (None, "an integer of 64 bits, got a larger one")
    if isinstance(value, numbers.Real):
        number_of_any_size = float(value)
        if math.isinf(number_of_any_size):
            return None, "finite (or NaN, where it is missing), got inf"
        return (None if math.isnan(number_of_any_size) else number_of_any_size), ""
    return None, f"a number, a text, a bool or None, got {describe_kind(value)}"


def _read_text(text: str) -> tuple[CellValue, str]:
    if len(text) > MAX_TEXT:
        return None, f"a text of at most {MAX_TEXT} characters, got {len(text)}"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return None, "a text that UTF-8 can hold, got one with half a character"
    return str(text), ""
