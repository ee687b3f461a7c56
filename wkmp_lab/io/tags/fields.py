"""The fields of tags: under which keys each stands, and how its texts are made harmless."""

import dataclasses
import math
import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wkmp_lab.model import Cover, Tags

MAX_TEXT = 1_000
"""Longest value that is kept, in characters."""
MAX_VALUES = 32
"""Most values of one field that are kept."""
MAX_CUE_SHEET = 1 << 20

KEYS: dict[str, tuple[str, ...]] = {
    "title": ("title", "tit2", "\xa9nam", "track/title"),
    "artist": ("artist", "tpe1", "\xa9art", "author", "track/artist", "artists"),
    "album": ("album", "talb", "\xa9alb", "wm/albumtitle", "album/title"),
    "album_artist": (
        "albumartist",
        "album artist",
        "album_artist",
        "tpe2",
        "aart",
        "wm/albumartist",
        "album/artist",
    ),
    "track": ("tracknumber", "track", "trck", "trkn", "wm/tracknumber", "part_number", "itrk"),
    "n_tracks": ("tracktotal", "totaltracks", "total tracks", "album/total_parts"),
    "disc": ("discnumber", "disc", "tpos", "disk", "wm/partofset"),
    "n_discs": ("disctotal", "totaldiscs", "total discs"),
    "year": (
        "date",
        "tdrc",
        "\xa9day",
        "wm/year",
        "year",
        "tyer",
        "date_released",
        "album/date_released",
        "tdrl",
        "releasedate",
    ),
    "original_year": (
        "originaldate",
        "originalyear",
        "original year",
        "tdor",
        "tory",
        "wm/originalreleasetime",
        "wm/originalreleaseyear",
    ),
    "genre": ("genre", "tcon", "\xa9gen", "wm/genre"),
    "composer": ("composer", "tcom", "\xa9wrt", "wm/composer"),
    "label": ("label", "tpub", "wm/publisher", "publisher", "organization", "record label"),
    "catalogue_number": (
        "catalognumber",
        "wm/catalogno",
        "catalog",
        "catalogue number",
        "catalog_number",
        "labelno",
    ),
    "is_compilation": ("compilation", "tcmp", "cpil", "wm/iscompilation", "itunescompilation"),
    "bpm": ("bpm", "tbpm", "tmpo", "wm/beatsperminute"),
    "key": ("initialkey", "tkey", "wm/initialkey", "initial key", "key", "initial_key"),
    "replaygain_track_db": ("replaygain_track_gain",),
    "replaygain_album_db": ("replaygain_album_gain",),
    "r128_track": ("r128_track_gain",),
    "r128_album": ("r128_album_gain",),
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
"""The keys of each field over Vorbis comments, ID3, MP4, APE, ASF, Matroska and what FFmpeg calls
them, lower case, best first.

``tag_year`` is the release's year in every format: a date of the first release has keys of its
own and never stands in for it.
"""

_R128_TO_REPLAYGAIN_DB = 5.0
"""R128 tags aim at -23 LUFS (RFC 7845, 5.2.1), ReplayGain 2 at -18 LUFS."""
_BREAKS = re.compile(r"[\t\n\v\f\r]+")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}")
_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_TEXTS = ("title", "artist", "album", "album_artist", "genre", "composer", "label")
_SHOWN = (*_TEXTS, "catalogue_number", "key")
_NUMBER = re.compile(r"\s*([+-]?\d+(?:[.,]\d+)?)")


