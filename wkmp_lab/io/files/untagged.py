"""A file as the decoder gets it: without tags that are beyond reason.

FFmpeg reads tags, too, and compares each entry with all before it: a million of them take it
hours. Where it stands is nothing that an interrupt reaches.
"""

import os
from typing import Any

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.files.tag_limits import find_flac_end, read_id3_bytes, require_modest_tags

_STREAM_INFO_BYTES = 42
"""FLAC's mark and its first block, which every decoder needs."""


def skip_heavy_tags(file: Any) -> Any:
    """The file itself, or a view of it without the tags in front that :mod:`tag_limits` refuses.

    Parameters
    ----------
    file
        Open for reading; left at its start.
    """
    try:
        require_modest_tags(file)
    except InvalidInputError:
        return _skip(file)
    return file


def _skip(file: Any) -> Any:
    file.seek(0)
    head = file.read(_STREAM_INFO_BYTES)
    if head[:3] == b"ID3":
        return SplicedFile(b"", file, start=read_id3_bytes(head))
    end = find_flac_end(file) if head[:4] == b"fLaC" else None
    file.seek(0)
    if end is None:
        return file
    # The first block is now the last of its kind.
    return SplicedFile(head[:4] + bytes([head[4] | 0x80]) + head[5:], file, start=end)


class SplicedFile:
    """Some bytes, and behind them an open file from a place on, read as one.

    >>> import io
    >>> SplicedFile(b"ab", io.BytesIO(b"0123"), start=2).read(3)
    b'ab2'
    """

    def __init__(self, front: bytes, file: Any, *, start: int) -> None:
        self._front = front
        self._file = file
        self._shift = start - len(front)
        self._size = file.seek(0, os.SEEK_END) - self._shift
        self._place = 0

    def tell(self) -> int:
        """Where the next read begins."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of a file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"a place is not negative, got {base + offset}")
        self._place = base + offset
        return self._place

    def read(self, n_bytes: int = -1) -> bytes:
        """As of a file."""
        left = max(self._size - self._place, 0)
        n_bytes = left if n_bytes < 0 else min(n_bytes, left)
        content = self._front[self._place : self._place + n_bytes]
        if len(content) < n_bytes:
            self._file.seek(self._place + len(content) + self._shift)
            content += self._file.read(n_bytes - len(content))
        self._place += len(content)
        return content
