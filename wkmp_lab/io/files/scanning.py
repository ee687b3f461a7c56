"""SCANNING: which audio files a folder holds; nothing is opened that is not a regular file."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import SourceFile
from wkmp_lab.settings import ScanSettings

EXTENSIONS = frozenset(
    ".aac .ac3 .aif .aifc .aiff .alac .ape .au .caf .dff .dsf .flac .m4a .m4b .mka .mp1 .mp2 .mp3 "
    ".mp4 .mpc .oga .ogg .opus .spx .tak .tta .w64 .wav .wave .weba .webm .wma .wv".split()
)
"""Files of these names are audio until decoding says otherwise."""

OTHER_EXTENSIONS = frozenset(
    ".avi .bmp .cue .db .doc .gif .htm .html .ini .jpeg .jpg .json .log .m3u .m3u8 .md .mid .midi "
    ".mkv .mov .nfo .pdf .pls .png .py .rtf .sfv .tif .tiff .txt .url .webp .xml .zip".split()
)
"""Files of these names are never looked into."""

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
    try:
        with Path(entry.path).open("rb") as file:
            return has_audio_signature(file.read(36))
    except OSError as error:
        walk.skipped.append((entry.path, _describe(error)))
        return False


def has_audio_signature(head: bytes) -> bool:
    """True where the first bytes of a file are those of an audio format.

    >>> has_audio_signature(b"fLaC" + bytes(32))
    True
    >>> has_audio_signature(b"%PDF-1.7 and so on")
    False
    """
    starts = (b"fLaC", b"OggS", b"ID3", b"MAC ", b"wvpk", b"TTA1", b"MPCK", b"MP+", b"caff")
    if head.startswith(starts):
        return True
    if head[:4] in (b"RIFF", b"FORM") and head[8:12] in (b"WAVE", b"AIFF", b"AIFC"):
        return True
    if head[4:8] == b"ftyp":
        return head[8:11] in (b"M4A", b"M4B")
    # An MPEG audio frame: sync, a layer, a bit rate and a sample rate that exist.
    return (
        len(head) > 3
        and head[0] == 0xFF
        and head[1] & 0xE0 == 0xE0
        and head[1] & 0x18 != 0x08
        and head[1] & 0x06 != 0
        and head[2] & 0xF0 not in (0x00, 0xF0)
        and head[2] & 0x0C != 0x0C
    )


def _source_of(path: str, status: os.stat_result) -> SourceFile:
    inode = (status.st_dev, status.st_ino) if status.st_ino else None
    return SourceFile(path, status.st_size, status.st_mtime_ns, inode)


def _extension(name: str) -> str:
    return Path(name).suffix.lower()


def _describe(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "permission denied"
    return (error.strerror or type(error).__name__).lower()
