"""The local catalogue: recordings with their fingerprints, asked without any network.

One SQLite file is the only source of truth. The index (:mod:`wkmp_lab.io.catalogue.index`) is
derived: of a small catalogue it is made in memory, of a large one it lies beside the file and is
mapped into memory. Every hit is verified bit by bit, so an index that lags can only miss.
"""

import contextlib
import hashlib
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from wkmp_lab.dsp.chromaprint import MAX_RELATED_BIT_ERROR, Items
from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.io.catalogue.index import (
    ITEM_S,
    MAX_POSITIONS,
    MAX_SLOTS,
    IndexKeys,
    Overlap,
    choose_stride,
    find_votes,
    make_keys,
    measure_overlap,
)
from wkmp_lab.io.catalogue.sidecar import map_sidecar, write_sidecar
from wkmp_lab.io.files.side_files import require_regular
from wkmp_lab.io.web.answers import CatalogueMatch, Recording
from wkmp_lab.names import normalize_name

APPLICATION_ID = 0x574B4D43
SCHEMA_VERSION = 1
MAX_ROW_BYTES = 16 << 20
"""Of a row: a fingerprint of 2.25 hours, which is stored in one, has 260 kB."""
MAX_IN_MEMORY = 2_000
"""Fingerprints whose index is made in memory at each opening (under a second)."""

_SCHEMA = """
CREATE TABLE recording(
    id INTEGER PRIMARY KEY, mbid BLOB UNIQUE, title TEXT, artist TEXT, duration_s REAL,
    origin TEXT);
CREATE TABLE fingerprint(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recording_id INTEGER NOT NULL REFERENCES recording ON DELETE CASCADE,
    start_s REAL NOT NULL, n_items INTEGER NOT NULL, items BLOB NOT NULL,
    sha256 BLOB NOT NULL, UNIQUE(recording_id, sha256));
CREATE INDEX recording_by_name ON recording(title, artist);
CREATE TABLE meta(catalogue_id BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A recording of the catalogue, and what is stored of it."""

    recording: Recording
    origin: str | None
    """Where it came from: a file name, a service."""
    n_fingerprints: int
    n_items: int


@dataclass(frozen=True, slots=True, eq=False)
class StoredFingerprint:
    """A fingerprint of a recording; ``start_s`` is where in the recording its items begin."""

    recording: Recording
    items: Items
    origin: str | None = None
    start_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Index:
    """Sorted keys: those mapped from the sidecar, and those of what was added since.

    Fingerprints above ``last_slot`` are in neither.
    """

    mapped: IndexKeys
    recent: IndexKeys
    last_slot: int


