"""Files that are there whole or not at all."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from wkmp_lab.errors import WkmpLabError
from wkmp_lab.io.files.write_guard import require_outside


def write_atomically(
    path: Path, write: Callable[[Path], object], *, music_folder: str | Path | None = None
) -> Path:
    """Have a file written beside its place, flushed to disk, and put there in one step.

    Parameters
    ----------
    path
        Where the file is to be; what is there stays as it is until the new one is whole.
    write
        Given the path to write to.
    music_folder
        A folder that nothing may be written into, whatever links lead there.

    Raises
    ------
    InvalidInputError
        The file would lie in the music folder.
    WkmpLabError
        The file could not be written: no space, no right, no such folder.
    """
    require_outside(path, music_folder=music_folder)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        write(temporary)
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise WkmpLabError(f"cannot write {str(path)!r}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return path
