"""CUE sheets: where the pieces of an audio file begin, as its ripper or its owner wrote it down.

Sheets come from many programs and many hands, so the reader is tolerant: commands that it does not
know, remarks and missing quotation marks are passed over. What it does need are times that can be
read and that grow.
"""

import contextlib
import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.files.side_files import read_side_file

FRAMES_PER_S = 75
"""A CD's frames, in which a sheet counts fractions of a second."""
MAX_TRACKS = 999
MAX_LENGTH = 1 << 20
"""Characters; a sheet of 99 tracks has about 10,000."""

_TIME = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2})", re.ASCII)
_WORD = re.compile(r'"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class CueTrack:
    """One piece of a sheet.

    Attributes
    ----------
    number
        As the sheet counts; titles and performers are None where it names none.
    start_s
        INDEX 01, where the piece begins.
    pregap_s
        INDEX 00, where the gap before it begins; None where the sheet has none.
    file
        The audio file that it lies in, as the sheet names it.
    """

    number: int
    start_s: float
    pregap_s: float | None = None
    title: str | None = None
    performer: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class CueSheet:
    """The pieces of a sheet in order, and what it says of the whole."""

    tracks: tuple[CueTrack, ...]
    title: str | None = None
    performer: str | None = None


def parse_cue(text: str) -> CueSheet:
    """The sheet that a text holds.

    Parameters
    ----------
    text
        Of a sheet; any line ends, a byte order mark may lead it.

    Raises
    ------
    InvalidInputError
        When there is no track with a start, or when the starts within one file do not grow.

    Examples
    --------
    >>> sheet = parse_cue('''FILE "side.flac" WAVE
    ...   TRACK 01 AUDIO
    ...     TITLE "One"
    ...     INDEX 01 00:00:00
    ...   TRACK 02 AUDIO
    ...     INDEX 01 03:25:37''')
    >>> [(track.number, round(track.start_s, 2), track.title) for track in sheet.tracks]
    [(1, 0.0, 'One'), (2, 205.49, None)]
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInputError(f"a cue sheet has at most {MAX_LENGTH} characters")
    drafts: list[CueTrack] = []
    title = performer = file = None
    for line in text.removeprefix("\ufeff").splitlines():
        command, *words = _split(line)
        value = " ".join(words) or None
        if command == "FILE" and words:
            file = words[0]
        elif command == "TRACK" and words:
            drafts.append(_begin_track(words, file, n_before=len(drafts)))
        elif drafts:
            drafts[-1] = _read_track_line(drafts[-1], command, words)
        elif command == "TITLE":
            title = value
        elif command == "PERFORMER":
            performer = value
    return CueSheet(_check(drafts), title, performer)


def durations_of(sheet: CueSheet, end_s: float, *, file: str | None = None) -> tuple[float, ...]:
    """Lengths in seconds of the pieces of one audio file, the last one to the file's end.

    Parameters
    ----------
    sheet
        The sheet.
    end_s
        Length of the audio file.
    file
        Whose pieces are wanted where the sheet names several files (only the last part of its
        path counts, in any case of letters); None: the sheet is of one file.

    Returns
    -------
    tuple of float
        Empty where the sheet has no piece of the file, where it names several files and none is
        asked for, or where a piece starts behind the end: it is the sheet of something else then.

    Examples
    --------
    >>> sheet = CueSheet((CueTrack(1, 0.0), CueTrack(2, 200.0)))
    >>> durations_of(sheet, 330.0)
    (200.0, 130.0)
    >>> durations_of(sheet, 150.0)
    ()
    """
    files = {track.file for track in sheet.tracks}
    if len(files) > 1 and file is None:
        return ()
    wanted = [
        track.start_s
        for track in sheet.tracks
        if len(files) == 1 or _last_part(track.file) == _last_part(file)
    ]
    # What lies before the first piece belongs to it: passages cover the file whole.
    edges = [0.0, *wanted[1:], end_s]
    lengths = tuple(b - a for a, b in itertools.pairwise(edges))
    return lengths if wanted and min(lengths) > 0 else ()


def read_cue_beside(path: str | Path) -> CueSheet | None:
    """The sheet of the same stem beside an audio file; None where there is none to be read.

    ``side.cue`` and ``side.flac.cue`` are looked for. A sheet that is no UTF-8 is taken for
    Latin-1, as older rippers wrote it.
    """
    for raw in _read_beside(path):
        with contextlib.suppress(InvalidInputError):
            return parse_cue(_decode(raw))
    return None


def hash_cues_beside(path: str | Path) -> str | None:
    """Eight hexadecimal digits that stand for the sheets beside an audio file, None for none."""
    sheets = list(_read_beside(path))
    return hashlib.sha256(b"\0".join(sheets)).hexdigest()[:8] if sheets else None


def _read_beside(path: str | Path) -> Iterator[bytes]:
    music = Path(path)
    for place in (music.with_suffix(".cue"), Path(f"{music}.cue")):
        with contextlib.suppress(OSError, InvalidInputError):
            yield read_side_file(place, what="a cue sheet", max_bytes=MAX_LENGTH)


def _decode(raw: bytes) -> str:
    for encoding in ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8",):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            break
    return raw.decode("latin-1")


def _split(line: str) -> list[str]:
    """The command in capitals and its words, without quotation marks; ``[""]`` for nothing."""
    words = [quoted or plain for quoted, plain in _WORD.findall(line)]
    return [words[0].upper(), *words[1:]] if words else [""]


def _begin_track(words: list[str], file: str | None, *, n_before: int) -> CueTrack:
    if n_before >= MAX_TRACKS:
        raise InvalidInputError(f"a cue sheet has at most {MAX_TRACKS} tracks")
    number = int(words[0]) if re.fullmatch(r"[0-9]{1,4}", words[0]) else n_before + 1
    return CueTrack(number, start_s=-1.0, file=file)


def _read_track_line(track: CueTrack, command: str, words: list[str]) -> CueTrack:
    if command == "INDEX" and len(words) >= 2:
        at_s = _read_time(words[1])
        if words[0] in ("1", "01"):
            return replace(track, start_s=at_s)
        return replace(track, pregap_s=at_s) if words[0] in ("0", "00") else track
    value = " ".join(words) or None
    if command == "TITLE":
        return replace(track, title=value)
    return replace(track, performer=value) if command == "PERFORMER" else track


def _read_time(word: str) -> float:
    """Seconds of ``minutes:seconds:frames``.

    >>> _read_time("62:05:30")
    3725.4
    """
    found = _TIME.fullmatch(word)
    if found is None:
        raise InvalidInputError(f"a cue time must be minutes:seconds:frames, got {word[:40]!r}")
    minutes, seconds, frames = (int(part) for part in found.groups())
    if seconds >= 60 or frames >= FRAMES_PER_S:
        raise InvalidInputError(f"a cue time needs seconds < 60 and frames < 75, got {word!r}")
    return 60.0 * minutes + seconds + frames / FRAMES_PER_S


def _check(drafts: list[CueTrack]) -> tuple[CueTrack, ...]:
    """The tracks that have a start; in one file they must follow each other."""
    tracks = tuple(track for track in drafts if track.start_s >= 0)
    if not tracks:
        raise InvalidInputError("a cue sheet needs a track with INDEX 01, found none")
    for before, after in itertools.pairwise(tracks):
        if before.file == after.file and after.start_s <= before.start_s:
            raise InvalidInputError(
                f"cue tracks must follow each other, got track {after.number} "
                f"at {after.start_s:.2f} s after one at {before.start_s:.2f} s"
            )
    return tracks


def _last_part(name: str | None) -> str:
    return re.split(r"[\\/]", name or "")[-1].casefold()
