"""Tags that would take a parser minutes or gigabytes: told by their heads, before they are parsed.

A tag of 600 kB can unpack to gigabytes, a small one hold a million entries. mutagen believes
both; here the sizes and counts that a tag claims are looked at, and what it reads is counted.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.formats.audio_part import measure_id3_bytes
from wkmp_lab.io.formats.part import FilePart

MAX_TAG_BYTES = 64 << 20
"""Of a tag, unpacked; room for some large pictures."""
MAX_ENTRIES = 10_000
"""Of a tag: an audio book of many hours has some hundred chapters."""
MAX_READS = 500_000
"""Reads of a parser, about a second of them: each atom, page or block takes some."""

_SCAN_BYTES = 1 << 17
_MAX_CHUNKS = 256
_COMMENT_BLOCK = 4
_STREAM_INFO_BYTES = 42
"""FLAC's mark and its first block, which every decoder needs."""
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_COMPRESSED = {3: 0x0080, 4: 0x0008}
_PACKED_AT = (0, 4, 5)
"""Where the packed bytes of an ID3 frame may begin: behind its size, and behind its group."""


class CountedFile:
    """An open file that reads so much for a parser, and no more."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._n_bytes = 0
        self._n_reads = 0
        self.seek = file.seek
        self.tell = file.tell
        self.name = getattr(file, "name", "")

    def read(self, size: int = -1) -> bytes:
        """As of the file.

        Raises
        ------
        InvalidInputError
            More was read than any tag needs.
        """
        content: bytes = self._file.read(size)
        self._n_reads += 1
        self._n_bytes += len(content)
        if self._n_bytes > MAX_TAG_BYTES or self._n_reads > MAX_READS:
            raise InvalidInputError(f"tags are at most {MAX_TAG_BYTES >> 20} MB, got more to read")
        return content


def require_modest_tags(file: Any) -> None:
    """Refuse tags that claim more entries or bytes than music has.

    Parameters
    ----------
    file
        Open for reading; it is left at its start.

    Raises
    ------
    InvalidInputError
        The message says what they claim.
    """
    size = file.seek(0, os.SEEK_END)
    head = _read(file, 0, _SCAN_BYTES)
    for place in _find_id3(file, head, size):
        _require_modest_id3(file, place, size)
    for what, n_entries in _count_entries(file, head, size):
        _require_few(n_entries, what)
    file.seek(0)


def skip_heavy_tags(file: Any) -> Any:
    """The file itself, or a view of it without the tags in front that are beyond reason.

    FFmpeg reads tags, too, and compares each entry with all before it: a million of them take it
    hours, which no interrupt reaches.

    Parameters
    ----------
    file
        Open for reading; left at its start.
    """
    try:
        require_modest_tags(file)
    except InvalidInputError:
        return _skip_tags(file)
    return file


def _skip_tags(file: Any) -> Any:
    file.seek(0)
    head = file.read(_STREAM_INFO_BYTES)
    if head[:3] == b"ID3":
        return FilePart(file, start=measure_id3_bytes(file))
    end = _find_flac_end(file) if head[:4] == b"fLaC" else None
    file.seek(0)
    if end is None or end < _STREAM_INFO_BYTES:
        return file
    # The first block is now the last of its kind.
    front = head[:4] + bytes([head[4] | 0x80]) + head[5:]
    return FilePart(file, start=end - len(front), front=front)


def _require_few(n_entries: int, what: str) -> None:
    if n_entries > MAX_ENTRIES:
        raise InvalidInputError(f"tags have at most {MAX_ENTRIES} entries, {what} has {n_entries}")


def _require_small(n_bytes: int, what: str) -> None:
    if n_bytes > MAX_TAG_BYTES:
        raise InvalidInputError(f"tags are at most {MAX_TAG_BYTES >> 20} MB, {what} takes more")


def _find_id3(file: Any, head: bytes, size: int) -> Iterator[int]:
    """Where ID3v2 begins: at the start, or in a chunk of RIFF or AIFF."""
    if head[:3] == b"ID3":
        yield 0
    for name, place, _ in _find_chunks(file, head, size):
        if name.upper() == b"ID3 ":
            yield place


def _find_chunks(file: Any, head: bytes, size: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, place, bytes) of the chunks of a RIFF or AIFF file."""
    order = {b"RIFF": "<", b"FORM": ">"}.get(head[:4])
    place = 12
    for _ in range(_MAX_CHUNKS):
        if order is None or place + 8 > size:
            return
        chunk = _read(file, place, 8)
        n_bytes = struct.unpack(f"{order}I", chunk[4:])[0]
        yield chunk[:4], place + 8, n_bytes
        place += 8 + n_bytes + n_bytes % 2