class Catalogue:
    """Recordings with fingerprints in an SQLite file; for one thread.

    Parameters
    ----------
    path
        The file; made where missing. ``":memory:"`` keeps everything in memory.

    Raises
    ------
    StoreError
        Where the file is no catalogue, newer than this version, damaged or locked.

    Examples
    --------
    >>> rain = np.random.default_rng(1).integers(0, 2**32, 400, dtype=np.uint32)
    >>> with Catalogue(":memory:") as catalogue:
    ...     _ = catalogue.add(Recording(None, "Rain", "The Drops", 52.0), rain)
    ...     (match,) = catalogue.query(rain[100:200])
    >>> match.recording.title, match.bit_error, round(match.offset_s, 1)
    ('Rain', 0.0, 12.4)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        if self.path != ":memory:":
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        self._index: _Index | None = None
        try:
            if self.path != ":memory:":
                with contextlib.suppress(FileNotFoundError):
                    require_regular(self.path, what="a catalogue")
            self._db = sqlite3.connect(self.path, timeout=10.0)
            self._db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_ROW_BYTES)
        except InvalidInputError as error:
            raise StoreError(str(error)) from error
        except sqlite3.Error as error:
            raise StoreError(f"the catalogue {self.path!r} cannot be opened: {error}") from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._db.close()
            raise StoreError(f"{self.path!r} cannot be used as a catalogue: {error}") from error
        except StoreError:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Number of recordings."""
        return int(self._db.execute("SELECT count(*) FROM recording").fetchone()[0])

    @property
    def generation(self) -> str:
        """Changes with everything that is added; the same for the same file in every process."""
        owner, last = self._db.execute(
            "SELECT catalogue_id, (SELECT ifnull(max(id), 0) FROM fingerprint) FROM meta"
        ).fetchone()
        return f"{owner.hex()[:8]}-{last}"

    def close(self) -> None:
        """Close the file; the catalogue cannot be used any more."""
        self._index = None
        self._db.close()

    def add(
        self,
        recording: Recording,
        items: Items,
        *,
        origin: str | None = None,
        start_s: float = 0.0,
    ) -> bool:
        """Add a fingerprint of a recording; False where the same one is there already.

        A recording is the same where its id is, or, without an id, where title and artist are.

        Parameters
        ----------
        recording
            With an id or a title.
        items
            uint32, shape ``(n,)``; longer than 2.25 h is stored in parts.
        origin
            Where it came from.
        start_s
            Where in the recording the items begin.
        """
        return self.add_many([(recording, items, origin)], start_s=start_s) == 1

    def add_many(
        self, entries: Iterable[tuple[Recording, Items, str | None]], *, start_s: float = 0.0
    ) -> int:
        """Add many at once, in one transaction; the number that were new."""
        n_new = 0
        try:
            with self._db:
                for recording, items, origin in entries:
                    row = self._find_or_insert(recording, origin)
                    for part in range(0, items.size, MAX_POSITIONS):
                        piece = items[part : part + MAX_POSITIONS]
                        n_new += self._insert(row, piece, start_s + part * ITEM_S)
        except sqlite3.Error as error:
            raise StoreError(f"cannot write to the catalogue {self.path!r}: {error}") from error
        return n_new

    def list_recordings(self) -> list[CatalogueEntry]:
        """Every recording, by artist and title."""
        rows = self._db.execute(
            "SELECT mbid, title, artist, duration_s, origin, count(f.id), sum(f.n_items)"
            " FROM recording r JOIN fingerprint f ON f.recording_id = r.id"
            " GROUP BY r.id ORDER BY artist, title, r.id"
        )
        return [
            CatalogueEntry(_recording_of(row[:4]), row[4], int(row[5]), int(row[6]))
            for row in rows
        ]

    def read_fingerprints(self) -> Iterator[StoredFingerprint]:
        """Every fingerprint, in the order in which they were added."""
        rows = self._db.execute(
            "SELECT mbid, title, artist, duration_s, items, origin, start_s"
            " FROM recording r JOIN fingerprint f ON f.recording_id = r.id ORDER BY f.id"
        )
        for row in rows:
            items = np.frombuffer(row[4], "<u4").astype(np.uint32, copy=False)
            yield StoredFingerprint(_recording_of(row[:4]), items, row[5], float(row[6]))

    def query(self, items: Items, *, n_best: int = 5) -> list[CatalogueMatch]:
        """Recordings that the items are a part of, or that are a part of them; best first.

        Related versions (bit error up to 0.22) are among them: to accept a match is the business
        of :mod:`wkmp_lab.identifying.recording`.
        """
        try:
            return self._query(np.ascontiguousarray(items, np.uint32), n_best)
        except sqlite3.Error as error:
            raise StoreError(f"cannot read the catalogue {self.path!r}: {error}") from error

    def _query(self, items: Items, n_best: int) -> list[CatalogueMatch]:
        overlaps: dict[int, tuple[Overlap, float]] = {}
        for overlap, row, start_s in self._verify(items):
            held = overlaps.get(row)
            if held is None or _badness(overlap) < _badness(held[0]):
                overlaps[row] = (overlap, start_s)
        recordings = {row: self._read_recording(row) for row in overlaps}
        ranked = sorted(overlaps, key=lambda row: (_badness(overlaps[row][0]), row))
        matches: list[CatalogueMatch] = []
        for row in ranked:
            overlap, start_s = overlaps[row]
            if overlap.bit_error > MAX_RELATED_BIT_ERROR or len(matches) == n_best:
                break
            song = _song_of(recordings[row])
            others = (r for r in ranked if _song_of(recordings[r]) != song)
            matches.append(
                CatalogueMatch(
                    recordings[row],
                    overlap.bit_error,
                    overlap.duration_s,
                    start_s + overlap.offset * ITEM_S,
                    min(overlap.n_items / items.size, 1.0),
                    min((overlaps[r][0].bit_error for r in others), default=None),
                )
            )
        return matches

    def _verify(self, items: Items) -> Iterator[tuple[Overlap, int, float]]:
        """(overlap, row of the recording, start of the fingerprint) of each vote that holds."""
        index = self._load_index()
        votes = [v for keys in (index.mapped, index.recent) for v in find_votes(keys, items)]
        for vote in votes:
            row = self._db.execute(
                "SELECT items, recording_id, start_s FROM fingerprint WHERE id = ?", (vote.slot,)
            ).fetchone()
            if row is None:
                continue
            known = np.frombuffer(row[0], "<u4").astype(np.uint32, copy=False)
            overlap = measure_overlap(items, known, offset=vote.offset)
            if overlap is not None:
                yield overlap, int(row[1]), float(row[2])

    def _load_index(self) -> _Index:
        """The index of everything added so far, by this or another process."""
        last_slot = self._db.execute("SELECT ifnull(max(id), 0) FROM fingerprint").fetchone()[0]
        index = self._index or self._open_index(last_slot)
        if index.last_slot < last_slot:
            added = self._make_keys(index.last_slot, last_slot, stride=1)
            recent = np.sort(np.concatenate([index.recent, *added]))
            index = _Index(index.mapped, recent, last_slot)
        self._index = index
        return index

    def _open_index(self, last_slot: int) -> _Index:
        """The sidecar's keys, made anew where too much has been added since."""
        nothing = np.empty(0, np.uint64)
        if self.path == ":memory:":
            return _Index(nothing, nothing, 0)
        path = Path(f"{self.path}.index")
        owner = self._db.execute("SELECT catalogue_id FROM meta").fetchone()[0]
        sidecar = map_sidecar(path, catalogue_id=owner)
        mapped_to = sidecar.last_slot if sidecar else 0
        if last_slot - mapped_to > max(MAX_IN_MEMORY, mapped_to // 20):
            stride = choose_stride(last_slot)
            parts = self._make_keys(0, last_slot, stride=stride)
            # Where nothing can be written beside the catalogue, all keys are kept in memory.
            with contextlib.suppress(OSError):
                write_sidecar(path, parts, catalogue_id=owner, last_slot=last_slot, stride=stride)
                sidecar = map_sidecar(path, catalogue_id=owner)
        if sidecar is None:
            return _Index(nothing, nothing, 0)
        return _Index(sidecar.keys, nothing, sidecar.last_slot)

    def _make_keys(self, after: int, last: int, *, stride: int) -> Iterator[IndexKeys]:
        """Keys of the fingerprints in ``(after, last]``, unsorted, one array each."""
        rows = self._db.execute(
            "SELECT id, items FROM fingerprint WHERE id > ? AND id <= ?", (after, last)
        )
        for slot, stored in rows:
            items = np.frombuffer(stored, "<u4").astype(np.uint32, copy=False)
            yield make_keys(items, slot=slot, stride=stride)

    def _prepare(self) -> None:
        """Make or check the schema."""
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        is_empty = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if is_empty:
            self._db.executescript(
                f"PRAGMA journal_mode=WAL; PRAGMA application_id={APPLICATION_ID};"
                f"PRAGMA user_version={SCHEMA_VERSION}; BEGIN; {_SCHEMA} COMMIT;"
            )
            with self._db:
                self._db.execute("INSERT INTO meta VALUES (?)", (uuid.uuid4().bytes,))
        elif application != APPLICATION_ID:
            raise StoreError(f"{self.path!r} is no catalogue of wkmp_lab")
        elif version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path!r} has schema {version}, newer than {SCHEMA_VERSION} of this version"
            )
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA foreign_keys=ON")

    def _find_or_insert(self, recording: Recording, origin: str | None) -> int:
        if not (recording.mbid or recording.title):
            raise InvalidInputError(f"a recording needs an id or a title, got {recording!r}")
        mbid = uuid.UUID(recording.mbid).bytes if recording.mbid else None
        if mbid is not None:
            known = self._db.execute("SELECT id FROM recording WHERE mbid = ?", (mbid,))
        else:
            known = self._db.execute(
                "SELECT id FROM recording WHERE title = ? AND artist IS ? AND +mbid IS NULL",
                (recording.title, recording.artist),
            )
        found = known.fetchone()
        if found:
            return int(found[0])
        row = self._db.execute(
            "INSERT INTO recording(mbid, title, artist, duration_s, origin) VALUES (?,?,?,?,?)",
            (mbid, recording.title, recording.artist, recording.duration_s, origin),
        ).lastrowid
        assert row is not None
        return row

    def _insert(self, recording_id: int, items: Items, start_s: float) -> int:
        stored = items.astype("<u4").tobytes()
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO fingerprint(recording_id, start_s, n_items, items, sha256)"
            " VALUES (?,?,?,?,?)",
            (recording_id, start_s, items.size, stored, hashlib.sha256(stored).digest()),
        )
        if cursor.rowcount and (cursor.lastrowid or 0) >= MAX_SLOTS:
            raise StoreError(f"a catalogue holds at most {MAX_SLOTS} fingerprints: {self.path!r}")
        return cursor.rowcount

    def _read_recording(self, row: int) -> Recording:
        return _recording_of(
            self._db.execute(
                "SELECT mbid, title, artist, duration_s FROM recording WHERE id = ?", (row,)
            ).fetchone()
        )


def _recording_of(row: tuple[bytes | None, str | None, str | None, float | None]) -> Recording:
    mbid, title, artist, duration_s = row
    return Recording(str(uuid.UUID(bytes=mbid)) if mbid else None, title, artist, duration_s)


def _badness(overlap: Overlap) -> float:
    """Order of matches: by bit error, where a few items count as less certain than many."""
    return overlap.bit_error + 1.0 / overlap.n_items


def _song_of(recording: Recording) -> tuple[str, ...]:
    """What makes two recordings one song: their names, or their id where they have none."""
    if recording.title:
        return normalize_name(recording.title), normalize_name(recording.artist)
    return (recording.mbid or "",)
