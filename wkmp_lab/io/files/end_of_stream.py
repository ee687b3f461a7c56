"""Whether a file ends where it means to, from its own bytes, where FFmpeg takes what it finds.

FFmpeg cuts the length of a WAV file down to the bytes that are there, takes the last page of an
Ogg file for its end, and guesses the length of bare frames from their bit rate.
"""

import os
from pathlib import Path
from typing import IO, NamedTuple

GUESSED_CONTAINERS = {"aac", "ac3", "amr", "dts", "eac3", "loas", "mlp", "truehd"}
"""Bare frames: nothing in the file tells its length."""

_STREAMED_BYTES = 0x7FFFF000
"""From here on a WAV size is what writes that could not go back left there."""
_MAX_PAGE_BYTES = 65_307
"""Largest page of an Ogg file (RFC 3533, section 6)."""
_PAGE_HEAD_BYTES = 27
_LAST_PAGE = 4
_XING_REACH_BYTES = 4096
_XING_MARKS = (b"Xing", b"Info", b"VBRI")
_MAX_CHUNKS = 64


class Ending(NamedTuple):
    """What the bytes say of a file's end.

    Attributes
    ----------
    declared_s
        Length that a WAV header tells; None for other files, or where it tells none.
    is_guessed
        True where no header tells the length, so that what FFmpeg says of it is a guess.
    is_cut
        True where the file ends within an Ogg page, or on one that is not the last of its stream.
    """

    declared_s: float | None = None
    is_guessed: bool = False
    is_cut: bool = False


def read_ending(path: str | Path, container: str, codec: str) -> Ending:
    """What a file's bytes say of its end; ``container`` and ``codec`` are their tidy names.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    if container not in {"wav", "ogg", "mp3"}:
        return Ending(is_guessed=container in GUESSED_CONTAINERS)
    with Path(path).open("rb") as file:
        if container == "wav":
            # Of other codecs the header tells the mean rate only.
            is_exact = codec.startswith("pcm_")
            return Ending(declared_s=_read_wave_length_s(file) if is_exact else None)
        if container == "ogg":
            return Ending(is_cut=_is_page_missing(file))
        return Ending(is_guessed=not _has_frame_count(file))


def has_mp4_index(file: IO[bytes]) -> bool:
    """True where an MP4 file has its index (``moov``), which often stands behind the music."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        n_bytes, name = int.from_bytes(head[:4], "big"), head[4:]
        if name == b"moov":
            return True
        if n_bytes == 1:
            n_bytes = int.from_bytes(file.read(8), "big") - 8
        if not 8 <= n_bytes <= size:
            return False
        file.seek(n_bytes - 8, os.SEEK_CUR)
    return False


def _read_wave_length_s(file: IO[bytes]) -> float | None:
    """Length from the sizes in a RIFF header, None where they are not there or were never set."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    bytes_per_s = 0
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return None
        name, n_bytes = head[:4], int.from_bytes(head[4:], "little")
        if name == b"data":
            is_told = 0 < n_bytes < _STREAMED_BYTES and bytes_per_s > 0
            return n_bytes / bytes_per_s if is_told else None
        if name == b"fmt ":
            bytes_per_s = int.from_bytes(file.read(12)[8:], "little")
            n_bytes = max(n_bytes - 12, 0)
        file.seek(n_bytes + n_bytes % 2, os.SEEK_CUR)
    return None


def _is_page_missing(file: IO[bytes]) -> bool:
    """True where the last page is not whole or does not say that it is the last.

    What lies behind the pages (a tag of another format) is passed over.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 2 * _MAX_PAGE_BYTES, 0))
    tail = file.read()
    place = tail.rfind(b"OggS")
    if place < 0:
        return False
    page = tail[place:]
    if len(page) < _PAGE_HEAD_BYTES:
        return True
    kind, n_segments = page[5], page[_PAGE_HEAD_BYTES - 1]
    lengths = page[_PAGE_HEAD_BYTES : _PAGE_HEAD_BYTES + n_segments]
    is_whole = len(page) >= _PAGE_HEAD_BYTES + n_segments + sum(lengths)
    return not (is_whole and kind & _LAST_PAGE)


def _has_frame_count(file: IO[bytes]) -> bool:
    """True where the first MPEG frame is a header that counts the others (Xing, Info, VBRI)."""
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        # Four times seven bits, and ten bytes of the tag's own head.
        a, b, c, d = (byte & 0x7F for byte in head[6:])
        start = 10 + (a << 21 | b << 14 | c << 7 | d)
    file.seek(start)
    first = file.read(_XING_REACH_BYTES)
    return any(mark in first for mark in _XING_MARKS)
