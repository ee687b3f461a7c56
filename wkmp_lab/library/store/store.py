"""The one SQLite file of a library: every result as it arrives, written by the parent alone.

A result is one document with the columns that resuming asks for beside it.
"""

import contextlib
import math
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from wkmp_lab.errors import StoreError
from wkmp_lab.identifying.decisions import Decision
from wkmp_lab.library.store import damage, migration, places, rows, schema
from wkmp_lab.library.store.rows import StoredRun
from wkmp_lab.model import FileResult, FlightRecord
from wkmp_lab.settings import Settings

N_AT_ONCE = 1000
"""Results that one query brings."""
_INSERT = {
    table: f"INSERT INTO {table}({', '.join(names)}, checksum) "  # noqa: S608
    f"VALUES ({', '.join('?' * len(names))}, ?)"
    for table, names in schema.COLUMNS.items()
}
# Not REPLACE, whose deletions no trigger sees.
_PUT_FILE, _PUT_RUN = (
    f"{_INSERT[table]} ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in (*schema.COLUMNS[table], "checksum"))
    for table in ("file", "run")
)
READ = "path, duplicate_of, sha256, audio_hash, document, prints"
"""What :func:`rows.result_from_row` makes a result of."""
_READ_OLD = "path, duplicate_of, sha256, json_extract(document, '$.audio_hash'), document, NULL"
_PUT_DECISION = _INSERT["decision"]
_MARK_FILE = (
    "UPDATE file SET is_missing = ?2, "  # noqa: S608
    f"checksum = {schema.compute('file', {'is_missing': '?2'})} "
    f"WHERE path = ?1 AND {schema.is_sound('file', schema.SCHEMA_VERSION)}"
)
_MOVED = {"content": "?1", "document": "json_set(document, '$.content', ?1)"}
_MOVE_DECISION = (
    f"UPDATE decision SET content = ?1, document = {_MOVED['document']}, "  # noqa: S608
    f"checksum = {schema.compute('decision', _MOVED)} "
    f"WHERE content = ?2 AND {schema.is_sound('decision', schema.SCHEMA_VERSION)}"
)


