"""A part of an open file, read as if it were a file of its own."""

import errno
import os
from typing import IO


class FilePart:
    """The bytes of an open file from ``start`` to ``end``, for reading only.

    A seek to where no byte can be raises OSError, as a file's own does.

    Parameters
    ----------
    file
        Stays open, and its position is no longer its owner's.
    start, end
        In bytes; the end of the file where ``end`` is None.
    front
        Read in place of the first bytes.
    """

    def __init__(
        self, file: IO[bytes], *, start: int = 0, end: int | None = None, front: bytes = b""
    ) -> None:
        self._file = file
        self._front = front
        self._start = start
        self._end = file.seek(0, os.SEEK_END) if end is None else end
        self._position = 0
        self.name = getattr(file, "name", "")

    def read(self, size: int = -1) -> bytes:
        n_left = max(self._end - self._start - self._position, 0)
        self._file.seek(self._start + self._position)
        content = self._file.read(n_left if size is None or size < 0 else min(size, n_left))
        if self._position < len(self._front):
            changed = self._front[self._position : self._position + len(content)]
            content = changed + content[len(changed) :]
        self._position += len(content)
        return content

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        bases = {0: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._end - self._start}
        if whence not in bases:
            raise ValueError(f"whence must be 0, 1 or 2, got {whence}")
        position = bases[whence] + offset
        if position < 0:
            raise OSError(errno.EINVAL, f"no byte stands at {position} in a part", self.name)
        self._position = position
        return position
