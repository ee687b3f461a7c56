"""Numbers, clock times and names as they are shown, and how much of each is."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wkmp_lab.display.safe_text import clean_path
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import Failure, FileResult
from wkmp_lab.model.reasons import KEY_PAGE

MAX_NAME = 80
MAX_PLACE = 40
MAX_REASON = 300
MAX_SENTENCE = 600
MAX_ROWS = 50
"""Rows of a summary's table; the tables of the session hold all."""
_CLOCK = re.compile(r"(?:(?:(\d{1,9}):)?(\d{1,9}):)?(\d{1,9}(?:\.\d*)?)", re.ASCII)


def format_count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> format_count(1, "passage"), format_count(2, "passage")
    ('1 passage', '2 passages')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def format_counts(counts: Mapping[str, int], names: Sequence[str]) -> str:
    """Numbers of several kinds in a row, without those of which there are none.

    >>> format_counts({"done": 3, "failed": 1}, ("failed", "no_audio", "done"))
    '1 failed, 3 done'
    """
    told = [f"{counts[name]} {name}" for name in names if counts.get(name)]
    return ", ".join(told) or "none"


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


def split_links(text: str) -> list[tuple[str, bool]]:
    """A text in parts, and whether each is an address that we give ourselves.

    >>> split_links(f"get one at {KEY_PAGE}, then ask")[1:]
    [('https://acoustid.org/new-application', True), (', then ask', False)]
    """
    parts = text.split(KEY_PAGE)
    found = [(parts[0], False)]
    for part in parts[1:]:
        found += [(KEY_PAGE, True), (part, False)]
    return found


def group_by_reason(rows: Sequence[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """(reason, paths) of (path, reason): the most frequent reason first, paths as they come.

    >>> group_by_reason([("a", "empty"), ("b", "cut off"), ("c", "cut off")])
    [('cut off', ['b', 'c']), ('empty', ['a'])]
    """
    groups: dict[str, list[str]] = {}
    for path, reason in rows:
        groups.setdefault(reason, []).append(path)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def list_failures(results: Sequence[FileResult]) -> list[tuple[FileResult, Failure]]:
    """Failed files and why: those of one reason together, the most frequent first; by path."""
    failed = [(each, each.failure) for each in results if each.failure is not None]
    n_of = Counter(failure.reason for _, failure in failed)
    return sorted(failed, key=lambda pair: (-n_of[pair[1].reason], pair[1].reason, pair[0].path))


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
