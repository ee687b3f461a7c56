"""SCANNING: which audio files a folder holds; nothing is opened that is not a regular file."""

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.formats.signatures import HEAD_BYTES, has_audio_signature, name_audio
from wkmp_lab.model import SourceFile
from wkmp_lab.settings import ScanSettings

EXTENSIONS = frozenset(
    ".3ga .aa .aac .aax .ac3 .adts .aif .aifc .aiff .alac .amr .ape .asf .au .awb .bwf .caf .dff "
    ".dsf .dts .dtshd .eac3 .ec3 .f4a .flac .latm .m2a .m4a .m4b .m4p .m4r .mka .mlp .mp1 .mp2 "
    ".mp3 .mp4 .mpa .mpc .oga .ofr .ogg .oma .opus .ra .rf64 .shn .snd .spx .tak .thd .tta .voc "
    ".w64 .wav .wave .weba .webm .wma .wv".split()
)
"""Files of these names are audio until decoding says otherwise."""

KINDS_BY_EXTENSION = MappingProxyType(
    {
        **dict.fromkeys((".kar", ".mid", ".midi", ".rmi"), "MIDI: notes, and no sound"),
        **dict.fromkeys(
            ".669 .it .med .mod .mptm .mtm .s3m .stm .ult .xm".split(),
            "tracker module: notes and samples, and no sound",
        ),
        **dict.fromkeys(
            ".avi .flv .m2ts .m4v .mkv .mov .mpeg .mpg .mts .ts .vob .wmv".split(), "video"
        ),
        **dict.fromkeys(".gbs .nsf .sid .spc .vgm .vgz".split(), "music of a sound chip"),
    }
)
"""What is akin to music, and is passed over."""

OTHER_EXTENSIONS = frozenset(
    ".bmp .cue .db .gif .ini .jpeg .jpg .json .m3u .m3u8 .pdf .pls .png .py .sfv .tif .tiff .url "
    ".webp .zip".split()
)
"""Files of these names are never looked into."""

TEXT_EXTENSIONS = frozenset(".doc .htm .html .log .md .nfo .rtf .txt .xml".split())
"""Text, but for music that a mail program or a game has named so: it is told, not read."""

IGNORED_FOLDERS = frozenset({"node_modules", "__pycache__", "$recycle.bin", "lost+found"})
IGNORED_FILES = frozenset({"thumbs.db", "desktop.ini"})
MAX_PATH_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Scan:
    """What a folder holds."""

    folder: str
    files: tuple[SourceFile, ...]
    """Audio files, by path."""
    skipped: tuple[tuple[str, str], ...]
    """(path, reason) of what should have been looked at and could not be."""


@dataclass(slots=True)
class _Walk:
    """What a walk has met so far."""

    follow_symlinks: bool
    skipped: list[tuple[str, str]] = field(default_factory=list)
    seen_folders: set[tuple[int, int]] = field(default_factory=set)


def scan_folder(
    folder: str | Path,
    *,
    settings: ScanSettings | None = None,
    on_found: Callable[[int], None] | None = None,
) -> Scan:
    """Audio files of a folder and everything below it.

    Known audio names are taken, known other names left; the rest is judged by its first bytes.
    Hidden names and system folders are left out; each folder is visited once, however many links
    lead to it.

    Parameters
    ----------
    folder
        Where to look.
    settings
        Whether links are followed.
    on_found
        Told the number of files found so far, now and then; what it raises ends the scan.

    Raises
    ------
    InvalidInputError
        The folder is missing, no folder, or cannot be listed.
    """
    top = os.path.abspath(os.path.expanduser(folder))  # noqa: PTH100, PTH111 (keeps odd bytes)
    require_folder(top)
    walk = _Walk((settings or ScanSettings()).follow_symlinks)
    files: list[SourceFile] = []
    for source in _find_files(top, walk):
        files.append(source)
        if on_found and (len(files) < 10 or len(files) % 100 == 0):
            on_found(len(files))
    if on_found:
        on_found(len(files))
    files.sort(key=lambda source: source.path)
    return Scan(top, tuple(files), tuple(sorted(walk.skipped)))