class Store:
    """Results of one library; safe to use from several threads of one process.

    Parameters
    ----------
    path
        The SQLite file; made where missing if ``is_writer``.
    folder
        The library's folder; a store of another folder is refused.
    is_writer
        Hold the store for writing; only one process can.

    Raises
    ------
    StoreError
        The file is missing, foreign, newer, damaged, of another library, or held by another
        import.
    """

    def __init__(self, path: Path, *, folder: Path, is_writer: bool = True) -> None:
        self.path = path
        self.folder = folder.expanduser().absolute()
        self._mutex = threading.RLock()
        self._lost = ""
        places.require_file(path)
        with self._speaking_clearly(), contextlib.ExitStack() as opened:
            if is_writer:
                opened.enter_context(places.hold_for_writing(path, folder=folder))
            elif not path.exists():
                raise StoreError(
                    f"there is no store at {str(path)!r}: import {str(folder)!r} first"
                )
            self._db = sqlite3.connect(path, check_same_thread=False, timeout=10.0)
            opened.callback(self._db.close)
            self._db.create_function(
                schema.CHECKSUM, -1, rows.compute_checksum, deterministic=True
            )
            self._check_or_create(folder, is_writer=is_writer)
            self._opened = places.read_inode(path)
            self._exit = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let others write."""
        with self._mutex:
            self._exit.close()

    def put(self, result: FileResult, *, run_id: str | None = None) -> None:
        """Write one result; it is on disk when this returns."""
        self.put_many([result], run_id=run_id)

    def put_many(self, results: Iterable[FileResult], *, run_id: str | None = None) -> None:
        """Write results in one transaction.

        A decision that was made on the hash of a file's bytes is from then on one on its audio.
        """
        shown = list(results)
        made = [rows.row_from_result(each, folder=self.folder, run_id=run_id) for each in shown]
        hashes = [(each.audio_hash, each.sha256) for each in shown if each.audio_hash]
        with self.writing():
            self._db.executemany(_PUT_FILE, map(_seal, made))
            self._db.executemany(_MOVE_DECISION, hashes)

    def read_results(self) -> Iterator[FileResult]:
        """Results of all files that were there at the latest scan, by path."""
        # A damaged index would leave rows out, and nobody could tell.
        yield from self._select("is_missing = 0 ORDER BY path", (), how="NOT INDEXED")

    def find_by_path(self, path: str) -> FileResult | None:
        """The result of a path, whatever the file holds now."""
        return next(self._select("path IN (?, ?)", self._names_of(path)), None)

    def find_by_content(self, sha256: str) -> FileResult | None:
        """A measured result of the same bytes, wherever they lie."""
        return next(self._select("sha256 = ? AND status IN ('done', 'no_audio')", (sha256,)), None)

    def find_by_audio(self, head: str) -> tuple[FileResult, ...]:
        """Measured results of audio whose hash begins so, wherever the files lie or lay."""
        where = "audio_hash >= ? AND audio_hash < ? AND status IN ('done', 'no_audio')"
        return tuple(self._select(where, (head, f"{head}g")))

    def find_many(self, paths: Sequence[bytes]) -> Iterator[FileResult]:
        """The results of paths as they are stored; those that are damaged are left out."""
        for start in range(0, len(paths), N_AT_ONCE):
            some = paths[start : start + N_AT_ONCE]
            where = f"is_missing = 0 AND path IN ({', '.join('?' * len(some))})"
            yield from self._select(where, tuple(some))

    def read_paths(self) -> tuple[str, ...]:
        """Paths of all files that the store knows, there or not."""
        with self._mutex, self._speaking_clearly():
            found = self._db.execute("SELECT path FROM file").fetchall()
            return tuple(schema.lengthen_path(path, self.folder) for (path,) in found)

    def assign(self, folder: Path) -> None:
        """Say that the library lies in another folder, under the same names."""
        with self.writing():
            _write_folder(self._db, folder)
            self.folder = folder

    def copy_to(self, path: Path, *, folder: Path) -> None:
        """Write all that is kept into a new file, as the store of another folder."""
        with (
            self._mutex,
            self._speaking_clearly(),
            contextlib.closing(sqlite3.connect(path)) as copy,
        ):
            self._db.backup(copy)
            with copy:
                _write_folder(copy, folder)

    def read_sizes(self) -> frozenset[int]:
        """Sizes of all files that the store knows."""
        with self._mutex, self._speaking_clearly():
            return frozenset(row[0] for row in self._db.execute("SELECT size_bytes FROM file"))

    def mark_missing(self, present: Iterable[str]) -> None:
        """Note which files the latest scan has seen; the others are kept, but not shown."""
        there = {name for path in present for name in self._names_of(path)}
        with self.writing():
            known = self._db.execute("SELECT path, is_missing FROM file").fetchall()
            self._db.executemany(
                _MARK_FILE,
                [(p, int(p not in there)) for p, was in known if was != (p not in there)],
            )

    def put_run(self, run: StoredRun, *, version: str) -> None:
        """Write or update an import."""
        kept = run.settings.without_measures().with_named_order()
        settings = msgspec.json.encode(kept).decode()
        ended_s = None if run.ended_s is None else float(run.ended_s)
        row = (run.id, float(run.started_s), ended_s, run.state, run.n_jobs, version, settings)
        with self.writing():
            self._db.execute(_PUT_RUN, _seal(row))

    def read_last_run(self) -> StoredRun | None:
        """The latest import, None where there was none."""
        with self._mutex, self._speaking_clearly():
            sound = schema.is_sound("run", self._version())
            row = self._db.execute(
                "SELECT id, started_s, ended_s, state, n_jobs, settings FROM run "  # noqa: S608
                f"WHERE {sound} ORDER BY started_s DESC LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            run_id, started_s, ended_s, state, n_jobs, settings = row
            decoded = msgspec.json.decode(settings, type=Settings)
            return StoredRun(run_id, started_s, ended_s, state, n_jobs, decoded)

    def put_record(self, record: FlightRecord) -> None:
        """Keep how the latest import ran, in the place of what was kept before."""
        text = rows.text_from_record(record)
        with self.writing():
            self._db.execute("INSERT OR REPLACE INTO library VALUES ('record', ?)", (text,))

    def read_record(self) -> FlightRecord | None:
        """How the latest import ran; None where that was not noted, or what was is damaged."""
        with self._mutex, self._speaking_clearly():
            query = "SELECT value FROM library WHERE key = 'record'"
            row = self._db.execute(query).fetchone()
            return rows.record_from_text(row[0]) if row else None

    def put_decisions(self, decisions: Sequence[Decision]) -> None:
        """Add what a person has decided at once to the log: all or nothing, as of one moment."""
        with self.writing():
            query = "SELECT ifnull(max(made_s), 0.0), ifnull(max(id), 0) + 1 FROM decision"
            latest_s, first = self._db.execute(query).fetchone()
            # No two moments are the same, whatever the clock says: undoing goes by them.
            made_s = max(time.time(), math.nextafter(latest_s, math.inf))
            made = (
                rows.row_from_decision(decision, number=number, made_s=made_s)
                for number, decision in enumerate(decisions, first)
            )
            self._db.executemany(_PUT_DECISION, map(_seal, made))

    def undo_decisions(self) -> tuple[Decision, ...]:
        """Take the latest decision out of the log, with those made at once with it, and return
        them in their order; empty where there is none.
        """
        sound = schema.is_sound("decision", schema.SCHEMA_VERSION)
        with self.writing():
            undone = self._db.execute(
                "DELETE FROM decision WHERE made_s = "  # noqa: S608
                f"(SELECT made_s FROM decision WHERE {sound} ORDER BY id DESC LIMIT 1) "
                f"AND {sound} RETURNING id, kind, document"
            ).fetchall()
            return tuple(rows.decision_from_row(kind, text) for _, kind, text in sorted(undone))

    def read_decisions(self) -> tuple[tuple[float, Decision], ...]:
        """(seconds since the epoch, decision), oldest first."""
        with self._mutex, self._speaking_clearly():
            query = migration.select_decisions(self._version())
            made = self._db.execute(query).fetchall() if query else ()
            return tuple((at_s, rows.decision_from_row(kind, text)) for at_s, kind, text in made)

    def find_damage(self, *, has_rows: bool = True) -> tuple[str, ...]:
        """What is not as it was written, a sentence each: rows that no reading gives; without
        ``has_rows`` as far as it shows without reading those of files.
        """
        with self._mutex, self._speaking_clearly():
            return damage.find_damage(self._db, has_rows=has_rows)

    def mend(self) -> tuple[str, ...]:
        """Take out what is damaged; what it was, and where a copy is, a sentence each.

        Raises
        ------
        StoreError
            It cannot be mended, and is as it was.
        """
        with self._mutex, self._speaking_clearly():
            return damage.mend(self._db, path=self.path)

    def _select(
        self, where: str, values: tuple[object, ...], *, how: str = ""
    ) -> Iterator[FileResult]:
        with self._mutex, self._speaking_clearly():
            sound = schema.is_sound("file", self._version())
            columns = READ if self._version() >= 5 else _READ_OLD
            query = f"SELECT {columns} FROM file {how} WHERE {sound} AND {where}"  # noqa: S608
            found = self._db.execute(query, values).fetchall()
        for row in found:
            with self._speaking_clearly():
                result = rows.result_from_row(row, folder=self.folder)
            yield result

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; it counts only where the file is still the one that was opened."""
        with self._mutex, self._speaking_clearly():
            with self._db:
                yield self._db
            self._require_same_file()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database for a moment, alone."""
        with self._mutex, self._speaking_clearly():
            yield self._db

    def _require_same_file(self) -> None:
        now = places.read_inode(self.path)
        if now == self._opened:
            return
        if not self._lost:
            # What was moved has all of it, too; what was deleted is still open here.
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            copy = damage.copy_beside(self._db, self.path, word="rescued")
            there = "it is gone" if now is None else "another file lies there"
            kept = "could not be kept elsewhere" if copy is None else f"is kept in {str(copy)!r}"
            self._lost = (
                f"the store {str(self.path)!r} is not the file any more that was opened: {there}; "
                f"what had come {kept}"
            )
        raise StoreError(self._lost)

    def _check_or_create(self, folder: Path, *, is_writer: bool) -> None:
        is_new = not self._db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        if is_new and is_writer:
            schema.create_tables(self._db, _folder_text(folder))
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        version = self._version()
        if application != schema.APPLICATION_ID:
            raise StoreError(f"{str(self.path)!r} is not a store of wkmp_lab")
        if version > schema.SCHEMA_VERSION:
            raise StoreError(
                f"{str(self.path)!r} was written by a newer wkmp_lab (schema {version}, "
                f"this one knows up to {schema.SCHEMA_VERSION})"
            )
        schema.require_whole(self._db, version)
        kept = schema.read_folder_text(self._db)
        if kept != _folder_text(folder):
            raise StoreError(
                f"the store {str(self.path)!r} belongs to {kept!r}, not to {str(folder)!r}; a "
                f"library that has moved is told by wkmp-lab relocate OLD NEW"
            )
        if is_writer:
            folders = (self.folder, self.folder.resolve())
            migration.migrate(self._db, version, folders=folders)

    def _names_of(self, path: str) -> tuple[bytes, bytes]:
        """What a path may be stored as: by today's schema, and by the older ones."""
        return schema.shorten_path(path, self.folder), os.fsencode(path)

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def _speaking_clearly(self) -> Iterator[None]:
        """Turn what SQLite and the system say into errors that name the file."""
        try:
            yield
        except (sqlite3.Error, OSError, msgspec.MsgspecError, UnicodeError, zlib.error) as error:
            raise StoreError(f"the store {str(self.path)!r} cannot be used: {error}") from error


def _seal(row: tuple[rows.Value, ...]) -> tuple[rows.Value, ...]:
    return (*row, rows.compute_checksum(*row))


def _write_folder(db: sqlite3.Connection, folder: Path) -> None:
    db.execute("UPDATE library SET value = ? WHERE key = 'folder'", (_folder_text(folder),))


def _folder_text(folder: Path) -> str:
    return os.fsencode(folder.expanduser().resolve()).decode("utf-8", "backslashreplace")
