"""Which bytes of a file are the sound: tags of other formats stand before and behind it."""

import os
from typing import IO, Any

from wkmp_lab.io.formats import mp4
from wkmp_lab.io.formats.part import FilePart

_ID3_HEAD_BYTES = 10
_MAX_TAGS = 16
_MAGICS = (
    *(b"wvpk", b"MAC ", b"fLaC", b"OggS", b"RIFF", b"RF64", b"FORM", b"MPCK", b"MP+", b"caff"),
    *(b"DSD ", b"FRM8", b"\x1aE\xdf\xa3", b"0&\xb2u", b"tBaK", b"OFR "),
)
"""Formats that have no place for ID3v2 in front; MPEG audio, ADTS, AC-3 and TTA are none."""
_MP4_MARK = b"ftyp"
ID3V1_BYTES = 128
_APE_FOOTER_BYTES = 32
_LYRICS_END_BYTES = 15


def view_audio(file: IO[bytes]) -> Any:
    """The file without the tags of other formats at its ends, as something to read and seek in.

    They are not sound, yet decoders count them as damage or, in AU, as samples. Where the index
    of an MP4 file counts from the first byte of the tag in front, that tag stays, as a box of
    nothing.
    """
    size = file.seek(0, os.SEEK_END)
    start, end = find_foreign_start(file), size - measure_trailing_tags(file)
    file.seek(0)
    if not start and end == size:
        return file
    if start and mp4.are_offsets_of_file(file, start=start):
        return FilePart(file, end=end, front=start.to_bytes(4, "big") + b"free")
    return FilePart(file, start=start, end=end)


def measure_id3_bytes(file: IO[bytes]) -> int:
    """Length of the ID3v2 tags that stand in front of a file; 0 where there is none.

    The lengths are four times seven bits, and ten bytes of the tag's own head; a footer is ten
    bytes more (id3v2.4.0-structure, 3.1 and 3.4).
    """
    start = 0
    for _ in range(_MAX_TAGS):
        file.seek(start)
        head = file.read(_ID3_HEAD_BYTES)
        if len(head) < _ID3_HEAD_BYTES or head[:3] != b"ID3" or max(head[6:]) > 0x7F:
            break
        a, b, c, d = head[6:]
        has_footer = bool(head[5] & 0x10)
        start += _ID3_HEAD_BYTES * (1 + has_footer) + (a << 21 | b << 14 | c << 7 | d)
    return start


def find_foreign_start(file: IO[bytes]) -> int:
    """Where a file really starts whose format has no place for the ID3v2 tag in front of it.

    0 where there is no such tag, and where it belongs there: MPEG audio, ADTS, TTA. The position
    of the file is its start afterwards.
    """
    start = measure_id3_bytes(file)
    file.seek(start)
    head = file.read(8)
    file.seek(0)
    is_foreign = head.startswith(_MAGICS) or head[4:] == _MP4_MARK
    return start if is_foreign else 0


def has_id3v1(file: IO[bytes]) -> bool:
    """True where a file ends with an ID3v1 tag."""
    file.seek(max(file.seek(0, os.SEEK_END) - ID3V1_BYTES, 0))
    return _measure_last_tag(file.read(ID3V1_BYTES)) == ID3V1_BYTES


def measure_trailing_tags(file: IO[bytes]) -> int:
    """Bytes of ID3v1, APEv2 and Lyrics3 behind the sound of a file; 0 where there are none."""
    size = end = file.seek(0, os.SEEK_END)
    for _ in range(_MAX_TAGS):
        file.seek(max(end - ID3V1_BYTES, 0))
        tail = file.read(end - file.tell())
        n_bytes = _measure_last_tag(tail)
        if not 0 < n_bytes <= end:
            break
        end -= n_bytes
    return size - end


def _measure_last_tag(tail: bytes) -> int:
    """Length of the tag that a file ends with, from its last bytes."""
    if len(tail) == ID3V1_BYTES and tail[:3] == b"TAG":
        return ID3V1_BYTES
    footer = tail[-_APE_FOOTER_BYTES:]
    if len(footer) == _APE_FOOTER_BYTES and footer[:8] == b"APETAGEX":
        # The size counts the items and the footer; the highest bit tells of a header before.
        has_header = bool(footer[23] & 0x80)
        return int.from_bytes(footer[12:16], "little") + _APE_FOOTER_BYTES * has_header
    if tail[-9:] == b"LYRICS200" and tail[-_LYRICS_END_BYTES:-9].isdigit():
        return int(tail[-_LYRICS_END_BYTES:-9]) + _LYRICS_END_BYTES
    return 0
