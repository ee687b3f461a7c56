"""AcousticBrainz in one file: the dumps of a closed service, packed to 160 bytes a recording.

The dumps are archives of JSON documents, named ``<recording id>-<submission>.json``. What is kept
of each are the 71 probabilities of its 18 categories.
"""

import contextlib
import re
import sqlite3
import sys
import tarfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import msgspec
import numpy as np

from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.flavors import CATEGORIES, Flavor
from wkmp_lab.io.files.side_files import open_regular, require_regular
from wkmp_lab.io.web.acousticbrainz import MAX_BYTES, SOURCE, flavor_from_document

APPLICATION_ID = 0x574B464C
"""'WKFL': marks the file as ours."""
SCHEMA_VERSION = 1
ELEMENTS = tuple((name, element) for name, elements in CATEGORIES.items() for element in elements)
"""What the numbers of a row are, in their order."""
STDIN = "-"
_BATCH = 1000
_SCHEMA = f"""
CREATE TABLE flavor(
    mbid BLOB NOT NULL CHECK(length(mbid) = 16), submission INTEGER NOT NULL,
    probabilities BLOB NOT NULL CHECK(length(probabilities) = {2 * len(ELEMENTS)}),
    PRIMARY KEY(mbid, submission)
) STRICT, WITHOUT ROWID;
CREATE TABLE element(position INTEGER PRIMARY KEY, category TEXT, element TEXT) STRICT;
"""
_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d{1,9})\.json", re.IGNORECASE)

Entry = tuple[str, Flavor]
"""MusicBrainz id of a recording, and its flavor with the number of its submission."""


@dataclass(slots=True)
class DumpCount:
    """How far the reading of a dump is.

    Attributes
    ----------
    n_read
        Documents that were looked at.
    n_new
        Flavors that the file did not have.
    n_passed_over
        Documents that are no flavor, and ``why`` the last of them is none.
    """

    n_read: int = 0
    n_new: int = 0
    n_passed_over: int = 0
    why: str = ""


class FlavorFile:
    """Flavors of recordings in an SQLite file, for one thread.

    Parameters
    ----------
    path
        The file; ``:memory:`` for one that is not kept.
    is_writer
        Make the file where it is missing.

    Raises
    ------
    StoreError
        The file is missing, foreign, newer or damaged.
    """

    def __init__(self, path: str | Path, *, is_writer: bool = False) -> None:
        self.path = path
        if str(path) != ":memory:":
            if not is_writer and not Path(path).is_file():
                raise StoreError(f"there are no flavors at {str(path)!r}")
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            if str(path) != ":memory:":
                with contextlib.suppress(FileNotFoundError):
                    require_regular(path, what="a file of flavors")
            self._db = sqlite3.connect(path, timeout=10.0)
            try:
                self._check_or_create(is_writer=is_writer)
            except BaseException:
                self._db.close()
                raise
        except InvalidInputError as error:
            raise StoreError(str(error)) from error
        except sqlite3.Error as error:
            raise StoreError(f"{str(path)!r} cannot be used for flavors: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def __len__(self) -> int:
        """Submissions, of which a recording may have several."""
        return int(self._db.execute("SELECT count(*) FROM flavor").fetchone()[0])

    def add_many(self, entries: Iterable[Entry]) -> int:
        """Keep flavors in one transaction; the number of those that were not there yet.

        Raises
        ------
        StoreError
            The file cannot be written; nothing of these is kept then.
        """
        rows = [
            (uuid.UUID(mbid).bytes, flavor.submission or 0, _pack(flavor))
            for mbid, flavor in entries
        ]
        before = self._db.total_changes
        try:
            with self._db:
                self._db.executemany("INSERT OR IGNORE INTO flavor VALUES (?,?,?)", rows)
        except sqlite3.Error as error:
            raise StoreError(f"flavors cannot be kept in {str(self.path)!r}: {error}") from error
        return self._db.total_changes - before

    def read(self, mbids: Sequence[str]) -> dict[str, Flavor]:
        """Flavors of recordings, of the first submission of each; unknown ones are not here.

        Raises
        ------
        StoreError
            The file cannot be read.
        """
        found: dict[str, Flavor] = {}
        query = "SELECT submission, probabilities FROM flavor WHERE mbid = ? ORDER BY submission"
        try:
            for mbid in mbids:
                row = self._db.execute(query, (uuid.UUID(mbid).bytes,)).fetchone()
                if row is not None:
                    found[mbid] = _unpack(row[1], submission=row[0])
        except sqlite3.Error as error:
            raise StoreError(
                f"the flavors of {str(self.path)!r} cannot be read: {error}"
            ) from error
        return found

    def _check_or_create(self, *, is_writer: bool) -> None:
        is_new = not self._db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        if is_new and is_writer:
            self._db.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA application_id={APPLICATION_ID};"
                f"PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
            )
            rows = [(position, *names) for position, names in enumerate(ELEMENTS)]
            with self._db:
                self._db.executemany("INSERT INTO element VALUES (?,?,?)", rows)
        if self._db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreError(f"{str(self.path)!r} holds no flavors of wkmp_lab")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{str(self.path)!r} was written by a newer wkmp_lab (schema {version}, "
                f"this one knows up to {SCHEMA_VERSION})"
            )