def choose_texts(by_key: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """The texts of each field, under the best of its keys.

    Parameters
    ----------
    by_key
        Texts by the key that they have in the file, in lower case.
    """
    found: dict[str, Sequence[str]] = {}
    for field, keys in KEYS.items():
        known = [by_key[key] for key in keys if any(text.strip() for text in by_key.get(key, ()))]
        found.update({field: known[0]} if known else {})
    return found


def tags_from_texts(texts: Mapping[str, Sequence[str]], *, cover: Cover | None = None) -> Tags:
    """Tags from raw texts by field name (those of :data:`KEYS`); one text may hold several values.

    Values are parted at NUL signs first. Control characters and lone surrogates are then removed,
    line breaks and tabs become blanks, values are cut at :data:`MAX_TEXT` characters, and ids
    that are not well-formed count as missing.

    >>> tags = tags_from_texts({"title": ["Song\\x00"], "track": ["3/12"], "artist": ["A\\x00B"]})
    >>> tags.title, tags.track, tags.n_tracks, tags.artist
    ('Song', 3, 12, 'A; B')
    >>> tags_from_texts({"isrc": ["usrc1-76 07839/USRC17607840"]}).all_of("isrc")
    ('USRC17607839', 'USRC17607840')
    """
    raw = {field: _split_values(field, each) for field, each in texts.items()}
    clean = {field: [_clean(field, text) for text in each] for field, each in raw.items()}
    is_cleaned = any(clean[field] != [text.strip() for text in raw[field]] for field in raw)
    several = {field: _distinct(clean.get(field, ())) for field in _SHOWN}
    several["isrc"] = _distinct(_find_isrcs(clean.get("isrc", ())))
    for field in ("recording_mbid", "release_mbid", "artist_mbid"):
        several[field] = _distinct(_find_mbids(clean.get(field, ())))
    first = {field: values[0] for field, values in clean.items() if values}
    shown: dict[str, Any] = {field: "; ".join(several[field]) or None for field in _SHOWN}
    ids: dict[str, Any] = {
        field: next(iter(values), None) for field, values in several.items() if field not in shown
    }
    return Tags(
        **shown,
        **ids,
        **_read_numbers(first),
        year=_find_year(first.get("year")),
        original_year=_find_year(first.get("original_year")),
        is_compilation=_read_flag(first.get("is_compilation")),
        cue_sheet=first.get("cue_sheet") or None,
        cover=cover,
        values=tuple((field, values) for field, values in several.items() if len(values) > 1),
        is_cleaned=is_cleaned,
    )


def fill_tags(tags: Tags, other: Tags) -> Tags:
    """Tags with what they lack from other ones of the same file.

    >>> fill_tags(Tags(title="Song"), Tags(title="Other", album="Album"))
    ... # doctest: +ELLIPSIS
    Tags(title='Song', artist=None, album='Album', ...)
    """
    names = [each.name for each in dataclasses.fields(Tags)]
    taken: dict[str, Any] = {
        name: getattr(other, name)
        for name in names
        if getattr(tags, name) is None and getattr(other, name) is not None
    }
    if not taken:
        return tags
    return dataclasses.replace(
        tags,
        **taken,
        values=tags.values + tuple(entry for entry in other.values if entry[0] in taken),
        is_cleaned=tags.is_cleaned or other.is_cleaned,
    )


def _read_numbers(first: Mapping[str, str]) -> dict[str, Any]:
    """The fields that are numbers."""
    track, n_tracks = _split_number(first.get("track"))
    disc, n_discs = _split_number(first.get("disc"))
    bpm = _read_number(first.get("bpm"))
    return {
        "track": track,
        "n_tracks": n_tracks or _split_number(first.get("n_tracks"))[0],
        "disc": disc,
        "n_discs": n_discs or _split_number(first.get("n_discs"))[0],
        "bpm": bpm if bpm is not None and 0.0 < bpm < 1_000.0 else None,
        "replaygain_track_db": _read_gain_db(first, "track"),
        "replaygain_album_db": _read_gain_db(first, "album"),
    }


def _read_gain_db(first: Mapping[str, str], of: str) -> float | None:
    gain_db = _read_number(first.get(f"replaygain_{of}_db"))
    if gain_db is None and (steps := _read_number(first.get(f"r128_{of}"))) is not None:
        gain_db = steps / 256.0 + _R128_TO_REPLAYGAIN_DB  # Q7.8 numbers
    return gain_db if gain_db is not None and abs(gain_db) < 150.0 else None


def _split_values(field: str, texts: Iterable[str]) -> list[str]:
    """Every value on its own: APEv2 and ID3v2.4 part them by NUL."""
    if field == "cue_sheet":
        return list(texts)[:1]
    limit = 2 * MAX_TEXT * MAX_VALUES
    parts = [part for text in texts for part in text[:limit].split("\x00") if part.strip()]
    return parts[:MAX_VALUES]


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _clean(field: str, text: str) -> str:
    is_sheet = field == "cue_sheet"
    limit = MAX_CUE_SHEET if is_sheet else MAX_TEXT
    text = text[: 2 * limit]
    if not is_sheet:
        text = _BREAKS.sub(" ", text)
    kept = "".join(c for c in text if _is_harmless(c) or (is_sheet and c in "\r\n\t"))
    return kept.strip()[:limit].strip()


def _is_harmless(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cs")


def _split_number(text: str | None) -> tuple[int | None, int | None]:
    """Track and total of texts like '3', '3/12' and '3 of 12'."""
    found = re.match(r"(\d{1,4})(?:\s*(?:/|of)\s*(\d{1,4}))?", text or "")
    if not found:
        return None, None
    return int(found[1]) or None, int(found[2] or 0) or None


def _read_number(text: str | None) -> float | None:
    found = _NUMBER.match(text or "")
    number = float(found[1].replace(",", ".")) if found else math.nan
    return number if math.isfinite(number) else None


def _read_flag(text: str | None) -> bool | None:
    return _FLAGS.get((text or "").lower())


def _find_year(text: str | None) -> int | None:
    found = re.search(r"\b(1\d{3}|20\d\d)", text or "", re.ASCII)
    return int(found[1]) if found else None


def _find_isrcs(texts: Iterable[str]) -> Iterable[str]:
    """Well-formed codes; taggers part several by a slash, a semicolon, a comma or a blank."""
    for text in texts:
        for part in re.split(r"[/;,|]", text.upper()):
            whole = re.sub(r"[-\s]", "", part)
            codes = [whole] if _ISRC.fullmatch(whole) else part.replace("-", "").split()
            yield from (code for code in codes if _ISRC.fullmatch(code))


def _find_mbids(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        for part in re.split(r"[;/,\s]+", text.lower()):
            try:
                found = uuid.UUID(part)
            except ValueError:
                continue
            if str(found) == part:
                yield part
