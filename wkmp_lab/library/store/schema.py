"""The tables of a store, and what turns those of an older version into them, in place.

Every row of a file, a decision and an import carries a checksum; how many rows a table has and
what their checksums come to stands in ``seal``, which triggers keep.
"""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

APPLICATION_ID = 0x574B4C42
"""'WKLB': marks the file as ours."""
SCHEMA_VERSION = 4

COLUMNS = MappingProxyType(
    {
        "file": (
            *("path", "size_bytes", "mtime_ns", "sha256", "status", "measured", "identified"),
            *("duplicate_of", "is_missing", "run_id", "document", "audio_hash"),
        ),
        "decision": ("id", "kind", "content", "made_s", "document"),
        "run": ("id", "started_s", "ended_s", "state", "n_jobs", "version", "settings"),
    }
)
"""What each sealed table has beside the checksum, in the order in which that is computed."""
_NUMBERS = MappingProxyType(
    {
        "file": ("size_bytes", "mtime_ns", "is_missing"),
        "decision": ("id", "made_s"),
        "run": ("started_s", "ended_s", "n_jobs"),
    }
)
"""Which of them hold no text."""
CHECKSUM = "row_checksum"
"""The function of SQL that whoever opens a store brings along."""

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
_SEAL = """
ALTER TABLE file ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE decision ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
CREATE TABLE seal(name TEXT PRIMARY KEY, n_rows INTEGER NOT NULL, total INTEGER NOT NULL) STRICT
"""
_DECISION_2 = """
CREATE TABLE decision(
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK(kind IN ('cut', 'identity')),
    sha256 TEXT NOT NULL, made_s REAL NOT NULL, document TEXT NOT NULL
) STRICT
"""
_MIGRATIONS = {1: _DECISION_2, 2: _BY_AUDIO, 3: _SEAL}
"""What turns a schema into the next one."""
_TRIGGER = """
CREATE TRIGGER {table}_{event} AFTER {event} ON {table} BEGIN
    UPDATE seal SET n_rows = n_rows + {n_rows}, total = total + {change} WHERE name = '{table}';
END
"""
_CHANGES = {
    "insert": (1, "NEW.checksum"),
    "delete": (-1, "- OLD.checksum"),
    "update": (0, "NEW.checksum - OLD.checksum"),
}


def create_tables(db: sqlite3.Connection, folder: str) -> None:
    """Make an empty database a store of a folder, whole or not at all."""
    db.execute("PRAGMA journal_mode=WAL")
    # One transaction: a process that is killed here must not leave a file that nobody owns.
    with db:
        db.execute("BEGIN IMMEDIATE")
        _run(db, f"{_FILE}; {_DECISION}; {_SEAL}; PRAGMA application_id={APPLICATION_ID}")
        _seal(db)
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
        if version < 3:
            _make_relative(db, folders)
        for table in COLUMNS:
            db.execute(f"UPDATE {table} SET checksum = {compute(table)}")  # noqa: S608
        _seal(db)
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def compute(table: str, changed: Mapping[str, str] = MappingProxyType({})) -> str:
    """The checksum of a row as an expression, in names of columns.

    Parameters
    ----------
    table
        One of :data:`COLUMNS`.
    changed
        Expressions that some columns are to be set to.
    """
    # Text as its bytes: what is damaged may be no text any more.
    values = ((name, changed.get(name, name)) for name in COLUMNS[table])
    taken = (each if name in _NUMBERS[table] else f"CAST({each} AS BLOB)" for name, each in values)
    return f"{CHECKSUM}({', '.join(taken)})"


def is_sound(table: str, version: int) -> str:
    """The condition for rows that are as they were written; older schemas could not tell."""
    return f"checksum IS {compute(table)}" if version >= 4 else "1"


def read_folder_text(db: sqlite3.Connection) -> str:
    """The folder that a store is of, as it was written; sqlite3.DatabaseError without any."""
    row = db.execute("SELECT value FROM library WHERE key = 'folder'").fetchone()
    if row is None:
        raise sqlite3.DatabaseError("it is damaged: it tells no folder")
    return str(row[0])


def require_whole(db: sqlite3.Connection, version: int) -> None:
    """Raise sqlite3.DatabaseError where the header tells another version than the tables do.

    Older versions had no decisions, or none with checksums: they must not vanish by one bit.
    """
    has_seal = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'seal'").fetchone()
    if version < 1 or bool(has_seal) != (version >= 4):
        raise sqlite3.DatabaseError(f"it is damaged: schema {version} has other tables")


def rebuild(db: sqlite3.Connection) -> None:
    """Make the sealed tables and their indexes anew from the rows that are sound.

    To be called within a transaction.
    """
    for table, names in COLUMNS.items():
        columns = ", ".join(names)
        db.execute(
            f"CREATE TEMP TABLE sound AS SELECT {columns}, checksum FROM {table} NOT INDEXED "  # noqa: S608
            f"WHERE {is_sound(table, SCHEMA_VERSION)}"
        )
        for event in _CHANGES:
            db.execute(f"DROP TRIGGER IF EXISTS {table}_{event}")
        db.execute(f"DELETE FROM {table}")  # noqa: S608
        db.execute(
            f"INSERT OR REPLACE INTO {table}({columns}, checksum) SELECT * FROM temp.sound"  # noqa: S608
        )
        db.execute("DROP TABLE temp.sound")
    _seal(db)


def select_decisions(version: int) -> str:
    """The query for (made_s, kind, document) of all decisions, oldest first; empty: has none."""
    if version < 2:
        return ""
    document = "document" if version >= 3 else _OLD_DECISION
    sound = is_sound("decision", version)
    return f"SELECT made_s, kind, {document} FROM decision WHERE {sound} ORDER BY id"  # noqa: S608


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


def _seal(db: sqlite3.Connection) -> None:
    """Count the rows and add up their checksums, and have triggers go on with that."""
    db.execute("DELETE FROM seal")
    for table in COLUMNS:
        db.execute(
            f"INSERT INTO seal SELECT '{table}', count(*), ifnull(sum(checksum), 0) FROM {table}"  # noqa: S608
        )
        for event, (n_rows, change) in _CHANGES.items():
            values = {"table": table, "event": event, "n_rows": n_rows, "change": change}
            db.execute(_TRIGGER.format(**values))


def _run(db: sqlite3.Connection, statements: str) -> None:
    """Each statement by itself: a script would end the transaction that it runs in."""
    for statement in statements.split(";"):
        db.execute(statement)
