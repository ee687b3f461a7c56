"""Passages for other programs: CUE sheets, Audacity labels, a playlist."""

from collections.abc import Sequence
from pathlib import Path, PurePath

from wkmp_lab.display.safe_text import (
    clean_path,
    clean_text,
    compute_text_id,
    safe_file_name,
)
from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.io.files.atomic_write import write_atomically
from wkmp_lab.io.files.write_guard import require_outside
from wkmp_lab.model import FileResult, Passage
from wkmp_lab.units import seconds_from_ticks

CUE_FRAMES_PER_S = 75
CUE_MAX_TRACKS = 99
"""A CUE sheet counts time in frames of a CD, and tracks in two digits."""


def export_cue(
    results: Sequence[FileResult], folder: Path, *, music_folder: Path | None = None
) -> list[Path]:
    """A CUE sheet per file with passages, in ``cue/``; one with over 99 passages has several."""
    place = folder / "cue"
    taken: set[str] = set()
    written = []
    for result in _playable(results):
        for first in range(0, len(result.passages), CUE_MAX_TRACKS):
            passages = result.passages[first : first + CUE_MAX_TRACKS]
            ending = f"-{first // CUE_MAX_TRACKS + 1}.cue" if first else ".cue"
            path = _place(place, result.path, ending, taken)
            written.append(_write_text(path, format_cue(result, passages), music_folder))
    return written


def export_labels(
    results: Sequence[FileResult], folder: Path, *, music_folder: Path | None = None
) -> list[Path]:
    """An Audacity label file per file with passages, in ``labels/``."""
    place = folder / "labels"
    taken: set[str] = set()
    return [
        _write_text(_place(place, result.path, ".txt", taken), format_labels(result), music_folder)
        for result in _playable(results)
    ]


def export_m3u(
    results: Sequence[FileResult], folder: Path, *, music_folder: Path | None = None
) -> list[Path]:
    """One playlist of every passage, ``passages.m3u8``, from its first sound to its last (VLC's
    start and stop times)."""
    lines = ["#EXTM3U"]
    for result in _playable(results):
        if _is_one_line(result.path):
            for passage in result.passages:
                lines += _m3u_entry(result, passage)
    text = "\n".join(lines) + "\n"
    return [_write_text(folder / "passages.m3u8", text, music_folder)]


def format_cue(result: FileResult, passages: Sequence[Passage]) -> str:
    """A CUE sheet of some passages of a file; times are rounded to 1/75 s."""
    container = result.audio.container if result.audio else ""
    kind = {"mp3": "MP3", "aiff": "AIFF"}.get(container.split(",")[0], "WAVE")
    tags = result.tags
    performer = tags.album_artist or tags.artist
    lines = [f'PERFORMER "{_quoted(performer)}"'] if performer else []
    lines += [f'TITLE "{_quoted(tags.album)}"'] if tags.album else []
    lines.append(f'FILE "{_one_line(result.path)}" {kind}')
    for number, passage in enumerate(passages, 1):
        title, artist = name_passage(result, passage)
        lines.append(f"  TRACK {number:02d} AUDIO")
        lines.append(f'    TITLE "{_quoted(title)}"')
        if artist:
            lines.append(f'    PERFORMER "{_quoted(artist)}"')
        lines.append(f"    INDEX 01 {format_cue_time(passage.start_s)}")
    return "\n".join(lines) + "\n"


def format_cue_time(seconds: float) -> str:
    """Minutes, seconds and CD frames.

    >>> format_cue_time(3725.4)
    '62:05:30'
    """
    n_frames = round(seconds * CUE_FRAMES_PER_S)
    n_seconds, frames = divmod(n_frames, CUE_FRAMES_PER_S)
    return f"{n_seconds // 60:02d}:{n_seconds % 60:02d}:{frames:02d}"


def format_labels(result: FileResult) -> str:
    """A line per passage: first and last sound in seconds, and its name, parted by tabs."""
    lines = []
    for passage in result.passages:
        start_s, end_s = _playable_s(passage)
        lines.append(f"{start_s:.6f}\t{end_s:.6f}\t{_full_name(result, passage)}\n")
    return "".join(lines)


def name_passage(result: FileResult, passage: Passage) -> tuple[str, str | None]:
    """Title and artist to show: of the identity, else of the tags, else the file's name.

    A file's tags name a passage only where it is the only one.
    """
    identity = passage.identity
    if identity and identity.chosen and identity.chosen.title:
        artist = identity.chosen.artist
        return clean_text(identity.chosen.title), clean_text(artist) if artist else None
    artist = clean_text(result.tags.artist) if result.tags.artist else None
    if len(result.passages) == 1:
        return clean_text(result.tags.title or PurePath(result.path).stem), artist
    return f"{clean_text(PurePath(result.path).stem)} [{passage.index + 1}]", artist


def _full_name(result: FileResult, passage: Passage) -> str:
    title, artist = name_passage(result, passage)
    return f"{artist} - {title}" if artist else title


def _playable_s(passage: Passage) -> tuple[float, float]:
    start, end = passage.playable_ticks
    return seconds_from_ticks(start), seconds_from_ticks(end)


def _m3u_entry(result: FileResult, passage: Passage) -> list[str]:
    start_s, end_s = _playable_s(passage)
    return [
        f"#EXTINF:{round(end_s - start_s)},{_full_name(result, passage)}",
        f"#EXTVLCOPT:start-time={start_s:.3f}",
        f"#EXTVLCOPT:stop-time={end_s:.3f}",
        result.path,
    ]


def _playable(results: Sequence[FileResult]) -> list[FileResult]:
    return [result for result in results if result.passages]


def _place(folder: Path, source: str, suffix: str, taken: set[str]) -> Path:
    """A file of its own for each source, also where the file system ignores case."""
    name = safe_file_name(PurePath(source).name, suffix=suffix)
    if name.casefold() in taken:
        name = safe_file_name(f"{PurePath(source).name}-{compute_text_id(source)}", suffix=suffix)
    taken.add(name.casefold())
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidInputError(f"a name leads out of {str(folder)!r}: {name!r}")
    return path


def _write_text(path: Path, text: str, music_folder: Path | None) -> Path:
    # Undecodable bytes of file names go out as they came in, so that players find the files.
    content = text.encode("utf-8", "surrogateescape")
    require_outside(path, music_folder=music_folder)
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise WkmpLabError(f"cannot make {str(path.parent)!r}: {error.strerror}") from error
    return write_atomically(
        path, lambda place: place.write_bytes(content), music_folder=music_folder
    )


def _is_one_line(path: str) -> bool:
    has_bytes_only = not any("\ud800" <= sign < "\udc80" for sign in path)
    return has_bytes_only and len(path.splitlines()) == 1


def _one_line(path: str) -> str:
    return path if _is_one_line(path) else clean_path(path)


def _quoted(text: str | None) -> str:
    """CUE has no way to write a quotation mark inside quotation marks."""
    return clean_text(text or "").replace('"', "'")
