"""The AcoustID key of the user: found once, shown never."""

import getpass
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.files.side_files import read_side_file

KEY_VARIABLE = "WKMP_LAB_ACOUSTID_KEY"
MAX_KEY_BYTES = 1000


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that no log, table or traceback shows.

    >>> Secret("0123456789")
    ***
    >>> f"{Secret('0123456789')}"
    '***'
    """

    value: str

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


def find_key_file() -> Path:
    """Where :func:`write_key` keeps the key, and :func:`read_key` looks for it."""
    return Path(platformdirs.user_config_dir("wkmp_lab")) / "acoustid_key"


def read_key(
    *, environment: Mapping[str, str] = os.environ, path: Path | None = None
) -> Secret | None:
    """The key from the environment (``WKMP_LAB_ACOUSTID_KEY``), else from the file; or None."""
    text = environment.get(KEY_VARIABLE, "").strip()
    if not text:
        try:
            raw = read_side_file(path or find_key_file(), what="a key", max_bytes=MAX_KEY_BYTES)
            text = raw.decode("ascii").strip()
        except (OSError, UnicodeDecodeError, InvalidInputError):
            return None
    return Secret(text) if text else None


def write_key(key: Secret, *, path: Path | None = None) -> Path:
    """Keep the key in a file that only its owner may read (mode 600); the file's path."""
    target = path or find_key_file()
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IRUSR | stat.S_IWUSR
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{key.value}\n")
    target.chmod(mode)
    return target


def ask_key(*, path: Path | None = None) -> Secret | None:
    """Ask for the key without showing it, in a terminal or a notebook, and keep it.

    Returns
    -------
    Secret or None
        None where nothing was entered; then nothing is kept.
    """
    text = getpass.getpass("AcoustID application key: ").strip()
    if not text:
        return None
    key = Secret(text)
    write_key(key, path=path)
    return key