def compute_sha256(path: str | Path) -> str:
    """Hash of a file's bytes, as hexadecimal text.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def locate_folder(folder: str | Path) -> Path:
    """The absolute path of a folder; that there is one is not asked.

    Raises
    ------
    InvalidInputError
        The text is empty: nobody means the working directory by that.
    """
    if isinstance(folder, str) and not folder.strip():
        raise InvalidInputError(f"expected a folder of music, got {folder!r}")
    return Path(folder).expanduser().absolute()


def require_folder(folder: str | Path) -> None:
    """Refuse a music folder that is missing, no folder, or cannot be listed.

    Raises
    ------
    InvalidInputError
        The message names the folder.
    """
    top = str(folder)
    if not Path(top).exists():
        raise InvalidInputError(f"the music folder does not exist: {top!r}")
    if not Path(top).is_dir():
        raise InvalidInputError(f"expected a folder of music, got a file: {top!r}")
    try:
        os.scandir(top).close()
    except OSError as error:
        raise InvalidInputError(
            f"the music folder cannot be listed: {top!r} ({error.strerror})"
        ) from error


def _find_files(top: str, walk: _Walk) -> Iterator[SourceFile]:
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            status = Path(folder).stat()
            identity = (status.st_dev, status.st_ino)
            if identity in walk.seen_folders:
                continue
            walk.seen_folders.add(identity)
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            walk.skipped.append((folder, _describe(error)))
            continue
        for entry in entries:
            if _is_ignored(entry.name):
                continue
            kind, status_or_none = _look_at(entry, walk)
            if kind == "folder":
                waiting.append(entry.path)
            elif kind == "file" and status_or_none and _is_audio(entry, walk):
                yield _source_of(entry.path, status_or_none)


def _is_ignored(name: str) -> bool:
    lower = name.lower()
    return name.startswith(".") or lower in IGNORED_FOLDERS or lower in IGNORED_FILES


def _look_at(entry: "os.DirEntry[str]", walk: _Walk) -> tuple[str, os.stat_result | None]:
    """What an entry is, without opening it: 'folder', 'file' or 'other', and its status."""
    if len(os.fsencode(entry.path)) > MAX_PATH_BYTES:
        walk.skipped.append((entry.path, "path too long"))
        return "other", None
    try:
        if entry.is_symlink() and not walk.follow_symlinks:
            return "other", None
        status = entry.stat()
    except FileNotFoundError:
        walk.skipped.append((entry.path, "dangling link" if entry.is_symlink() else "vanished"))
        return "other", None
    except OSError as error:
        walk.skipped.append((entry.path, _describe(error)))
        return "other", None
    if stat.S_ISDIR(status.st_mode):
        return "folder", status
    if stat.S_ISREG(status.st_mode):
        return "file", status
    if _extension(entry.name) in EXTENSIONS:
        walk.skipped.append((entry.path, "not a regular file"))
    return "other", status


def _is_audio(entry: "os.DirEntry[str]", walk: _Walk) -> bool:
    extension = _extension(entry.name)
    if extension in EXTENSIONS:
        return True
    if extension in OTHER_EXTENSIONS:
        return False
    if extension in KINDS_BY_EXTENSION:
        walk.skipped.append((entry.path, KINDS_BY_EXTENSION[extension]))
        return False
    try:
        with Path(entry.path).open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        walk.skipped.append((entry.path, _describe(error)))
        return False
    if extension not in TEXT_EXTENSIONS:
        return has_audio_signature(head)
    if (kind := name_audio(head)) is not None:
        walk.skipped.append((entry.path, f"{kind} audio under a name of text"))
    return False


def _source_of(path: str, status: os.stat_result) -> SourceFile:
    inode = (status.st_dev, status.st_ino) if status.st_ino else None
    # On Windows it is the time of creation.
    ctime_ns = None if sys.platform == "win32" else status.st_ctime_ns
    return SourceFile(path, status.st_size, status.st_mtime_ns, inode, ctime_ns)


def _extension(name: str) -> str:
    return Path(name).suffix.lower()


def _describe(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "permission denied"
    return (error.strerror or type(error).__name__).lower()
