"""numba, told of a folder for what it compiles where its own choice cannot be written.

It keeps compiled code beside the source or in the user's cache folder, and refuses to compile at
all where neither can be written: a user without a home, on an installation that only root writes.
Modules take ``njit`` from here, and whoever needs librosa loads this first.
"""

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

import numba
import platformdirs

VARIABLE = "NUMBA_CACHE_DIR"


def read_cache_folder() -> Path | None:
    """The folder that was chosen, here or by the environment; None where numba finds its own."""
    config: Any = numba.config
    return Path(config.CACHE_DIR) if config.CACHE_DIR else None


def find_cache_folder(home_cache: Path, temporary: Path) -> Path | None:
    """Where compiled code is to be kept; None where numba finds a place by itself.

    Parameters
    ----------
    home_cache
        The user's cache folder, whether it exists or not.
    temporary
        Where a folder of our own may be made. It holds code: one that another user has made
        there first is never taken.
    """
    place = home_cache
    while not place.exists() and place != place.parent:
        place = place.parent
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=place):
        return None
    own = temporary / f"wkmp-lab-numba-{_user_name()}"
    with contextlib.suppress(OSError):
        own.mkdir(mode=0o700, exist_ok=True)
        if _is_ours(own):
            return own
    return Path(tempfile.mkdtemp(prefix="wkmp-lab-numba-", dir=temporary))


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    is_alone = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) == 0
    is_owned = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return stat.S_ISDIR(status.st_mode) and is_alone and is_owned


def _user_name() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


def _settle_cache() -> None:
    config: Any = numba.config
    if config.CACHE_DIR:
        return
    home_cache = Path(platformdirs.user_cache_dir("numba", appauthor=False))
    chosen = find_cache_folder(home_cache, Path(tempfile.gettempdir()))
    if chosen is not None:
        # In the environment for the processes that are started, too.
        os.environ[VARIABLE] = config.CACHE_DIR = str(chosen)


_settle_cache()
njit = numba.njit
