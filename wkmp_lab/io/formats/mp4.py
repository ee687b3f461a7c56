"""MP4 files (ISO/IEC 14496-12) as boxes within boxes."""

import os
from collections.abc import Iterator
from typing import IO, NamedTuple

_MAX_BOXES = 512
_MAX_INDEX_BYTES = 1 << 26
_PATH_TO_ENTRIES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_PROTECTED = {
    b"drms": "Apple's FairPlay",
    b"aavd": "Audible",
    b"enca": "common encryption",
    b"p608": "a rights system",
}
"""Kinds of sample entries whose samples are encrypted."""


class Box(NamedTuple):
    """A box: its kind, and where its content starts and ends in the file."""

    kind: bytes
    start: int
    end: int


def find_boxes(file: IO[bytes], *, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that follow one another in a stretch; an end may lie beyond the file's.

    They end where a size is impossible.
    """
    stop = file.seek(0, os.SEEK_END) if end is None else end
    for _ in range(_MAX_BOXES):
        file.seek(start)
        head = file.read(8)
        if len(head) < 8 or start >= stop:
            return
        n_bytes, kind, n_head = int.from_bytes(head[:4], "big"), head[4:], 8
        if n_bytes == 1:
            n_bytes, n_head = int.from_bytes(file.read(8), "big"), 16
        elif n_bytes == 0:
            n_bytes = stop - start
        if n_bytes < n_head or n_bytes >> 62:
            return
        yield Box(kind, start + n_head, start + n_bytes)
        start += n_bytes


def has_index(file: IO[bytes]) -> bool:
    """True where an MP4 file has its index (``moov``), which often stands behind the music."""
    size = file.seek(0, os.SEEK_END)
    return any(box.kind == b"moov" and box.end <= size for box in find_boxes(file))


def find_protection(file: IO[bytes]) -> str | None:
    """Whose lock is on the samples of an MP4 file; None where there is none that we know."""
    for table in _find_tables(file, start=0, kind=b"stsd"):
        # A version and a count stand before the entries.
        for entry in find_boxes(file, start=table.start + 8, end=table.end):
            if entry.kind in _PROTECTED:
                return _PROTECTED[entry.kind]
    return None


def are_offsets_of_file(file: IO[bytes], *, start: int) -> bool:
    """Whether the index of an MP4 file behind other bytes counts from the file's first byte.

    Taggers that put a tag in front move the offsets along, or forget it.

    Parameters
    ----------
    start
        Where the first box begins.
    """
    stretches = [box for box in find_boxes(file, start=start) if box.kind == b"mdat"]
    for kind, width in ((b"stco", 4), (b"co64", 8)):
        for table in _find_tables(file, start=start, kind=kind):
            file.seek(table.start + 8)
            offset = int.from_bytes(file.read(width), "big")
            if any(box.start <= offset < box.end for box in stretches):
                return True
    return False


def _find_tables(file: IO[bytes], *, start: int, kind: bytes) -> list[Box]:
    """The tables of one kind of all tracks."""
    found = [Box(b"", start, file.seek(0, os.SEEK_END))]
    for step in (*_PATH_TO_ENTRIES, kind):
        found = [
            child
            for box in found
            for child in find_boxes(file, start=box.start, end=box.end)
            if child.kind == step and child.end - child.start <= _MAX_INDEX_BYTES
        ]
    return found
