"""Which file of a library is meant: by its path, or by any part of it that no other file has."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePath
from typing import NamedTuple

from wkmp_lab.display.safe_text import clean_name, clean_path
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.names import offer_near_names

MAX_NAMED = 4
"""Files that a message names."""


class _Known(NamedTuple):
    """A file as it is, and as tables show it below the folder of the library."""

    path: str
    shown: str


def find_file(asked: str, paths: Iterable[str], *, folder: str) -> str:
    """The path of the one file that is meant.

    Parameters
    ----------
    asked
        A path, from the folder or absolute; its end; the name of the file without its ending; or
        any part of the path below the folder, whatever its case. What a table shows, with ``…`` in
        place of a middle, will do.
    paths
        Of all files of the library, absolute.
    folder
        Of the library.

    Raises
    ------
    InvalidInputError
        No file is meant, or more than one.

    >>> find_file("blue", ["/m/a/Blue Lantern.mp3", "/m/a/Red.mp3"], folder="/m")
    '/m/a/Blue Lantern.mp3'
    """
    below = f"{clean_path(folder).rstrip('/')}/"
    known = [_Known(path, clean_path(path).removeprefix(below)) for path in paths]
    words = asked.strip().removeprefix(below)
    found = _find(words, known) if words else []
    if len(found) == 1:
        return found[0].path
    if found:
        named = ", ".join(repr(each.shown) for each in found[:MAX_NAMED])
        more = ", ..." if len(found) > MAX_NAMED else ""
        raise InvalidInputError(
            f"expected one file of {folder!r}, got {asked!r}, which {len(found)} have: "
            f"{named}{more}; tell more of the path"
        )
    names = (each.shown if "/" in words else clean_name(each.path) for each in known)
    near = offer_near_names(words, names) if words else ""
    raise InvalidInputError(f"expected a file of {folder!r}, got {asked!r}{near}")


def _find(words: str, known: Sequence[_Known]) -> list[_Known]:
    """Whoever fits the words best: whole paths before ends, ends before parts."""
    folded = words.casefold()
    parts = re.compile(".*".join(map(re.escape, folded.split("…"))))
    fits: tuple[Callable[[_Known], bool], ...] = (
        lambda each: words in (each.path, each.shown),
        lambda each: f"/{each.shown}".endswith(f"/{words}"),
        lambda each: PurePath(each.shown).stem.casefold() == folded,
        lambda each: parts.search(each.shown.casefold()) is not None,
        lambda each: "…" in words and parts.search(clean_path(each.path).casefold()) is not None,
    )
    return next((found for fit in fits if (found := [e for e in known if fit(e)])), [])
