"""Tags: what a file says of itself, made harmless and brought to one form."""

import math
import re
import struct
import unicodedata
import uuid
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import mutagen
from mutagen import id3

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.files.tag_limits import CountedFile, require_modest_tags
from wkmp_lab.model import Tags

MAX_TEXT = 1_000
"""Longest value that is kept, in characters."""
MAX_CUE_SHEET = 1 << 20

_KEYS: dict[str, tuple[str, ...]] = {
    "title": ("title", "tit2", "\xa9nam", "title"),
    "artist": ("artist", "tpe1", "\xa9art", "author"),
    "album": ("album", "talb", "\xa9alb", "wm/albumtitle"),
    "album_artist": ("albumartist", "album artist", "tpe2", "aart", "wm/albumartist"),
    "track": ("tracknumber", "track", "trck", "trkn", "wm/tracknumber"),
    "n_tracks": ("tracktotal", "totaltracks"),
    "disc": ("discnumber", "disc", "tpos", "disk", "wm/partofset"),
    "year": ("date", "year", "originaldate", "tdrc", "tyer", "\xa9day", "wm/year"),
    "genre": ("genre", "tcon", "\xa9gen", "wm/genre"),
    "isrc": ("isrc", "tsrc", "wm/isrc"),
    "recording_mbid": (
        "musicbrainz_trackid",
        "musicbrainz track id",
        "ufid:http://musicbrainz.org",
        "musicbrainz/track id",
    ),
    "release_mbid": ("musicbrainz_albumid", "musicbrainz album id", "musicbrainz/album id"),
    "artist_mbid": ("musicbrainz_artistid", "musicbrainz artist id", "musicbrainz/artist id"),
    "cue_sheet": ("cuesheet",),
}
"""The keys of each field over Vorbis comments, ID3, MP4, APE and ASF, lower case, best first."""

_PREFIXES = ("txxx:", "----:com.apple.itunes:")
_UNREADABLE = (
    mutagen.MutagenError,
    struct.error,
    zlib.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
"""Where a damaged file can lead mutagen's parsers; no tag is worth a file."""
_BREAKS = re.compile(r"[\t\n\v\f\r]+")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}")


def read_tags(path: str | Path) -> Tags:
    """Tags of a file; empty where it has none or they cannot be read.

    Control characters and lone surrogates are removed, line breaks and tabs become blanks, values
    are cut at ``MAX_TEXT`` characters, and ids that are not well-formed count as missing.

    Raises
    ------
    InvalidInputError
        The tags would take gigabytes or minutes to read.
    OSError
        The file cannot be opened.
    """
    found = _parse(path)
    if found is None or found.tags is None:
        return Tags()
    return tags_from_texts(_collect(found.tags))


def read_length_s(path: str | Path) -> float | None:
    """Length in seconds that the headers tell, decoding nothing; None where they tell none.

    Raises
    ------
    OSError
        The file cannot be opened.
    """
    try:
        length_s = getattr(getattr(_parse(path), "info", None), "length", None)
    except InvalidInputError:  # the decoder may know it
        return None
    return float(length_s) if length_s and math.isfinite(length_s) and length_s > 0 else None


def _parse(path: str | Path) -> Any:
    """A file as mutagen knows it; None where it does not."""
    with Path(path).open("rb") as file:
        require_modest_tags(file)
        try:
            return mutagen.File(CountedFile(file))
        except InvalidInputError:
            raise
        except _UNREADABLE:
            return None


def tags_from_texts(texts: Mapping[str, str]) -> Tags:
    """Tags from raw texts by field name (the fields of ``Tags``).

    >>> tags_from_texts({"title": "Song\\x00", "track": "3/12", "isrc": "usrc1-76 07839"})
    ... # doctest: +ELLIPSIS
    Tags(title='Song', ..., track=3, n_tracks=12, ..., isrc='USRC17607839', ..., is_cleaned=True)
    """
    clean = {name: _clean(name, text) for name, text in texts.items()}
    is_cleaned = any(clean[name] != texts[name].strip() for name in texts)
    track, n_tracks = _split_number(clean.get("track"))
    total, _ = _split_number(clean.get("n_tracks"))
    return Tags(
        title=clean.get("title") or None,
        artist=clean.get("artist") or None,
        album=clean.get("album") or None,
        album_artist=clean.get("album_artist") or None,
        track=track,
        n_tracks=n_tracks or total,
        disc=_split_number(clean.get("disc"))[0],
        year=_find_year(clean.get("year")),
        genre=clean.get("genre") or None,
        isrc=_check_isrc(clean.get("isrc")),
        recording_mbid=_check_mbid(clean.get("recording_mbid")),
        release_mbid=_check_mbid(clean.get("release_mbid")),
        artist_mbid=_check_mbid(clean.get("artist_mbid")),
        cue_sheet=clean.get("cue_sheet") or None,
        is_cleaned=is_cleaned,
    )


def _collect(tags: Any) -> dict[str, str]:
    """The raw text of each field, from whatever kind of tag it is."""
    by_key: dict[str, str] = {}
    for key, value in _pairs(tags):
        name = key.lower()
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        text = _text_of(value)
        if text:
            by_key.setdefault(name, text)
    found = {}
    for field, keys in _KEYS.items():
        known = [by_key[key] for key in keys if key in by_key]
        found.update({field: known[0]} if known else {})
    return found


def _pairs(tags: Any) -> Iterable[tuple[str, Any]]:
    try:
        return [(str(key), value) for key, value in tags.items()]
    except (ValueError, TypeError, AttributeError):
        return []


def _text_of(value: Any) -> str:
    """The first value of a tag as text; pictures and other objects give none."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        number, *total = value
        return f"{number}/{total[0]}" if total and total[0] else str(number)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, id3.TCON):
        return str(value.genres[0]) if value.genres else ""
    if hasattr(value, "text") and isinstance(value.text, list):
        return str(value.text[0]) if value.text else ""
    if hasattr(value, "owner") and isinstance(getattr(value, "data", None), bytes):
        return str(value.data.decode("ascii", "replace"))
    if isinstance(value, str | int):
        return str(value)
    inner = getattr(value, "value", None)
    return str(inner) if isinstance(inner, str | int) else ""


def _clean(field: str, text: str) -> str:
    is_sheet = field == "cue_sheet"
    limit = MAX_CUE_SHEET if is_sheet else MAX_TEXT
    text = text[: 2 * limit]
    if not is_sheet:
        text = _BREAKS.sub(" ", text)
    kept = "".join(c for c in text if _is_harmless(c) or (is_sheet and c in "\r\n\t"))
    return kept.strip()[:limit]


def _is_harmless(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cs")


def _split_number(text: str | None) -> tuple[int | None, int | None]:
    """Track and total of texts like '3' and '3/12'."""
    found = re.match(r"(\d{1,4})(?:\s*/\s*(\d{1,4}))?", text or "")
    if not found:
        return None, None
    return int(found[1]) or None, int(found[2] or 0) or None


def _find_year(text: str | None) -> int | None:
    found = re.search(r"\b(1[89]\d\d|20\d\d)", text or "")
    return int(found[1]) if found else None


def _check_isrc(text: str | None) -> str | None:
    joined = re.sub(r"[-\s]", "", text or "").upper()
    return joined if _ISRC.fullmatch(joined) else None


def _check_mbid(text: str | None) -> str | None:
    first = re.split(r"[;/\s]", text or "", maxsplit=1)[0].lower()
    try:
        found = uuid.UUID(first)
    except ValueError:
        return None
    return first if str(found) == first else None
