"""Tables from a store without its results: what blocks tell, and the writing of blocks."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from wkmp_lab.library.store import blocks, rows, schema
from wkmp_lab.library.store.blocks import KnownFiles
from wkmp_lab.library.store.documents import unpack_texts
from wkmp_lab.library.store.store import READ, Store
from wkmp_lab.tables.packing import PackedTable


def count_files(store: Store) -> int | None:
    """Files that were there at the latest scan; None where no block could tell of them."""
    with store.reading() as db:
        if db.execute("PRAGMA user_version").fetchone()[0] < schema.SCHEMA_VERSION:
            return None
        query = "SELECT count(*) FROM file INDEXED BY file_by_checksum WHERE is_missing = 0"
        return int(db.execute(query).fetchone()[0])


def find_known(store: Store, contents: Iterable[str] = ()) -> KnownFiles:
    """Which blocks tell of which files; none of those with one of these hashes."""
    query = "SELECT path FROM file WHERE sha256 = ?1 OR audio_hash = ?1"
    with store.reading() as db:
        apart = {path for each in contents for (path,) in db.execute(query, (each,))}
        return blocks.find_known(db, apart=apart)


def read_blocks(
    store: Store, known: KnownFiles, name: str
) -> Iterator[tuple[PackedTable | None, list[bytes | None]]]:
    """The packed rows of a table; see :func:`blocks.read_table`."""
    with store.reading() as db:
        yield from blocks.read_table(db, known, name)


def read_prints(store: Store) -> tuple[dict[bytes, Sequence[str | None]], int]:
    """The fingerprints of the passages of each file, as text; and how many are damaged."""
    texts: dict[bytes, Sequence[str | None]] = {}
    n_lost = 0
    with store.reading() as db:
        for path, prints in db.execute("SELECT path, prints FROM file WHERE prints IS NOT NULL"):
            try:
                texts[path] = unpack_texts(prints, of_file=False)
            except (msgspec.DecodeError, TypeError, ValueError, IndexError):
                n_lost += 1
    return texts, n_lost


def read_twins(store: Store) -> dict[bytes, Sequence[str | None]]:
    """What each copy is a copy of; rows that are not as they were written are left out."""
    sound = schema.is_sound("file", schema.SCHEMA_VERSION)
    with store.reading() as db:
        found = db.execute(
            "SELECT path, duplicate_of FROM file NOT INDEXED "  # noqa: S608
            f"WHERE duplicate_of IS NOT NULL AND {sound}"
        )
        return {path: [schema.lengthen_path(twin, store.folder)] for path, twin in found}


def pack(store: Store) -> None:
    """Keep what tables show of the files that no block tells of: they are read fast then.

    Files that measures of one's own have measured are left out: who reads them brings those.
    """
    with store.writing() as db:
        blocks.drop_worn(db)
        # By path, as tables are ordered: what lies in order need not be put in order.
        left = sorted(blocks.find_known(db).others)
    for start in range(0, len(left), blocks.N_FILES):
        with store.writing():
            _pack(store, left[start : start + blocks.N_FILES])


def _pack(store: Store, paths: Sequence[bytes]) -> None:
    """Write one block, in the transaction that goes on."""
    sound = schema.is_sound("file", schema.SCHEMA_VERSION)
    with store.reading() as db:
        found = db.execute(
            f"SELECT {READ}, checksum FROM file WHERE is_missing = 0 AND {sound} "  # noqa: S608
            f"AND path IN ({', '.join('?' * len(paths))})",
            paths,
        ).fetchall()
        read = [rows.result_from_row(row[:-1], folder=store.folder) for row in found]
        plain = [k for k, result in enumerate(read) if not result.measures]
        told = [(found[k][0], found[k][-1]) for k in plain]
        blocks.write_block(db, [read[k] for k in plain], told)
