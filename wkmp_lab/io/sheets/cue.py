"""CUE sheets: where the pieces of an audio file begin, as its ripper or its owner wrote it down.

Sheets come from many programs and many hands, so the reader is tolerant: commands that it does not
know, remarks and missing quotation marks are passed over, and a track whose time cannot be read,
or lies before that of the track ahead of it, is left out and told of. The others hold.
"""

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.units import TICKS_PER_SECOND

FRAMES_PER_S = 75
"""A CD's frames, in which a sheet counts fractions of a second."""
TICKS_PER_FRAME = TICKS_PER_SECOND // FRAMES_PER_S
"""A whole number, so that no cut is moved."""
MAX_TRACKS = 999
MAX_LENGTH = 1 << 20
"""Characters; a sheet of 99 tracks has about 10,000."""

_TIME = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2})", re.ASCII)
_KINDS = frozenset("AIFF ALAC APE BINARY FLAC MOTOROLA MP3 OGG WAVE WV".split())
"""What may follow the name of a file, and is no part of it where that has no quotation marks."""


@dataclass(frozen=True, slots=True)
class CueTrack:
    """One piece of a sheet; what the sheet does not say of it is None.

    Attributes
    ----------
    number
        As the sheet counts.
    start_frames
        INDEX 01, where the piece begins, in 1/75 s.
    file
        The audio file that INDEX 01 lies in, as the sheet names it: the gap before a piece may be
        the end of another file.
    """

    number: int
    start_frames: int
    title: str | None = None
    performer: str | None = None
    isrc: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class CueFault:
    """A track that cannot be used, and why, in words."""

    file: str | None
    why: str


@dataclass(frozen=True, slots=True)
class CueSheet:
    """The pieces of a sheet in order, what it says of the whole, and what is wrong with it."""

    tracks: tuple[CueTrack, ...]
    title: str | None = None
    performer: str | None = None
    faults: tuple[CueFault, ...] = ()


@dataclass(slots=True)
class _Draft:
    """A track that is being read."""

    number: int
    file: str | None
    is_audio: bool
    start_frames: int | None = None
    fault: str | None = None
    words: dict[str, str] = field(default_factory=dict)


