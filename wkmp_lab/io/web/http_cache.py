"""Answers of services, kept in one SQLite file: most questions never have to be asked again."""

import contextlib
import hashlib
import sqlite3
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Self

from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.io.files.side_files import require_regular

DAY_S = 86_400.0
MAX_BODY_BYTES = 16 << 20
"""Of an answer, unpacked: twice what is ever taken from a service."""


def make_key(service: str, *parts: str) -> str:
    """Key of a question; secrets are no part of a question.

    >>> make_key("musicbrainz", "recording", "1") == make_key("musicbrainz", "recording", "1")
    True
    """
    return hashlib.sha256("\0".join((service, *parts)).encode()).hexdigest()


class HttpCache:
    """Bodies by key, each with the moment when it becomes stale; for one thread.

    Parameters
    ----------
    path
        The file, made where missing; may be shared by processes. ``":memory:"`` is allowed.
    clock
        Seconds since the epoch.
    """

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            with contextlib.suppress(FileNotFoundError):
                require_regular(path, what="a cache of answers")
            self._db = sqlite3.connect(path, timeout=10.0, isolation_level=None)
        except InvalidInputError as error:
            raise StoreError(str(error)) from error
        except sqlite3.Error as error:
            raise StoreError(f"the cache {str(path)!r} cannot be opened: {error}") from error
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS answer("
                "key TEXT PRIMARY KEY, expires_at REAL NOT NULL, body BLOB NOT NULL) WITHOUT ROWID"
            )
        except sqlite3.Error as error:
            self._db.close()
            raise StoreError(f"{str(path)!r} cannot be used as a cache: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def read(self, key: str) -> bytes | None:
        """The body of a fresh answer; None where there is none that can be read."""
        with contextlib.suppress(sqlite3.Error, zlib.error):
            row = self._db.execute(
                "SELECT body FROM answer WHERE key = ? AND expires_at > ?", (key, self._clock())
            ).fetchone()
            return _unpack(row[0]) if row else None
        return None

    def write(self, key: str, body: bytes, *, life_s: float) -> None:
        """Keep an answer; one that cannot be kept (disk full) is merely asked for again."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute(
                "INSERT OR REPLACE INTO answer VALUES (?,?,?)",
                (key, self._clock() + life_s, zlib.compress(body)),
            )


def _unpack(packed: bytes) -> bytes | None:
    """The body, None where it is larger than any that was written."""
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(packed, MAX_BODY_BYTES)
    return body if unpacker.eof else None
