"""numba, loaded when the first kernel is called, and told of a folder that can be written.

A process that calls no kernel, as the one that starts an import, does not pay for numba (0.3 s).
It keeps compiled code beside the source or in the user's cache folder, and refuses to compile at
all where neither can be written: a user without a home, on an installation that only root writes.
Modules take ``njit`` from here, and whoever needs librosa calls ``load_numba`` first.
"""

import contextlib
import functools
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs

VARIABLE = "NUMBA_CACHE_DIR"


class Kernel:
    """A function of numbers and arrays that is compiled when it is first called."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._options = options
        self._compiled: Any = None

    def __call__(self, *arguments: Any) -> Any:
        return self.compile()(*arguments)

    def compile(self) -> Any:
        """numba's function, with those that it calls; made once."""
        if self._compiled is None:
            names = self._function.__globals__
            for name in self._function.__code__.co_names:
                if isinstance(called := names.get(name), Kernel):
                    names[name] = called.compile()  # compiled code knows only numba's own
            self._compiled = load_numba().njit(**self._options)(self._function)
        return self._compiled


def njit(*, fastmath: bool | set[str] = False) -> Callable[[Callable[..., Any]], Kernel]:
    """:func:`numba.njit` that keeps its code and needs no interpreter lock, at the first call."""
    options = {"cache": True, "nogil": True, "fastmath": fastmath}
    return lambda function: Kernel(function, options)


@functools.cache
def load_numba() -> Any:
    """The module numba, with a cache folder that can be written."""
    import numba  # its 0.3 s are the worker's, not those of every process

    _settle_cache(numba.config)
    return numba


def read_cache_folder() -> Path | None:
    """The folder that was chosen, here or by the environment; None where numba finds its own."""
    folder = load_numba().config.CACHE_DIR
    return Path(folder) if folder else None


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
    own = temporary / f"wkmp-lab-numba-{name_user()}"
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


def name_user() -> str:
    """Who runs this process, as a part of a file name."""
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


def _settle_cache(config: Any) -> None:
    if config.CACHE_DIR:
        return
    home_cache = Path(platformdirs.user_cache_dir("numba", appauthor=False))
    chosen = find_cache_folder(home_cache, Path(tempfile.gettempdir()))
    if chosen is not None:
        # In the environment for the processes that are started, too.
        os.environ[VARIABLE] = config.CACHE_DIR = str(chosen)
