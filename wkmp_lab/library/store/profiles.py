"""Packed level profiles in a SQLite file beside the store, by the audio that they are of.

They are large, and can be made again from the music, as nothing else can that a store keeps. So
they have a file of their own: what damages it costs a decode, and no copy or check of the store
has to go through it. Workers write it themselves, a profile a transaction.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.files.side_files import require_regular
from wkmp_lab.io.files.write_guard import require_outside
from wkmp_lab.library.store.places import SUFFIX
from wkmp_lab.library.store.rows import compute_checksum

PROFILES_SUFFIX = ".wkmp-profiles.db"
_SIDE_FILES = ("", "-wal", "-shm")
_TABLE = """
CREATE TABLE IF NOT EXISTS profile(
    audio_hash TEXT PRIMARY KEY, made_by TEXT NOT NULL, checksum INTEGER NOT NULL,
    packed BLOB NOT NULL
) STRICT
"""
_PUT = "INSERT OR REPLACE INTO profile VALUES (?, ?, ?, ?)"
_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class ProfileStore:
    """The profiles of a library; travels to workers, and opens its file there for each call.

    Nothing that happens here ends an import: what cannot be read is not known, and what cannot be
    written is not kept.
    """

    path: Path

    def read(self, audio_hash: str, *, made_by: str) -> bytes | None:
        """The packed profile of some audio; None where there is none that was made so."""
        if not self.path.exists():
            return None
        query = "SELECT made_by, checksum, packed FROM profile WHERE audio_hash = ?"
        with contextlib.suppress(sqlite3.Error), self._open() as db:
            row = db.execute(query, (audio_hash,)).fetchone()
            if row is None or row[0] != made_by:
                return None
            packed: bytes = row[2]
            return packed if row[1] == compute_checksum(audio_hash, made_by, packed) else None
        return None

    def write(self, audio_hash: str, packed: bytes, *, made_by: str) -> None:
        """Keep a profile, in the place of what was kept of this audio."""
        row = (audio_hash, made_by, compute_checksum(audio_hash, made_by, packed), packed)
        try:
            self._put(row)
        except sqlite3.OperationalError:
            """No room, no right, or others write for too long."""
        except sqlite3.DatabaseError:  # the file is damaged, or is none of SQLite's
            self.delete()
            with contextlib.suppress(sqlite3.Error):
                self._put(row)

    @contextlib.contextmanager
    def keep_open(self) -> Iterator[None]:
        """Have calls within the block find the file open: they take a third of the time."""
        with contextlib.ExitStack() as opened:
            with contextlib.suppress(sqlite3.Error):
                if self.path.exists():
                    # It is opened by the first question.
                    opened.enter_context(self._open()).execute("SELECT 1 FROM profile").fetchone()
            yield

    def read_size(self) -> int:
        """Bytes that all of them take on disk."""
        sizes = 0
        for path in self._list_files():
            with contextlib.suppress(OSError):
                sizes += path.stat().st_size
        return sizes

    def delete(self) -> None:
        """Keep none any more."""
        for path in self._list_files():
            with contextlib.suppress(OSError):
                path.unlink()

    def move_to(self, other: "ProfileStore") -> None:
        """Keep all of them elsewhere from now on, in the place of what is there."""
        other.delete()
        with contextlib.suppress(OSError):
            self.path.replace(other.path)

    def _list_files(self) -> list[Path]:
        return [self.path.with_name(f"{self.path.name}{end}") for end in _SIDE_FILES]

    def _put(self, row: tuple[str, str, int, bytes]) -> None:
        with self._open() as db, db:
            # A worker may be killed at any time; a power cut may cost the file, which can be made
            # again.
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=OFF")
            db.execute(_TABLE)
            db.execute(_PUT, row)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.path, timeout=_WAIT_S)) as db:
            yield db


def find_profiles(store_path: Path, *, folder: Path) -> ProfileStore | None:
    """The profiles that belong to a store; None where they would lie in the music, links followed.

    Parameters
    ----------
    store_path
        The SQLite file with the results.
    folder
        The music.
    """
    real = store_path.resolve()
    path = real.with_name(real.name.removesuffix(SUFFIX) + PROFILES_SUFFIX)
    try:
        require_outside(path, music_folder=folder)
        if path.exists():
            require_regular(path, what="a store of profiles")
    except (InvalidInputError, OSError):
        return None
    return ProfileStore(path)
