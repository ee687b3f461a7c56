"""What tables show of a thousand files at a time, kept beside their results and read for them.

A block tells of each file the checksum of the row that it was made from: where the row is another
by now, the block says nothing of that file. So nothing has to be taken back, results stay the one
source of truth, and a block that is damaged, or of another version, is as good as none.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from wkmp_lab.library.store.rows import compute_checksum
from wkmp_lab.model import MATCH_LEVELS, FileResult, FileStatus, Phase
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.tables.packing import LIKENESS, PackedTable, decode_table, pack_tables

N_FILES = 1000
"""Files of a block."""
LEAST_SHARE = 0.5
"""A block of which fewer files hold is made anew."""
INDEX = "index"


class ResultKind(NamedTuple):
    """What many results have in common: how they were made, and what is counted of them."""

    status: FileStatus
    failed_in: Phase | None
    provenance: tuple[tuple[str, str], ...]
    n_by_level: tuple[int, ...]
    """Identities in the order of MATCH_LEVELS."""
    n_passages: int
    missing: tuple[Phase, ...]
    """Phases that a passage of it has not gone through."""


@dataclass(frozen=True, slots=True)
class BlockIndex:
    """What a block is of; everything in the order of its files."""

    likeness: str
    paths: list[bytes]
    checksums: list[int]
    kinds: list[ResultKind]
    """Each once."""
    kind_of: bytes
    """Position in ``kinds``, as 32-bit integers."""


class KnownFiles(NamedTuple):
    """The files that are there: which blocks tell of them, and which have to be read."""

    places: Mapping[int, npt.NDArray[np.int64]]
    """By number of a block: the files in it that it tells of."""
    indexes: Mapping[int, BlockIndex]
    others: tuple[bytes, ...]
    """Paths of those that no block tells of."""

    def count_kinds(self) -> Counter[ResultKind]:
        """How many files are of each kind, those apart that no block tells of."""
        found: Counter[ResultKind] = Counter()
        for number, places in self.places.items():
            index = self.indexes[number]
            counts = np.bincount(_read_kinds(index)[places], minlength=len(index.kinds))
            found.update(dict(zip(index.kinds, counts.tolist(), strict=True)))
        return +found

    def list_kinds(self) -> Iterator[tuple[bytes, ResultKind]]:
        """Path and kind of each file that a block tells of."""
        for number, places in self.places.items():
            index = self.indexes[number]
            codes = _read_kinds(index)
            for place in places.tolist():
                yield index.paths[place], index.kinds[codes[place]]


def find_known(db: sqlite3.Connection, *, apart: Set[bytes] = frozenset()) -> KnownFiles:
    """Which blocks tell of which files that are there.

    Parameters
    ----------
    db
        Of a store.
    apart
        Paths that no block may tell of, because decisions by hand lie over them.
    """
    # Of the index alone: rows are long.
    query = "SELECT path, checksum FROM file INDEXED BY file_by_checksum"
    left: dict[bytes, int] = dict(db.execute(query))
    others = _keep_present(db, [path for path in apart if left.pop(path, None) is not None])
    indexes = dict(_read_indexes(db))
    places = {}
    for number, index in indexes.items():
        told = zip(index.paths, index.checksums, strict=True)
        found = [
            place for place, (path, checksum) in enumerate(told) if left.get(path) == checksum
        ]
        for place in found:
            del left[index.paths[place]]
        places[number] = np.array(found, np.int64)
    # Blocks are made of files that are there: of those alone whom none knows it has to be asked.
    return KnownFiles(places, indexes, (*others, *_keep_present(db, list(left))))


def read_table(
    db: sqlite3.Connection, known: KnownFiles, name: str
) -> Iterator[tuple[PackedTable | None, list[bytes | None]]]:
    """The rows of one table, a block at a time, and the path of each file that it tells of.

    No rows where the block is damaged: what it told of has to be read from the results.
    """
    for number, places in known.places.items():
        index = known.indexes[number]
        paths: list[bytes | None] = [None] * len(index.paths)
        for place in places.tolist():
            paths[place] = index.paths[place]
        content = _read_content(db, number, name)
        yield None if content is None else decode_table(name, content), paths


def drop_worn(db: sqlite3.Connection) -> None:
    """Take out blocks that are damaged, of another version, or mostly of rows that changed."""
    known = find_known(db)
    worn = [
        number
        for (number,) in db.execute("SELECT DISTINCT id FROM block").fetchall()
        if number not in known.places
        or known.places[number].size < LEAST_SHARE * len(known.indexes[number].paths)
        or not _is_sound(db, number)
    ]
    db.executemany("DELETE FROM block WHERE id = ?", [(number,) for number in worn])


def write_block(
    db: sqlite3.Connection, results: Sequence[FileResult], rows: Sequence[tuple[bytes, int]]
) -> None:
    """Keep what tables show of results, whose paths and checksums are those of ``rows``."""
    kinds: dict[ResultKind, int] = {}
    codes = [kinds.setdefault(kind_of(result), len(kinds)) for result in results]
    index = BlockIndex(
        LIKENESS,
        [path for path, _ in rows],
        [checksum for _, checksum in rows],
        list(kinds),
        np.array(codes, "<i4").tobytes(),
    )
    number = db.execute("SELECT ifnull(max(id), 0) + 1 FROM block").fetchone()[0]
    contents = {INDEX: msgspec.msgpack.encode(index), **pack_tables(results)}
    sealed = (
        (number, name, content, compute_checksum(number, name, content))
        for name, content in contents.items()
    )
    db.executemany("INSERT INTO block VALUES (?, ?, ?, ?)", sealed)


def kind_of(result: FileResult) -> ResultKind:
    """What a result has in common with others."""
    levels = Counter(each.identity.level for each in result.passages if each.identity)
    return ResultKind(
        result.status,
        result.failure.phase if result.failure else None,
        result.provenance,
        tuple(levels[level] for level in MATCH_LEVELS),
        len(result.passages),
        tuple(
            phase
            for phase in cache_keys.OF_PASSAGES
            if any(cache_keys.is_missing(each, phase) for each in result.passages)
        ),
    )


def _keep_present(db: sqlite3.Connection, paths: Sequence[bytes]) -> list[bytes]:
    """Those of the files that were there at the latest scan, or of which the row is gone."""
    gone: set[bytes] = set()
    for start in range(0, len(paths), N_FILES):
        some = paths[start : start + N_FILES]
        query = f"SELECT path FROM file WHERE path IN ({', '.join('?' * len(some))})"  # noqa: S608
        gone.update(path for (path,) in db.execute(f"{query} AND is_missing = 1", some))
    return [path for path in paths if path not in gone]


def _read_indexes(db: sqlite3.Connection) -> Iterator[tuple[int, BlockIndex]]:
    for number, content, checksum in db.execute(
        "SELECT id, content, checksum FROM block WHERE name = ? ORDER BY id", (INDEX,)
    ):
        if compute_checksum(number, INDEX, content) == checksum:
            index = msgspec.msgpack.decode(content, type=BlockIndex)
            if index.likeness == LIKENESS:
                yield number, index


def _read_content(db: sqlite3.Connection, number: int, name: str) -> bytes | None:
    row = db.execute(
        "SELECT content, checksum FROM block WHERE name = ? AND id = ?", (name, number)
    ).fetchone()
    is_sound = row is not None and compute_checksum(number, name, row[0]) == row[1]
    return row[0] if is_sound else None


def _is_sound(db: sqlite3.Connection, number: int) -> bool:
    found = db.execute("SELECT name, content, checksum FROM block WHERE id = ?", (number,))
    return all(compute_checksum(number, *row[:2]) == row[2] for row in found)


def _read_kinds(index: BlockIndex) -> npt.NDArray[np.int32]:
    return np.frombuffer(index.kind_of, "<i4")
