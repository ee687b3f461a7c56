"""The one door for what stands beside the music: CUE sheets, catalogues, keys, caches, dumps.

Anything may stand there under such a name: a pipe that never ends, a device, a file without an
end, a text nested without one. What is opened here is a regular file of a bounded size; a refusal
names what was expected, what came, and where.
"""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from wkmp_lab.errors import InvalidInputError

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}
_SIGHT = 60
"""Characters of a fault of a parser that are worth telling."""


def open_regular(path: str | Path, *, what: str) -> BinaryIO:
    """A file opened for reading, if it is a regular one once links are followed.

    A pipe is not waited for, and a device is not opened.

    Parameters
    ----------
    path
        The file.
    what
        What it is expected to be, as in "a cue sheet".

    Raises
    ------
    InvalidInputError
        It is a pipe, a device, a socket or a folder.
    OSError
        It is not there, or may not be read.
    """
    require_regular(path, what=what)
    # What stands there may be another thing by now: the open must not wait, and is judged again.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        _judge(os.fstat(descriptor), path, what)
    except InvalidInputError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def require_regular(path: str | Path, *, what: str) -> None:
    """Refuse what is no regular file, without opening it; for files that others open.

    Raises
    ------
    InvalidInputError
        It is a pipe, a device, a socket or a folder.
    OSError
        It is not there.
    """
    _judge(os.stat(path), path, what)  # noqa: PTH116 (keeps odd bytes)


def read_side_file(path: str | Path, *, what: str, max_bytes: int) -> bytes:
    """All bytes of a file, if they are not too many.

    Raises
    ------
    InvalidInputError
        It is no regular file, or larger than ``max_bytes``.
    OSError
        It is not there, or may not be read.
    """
    with open_regular(path, what=what) as file:
        _require_small(os.fstat(file.fileno()).st_size, path, what, max_bytes)
        content = file.read(max_bytes + 1) or b""
    _require_small(len(content), path, what, max_bytes)
    return content


def read_side_lines(
    path: str | Path, *, what: str, max_bytes: int, max_line_bytes: int
) -> Iterator[bytes]:
    """The lines of a file, one by one.

    Raises
    ------
    InvalidInputError
        It is no regular file, larger than ``max_bytes``, or has a longer line.
    OSError
        It is not there, or may not be read.
    """
    with open_regular(path, what=what) as file:
        _require_small(os.fstat(file.fileno()).st_size, path, what, max_bytes)
        number = n_read = 0
        while line := file.readline(max_line_bytes + 1):
            number, n_read = number + 1, n_read + len(line)
            _require_small(n_read, path, what, max_bytes)
            if len(line) > max_line_bytes:
                raise InvalidInputError(
                    f"a line of {what} has at most {max_line_bytes} bytes, line {number} of "
                    f"{str(path)!r} has more"
                )
            yield line


def decode_json(raw: bytes, *, name: str) -> Any:
    """The document in a text, if it is one and not nested beyond reason.

    Raises
    ------
    InvalidInputError
        It is none, or nested deeper than the parser goes.
    """
    try:
        return json.loads(raw)
    except RecursionError:
        raise InvalidInputError(f"a JSON document is nested too deep: {name!r}") from None
    except ValueError as error:  # UnicodeDecodeError among them
        raise InvalidInputError(f"no JSON document in {name!r}: {str(error)[:_SIGHT]}") from error


def _judge(status: os.stat_result, path: str | Path, what: str) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        came = _KINDS.get(kind, "no regular file")
        raise InvalidInputError(f"expected {what}, got {came}: {str(path)!r}")


def _require_small(n_bytes: int, path: str | Path, what: str, max_bytes: int) -> None:
    if n_bytes > max_bytes:
        raise InvalidInputError(
            f"{what} has at most {max_bytes} bytes, got {n_bytes} or more: {str(path)!r}"
        )
