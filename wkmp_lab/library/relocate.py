"""A library that lies elsewhere now: its store is told so, and found by the files' names."""

import contextlib
import shlex
from collections.abc import Sequence
from pathlib import Path

from wkmp_lab.errors import StoreError
from wkmp_lab.io.files.atomic_write import write_atomically
from wkmp_lab.io.files.scanning import locate_folder, require_folder
from wkmp_lab.io.files.write_guard import require_outside
from wkmp_lab.library.store import Store, find_profiles, find_store_path, find_stores, read_folder
from wkmp_lab.library.store.schema import shorten_path
from wkmp_lab.model import SourceFile

KNOWN_SHARE = 0.5
"""So many of a folder's files must have been in a vanished one for it to be taken for that."""


def relocate(old: str | Path, new: str | Path, *, store: str | Path | None = None) -> Path:
    """Have what is known and decided of a library go on where the library lies now.

    Parameters
    ----------
    old
        Where the music lay; it need not be there any more.
    new
        Where it lies, under the same names.
    store
        The SQLite file with the results; None: in the user's data folder, named for the music's.

    Returns
    -------
    Path
        The store that is to be used for the new place.

    Raises
    ------
    InvalidInputError
        The new folder is missing, or no folder.
    StoreError
        Nothing is known of the old folder, its store is in use, or the new one has decisions of
        its own.
    """
    before, after = map(locate_folder, (old, new))
    require_folder(after)
    path, place = find_store_path(before, store), find_store_path(after, store)
    require_outside(place, music_folder=after)
    if not path.exists():
        raise StoreError(f"there is no store of {str(before)!r} at {str(path)!r}")
    with Store(path, folder=before) as opened:
        if path == place:
            opened.assign(after)
            return path
        _clear(place, after)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(
            place, lambda part: opened.copy_to(part, folder=after), music_folder=after
        )
    path.unlink()
    kept, moved = find_profiles(path, folder=before), find_profiles(place, folder=after)
    if kept is not None and moved is not None:
        kept.move_to(moved)
    return place


def find_former_folder(folder: Path, files: Sequence[SourceFile]) -> Path | None:
    """A folder that is gone and held files of these names, as its store in the user's data folder
    tells; None where there is none.
    """
    names = {shorten_path(file.path, folder) for file in files}
    best: tuple[float, Path | None] = (0.0, None)
    for path in find_stores() if names else ():
        with contextlib.suppress(StoreError):
            former = read_folder(path)
            if former.exists():
                continue
            with Store(path, folder=former, is_writer=False) as store:
                known = {shorten_path(each, former) for each in store.read_paths()}
            share = len(names & known) / len(names)
            if share >= KNOWN_SHARE:
                best = max(best, (share, former))
    return best[1]


def offer_relocation(former: Path, folder: Path) -> str:
    """What to do where a library seems to have moved, in one sentence.

    >>> offer_relocation(Path("/old"), Path("/my music"))
    "these files are known from '/old', which is gone: wkmp-lab relocate /old '/my music'"
    """
    command = shlex.join(["wkmp-lab", "relocate", str(former), str(folder)])
    return f"these files are known from {str(former)!r}, which is gone: {command}"


def _clear(place: Path, folder: Path) -> None:
    """Make room for a store; an import that did not know of it may have begun another."""
    if not place.exists():
        return
    with Store(place, folder=folder) as begun:
        if begun.read_decisions():
            raise StoreError(
                f"expected nothing decided yet in {str(folder)!r}, got a store with decisions of "
                f"its own: {str(place)!r}"
            )
    place.unlink()