def parse_cue(text: str) -> CueSheet:
    """The sheet that a text holds.

    Parameters
    ----------
    text
        Of a sheet; any line ends, a byte order mark may lead it.

    Raises
    ------
    InvalidInputError
        When there is no track with a start that can be used, or the text is too long.

    Examples
    --------
    >>> sheet = parse_cue('''FILE "side.flac" WAVE
    ...   TRACK 01 AUDIO
    ...     TITLE "One"
    ...     INDEX 01 00:00:00
    ...   TRACK 02 AUDIO
    ...     INDEX 01 03:25:37
    ...   TRACK 03 AUDIO
    ...     INDEX 01 04:99:00''')
    >>> [(track.number, track.start_frames, track.title) for track in sheet.tracks]
    [(1, 0, 'One'), (2, 15412, None)]
    >>> sheet.faults[0].why
    'track 3 has the impossible time 04:99:00'
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInputError(f"a cue sheet has at most {MAX_LENGTH} characters")
    drafts: list[_Draft] = []
    whole: dict[str, str] = {}
    file = None
    for line in text.removeprefix("\ufeff").splitlines():
        command, rest = (*line.split(maxsplit=1), "", "")[:2]
        command, rest = command.upper(), rest.strip()
        if command == "FILE" and rest:
            file = _read_file_name(rest)
        elif command == "TRACK" and rest:
            drafts.append(_begin_track(rest.split(), file, n_before=len(drafts)))
        elif command == "INDEX" and drafts:
            _read_index(drafts[-1], rest.split(), file)
        elif command in ("TITLE", "PERFORMER", "ISRC"):
            words = drafts[-1].words if drafts else whole
            words.setdefault(command.lower(), _read_text(rest))
    return _close(drafts, whole)


def find_growing(values: Sequence[int]) -> list[int]:
    """Indices of as many values as possible that grow, each beyond the one before.

    >>> find_growing([0, 900, 200, 300, 300])
    [0, 2, 3]
    """
    tails: list[int] = []
    ends: list[int] = []
    before: list[int | None] = []
    for index, value in enumerate(values):
        place = bisect.bisect_left(tails, value)
        before.append(ends[place - 1] if place else None)
        if tails[place : place + 1] != [value]:  # of equals the first
            tails[place : place + 1] = [value]
            ends[place : place + 1] = [index]
    chain = []
    at = ends[-1] if ends else None
    while at is not None:
        chain.append(at)
        at = before[at]
    return chain[::-1]


def _read_file_name(rest: str) -> str:
    if rest.startswith('"') and rest.count('"') > 1:
        return _read_text(rest)
    name, _, kind = rest.strip('"').rpartition(" ")
    return name.strip('" ') if name and kind.strip('"').upper() in _KINDS else rest.strip('"')


def _read_text(rest: str) -> str:
    """A text without its quotation marks: those inside are its own."""
    if not rest.startswith('"'):
        return rest
    inner = rest[1:]
    return inner[: inner.rindex('"')] if '"' in inner else inner


def _begin_track(words: list[str], file: str | None, *, n_before: int) -> _Draft:
    if n_before >= MAX_TRACKS:
        raise InvalidInputError(f"a cue sheet has at most {MAX_TRACKS} tracks")
    number = int(words[0]) if re.fullmatch(r"[0-9]{1,4}", words[0]) else n_before + 1
    return _Draft(number, file, is_audio=words[-1].upper().partition("/")[0][:4] != "MODE")


def _read_index(draft: _Draft, words: list[str], file: str | None) -> None:
    if len(words) < 2 or words[0] not in ("1", "01") or draft.start_frames is not None:
        return
    draft.file = file
    draft.start_frames = _read_frames(words[1])
    if draft.start_frames is None:
        draft.fault = f"track {draft.number} has the impossible time {words[1][:20]}"


def _read_frames(word: str) -> int | None:
    """Frames of ``minutes:seconds:frames``; None where that is no time.

    >>> _read_frames("62:05:30"), _read_frames("00:60:00"), _read_frames("1.5")
    (279405, None, None)
    """
    found = _TIME.fullmatch(word)
    if found is None:
        return None
    minutes, seconds, frames = (int(part) for part in found.groups())
    if seconds >= 60 or frames >= FRAMES_PER_S:
        return None
    return (60 * minutes + seconds) * FRAMES_PER_S + frames


def _close(drafts: Sequence[_Draft], whole: dict[str, str]) -> CueSheet:
    """The tracks that have a start; in one file they must follow each other."""
    audio = [draft for draft in drafts if draft.is_audio]
    for draft in audio:
        if draft.start_frames is None and draft.fault is None:
            draft.fault = f"track {draft.number} has no INDEX 01"
    for file in dict.fromkeys(draft.file for draft in audio):
        _note_disorder([d for d in audio if d.file == file and d.start_frames is not None])
    tracks = tuple(
        CueTrack(draft.number, draft.start_frames, file=draft.file, **_texts_of(draft.words))
        for draft in audio
        if draft.fault is None and draft.start_frames is not None
    )
    faults = tuple(CueFault(draft.file, draft.fault) for draft in audio if draft.fault)
    if not tracks:
        why = f"; {faults[0].why}" if faults else ""
        raise InvalidInputError(f"a cue sheet needs a track with INDEX 01, found none{why}")
    return CueSheet(tracks, whole.get("title") or None, whole.get("performer") or None, faults)


def _note_disorder(drafts: Sequence[_Draft]) -> None:
    growing = set(find_growing([draft.start_frames or 0 for draft in drafts]))
    for place, draft in enumerate(drafts):
        if place not in growing:
            draft.fault = f"track {draft.number} does not follow the others in time"


def _texts_of(words: dict[str, str]) -> dict[str, str | None]:
    return {name: words.get(name) or None for name in ("title", "performer", "isrc")}
