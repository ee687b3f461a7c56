"""The tables of a store; :mod:`migration` turns those of an older version into them.

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
SCHEMA_VERSION = 6

COLUMNS = MappingProxyType(
    {
        "file": (
            *("path", "size_bytes", "mtime_ns", "sha256", "status", "duplicate_of", "is_missing"),
            *("run_id", "audio_hash", "document", "prints"),
        ),
        "decision": ("id", "kind", "content", "made_s", "document"),
        "run": ("id", "started_s", "ended_s", "state", "n_jobs", "version", "settings"),
    }
)
"""What each sealed table has beside the checksum, in the order in which that is computed."""
FILE_COLUMNS_4 = (
    *("path", "size_bytes", "mtime_ns", "sha256", "status", "measured", "identified"),
    *("duplicate_of", "is_missing", "run_id", "document", "audio_hash"),
)
"""Those of files in schema 4."""
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

DECISION = """
CREATE TABLE decision(
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK(kind IN ('cut', 'identity')),
    content TEXT NOT NULL, made_s REAL NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX decision_by_content ON decision(content)
"""
_BASE = """
CREATE TABLE library(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE run(
    id TEXT PRIMARY KEY, started_s REAL NOT NULL, ended_s REAL, state TEXT NOT NULL,
    n_jobs INTEGER NOT NULL, version TEXT NOT NULL, settings TEXT NOT NULL
) STRICT
"""
# With a rowid: without, half a page of each row lies idle, as rows are longer than a page.
FILE = """
CREATE TABLE file(
    path BLOB NOT NULL PRIMARY KEY, size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    sha256 TEXT, status TEXT NOT NULL, duplicate_of BLOB,
    is_missing INTEGER NOT NULL DEFAULT 0, run_id TEXT, audio_hash TEXT,
    document BLOB NOT NULL, prints BLOB, checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX file_by_content ON file(sha256);
CREATE INDEX file_by_audio ON file(audio_hash)
"""
CHECKSUMS = """
ALTER TABLE decision ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
CREATE TABLE seal(name TEXT PRIMARY KEY, n_rows INTEGER NOT NULL, total INTEGER NOT NULL) STRICT
"""
BLOCKS = """
CREATE TABLE block(
    id INTEGER NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY(name, id)
) STRICT;
CREATE INDEX file_by_checksum ON file(is_missing, checksum, path)
"""
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
        tables = f"{_BASE}; {FILE}; {DECISION}; {CHECKSUMS}; {BLOCKS}"
        run_statements(db, f"{tables}; PRAGMA application_id={APPLICATION_ID}")
        seal(db)
        db.execute("INSERT INTO library VALUES ('folder', ?)", (folder,))
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def compute(
    table: str,
    changed: Mapping[str, str] = MappingProxyType({}),
    *,
    version: int = SCHEMA_VERSION,
) -> str:
    """The checksum of a row as an expression, in names of columns.

    Parameters
    ----------
    table
        One of :data:`COLUMNS`.
    changed
        Expressions that some columns are to be set to.
    version
        Of the schema, 4 or later.
    """
    # Text as its bytes: what is damaged may be no text any more.
    names = FILE_COLUMNS_4 if table == "file" and version == 4 else COLUMNS[table]
    values = ((name, changed.get(name, name)) for name in names)
    taken = (each if name in _NUMBERS[table] else f"CAST({each} AS BLOB)" for name, each in values)
    return f"{CHECKSUM}({', '.join(taken)})"


def is_sound(table: str, version: int) -> str:
    """The condition for rows that are as they were written; older schemas could not tell."""
    return f"checksum IS {compute(table, version=version)}" if version >= 4 else "1"


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
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    columns = {name for (name,) in db.execute("SELECT name FROM pragma_table_info('file')")}
    found = "seal" in names, "prints" in columns, "block" in names
    if version < 1 or found != (version >= 4, version >= 5, version >= 6):
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
        _drop_triggers(db, table)
        db.execute(f"DELETE FROM {table}")  # noqa: S608
        db.execute(
            f"INSERT OR REPLACE INTO {table}({columns}, checksum) SELECT * FROM temp.sound"  # noqa: S608
        )
        db.execute("DROP TABLE temp.sound")
    seal(db)


def seal(db: sqlite3.Connection) -> None:
    """Count the rows and add up their checksums, and have triggers go on with that."""
    db.execute("DELETE FROM seal")
    for table in COLUMNS:
        db.execute(
            f"INSERT INTO seal SELECT '{table}', count(*), ifnull(sum(checksum), 0) FROM {table}"  # noqa: S608
        )
        _drop_triggers(db, table)
        for event, (n_rows, change) in _CHANGES.items():
            values = {"table": table, "event": event, "n_rows": n_rows, "change": change}
            db.execute(_TRIGGER.format(**values))


def run_statements(db: sqlite3.Connection, statements: str) -> None:
    """Each statement by itself: a script would end the transaction that it runs in."""
    for statement in statements.split(";"):
        db.execute(statement)


def shorten_path(path: str, folder: Path) -> bytes:
    """A path as it is stored: from the folder where it lies in it, else as it is."""
    return os.fsencode(path).removeprefix(os.path.join(os.fsencode(folder), b""))  # noqa: PTH118


def lengthen_path(stored: bytes, folder: Path) -> str:
    """A stored path as everybody else knows it."""
    return os.fsdecode(os.path.join(os.fsencode(folder), stored))  # noqa: PTH118


def _drop_triggers(db: sqlite3.Connection, table: str) -> None:
    for event in _CHANGES:
        db.execute(f"DROP TRIGGER IF EXISTS {table}_{event}")
