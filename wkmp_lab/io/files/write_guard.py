"""The one question before every write: does it lie in the music?"""

import os
from pathlib import Path

from wkmp_lab.errors import InvalidInputError


def require_outside(path: str | Path, *, music_folder: str | Path | None) -> Path:
    """The absolute path of a write that lies outside the music; to be asked at the moment of it.

    What is there now counts, not what was there when the import began: links are followed, and
    folders are compared by what the system takes them for, so that neither another case, a mount
    nor a way through ``/proc`` leads in. Both the place of the name and what it points to are
    looked at.

    Parameters
    ----------
    path
        What is to be made or written; it need not be there yet.
    music_folder
        Where nothing may be written; None where no folder of music is known.

    Raises
    ------
    InvalidInputError
        It lies in the music folder, or cannot be followed.
    """
    asked = Path(path).expanduser()
    try:
        named, real = asked.parent.resolve() / asked.name, asked.resolve()
        music = None if music_folder is None else Path(music_folder).expanduser().resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise InvalidInputError(f"{str(path)!r} cannot be followed: {error}") from error
    if music is not None and (_is_within(named, music) or _is_within(real, music)):
        raise InvalidInputError(
            f"nothing is written into the music folder {str(music)!r}, got {str(path)!r}"
        )
    return named


def _is_within(place: Path, music: Path) -> bool:
    return place.is_relative_to(music) or any(
        _is_same(folder, music) for folder in (place, *place.parents)
    )


def _is_same(folder: Path, music: Path) -> bool:
    try:
        return os.path.samefile(folder, music)  # noqa: PTH121 (one call for both)
    except OSError:  # not there yet
        return False
