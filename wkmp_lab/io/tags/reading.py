"""Tags of a file: every tag in it that mutagen reads, the format's own before those of others."""

import math
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, TypeVar

import mutagen
from mutagen import apev2, id3

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.formats.audio_part import ID3V1_BYTES, find_foreign_start, has_id3v1
from wkmp_lab.io.formats.part import FilePart
from wkmp_lab.io.tags.chapters import read_track_table
from wkmp_lab.io.tags.fields import choose_texts, fill_tags, tags_from_texts
from wkmp_lab.io.tags.limits import CountedFile, require_modest_tags
from wkmp_lab.io.tags.values import find_cover, texts_by_key
from wkmp_lab.model import Tags

T = TypeVar("T")
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


def read_tags(path: str | Path) -> Tags:
    """Tags of a file; empty where it has none or they cannot be read.

    The tag that belongs to the format speaks first; APEv2 and ID3v2 around it say what it leaves
    open; ID3v1, which cuts texts at 30 characters, comes last. See
    :func:`wkmp_lab.io.tags.fields.tags_from_texts` for what is done to the texts.

    Raises
    ------
    InvalidInputError
        The tags would take gigabytes or minutes to read.
    OSError
        The file cannot be opened.
    """
    tags = Tags()
    with Path(path).open("rb") as file:
        require_modest_tags(file)
        for source in _read_sources(file):
            texts = choose_texts(texts_by_key(getattr(source, "tags", source)))
            read = tags_from_texts(texts, cover=_guarded(find_cover, source))
            read = replace(read, chapters=_guarded(read_track_table, source))
            tags = fill_tags(tags, read)
    return tags


def read_length_s(path: str | Path) -> float | None:
    """Length in seconds that the headers tell, decoding nothing; None where they tell none.

    Raises
    ------
    OSError
        The file cannot be opened.
    """
    with Path(path).open("rb") as file:
        try:
            require_modest_tags(file)
            found = _parse(mutagen.File, _behind_id3(file))
        except InvalidInputError:  # the decoder may know it
            return None
    length_s = getattr(getattr(found, "info", None), "length", None)
    return float(length_s) if length_s and math.isfinite(length_s) and length_s > 0 else None


def _read_sources(file: IO[bytes]) -> Iterator[Any]:
    """The file as mutagen knows it, then the tags of other formats around it, best first."""
    size = file.seek(0, os.SEEK_END)
    # mutagen would mix ID3v1 into ID3v2.
    n_last = ID3V1_BYTES if has_id3v1(file) else 0
    whole = FilePart(file, end=size - n_last)
    own = _parse(mutagen.File, _behind_id3(whole))
    if own is not None and own.tags is not None:
        yield own
    kind = getattr(own, "tags", None)
    readers = [reader for reader in (apev2.APEv2, id3.ID3) if not isinstance(kind, reader)]
    around = [(reader, whole) for reader in readers]
    around += [(id3.ID3, FilePart(file, start=size - n_last))] if n_last else []
    for reader, part in around:
        part.seek(0)
        found = _parse(reader, part)
        if found is not None:
            yield found


def _behind_id3(file: Any) -> Any:
    """The file, or what stands behind ID3v2 in front of a format that has no place for it."""
    start = find_foreign_start(file)
    return FilePart(file, start=start) if start else file


def _parse(reader: Callable[[Any], Any], file: Any) -> Any:
    try:
        return reader(CountedFile(file))
    except InvalidInputError:
        raise
    except _UNREADABLE:
        return None


def _guarded(read: Callable[[Any], T], source: Any) -> T | None:
    try:
        return read(source)
    except _UNREADABLE:
        return None
