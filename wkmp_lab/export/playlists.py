"""Passages for other programs: CUE sheets, Audacity labels, a playlist."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Literal, NamedTuple

from wkmp_lab.display.safe_text import (
    clean_path,
    clean_text,
    compute_text_id,
    safe_file_name,
)
from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.io.files.atomic_write import write_atomically
from wkmp_lab.io.files.write_guard import require_outside
from wkmp_lab.io.sheets.cue import FRAMES_PER_S, TICKS_PER_FRAME
from wkmp_lab.model import FileResult, Passage

CUE_MAX_TRACKS = 99
"""A CUE sheet counts tracks in two digits."""

NameSource = Literal["identity", "tags", "declared"]


class KnownNames(NamedTuple):
    """What a passage is called, as far as that is known, and who says so."""

    title: str | None
    artist: str | None
    source: NameSource


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
    """One playlist of every passage, ``passages.m3u8``, with VLC's start and stop times."""
    lines = ["#EXTM3U"]
    for result in _playable(results):
        if _is_one_line(result.path):
            for passage in result.passages:
                lines += _m3u_entry(result, passage)
    text = "\n".join(lines) + "\n"
    return [_write_text(folder / "passages.m3u8", text, music_folder)]


def format_cue(result: FileResult, passages: Sequence[Passage]) -> str:
    """A CUE sheet of some passages of a file, with titles, performers and ISRCs where known.

    Times are rounded to 1/75 s: declared ones stay as they are.
    """
    container = result.audio.container if result.audio else ""
    kind = {"mp3": "MP3", "aiff": "AIFF"}.get(container.split(",")[0], "WAVE")
    tags = result.tags
    albums = [passage.declared.album for passage in passages if passage.declared]
    album = tags.album or next((album for album in albums if album), None)
    performer = tags.album_artist or tags.artist
    lines = [f'PERFORMER "{_quoted(performer)}"'] if performer else []
    lines += [f'TITLE "{_quoted(album)}"'] if album else []
    lines.append(f'FILE "{_one_line(result.path)}" {kind}')
    for number, passage in enumerate(passages, 1):
        title, artist = name_passage(result, passage)
        isrc = _find_isrc(result, passage)
        lines.append(f"  TRACK {number:02d} AUDIO")
        lines.append(f'    TITLE "{_quoted(title)}"')
        lines += [f'    PERFORMER "{_quoted(artist)}"'] if artist else []
        lines += [f"    ISRC {isrc}"] if isrc else []
        lines.append(f"    INDEX 01 {format_cue_time(passage.start_ticks)}")
    return "\n".join(lines) + "\n"


def format_cue_time(ticks: int) -> str:
    """Minutes, seconds and CD frames of a position in ticks.

    >>> format_cue_time(3725 * 28_224_000 + 30 * 376_320)
    '62:05:30'
    """
    n_seconds, frames = divmod(round(ticks / TICKS_PER_FRAME), FRAMES_PER_S)
    return f"{n_seconds // 60:02d}:{n_seconds % 60:02d}:{frames:02d}"


def format_labels(result: FileResult) -> str:
    """A line per passage: start and end in seconds, and its name, parted by tabs."""
    return "".join(
        f"{passage.start_s:.6f}\t{passage.end_s:.6f}\t{_full_name(result, passage)}\n"
        for passage in result.passages
    )


def name_passage(result: FileResult, passage: Passage) -> tuple[str, str | None]:
    """Title and artist to show: those that are known, else the file's name for a title.

    See :func:`find_names`.
    """
    found = find_names(result, passage)
    stem = clean_text(PurePath(result.path).stem)
    named = stem if len(result.passages) == 1 else f"{stem} [{passage.index + 1}]"
    return found.title or named, found.artist


def find_names(result: FileResult, passage: Passage) -> KnownNames:
    """Title and artist of a passage: of its identity, else of the tags, else as it is declared.

    A file's title names a passage only where it is the only one; its artist names all of them.
    """
    chosen = passage.identity.chosen if passage.identity else None
    if chosen is not None and chosen.title:
        return _clean_names(chosen.title, chosen.artist, "identity")
    tags, declared = result.tags, passage.declared
    if len(result.passages) == 1 and tags.title:
        return _clean_names(tags.title, tags.artist, "tags")
    if declared is not None and declared.title:
        return _clean_names(declared.title, declared.performer or tags.artist, "declared")
    return _clean_names(None, tags.artist, "tags")


def _clean_names(title: str | None, artist: str | None, source: NameSource) -> KnownNames:
    return KnownNames(
        clean_text(title) if title else None, clean_text(artist) if artist else None, source
    )


def _find_isrc(result: FileResult, passage: Passage) -> str | None:
    declared = passage.declared.isrc if passage.declared else None
    return declared or (result.tags.isrc if len(result.passages) == 1 else None)


def _full_name(result: FileResult, passage: Passage) -> str:
    title, artist = name_passage(result, passage)
    return f"{artist} - {title}" if artist else title


def _m3u_entry(result: FileResult, passage: Passage) -> list[str]:
    return [
        f"#EXTINF:{round(passage.duration_s)},{_full_name(result, passage)}",
        f"#EXTVLCOPT:start-time={passage.start_s:.3f}",
        f"#EXTVLCOPT:stop-time={passage.end_s:.3f}",
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
