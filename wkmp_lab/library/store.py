"""The one SQLite file of a library: every result as it arrives, written by the parent alone.

A result is one JSON document with the columns that resuming asks for beside it; views unfold the
documents for those who look in with SQL.
"""

import contextlib
import hashlib
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import platformdirs

from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.identifying.decisions import CutDecision, Decision, IdentityDecision
from wkmp_lab.io.files.write_guard import require_outside
from wkmp_lab.io.locks import hold_lock
from wkmp_lab.library import schema
from wkmp_lab.model import FileResult
from wkmp_lab.pipeline.old_results import renew_result
from wkmp_lab.settings import Settings

SUFFIX = ".wkmp.db"

_KINDS: dict[str, type[Decision]] = {"cut": CutDecision, "identity": IdentityDecision}


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One import as the store remembers it."""

    id: str
    started_s: float
    ended_s: float | None
    state: str
    n_jobs: int
    settings: Settings


def find_store_path(folder: Path, store: str | Path | None = None) -> Path:
    """Where the store of a library is kept unless told otherwise: the user's data folder."""
    if store is not None:
        return Path(store).expanduser().absolute()
    real = folder.expanduser().resolve()
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
    name = "".join(c if c.isalnum() else "-" for c in real.name)[:40] or "library"
    return _stores_folder() / f"{name}-{digest}{SUFFIX}"


def find_stores() -> tuple[Path, ...]:
    """All stores in the user's data folder."""
    return tuple(sorted(_stores_folder().glob(f"*{SUFFIX}")))


