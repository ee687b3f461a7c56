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
    names = _list_sheets(str(music.parent))
    own = [name for name in names if _fold(PurePath(name).stem) in _own_stems(music)]
    for name in own:
        if (found := _read(music.parent / name, is_own=True)) is not None:
            yield found
    for name in [name for name in names if name not in own][:MAX_OTHERS]:
        found = _read(music.parent / name, is_own=False)
        if found is not None and found.sheet and select_tracks(found.sheet, music.name):
            yield found


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


def _read(path: PurePath, *, is_own: bool) -> SheetBeside | None:
    try:
        raw = read_side_file(Path(path), what="a cue sheet", max_bytes=MAX_LENGTH)
    except OSError:
        return None
    except InvalidInputError as error:
        return None if not is_own else SheetBeside(path.name, None, str(error), b"", is_own)
    try:
        return SheetBeside(path.name, parse_cue(decode_sheet(raw)), "", raw, is_own)
    except InvalidInputError as error:
        return SheetBeside(path.name, None, str(error), raw, is_own)


def _list_sheets(folder: str) -> tuple[str, ...]:
    try:
        changed_ns = os.stat(folder).st_mtime_ns  # noqa: PTH116 (keeps odd bytes)
    except OSError:
        return ()
    return _list_sheets_of(folder, changed_ns)


@functools.lru_cache(maxsize=16)
def _list_sheets_of(folder: str, _changed_ns: int) -> tuple[str, ...]:
    """A folder is listed once, not once for each of its files, until it changes."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return tuple(
            sorted(entry.name for entry in entries if entry.name.lower().endswith(".cue"))
        )
    return ()


def _own_stems(music: PurePath) -> tuple[str, str]:
    return _fold(music.stem), _fold(music.name)


def _last_part(name: str | None) -> str:
    return _fold(re.split(r"[\\/]", name or "")[-1])


def _fold(name: str) -> str:
    """A name in one case and one way of writing its accents: systems differ in both."""
    return unicodedata.normalize("NFC", name).casefold()
