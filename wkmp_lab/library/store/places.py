"""Where stores lie, whose they are, and whether somebody writes to one."""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.io.files.side_files import require_regular
from wkmp_lab.io.files.write_guard import require_outside
from wkmp_lab.io.locks import hold_lock
from wkmp_lab.library.store import schema

SUFFIX = ".wkmp.db"
WRITER_WAIT_S = 0.3
"""An import holds the lock to its end; who writes or asks for a moment is waited for."""


def find_store_path(folder: Path, store: str | Path | None = None) -> Path:
    """Where the store of a library is kept unless told otherwise: the user's data folder.

    Raises
    ------
    StoreError
        What was told is there and no regular file.
    """
    if store is not None:
        path = Path(store).expanduser().absolute()
        require_file(path)
        return path
    real = folder.expanduser().resolve()
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
    name = "".join(c if c.isalnum() else "-" for c in real.name)[:40] or "library"
    return find_stores_folder() / f"{name}-{digest}{SUFFIX}"


def find_stores() -> tuple[Path, ...]:
    """All stores in the user's data folder."""
    return tuple(sorted(find_stores_folder().glob(f"*{SUFFIX}")))


def find_stores_folder() -> Path:
    """Where stores lie whose place was not told."""
    return platformdirs.user_data_path("wkmp_lab") / "libraries"


def read_folder(path: Path) -> Path:
    """The folder that a store belongs to.

    Raises
    ------
    StoreError
        It is no store, or cannot be read.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=10.0)) as db:
            return Path(schema.read_folder_text(db))
    except sqlite3.Error as error:
        raise StoreError(f"the store {str(path)!r} cannot be used: {error}") from error


def require_outside_libraries(path: Path) -> None:
    """Raise InvalidInputError where a write would lead into the music of a library that has a
    store in the user's data folder; for what belongs to no library by itself.
    """
    for store in find_stores():
        with contextlib.suppress(StoreError):
            require_outside(path, music_folder=read_folder(store))


def require_file(path: Path) -> None:
    """Raise StoreError where something is there that is no regular file, links followed."""
    try:
        require_regular(path, what="a store")
    except InvalidInputError as error:
        raise StoreError(str(error)) from error
    except OSError:
        """Not there, or not to be looked at: the opening tells."""


def read_inode(path: Path) -> tuple[int, int] | None:
    """What the system takes the file of a name for, links followed; None where none is there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def hold_for_writing(path: Path, *, folder: Path) -> Iterator[None]:
    """Have a store alone, over all processes and whatever links lead to it.

    Raises
    ------
    StoreError
        It lies in the music, or another has it.
    """
    try:
        require_outside(path, music_folder=folder)
    except InvalidInputError as error:
        raise StoreError(f"a store never lies inside the music folder: {error}") from error
    with hold_lock(_find_lock(path), timeout_s=WRITER_WAIT_S) as is_held:
        if not is_held:
            raise StoreError(f"the store {str(path)!r} is in use by another import")
        yield


def is_written_elsewhere(path: Path) -> bool:
    """True where another has had a store for writing for a while: an import that runs.

    The lock alone tells, which the system takes from whoever dies. Where it cannot be asked for,
    because it is another user's, nobody is taken to write.
    """
    lock = _find_lock(path)
    if not lock.exists():
        return False
    try:
        with hold_lock(lock, timeout_s=WRITER_WAIT_S) as is_held:
            return not is_held
    except OSError:
        return False


def _find_lock(path: Path) -> Path:
    real = path.resolve()
    return real.with_name(f"{real.name}.lock")