def compute_flavor_generation(path: Path) -> str | None:
    """What changes where the flavors of a file may have; None where there is no file."""
    return str(path.stat().st_mtime_ns) if path.is_file() else None


def add_dump(
    flavors: FlavorFile,
    source: str | Path,
    *,
    on_progress: Callable[[DumpCount], None] = lambda _: None,
) -> DumpCount:
    """Take the documents of a dump into a file of flavors; what it has already is left as it is.

    Parameters
    ----------
    flavors
        Where to.
    source
        A folder of JSON documents, a tar archive of them, or ``-``: an archive on standard input.
    on_progress
        Told how far it is, every thousand documents.

    Returns
    -------
    DumpCount
        Documents that are no flavor, or whose name has no id, are passed over and counted.

    Raises
    ------
    InvalidInputError
        The source is missing, or no archive that can be read here.
    StoreError
        The file cannot be written; what was taken in before is kept.
    """
    count = DumpCount()
    batch: list[Entry] = []
    for name, raw in read_documents(source):
        count.n_read += 1
        try:
            batch.append(read_document(name, raw))
        except InvalidInputError as error:
            count.n_passed_over += 1
            count.why = str(error)
            continue
        if len(batch) == _BATCH:
            count.n_new += flavors.add_many(batch)
            batch.clear()
            on_progress(count)
    count.n_new += flavors.add_many(batch)
    on_progress(count)
    return count


def read_document(name: str, raw: bytes) -> Entry:
    """Recording and flavor of one document of a dump.

    Raises
    ------
    InvalidInputError
        The name has no id and number of submission, or the document no flavor.
    """
    named = _NAME.fullmatch(name.replace("\\", "/").rpartition("/")[2])
    if named is None:
        raise InvalidInputError(f"a document is named <recording id>-<number>.json, got {name!r}")
    if len(raw) > MAX_BYTES:
        raise InvalidInputError(f"a document has at most {MAX_BYTES} bytes: {name!r}")
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidInputError(f"no JSON document in {name!r}: {error}") from error
    flavor = flavor_from_document(document, submission=int(named.group(2)))
    return named.group(1).lower(), flavor


def read_documents(source: str | Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the JSON documents of a folder or archive; nothing is unpacked.

    Raises
    ------
    InvalidInputError
        The source is missing, or no archive that can be read here.
    """
    path = Path(source)
    if str(source) == STDIN:
        yield from _read_archive(sys.stdin.buffer, "standard input")
    elif path.is_dir():
        for file in sorted(each for each in path.rglob("*.json") if each.is_file()):
            with open_regular(file, what="a document") as opened:
                yield str(file), opened.read(MAX_BYTES + 1)
    elif path.is_file():
        with open_regular(path, what="an archive") as opened:
            yield from _read_archive(opened, str(source))
    else:
        raise InvalidInputError(f"expected a folder or an archive, found none at {str(source)!r}")


def _read_archive(opened: IO[bytes], name: str) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=opened, mode="r|*") as archive:
            for member in archive:
                part = archive.extractfile(member) if member.name.endswith(".json") else None
                if part is not None:
                    yield member.name, part.read(MAX_BYTES + 1)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InvalidInputError(
            f"{name!r} is no tar archive that can be read here ({error}); for .tar.zst: "
            "zstd -dc FILE | wkmp-lab flavors add -"
        ) from error


def _pack(flavor: Flavor) -> bytes:
    values = [flavor.categories.get(name, {}).get(element, np.nan) for name, element in ELEMENTS]
    return np.array(values, "<f2").tobytes()


def _unpack(packed: bytes, *, submission: int) -> Flavor:
    values = np.frombuffer(packed, "<f2").astype(np.float64)
    categories, start = {}, 0
    for name, elements in CATEGORIES.items():
        part = values[start : start + len(elements)]
        start += len(elements)
        if np.isfinite(part).all() and part.sum() > 0:
            shares = (part / part.sum()).tolist()
            categories[name] = dict(zip(elements, shares, strict=True))
    return Flavor(categories, SOURCE, submission)
