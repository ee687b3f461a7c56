"""Where a file means to end, by the sizes in its own header.

Decoders take the bytes that are there for all that there should be.
"""

import os
from collections.abc import Callable
from typing import IO

from wkmp_lab.io.formats import asf, mp4

STREAMED_BYTES = 0x7FFFF000
"""From here on a size of four bytes is what writers that could not go back left there."""
_MAX_CHUNKS = 64
_W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
"""The end of the ids of most chunks of Sony's Wave64."""
_SEGMENT = b"\x18\x53\x80\x67"


def find_declared_end(file: IO[bytes]) -> int | None:
    """The byte behind the last one of the sound, by the header; None where it does not tell.

    Parameters
    ----------
    file
        From its first byte on; without tags of other formats in front.
    """
    file.seek(0)
    head = file.read(16)
    if head[4:8] == b"ftyp":
        boxes = [box.end for box in mp4.find_boxes(file)]
        return max(boxes, default=None)
    for magic, reader in _READERS.items():
        if head.startswith(magic):
            return reader(file)
    return None


def _find_wave_end(file: IO[bytes]) -> int | None:
    return _find_chunk_end(file, b"data", order="little")


def _find_aiff_end(file: IO[bytes]) -> int | None:
    return _find_chunk_end(file, b"SSND", order="big")


def _find_chunk_end(file: IO[bytes], wanted: bytes, *, order: str) -> int | None:
    """End of a chunk in RIFF, RF64 or IFF, whose sizes have four bytes."""
    place, long_bytes = 12, None
    for _ in range(_MAX_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return None
        n_bytes = int.from_bytes(head[4:], "big" if order == "big" else "little")
        if head[:4] == b"ds64":
            # Size of all, then that of the samples (EBU Tech 3306).
            long_bytes = int.from_bytes(file.read(16)[8:], "little")
        if head[:4] == wanted:
            if n_bytes >= STREAMED_BYTES:
                return place + 8 + long_bytes if long_bytes else None
            return place + 8 + n_bytes if n_bytes else None
        place += 8 + n_bytes + n_bytes % 2
    return None


def _find_w64_end(file: IO[bytes]) -> int | None:
    """Ids of 16 bytes, sizes of 8 that count themselves and the id, places of eight bytes."""
    place = 40
    for _ in range(_MAX_CHUNKS):
        file.seek(place)
        head = file.read(24)
        n_bytes = int.from_bytes(head[16:], "little")
        if len(head) < 24 or n_bytes < 24:
            return None
        if head[:4] == b"data" and head[4:16] == _W64_TAIL:
            return place + n_bytes if n_bytes >> 62 == 0 else None
        place += n_bytes + -n_bytes % 8
    return None


def _find_caf_end(file: IO[bytes]) -> int | None:
    """Apple's Core Audio Format: a data chunk of size -1 goes on to the end of the file."""
    place = 8
    for _ in range(_MAX_CHUNKS):
        file.seek(place)
        head = file.read(12)
        if len(head) < 12:
            return None
        n_bytes = int.from_bytes(head[4:], "big", signed=True)
        if head[:4] == b"data":
            return place + 12 + n_bytes if n_bytes > 0 else None
        if n_bytes < 0:
            return None
        place += 12 + n_bytes
    return None


def _find_au_end(file: IO[bytes]) -> int | None:
    file.seek(4)
    sizes = file.read(8)
    n_bytes = int.from_bytes(sizes[4:], "big")
    return int.from_bytes(sizes[:4], "big") + n_bytes if 0 < n_bytes < STREAMED_BYTES else None


def _find_dsf_end(file: IO[bytes]) -> int | None:
    """The size of the file, and where its tag begins, stand in the first chunk."""
    file.seek(12)
    places = file.read(16)
    total, tag = (int.from_bytes(places[k : k + 8], "little") for k in (0, 8))
    return tag or total or None


def _find_dff_end(file: IO[bytes]) -> int | None:
    file.seek(4)
    return 12 + int.from_bytes(file.read(8), "big")


def _find_matroska_end(file: IO[bytes]) -> int | None:
    """End of the segment behind the EBML head (RFC 8794, 4: sizes of one to eight bytes)."""
    file.seek(4)
    n_bytes = _read_size(file)
    if n_bytes is None:
        return None
    file.seek(n_bytes, os.SEEK_CUR)
    if file.read(4) != _SEGMENT:
        return None
    n_bytes = _read_size(file)
    return None if n_bytes is None else file.tell() + n_bytes


def _read_size(file: IO[bytes]) -> int | None:
    """A size of variable length; None where it is unknown (all bits set) or none at all."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    raw = first + file.read(width - 1)
    value = int.from_bytes(raw, "big") & ((1 << 7 * width) - 1)
    return None if value == (1 << 7 * width) - 1 else value


_READERS: dict[bytes, Callable[[IO[bytes]], int | None]] = {
    b"RIFF": _find_wave_end,
    b"RF64": _find_wave_end,
    b"BW64": _find_wave_end,
    b"riff": _find_w64_end,
    b"FORM": _find_aiff_end,
    b"caff": _find_caf_end,
    b".snd": _find_au_end,
    b"DSD ": _find_dsf_end,
    b"FRM8": _find_dff_end,
    asf.MAGIC: asf.find_end,
    b"\x1aE\xdf\xa3": _find_matroska_end,
}
"""By the first bytes of a file."""
