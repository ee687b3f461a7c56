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
_CREATE = (
    "CREATE TABLE IF NOT EXISTS answer("
    "key TEXT PRIMARY KEY, expires_at REAL NOT NULL, body BLOB NOT NULL) WITHOUT ROWID"
)
_INSERT = "INSERT OR REPLACE INTO answer VALUES (?,?,?)"


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
        self._latest: sqlite3.Connection | None = None
        self.why_off = ""
        """Why answers are not kept any more; empty while they are."""
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
            self._db.execute(_CREATE)
        except sqlite3.Error as error:
            self._db.close()
            raise StoreError(f"{str(path)!r} cannot be used as a cache: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        if self._latest is not None:
            self._latest.close()

    def read(self, key: str) -> bytes | None:
        """The body of a fresh answer; None where there is none that can be read."""
        for db in (self._latest, self._db):
            with contextlib.suppress(sqlite3.Error, zlib.error, TypeError):
                body = None if db is None else _read_body(db, key, self._clock())
                if body is not None:
                    return body
        return None

    def write(self, key: str, body: bytes, *, life_s: float) -> None:
        """Keep an answer; once one cannot be kept (disk full), all that follow stay in memory."""
        row = (key, self._clock() + life_s, zlib.compress(body))
        if self._latest is None:
            try:
                self._db.execute(_INSERT, row)
            except sqlite3.Error as error:
                self.why_off = str(error)
                self._latest = sqlite3.connect(":memory:", isolation_level=None)
                self._latest.execute(_CREATE)
        if self._latest is not None:
            self._latest.execute(_INSERT, row)


def _read_body(db: sqlite3.Connection, key: str, now_s: float) -> bytes | None:
    query = "SELECT body FROM answer WHERE key = ? AND expires_at > ?"
    row = db.execute(query, (key, now_s)).fetchone()
    return _unpack(row[0]) if row else None


def _unpack(packed: bytes) -> bytes | None:
    """The body, None where it is larger than any that was written."""
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(packed, MAX_BODY_BYTES)
    return body if unpacker.eof else None
