"""The CUE sheets that stand beside an audio file, and what encoding each is in."""

import contextlib
import functools
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.files.side_files import read_side_file
from wkmp_lab.io.sheets.cue import MAX_LENGTH, CueSheet, CueTrack, parse_cue

MAX_OTHERS = 256
"""Sheets of other names that are asked whether they name a file."""
_HASH_VERSION = b"2"
"""Raised whenever the same sheets cut a file otherwise."""
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]{2,}")
_ASCII = re.compile(rb"[A-Za-z]")


class SheetBeside(NamedTuple):
    """A sheet that speaks of an audio file."""

    name: str
    sheet: CueSheet | None
    """None where it cannot be read."""
    why: str
    """Why not."""
    raw: bytes
    is_own: bool
    """True where it is called as the audio file is."""


def find_sheets(path: str | Path) -> Iterator[SheetBeside]:
    """The sheets beside an audio file that speak of it, those of its own name first.

    ``side.cue`` and ``side.flac.cue`` are its own, in capitals or small letters; others are those
    that name it after FILE.
    """
    music = PurePath(path)
    sheets = _list_sheets(str(music.parent))
    called = (_fold(music.stem), _fold(music.name))
    own = [name for name, stem in sheets if stem in called]
    for name in own:
        if (kept := _read(str(music.parent), name)) is not None:
            yield SheetBeside(name, kept.sheet, kept.why, kept.raw, is_own=True)
    stem = PurePath(_fold(music.name)).stem
    for name in [name for name, stem in sheets if stem not in called][:MAX_OTHERS]:
        kept = _read(str(music.parent), name)
        if kept is not None and stem in kept.stems:
            yield SheetBeside(name, kept.sheet, kept.why, kept.raw, is_own=False)


def hash_cues_beside(path: str | Path) -> str | None:
    """Eight hexadecimal digits that stand for the sheets that speak of a file, None for none."""
    sheets = [found.raw for found in find_sheets(path)]
    return hashlib.sha256(b"\0".join([_HASH_VERSION, *sheets])).hexdigest()[:8] if sheets else None


def select_tracks(sheet: CueSheet, name: str) -> tuple[CueTrack, ...]:
    """The tracks that lie in a file of this name; without its ending where none has it whole.

    Rips are named in a sheet as they came from the disc (``image.wav``) and kept otherwise
    (``image.flac``). Only the last part of a path counts, in any case of letters.

    >>> sheet = CueSheet((CueTrack(1, 0, file="A.wav"), CueTrack(2, 0, file="D:\\\\b.WAV")))
    >>> [track.number for track in select_tracks(sheet, "B.flac")]
    [2]
    """
    wanted = _fold(name)
    exact = tuple(track for track in sheet.tracks if _last_part(track.file) == wanted)
    stem = PurePath(wanted).stem
    return exact or tuple(
        track for track in sheet.tracks if PurePath(_last_part(track.file)).stem == stem
    )


def decode_sheet(raw: bytes) -> str:
    """The text of a sheet: UTF-8 or UTF-16, with a byte order mark or without, else a code page.

    Of code pages the one of Windows for Cyrillic letters is told from that for Western ones: in
    the first, words hold no letter of ASCII.

    >>> decode_sheet("TITLE Песня".encode("cp1251")), decode_sheet("TITLE Élégie".encode("cp1252"))
    ('TITLE Песня', 'TITLE Élégie')
    >>> decode_sheet("TITLE Ö".encode("utf-16-le")), decode_sheet("TITLE Ö".encode("utf-8-sig"))
    ('TITLE Ö', 'TITLE Ö')
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    n_even, n_odd = raw[::2].count(0), raw[1::2].count(0)
    if max(n_even, n_odd) > len(raw) // 8:
        return raw.decode("utf-16-be" if n_even > n_odd else "utf-16-le", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1251" if _is_cyrillic(raw) else "cp1252", "replace")


def _is_cyrillic(raw: bytes) -> bool:
    n_pure = n_mixed = 0
    for word in _LETTERS.findall(raw):
        n_high = len(_ASCII.sub(b"", word))
        if n_high == len(word):
            n_pure += n_high
        else:
            n_mixed += n_high
    return n_pure > n_mixed


class _KeptSheet(NamedTuple):
    """What a file with the name of a sheet holds."""

    sheet: CueSheet | None
    why: str
    raw: bytes
    stems: frozenset[str]
    """Of the files that it names, without their endings: no other may be meant."""


def _read(folder: str, name: str) -> _KeptSheet | None:
    # Of hundreds of sheets for each file: strings, for objects would cost more than the look.
    path = f"{folder}{os.sep}{name}"
    with contextlib.suppress(OSError):
        now = os.stat(path)  # noqa: PTH116
        return _read_kept(path, (now.st_mtime_ns, now.st_ctime_ns, now.st_size))
    return None


@functools.lru_cache(maxsize=2 * MAX_OTHERS)
def _read_kept(path: str, _changed: tuple[int, int, int]) -> _KeptSheet:
    """A sheet is read once, not once for each file of its folder, until it changes."""
    raw = b""
    try:
        raw = read_side_file(Path(path), what="a cue sheet", max_bytes=MAX_LENGTH)
        sheet = parse_cue(decode_sheet(raw))
    except InvalidInputError as error:
        return _KeptSheet(None, str(error), raw, frozenset())
    stems = {PurePath(_last_part(track.file)).stem for track in sheet.tracks}
    return _KeptSheet(sheet, "", raw, frozenset(stems))


def _list_sheets(folder: str) -> tuple[tuple[str, str], ...]:
    try:
        changed_ns = os.stat(folder).st_mtime_ns  # noqa: PTH116 (keeps odd bytes)
    except OSError:
        return ()
    return _list_sheets_of(folder, changed_ns)


@functools.lru_cache(maxsize=16)
def _list_sheets_of(folder: str, _changed_ns: int) -> tuple[tuple[str, str], ...]:
    """(name, folded stem) of each; a folder is listed once, not once for each of its files, until
    it changes.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.lower().endswith(".cue"))
        return tuple((name, _fold(PurePath(name).stem)) for name in names)
    return ()


def _last_part(name: str | None) -> str:
    return _fold(re.split(r"[\\/]", name or "")[-1])


def _fold(name: str) -> str:
    """A name in one case and one way of writing its accents: systems differ in both."""
    return unicodedata.normalize("NFC", name).casefold()
