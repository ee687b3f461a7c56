"""Whether a file ends where it means to, from its own bytes, where FFmpeg takes what it finds.

FFmpeg cuts the length of most files down to the bytes that are there, takes the last page of an
Ogg file for its end, and guesses the length of bare frames from their bit rate.
"""

import os
from pathlib import Path
from typing import IO, NamedTuple

from wkmp_lab.io.formats import ogg
from wkmp_lab.io.formats.audio_part import measure_id3_bytes, view_audio
from wkmp_lab.io.formats.sizes import STREAMED_BYTES, find_declared_end

GUESSED_CONTAINERS = {"aac", "ac3", "amr", "dts", "eac3", "loas", "mlp", "truehd"}
"""Bare frames: nothing in the file tells its length."""

_UNPADDED_CONTAINERS = {"ape", "tak", "tta"}
"""Nothing but sound stands in the second half of these, and zeros decode as silence."""
_MAX_PAGE_BYTES = 65_307
"""Largest page of an Ogg file (RFC 3533, section 6)."""
_PAGE_HEAD_BYTES = 27
_LAST_PAGE = 4
_STEP_BYTES = 1 << 16
_XING_REACH_BYTES = 4096
_XING_MARKS = (b"Xing", b"Info", b"VBRI")
_MAX_CHUNKS = 64


class Ending(NamedTuple):
    """What the bytes say of a file's end.

    Attributes
    ----------
    declared_s
        Length that a WAV header or the pages of an Ogg file tell; None for other files, or where
        they tell none.
    is_guessed
        True where no header tells the length, so that what FFmpeg says of it is a guess.
    is_cut
        True where the file ends within an Ogg page, or on one that is not the last of its stream.
    missing_share
        Share of the bytes that should be there and are not, or are zeros.
    is_zeroed
        True where they are zeros, as in a download that was broken off.
    """

    declared_s: float | None = None
    is_guessed: bool = False
    is_cut: bool = False
    missing_share: float = 0.0
    is_zeroed: bool = False


def read_ending(path: str | Path, container: str, codec: str) -> Ending:
    """What a file's bytes say of its end; ``container`` and ``codec`` are their tidy names.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with Path(path).open("rb") as whole:
        file = view_audio(whole)
        if container == "ogg":
            return _read_ogg_ending(file)
        is_guessed = container in GUESSED_CONTAINERS
        if container == "mp3":
            is_guessed = not _has_frame_count(file)
        size = file.seek(0, os.SEEK_END)
        if is_guessed or container in _UNPADDED_CONTAINERS:
            share = _count_zeros_at_end(file, size) / max(size, 1)
            return Ending(is_guessed=is_guessed, missing_share=share, is_zeroed=share > 0.0)
        end = find_declared_end(file)
        share = 1.0 - size / end if end is not None and end > size else 0.0
        # Of other codecs a WAV header tells the mean rate only.
        is_exact = container == "wav" and codec.startswith("pcm_")
        declared_s = _read_wave_length_s(file) if is_exact else None
        return Ending(declared_s=declared_s, missing_share=share)


def _read_ogg_ending(file: IO[bytes]) -> Ending:
    """FFmpeg guesses the length of a chain from the first link's bit rate, and forgets samples
    that are dropped at the start.
    """
    lengths_s = [link.length_s for link in ogg.find_links(file)]
    told = [length_s for length_s in lengths_s if length_s is not None]
    is_told = bool(told) and len(told) == len(lengths_s)
    return Ending(
        declared_s=sum(told) if is_told else None,
        is_guessed=not is_told,
        is_cut=_is_page_missing(file),
    )


def _count_zeros_at_end(file: IO[bytes], size: int) -> int:
    """Bytes of nothing that a file ends with."""
    end = size
    while end > 0:
        start = max(end - _STEP_BYTES, 0)
        file.seek(start)
        rest = file.read(end - start).rstrip(b"\x00")
        if rest:
            return size - start - len(rest)
        end = start
    return size


def _read_wave_length_s(file: IO[bytes]) -> float | None:
    """Length from the sizes in a RIFF header, None where they are not there or were never set."""
    file.seek(0)
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
            is_told = 0 < n_bytes < STREAMED_BYTES and bytes_per_s > 0
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
    file.seek(measure_id3_bytes(file))
    first = file.read(_XING_REACH_BYTES)
    return any(mark in first for mark in _XING_MARKS)
