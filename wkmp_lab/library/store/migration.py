"""What turns the tables of an older version into today's, in place, with every decision."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import msgspec

from wkmp_lab.library.store import schema
from wkmp_lab.library.store.documents import pack_result, unpack_result
from wkmp_lab.library.store.rows import Value, compute_checksum

_OLD_DECISION = "json_remove(json_set(document, '$.content', sha256), '$.sha256')"
"""The document of a decision as schema 2 kept it, in today's words."""
_DECISION_2 = """
CREATE TABLE decision(
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK(kind IN ('cut', 'identity')),
    sha256 TEXT NOT NULL, made_s REAL NOT NULL, document TEXT NOT NULL
) STRICT
"""
_BY_CONTENT = """
UPDATE decision SET document = json_remove(json_set(document, '$.content', sha256), '$.sha256');
ALTER TABLE decision RENAME COLUMN sha256 TO content;
CREATE INDEX decision_by_content ON decision(content)
"""
_MIGRATIONS = MappingProxyType({1: _DECISION_2, 2: _BY_CONTENT, 3: schema.CHECKSUMS})
"""What turns a schema into the next one, but for files."""
_FILE_AWAY = """
DROP VIEW IF EXISTS passage;
DROP VIEW IF EXISTS gap;
DROP INDEX IF EXISTS file_by_content;
DROP INDEX IF EXISTS file_by_audio;
ALTER TABLE file RENAME TO old_file
"""
_IS_TEXT = (3, 4, 7, 8)
"""Places of the texts in a row: what is damaged may be no text any more."""


def migrate(db: sqlite3.Connection, version: int, *, folders: tuple[Path, ...]) -> None:
    """Bring a store to today's schema in one transaction: broken off, it is what it was.

    What is damaged stays so, to be told and taken out like all that is.

    Parameters
    ----------
    db
        Open for writing.
    version
        Of its schema.
    folders
        Names of the library's folder, which paths were absolute under until schema 3.
    """
    if version == schema.SCHEMA_VERSION:
        return
    with db:
        db.execute("BEGIN IMMEDIATE")
        lacking = _find_lacking(db) if version >= 4 else {}
        for old in range(version, 4):
            schema.run_statements(db, _MIGRATIONS[old])
        if version < 3:
            _make_relative(db, folders)
        for table in ("decision", "run") if version < 4 else ():
            db.execute(f"UPDATE {table} SET checksum = {schema.compute(table)}")  # noqa: S608
        _renew_files(db, version)
        schema.run_statements(db, schema.BLOCKS)
        schema.seal(db)
        for change in lacking.items():
            _lack(db, *change)
        db.execute(f"PRAGMA user_version={schema.SCHEMA_VERSION}")


def select_decisions(version: int) -> str:
    """The query for (made_s, kind, document) of all decisions, oldest first; empty: has none."""
    if version < 2:
        return ""
    document = "document" if version >= 3 else _OLD_DECISION
    sound = schema.is_sound("decision", version)
    return f"SELECT made_s, kind, {document} FROM decision WHERE {sound} ORDER BY id"  # noqa: S608


def _renew_files(db: sqlite3.Connection, version: int) -> None:
    """Make the table anew; until schema 4 pack each document, and take what a column holds."""
    schema.run_statements(db, f"{_FILE_AWAY}; {schema.FILE}")
    names = schema.COLUMNS["file"]
    if version == 5:
        columns = f"{', '.join(names)}, checksum"
        db.execute(f"INSERT INTO file({columns}) SELECT {columns} FROM old_file")  # noqa: S608
        db.execute("DROP TABLE old_file")
        return
    places = ", ".join("?" * (len(names) + 1))
    db.executemany(
        f"INSERT OR REPLACE INTO file({', '.join(names)}, checksum) VALUES ({places})",  # noqa: S608
        _read_old_files(db, version),
    )
    db.execute("DROP TABLE old_file")


def _read_old_files(db: sqlite3.Connection, version: int) -> Iterator[tuple[Value, ...]]:
    """Today's rows of files; those that are damaged, with a checksum that does not fit."""
    audio_hash = "audio_hash" if version >= 3 else "NULL"
    sound = schema.is_sound("file", version)
    found = db.execute(
        f"SELECT {sound}, path, size_bytes, mtime_ns, CAST(sha256 AS BLOB), "  # noqa: S608
        "CAST(status AS BLOB), duplicate_of, is_missing, CAST(run_id AS BLOB), "
        f"CAST({audio_hash} AS BLOB), CAST(document AS BLOB) FROM old_file"
    )
    for is_sound, *kept, old in found:
        row = [each if k not in _IS_TEXT else _read_text(each) for k, each in enumerate(kept)]
        try:
            document, prints = pack_result(unpack_result(old.decode(), None))
        except (msgspec.MsgspecError, UnicodeError):
            is_sound, document, prints = False, old, None
        values = (*row, document, prints)
        checksum = compute_checksum(*values)
        yield (*values, checksum if is_sound else checksum ^ 1)


def _read_text(content: bytes | None) -> str | None:
    return None if content is None else content.decode(errors="replace")


def _find_lacking(db: sqlite3.Connection) -> dict[str, tuple[int, int] | None]:
    """By what each table differs from what its seal tells; None where that tells nothing."""
    found: dict[str, tuple[int, int] | None] = {}
    for table in schema.COLUMNS:
        told = db.execute("SELECT n_rows, total FROM seal WHERE name = ?", (table,)).fetchone()
        there = db.execute(f"SELECT count(*), ifnull(sum(checksum), 0) FROM {table}").fetchone()  # noqa: S608
        if told != there:
            found[table] = told and (told[0] - there[0], told[1] - there[1])
    return found


def _lack(db: sqlite3.Connection, table: str, by: tuple[int, int] | None) -> None:
    """Let a seal tell what it told before."""
    if by is None:
        db.execute("DELETE FROM seal WHERE name = ?", (table,))
    else:
        change = "UPDATE seal SET n_rows = n_rows + ?, total = total + ? WHERE name = ?"
        db.execute(change, (*by, table))


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