def _require_modest_id3(file: Any, place: int, size: int) -> None:
    head = _read(file, place, 10)
    if len(head) < 10 or head[:3] != b"ID3":
        return
    version, n_bytes = head[3], min(_syncsafe(head[6:]), size - place)
    _require_small(n_bytes, "ID3v2")
    content = _read(file, place + 10, n_bytes)
    if head[5] & 0x80 and version < 4:
        content = content.replace(b"\xff\x00", b"\xff")
    # Some writers of version 4 count sizes as version 3 does; parsers guess, and so both count.
    for is_syncsafe in {version == 4, False}:
        _require_modest_frames(content, version, is_syncsafe=is_syncsafe)


def _require_modest_frames(content: bytes, version: int, *, is_syncsafe: bool) -> None:
    place = n_frames = n_unpacked = 0
    head_bytes = 6 if version == 2 else 10
    while place + head_bytes <= len(content) and content[place] != 0:
        head = content[place : place + head_bytes]
        size = head[3:6] if version == 2 else head[4:8]
        n_bytes = _syncsafe(size) if is_syncsafe else int.from_bytes(size, "big")
        place += head_bytes
        if version > 2 and int.from_bytes(head[8:], "big") & _COMPRESSED.get(version, 0):
            frame = content[place : place + n_bytes]
            n_unpacked += _measure_unpacked(frame, MAX_TAG_BYTES + 1 - n_unpacked)
            _require_small(n_unpacked, "ID3v2, unpacked,")
        place += n_bytes
        n_frames += 1
        _require_few(n_frames, "ID3v2")


def _measure_unpacked(frame: bytes, max_bytes: int) -> int:
    """Bytes that a packed frame unpacks to, counted up to ``max_bytes``."""
    longest = 0
    for packed in {frame, frame.replace(b"\xff\x00", b"\xff")}:
        for start in _PACKED_AT:
            unpacker = zlib.decompressobj()
            try:
                longest = max(longest, len(unpacker.decompress(packed[start:], max_bytes)))
            except zlib.error:
                continue
    return longest


def _count_entries(file: Any, head: bytes, size: int) -> Iterator[tuple[str, int]]:
    """(kind, entries) of the tags that tell their number ahead."""
    if head[:4] == b"fLaC":
        yield from _count_flac(file)
    for mark in (b"\x03vorbis", b"OpusTags") if head[:4] == b"OggS" else ():
        place = head.find(mark)
        if place >= 0:
            yield "a Vorbis comment", _count_comments(head[place + len(mark) :])
    if head[:16] == _ASF:
        yield "ASF", int.from_bytes(head[24:28], "little")
    tail = _read(file, max(size - 160, 0), 160)
    place = tail.rfind(b"APETAGEX")
    if place >= 0:
        yield "APEv2", int.from_bytes(tail[place + 16 : place + 20], "little")


def _count_flac(file: Any) -> Iterator[tuple[str, int]]:
    for kind, place, _ in _find_blocks(file):
        if kind == _COMMENT_BLOCK:
            vendor = int.from_bytes(_read(file, place, 4), "little")
            count = _read(file, place + 4 + vendor, 4)
            yield "a Vorbis comment", int.from_bytes(count, "little")


def _find_blocks(file: Any) -> Iterator[tuple[int, int, int]]:
    """(kind, place, bytes) of the first blocks in front of FLAC's frames."""
    place = 4
    for _ in range(_MAX_CHUNKS):
        head = _read(file, place, 4)
        if len(head) < 4:
            return
        n_bytes = int.from_bytes(head[1:], "big")
        yield head[0] & 0x7F, place + 4, n_bytes
        if head[0] & 0x80:
            return
        place += 4 + n_bytes


def _find_flac_end(file: Any) -> int | None:
    """Where the blocks of a FLAC file end and its frames begin; None where they are too many."""
    blocks = list(_find_blocks(file))
    _, place, n_bytes = blocks[-1] if blocks else (0, 0, 0)
    return place + n_bytes if 0 < len(blocks) < _MAX_CHUNKS else None


def _count_comments(content: bytes) -> int:
    """Entries of a Vorbis comment, from its start; 0 where that is not all there."""
    vendor = int.from_bytes(content[:4], "little")
    return int.from_bytes(content[4 + vendor : 8 + vendor], "little")


def _syncsafe(four: bytes) -> int:
    """Four times seven bits."""
    number = 0
    for byte in four:
        number = number << 7 | byte & 0x7F
    return number


def _read(file: Any, place: int, n_bytes: int) -> bytes:
    file.seek(place)
    content: bytes = file.read(n_bytes)
    return content