def read_folder(path: Path) -> Path:
    """The folder that a store belongs to.

    Raises
    ------
    StoreError
        It is no store, or cannot be read.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=10.0)) as db:
            return Path(db.execute("SELECT value FROM library WHERE key = 'folder'").fetchone()[0])
    except (sqlite3.Error, TypeError) as error:
        raise StoreError(f"the store {str(path)!r} cannot be used: {error}") from error


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
        self._folder = folder.expanduser().absolute()
        self._mutex = threading.RLock()
        with self._speaking_clearly(), contextlib.ExitStack() as opened:
            if is_writer:
                opened.enter_context(self._hold_for_writing(folder))
            elif not path.exists():
                raise StoreError(
                    f"there is no store at {str(path)!r}: import {str(folder)!r} first"
                )
            self._db = sqlite3.connect(path, check_same_thread=False, timeout=10.0)
            opened.callback(self._db.close)
            self._check_or_create(folder, is_writer=is_writer)
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
        rows = [self._row_from_result(result, run_id) for result in shown]
        hashes = [(each.audio_hash, each.sha256) for each in shown if each.audio_hash]
        with self._mutex, self._speaking_clearly(), self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO file(path, size_bytes, mtime_ns, sha256, status, measured,"
                " identified, duplicate_of, run_id, document, audio_hash)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                rows,
            )
            self._db.executemany(
                "UPDATE decision SET content = ?1, document = json_set(document, '$.content', ?1)"
                " WHERE content = ?2",
                hashes,
            )

    def read_results(self) -> Iterator[FileResult]:
        """Results of all files that were there at the latest scan, by path."""
        yield from self._select("is_missing = 0 ORDER BY path", ())

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

    def read_paths(self) -> tuple[str, ...]:
        """Paths of all files that the store knows, there or not."""
        with self._mutex, self._speaking_clearly():
            rows = self._db.execute("SELECT path FROM file").fetchall()
            return tuple(schema.lengthen_path(path, self._folder) for (path,) in rows)

    def assign(self, folder: Path) -> None:
        """Say that the library lies in another folder, under the same names."""
        with self._mutex, self._speaking_clearly(), self._db:
            _write_folder(self._db, folder)
            self._folder = folder

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
        rows = [self._names_of(path) for path in present]
        with self._mutex, self._speaking_clearly(), self._db:
            self._db.execute("UPDATE file SET is_missing = 1")
            self._db.executemany("UPDATE file SET is_missing = 0 WHERE path IN (?, ?)", rows)

    def put_run(self, run: StoredRun, *, version: str) -> None:
        """Write or update an import."""
        settings = msgspec.json.encode(run.settings.without_measures()).decode()
        row = (run.id, run.started_s, run.ended_s, run.state, run.n_jobs, version, settings)
        with self._mutex, self._speaking_clearly(), self._db:
            self._db.execute("INSERT OR REPLACE INTO run VALUES (?,?,?,?,?,?,?)", row)

    def read_last_run(self) -> StoredRun | None:
        """The latest import, None where there was none."""
        query = (
            "SELECT id, started_s, ended_s, state, n_jobs, settings FROM run "
            "ORDER BY started_s DESC LIMIT 1"
        )
        with self._mutex, self._speaking_clearly():
            row = self._db.execute(query).fetchone()
            if row is None:
                return None
            run_id, started_s, ended_s, state, n_jobs, settings = row
            decoded = msgspec.json.decode(settings, type=Settings)
            return StoredRun(run_id, started_s, ended_s, state, n_jobs, decoded)

    def put_decisions(self, decisions: Sequence[Decision]) -> None:
        """Add what a person has decided at once to the log: all or nothing, as of one moment."""
        with self._mutex, self._speaking_clearly(), self._db:
            query = "SELECT ifnull(max(made_s), 0.0) FROM decision"
            latest_s = self._db.execute(query).fetchone()[0]
            # No two moments are the same, whatever the clock says: undoing goes by them.
            made_s = max(time.time(), math.nextafter(latest_s, math.inf))
            self._db.executemany(
                "INSERT INTO decision(kind, content, made_s, document) VALUES (?,?,?,?)",
                [_row_from_decision(decision, made_s) for decision in decisions],
            )

    def undo_decisions(self) -> tuple[Decision, ...]:
        """Take the latest decision out of the log, with those made at once with it, and return
        them in their order; empty where there is none.
        """
        with self._mutex, self._speaking_clearly(), self._db:
            rows = self._db.execute(
                "DELETE FROM decision WHERE made_s = "
                "(SELECT made_s FROM decision ORDER BY id DESC LIMIT 1) "
                "RETURNING id, kind, document"
            ).fetchall()
            return tuple(_decision_from_row(kind, text) for _, kind, text in sorted(rows))

    def read_decisions(self) -> tuple[tuple[float, Decision], ...]:
        """(seconds since the epoch, decision), oldest first."""
        with self._mutex, self._speaking_clearly():
            query = schema.select_decisions(self._version())
            rows = self._db.execute(query).fetchall() if query else ()
            return tuple((made_s, _decision_from_row(kind, text)) for made_s, kind, text in rows)

    def _select(self, where: str, values: tuple[object, ...]) -> Iterator[FileResult]:
        query = f"SELECT path, duplicate_of, document FROM file WHERE {where}"  # noqa: S608
        with self._mutex, self._speaking_clearly():
            rows = self._db.execute(query, values).fetchall()
        for row in rows:
            with self._speaking_clearly():
                result = self._result_from_row(*row)
            yield result

    @contextlib.contextmanager
    def _hold_for_writing(self, folder: Path) -> Iterator[None]:
        try:
            require_outside(self.path, music_folder=folder)
        except InvalidInputError as error:
            raise StoreError(f"a store never lies inside the music folder: {error}") from error
        with hold_lock(self.path.with_name(self.path.name + ".lock"), timeout_s=0) as is_held:
            if not is_held:
                raise StoreError(f"the store {str(self.path)!r} is in use by another import")
            yield

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
        kept = self._db.execute("SELECT value FROM library WHERE key = 'folder'").fetchone()[0]
        if kept != _folder_text(folder):
            raise StoreError(
                f"the store {str(self.path)!r} belongs to {kept!r}, not to {str(folder)!r}; a "
                f"library that has moved is told by wkmp-lab relocate OLD NEW"
            )
        if is_writer:
            folders = (self._folder, self._folder.resolve())
            schema.migrate(self._db, version, folders=folders)

    def _names_of(self, path: str) -> tuple[bytes, bytes]:
        """What a path may be stored as: by today's schema, and by the older ones."""
        return schema.shorten_path(path, self._folder), os.fsencode(path)

    def _row_from_result(self, result: FileResult, run_id: str | None) -> tuple[object, ...]:
        source, made_by = result.source, dict(result.provenance)
        twin = result.duplicate_of
        # Paths go into BLOB columns: a JSON text cannot hold the surrogate escapes of odd names.
        document = replace(result, source=replace(source, path=""), duplicate_of=None)
        return (
            schema.shorten_path(source.path, self._folder),
            source.size_bytes,
            source.mtime_ns,
            result.sha256,
            result.status,
            "; ".join(f"{what}={key}" for what, key in made_by.items() if what != "identified"),
            made_by.get("identified"),
            None if twin is None else schema.shorten_path(twin, self._folder),
            run_id,
            msgspec.json.encode(document).decode(),
            result.audio_hash,
        )

    def _result_from_row(self, path: bytes, twin: bytes | None, document: str) -> FileResult:
        result = renew_result(msgspec.json.decode(document, type=FileResult))
        return replace(
            result,
            source=replace(result.source, path=schema.lengthen_path(path, self._folder)),
            duplicate_of=None if twin is None else schema.lengthen_path(twin, self._folder),
        )

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def _speaking_clearly(self) -> Iterator[None]:
        """Turn what SQLite and the system say into errors that name the file."""
        try:
            yield
        except (sqlite3.Error, OSError, msgspec.MsgspecError, UnicodeError) as error:
            raise StoreError(f"the store {str(self.path)!r} cannot be used: {error}") from error


def _stores_folder() -> Path:
    return platformdirs.user_data_path("wkmp_lab") / "libraries"


def _write_folder(db: sqlite3.Connection, folder: Path) -> None:
    db.execute("UPDATE library SET value = ? WHERE key = 'folder'", (_folder_text(folder),))


def _folder_text(folder: Path) -> str:
    return os.fsencode(folder.expanduser().resolve()).decode("utf-8", "backslashreplace")


def _row_from_decision(decision: Decision, made_s: float) -> tuple[object, ...]:
    kind = next(name for name, noun in _KINDS.items() if isinstance(decision, noun))
    return kind, decision.content, made_s, msgspec.json.encode(decision).decode()


def _decision_from_row(kind: str, document: str) -> Decision:
    decision: Decision = msgspec.json.decode(document, type=_KINDS[kind])
    return decision
