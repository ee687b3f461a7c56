"""The tables of a store, and what turns those of an older version into them, in place."""

import os
import sqlite3
from pathlib import Path

APPLICATION_ID = 0x574B4C42
"""'WKLB': marks the file as ours."""
SCHEMA_VERSION = 3

_DECISION = """
CREATE TABLE decision(
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK(kind IN ('cut', 'identity')),
    content TEXT NOT NULL, made_s REAL NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX decision_by_content ON decision(content)
"""
_FILE = """
CREATE TABLE library(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE run(
    id TEXT PRIMARY KEY, started_s REAL NOT NULL, ended_s REAL, state TEXT NOT NULL,
    n_jobs INTEGER NOT NULL, version TEXT NOT NULL, settings TEXT NOT NULL
) STRICT;
CREATE TABLE file(
    path BLOB PRIMARY KEY, size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 TEXT,
    status TEXT NOT NULL, measured TEXT, identified TEXT, duplicate_of BLOB,
    is_missing INTEGER NOT NULL DEFAULT 0, run_id TEXT, document TEXT NOT NULL, audio_hash TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX file_by_content ON file(sha256);
CREATE INDEX file_by_audio ON file(audio_hash);
CREATE VIEW passage AS
    SELECT file.path, json_extract(item.value, '$.index') AS passage,
        json_extract(item.value, '$.start_ticks') AS start_ticks,
        json_extract(item.value, '$.end_ticks') AS end_ticks,
        json_extract(item.value, '$.identity.level') AS match,
        json_extract(item.value, '$.identity.chosen.recording_mbid') AS recording_mbid,
        item.value AS document
    FROM file, json_each(file.document, '$.passages') AS item;
CREATE VIEW gap AS
    SELECT file.path, json_extract(item.value, '$.start_ticks') AS start_ticks,
        json_extract(item.value, '$.end_ticks') AS end_ticks,
        json_extract(item.value, '$.is_boundary') AS is_boundary,
        json_extract(item.value, '$.reason') AS reason
    FROM file, json_each(file.document, '$.segmentation.gaps') AS item
"""
_OLD_DECISION = "json_remove(json_set(document, '$.content', sha256), '$.sha256')"
"""The document of a decision as schema 2 kept it, in today's words."""
_BY_AUDIO = """
ALTER TABLE file ADD COLUMN audio_hash TEXT;
CREATE INDEX file_by_audio ON file(audio_hash);
UPDATE decision SET document = json_remove(json_set(document, '$.content', sha256), '$.sha256');
ALTER TABLE decision RENAME COLUMN sha256 TO content;
CREATE INDEX decision_by_content ON decision(content)
"""
_DECISION_2 = """
CREATE TABLE decision(
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK(kind IN ('cut', 'identity')),
    sha256 TEXT NOT NULL, made_s REAL NOT NULL, document TEXT NOT NULL
) STRICT
"""
_MIGRATIONS = {1: _DECISION_2, 2: _BY_AUDIO}
"""What turns a schema into the next one."""


def create_tables(db: sqlite3.Connection, folder: str) -> None:
    """Make an empty database a store of a folder, whole or not at all."""
    db.execute("PRAGMA journal_mode=WAL")
    # One transaction: a process that is killed here must not leave a file that nobody owns.
    with db:
        db.execute("BEGIN IMMEDIATE")
        _run(db, f"{_FILE}; {_DECISION}; PRAGMA application_id={APPLICATION_ID}")
        db.execute("INSERT INTO library VALUES ('folder', ?)", (folder,))
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def migrate(db: sqlite3.Connection, version: int, *, folders: tuple[Path, ...]) -> None:
    """Bring a store to today's schema in one transaction: broken off, it is what it was.

    Parameters
    ----------
    db
        Open for writing.
    version
        Of its schema.
    folders
        Names of the library's folder, which paths were absolute under until schema 3.
    """
    if version == SCHEMA_VERSION:
        return
    with db:
        db.execute("BEGIN IMMEDIATE")
        for old in range(version, SCHEMA_VERSION):
            _run(db, _MIGRATIONS[old])
        _make_relative(db, folders)
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def select_decisions(version: int) -> str:
    """The query for (made_s, kind, document) of all decisions, oldest first; empty: has none."""
    if version < 2:
        return ""
    document = "document" if version == SCHEMA_VERSION else _OLD_DECISION
    return f"SELECT made_s, kind, {document} FROM decision ORDER BY id"  # noqa: S608


def shorten_path(path: str, folder: Path) -> bytes:
    """A path as it is stored: from the folder where it lies in it, else as it is."""
    return os.fsencode(path).removeprefix(os.path.join(os.fsencode(folder), b""))  # noqa: PTH118


def lengthen_path(stored: bytes, folder: Path) -> str:
    """A stored path as everybody else knows it."""
    return os.fsdecode(os.path.join(os.fsencode(folder), stored))  # noqa: PTH118


def _make_relative(db: sqlite3.Connection, folders: tuple[Path, ...]) -> None:
    for folder in folders:
        start = os.path.join(os.fsencode(folder), b"")  # noqa: PTH118
        for column in ("duplicate_of", "path"):
            # As a BLOB, whose parts are bytes whatever they mean.
            db.execute(
                f"UPDATE OR REPLACE file SET {column} = CAST(substr({column}, ?1) AS BLOB) "  # noqa: S608
                f"WHERE substr({column}, 1, ?1 - 1) = ?2",
                (len(start) + 1, start),
            )


def _run(db: sqlite3.Connection, statements: str) -> None:
    """Each statement by itself: a script would end the transaction that it runs in."""
    for statement in statements.split(";"):
        db.execute(statement)
