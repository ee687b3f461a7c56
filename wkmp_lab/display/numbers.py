"""Numbers, clock times and names as they are shown, and how much of each is."""

import re
from typing import NamedTuple

from wkmp_lab.display.safe_text import clean_path
from wkmp_lab.errors import InvalidInputError

MAX_NAME = 80
MAX_PLACE = 40
MAX_REASON = 300
MAX_ROWS = 50
"""Rows of a summary's table; the tables of the session hold all."""
_CLOCK = re.compile(r"(?:(?:(\d{1,9}):)?(\d{1,9}):)?(\d{1,9}(?:\.\d*)?)", re.ASCII)


def format_count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> format_count(1, "passage"), format_count(2, "passage")
    ('1 passage', '2 passages')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def format_clock(seconds: float) -> str:
    """A duration of steady width.

    >>> format_clock(7.4), format_clock(125), format_clock(3725)
    ('0:07', '2:05', '1:02:05')
    """
    n_seconds = round(seconds)
    hours, minutes = divmod(n_seconds // 60, 60)
    tail = f"{n_seconds % 60:02d}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def read_clock(text: str) -> float:
    """The seconds that a person has typed, as a number or as a clock shows them.

    >>> read_clock("83.5"), read_clock(" 1:23.5"), read_clock("1:02:03"), read_clock("75:00")
    (83.5, 83.5, 3723.0, 4500.0)

    Raises
    ------
    InvalidInputError
        It is no time.
    """
    found = _CLOCK.fullmatch(text.strip())
    hours, minutes, seconds = found.groups() if found else (None, None, "")
    is_odd = (minutes and float(seconds) >= 60.0) or (hours and int(minutes or 0) >= 60)
    if not found or is_odd:
        raise InvalidInputError(f"expected a time such as 83.5, 1:23.5 or 1:02:03, got {text!r}")
    return 3600.0 * int(hours or 0) + 60.0 * int(minutes or 0) + float(seconds)


class ShownName(NamedTuple):
    """The path of a file in the parts that are shown; all are cleaned, none is cut short.

    Attributes
    ----------
    below
        Where the file lies below the music folder; empty: in it, or not asked for.
    name
        Of the file.
    whole
        The whole path.
    """

    below: str
    name: str
    whole: str


def split_name(path: str, folder: str | None = None) -> ShownName:
    """A path as it is shown, beside the music folder where one is given.

    >>> split_name("/music/a/b.flac", "/music/")
    ShownName(below='a', name='b.flac', whole='/music/a/b.flac')
    >>> split_name("/music/a/b.flac").below
    ''
    """
    whole = clean_path(path).replace("\\", "/")
    place, _, name = whole.rpartition("/")
    start = "" if folder is None else clean_path(folder).replace("\\", "/").rstrip("/")
    below = place.removeprefix(start).strip("/") if folder is not None else ""
    return ShownName(below, name, whole)
