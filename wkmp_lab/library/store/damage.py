"""What has become of a store beside what was written: rows that differ, are gone, or too many."""

import contextlib
import os
import sqlite3
from pathlib import Path

from wkmp_lab.library.store import schema
from wkmp_lab.library.store.places import SUFFIX, find_stores_folder

_NOUNS = {"file": "files", "decision": "decisions by hand", "run": "imports"}


def find_damage(db: sqlite3.Connection, *, has_rows: bool = True) -> tuple[str, ...]:
    """What is damaged, a sentence each; empty where all is as it was written.

    Schemas before 4 could not tell: of them nothing is found. Without ``has_rows`` the rows of
    files are counted, by their checksums, but not read: whoever reads one finds out.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version < 4:
        return ()
    with db:
        # As of one moment: somebody may be writing.
        db.execute("BEGIN")
        return tuple(_find_all(db, version, has_rows=has_rows))


def _find_all(db: sqlite3.Connection, version: int, *, has_rows: bool) -> list[str]:
    read = [table for table in _NOUNS if has_rows or table != "file"]
    found = [line for table in read for line in _find_rows(db, table, version)]
    for table, noun in _NOUNS.items():
        how = "NOT INDEXED" if table in read else "INDEXED BY file_by_checksum"
        n_rows, total = db.execute(
            f"SELECT count(*), ifnull(sum(checksum), 0) FROM {table} {how}"  # noqa: S608
        ).fetchone()
        kept = db.execute("SELECT n_rows, total FROM seal WHERE name = ?", (table,)).fetchone()
        if kept is None or kept[0] != n_rows:
            n_kept = "an unknown number" if kept is None else kept[0]
            found.append(f"{n_kept} rows of {noun} were written, {n_rows} are there")
        elif kept[1] != total and not found:
            found.append(f"the rows of {noun} are others than were written")
    return found


def mend(db: sqlite3.Connection, *, path: Path) -> tuple[str, ...]:
    """Take out what is damaged, and make indexes anew, where anything is; a copy is left beside.

    Returns
    -------
    tuple of str
        What was damaged, and where the copy is; empty where nothing was.

    Raises
    ------
    sqlite3.DatabaseError
        It could not be mended; the store is as it was.
    """
    found = find_damage(db)
    fault = _check(db)
    if fault is not None:
        found = (*found, f"SQLite finds: {fault}")
    if not found:
        return ()
    copy = copy_beside(db, path, word="damaged")
    with db:
        db.execute("BEGIN IMMEDIATE")
        schema.rebuild(db)
        if (fault := _check(db)) is not None:
            raise sqlite3.DatabaseError(f"it is damaged, and cannot be mended: {fault}")
    return (*found, f"the store as it was found is kept as {str(copy)!r}")


def copy_beside(db: sqlite3.Connection, path: Path, *, word: str) -> Path | None:
    """Write all that an open store holds into a new file beside it, else into the user's data
    folder; None where neither takes it.
    """
    for folder in (path.parent, find_stores_folder()):
        with contextlib.suppress(sqlite3.Error, OSError):
            place = _find_free(folder / path.name.removesuffix(SUFFIX), word)
            with contextlib.closing(sqlite3.connect(place)) as copy:
                db.backup(copy)
            return place
    return None


def _find_rows(db: sqlite3.Connection, table: str, version: int) -> list[str]:
    """A sentence for each row that is not as it was written."""
    named = {
        "file": "path",
        "decision": "ifnull((SELECT path FROM file WHERE content IN (audio_hash, sha256)), "
        "CAST(content AS BLOB)), CAST(kind AS BLOB), id",
        "run": "CAST(id AS BLOB)",
    }[table]
    rows = db.execute(
        f"SELECT checksum, {schema.compute(table, version=version)}, {named} "  # noqa: S608
        f"FROM {table} NOT INDEXED WHERE NOT {schema.is_sound(table, version)}"
    )
    return [
        f"the row of {_name(table, *names)} is damaged: expected checksum {kept}, got {came}"
        for kept, came, *names in rows
    ]


def _name(table: str, name: bytes, kind: bytes = b"", number: int = 0) -> str:
    shown = repr(os.fsdecode(name))
    if table == "file":
        return shown
    if table == "run":
        return f"the import {shown}"
    return f"a decision by hand ({os.fsdecode(kind)}, number {number}, on {shown})"


def _check(db: sqlite3.Connection) -> str | None:
    """What SQLite itself finds wrong, None where nothing."""
    found: str = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    return None if found == "ok" else found


def _find_free(stem: Path, word: str) -> Path:
    names = (f"{stem.name}.{word}{number or ''}{SUFFIX}" for number in range(1000))
    return next(place for name in names if not (place := stem.with_name(name)).exists())
