"""The report of a library: one HTML file that opens anywhere and asks no network."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wkmp_lab.display.numbers import format_counts
from wkmp_lab.display.pages import encode_base64, hash_script
from wkmp_lab.display.palette import MATCH_COLORS
from wkmp_lab.display.safe_text import clean_path, format_duration
from wkmp_lab.display.templating import render
from wkmp_lab.errors import WkmpLabError
from wkmp_lab.export.playlists import find_names
from wkmp_lab.export.wkmp import find_root
from wkmp_lab.io.files.atomic_write import write_atomically
from wkmp_lab.io.files.clips import read_clip
from wkmp_lab.model import MATCH_LEVELS, STATUSES, FileResult, Passage, PassageId
from wkmp_lab.runner.decoder_child import run_in_child
from wkmp_lab.tables.tables import passages_table
from wkmp_lab.units import seconds_from_ticks

if TYPE_CHECKING:
    from wkmp_lab.plots.figures import Picture

MAX_ROWS = 5000
"""Rows of a table that the report shows; the CSV has them all."""
MAX_CELL = 120
"""Characters of a cell."""
MAX_CLIPS = 60
CLIP_S = 6.0
"""Of 64 kbit/s: 60 clips make 4 MB of page."""
CLIP_BUDGET_S = 3 * 3600.0
"""Audio that is decoded for clips: most formats can only be read from their start."""
_SOURCES = {"identity": "", "tags": " (by its tags)", "declared": " (by its sheet or chapters)"}


class _PassageRow(NamedTuple):
    """What the report shows of a passage; texts are empty where there is nothing."""

    path: str
    place: str
    """By which it is sorted."""
    number: str
    start_s: float
    duration_s: float
    level: str
    rank: str
    color: str
    names: str
    sentence: str
    clip: str
    tempo_bpm: str
    key: str
    loudness_lufs: str
    true_peak_dbtp: str
    lead_in_s: str
    lead_out_s: str


class _FileRow(NamedTuple):
    """What the report shows of a file."""

    path: str
    status: str
    codec: str
    duration_s: float | None
    n_passages: int
    notes: str


def export_report(
    results: Sequence[FileResult], folder: Path, *, music_folder: Path | None = None
) -> list[Path]:
    """``report.html`` in the folder, with pictures of the library and clips of its passages."""
    pictures = _draw_pictures(results)
    clips = dict(_read_clips(results))
    content = format_report(results, pictures=pictures, clips=clips).encode()
    path = folder / "report.html"
    return [
        write_atomically(path, lambda place: place.write_bytes(content), music_folder=music_folder)
    ]


def format_report(
    results: Sequence[FileResult],
    *,
    pictures: Sequence["Picture"] = (),
    clips: Mapping[PassageId, bytes] | None = None,
) -> str:
    """The report as HTML; files are named from their folder.

    Parameters
    ----------
    pictures
        What stands above the tables.
    clips
        Ogg Opus of some passages.
    """
    clips = clips or {}
    status: Counter[str] = Counter(result.status for result in results)
    passages = [passage for result in results for passage in result.passages]
    match = Counter(p.identity.level for p in passages if p.identity is not None)
    values = {
        "script_hash": hash_script(),
        "folder": clean_path(find_root(results)),
        "n_files": len(results),
        "statuses": format_counts(status, STATUSES),
        "audio": format_duration(sum(result.duration_s or 0.0 for result in results)),
        "n_passages": len(passages),
        "levels": [(n, MATCH_COLORS[n], match[n]) for n in MATCH_LEVELS if match[n]],
        "drawn": list(pictures),
        "failures": [
            (result.path, result.failure.phase.value, result.failure.reason)
            for result in results
            if result.failure is not None
        ],
        "passages": [
            _make_row(result, p, clips.get((result.path, p.index)))
            for result in results
            for p in result.passages
        ],
        "files": [_make_file_row(result) for result in results],
        "n_clips": len(clips),
        "max_rows": MAX_ROWS,
        "max_cell": MAX_CELL,
    }
    return render("export/templates/report.html.jinja", "report", values)


def _draw_pictures(results: Sequence[FileResult]) -> list["Picture"]:
    # Loaded here: other exports must not pay for matplotlib.
    from wkmp_lab.plots import library
    from wkmp_lab.plots.figures import embed_picture

    table = passages_table(results)
    if not len(table):
        return []
    plots = (
        *(library.plot_match_levels, library.plot_keys),
        *(library.plot_loudness_tempo, library.plot_dynamics),
    )
    return [embed_picture(plot(table)) for plot in plots]


def choose_clips(results: Sequence[FileResult]) -> list[tuple[FileResult, Passage, float]]:
    """Passages that a report lets hear, and from where in the file, in seconds.

    In the order of the table, as many as its size and the time to decode them allow; a third into
    the passage, where music is at its most usual.
    """
    chosen: list[tuple[FileResult, Passage, float]] = []
    left_s = CLIP_BUDGET_S
    rows = [(result, passage) for result in results for passage in result.passages]
    for result, passage in rows[:MAX_ROWS]:
        start_s = passage.start_s + max(passage.duration_s - CLIP_S, 0.0) / 3.0
        if len(chosen) < MAX_CLIPS and start_s + CLIP_S <= left_s:
            left_s -= start_s + CLIP_S
            chosen.append((result, passage, start_s))
    return chosen


def _read_clips(results: Sequence[FileResult]) -> Iterator[tuple[PassageId, bytes]]:
    """Clips as far as the files are still there; each is cut in the child, as any sound."""
    for result, passage, start_s in choose_clips(results):
        if not Path(result.path).is_file():
            continue
        end_s = min(start_s + CLIP_S, passage.end_s)
        work = partial(read_clip, result.path, start_s=start_s, end_s=end_s)
        with contextlib.suppress(WkmpLabError, OSError):  # a page without it is whole
            yield (result.path, passage.index), run_in_child(work, path=result.path)


def _make_row(result: FileResult, passage: Passage, clip: bytes | None) -> _PassageRow:
    identity, amplitude, told = passage.identity, passage.amplitude, passage.descriptors
    loudness = amplitude.loudness_lufs if amplitude else None
    return _PassageRow(
        path=result.path,
        place=f"{result.path} {passage.index:04d}",
        number=str(passage.index) if len(result.passages) > 1 else "",
        start_s=passage.start_s,
        duration_s=passage.duration_s,
        level=identity.level if identity else "",
        rank=str(MATCH_LEVELS.index(identity.level)) if identity else "",
        color=MATCH_COLORS[identity.level] if identity else "",
        names=_tell_names(result, passage),
        sentence=identity.sentence if identity else "",
        clip=encode_base64(clip) if clip else "",
        tempo_bpm=f"{told.tempo.bpm:.0f}" if told and told.tempo else "",
        key=told.key.name if told and told.key else "",
        loudness_lufs="" if loudness is None else f"{loudness:.1f}",
        true_peak_dbtp=f"{amplitude.true_peak_dbtp:.1f}" if amplitude else "",
        lead_in_s=f"{seconds_from_ticks(amplitude.lead_in_ticks):.1f}" if amplitude else "",
        lead_out_s=f"{seconds_from_ticks(amplitude.lead_out_ticks):.1f}" if amplitude else "",
    )


def _tell_names(result: FileResult, passage: Passage) -> str:
    """Artist and title, and whose word they are where nothing was identified."""
    found = find_names(result, passage)
    if found.title is None:
        return ""
    names = " – ".join(name for name in (found.artist, found.title) if name)
    return names + _SOURCES[found.source]


def _make_file_row(result: FileResult) -> _FileRow:
    verdict = result.segmentation.verdict if result.segmentation else ""
    same = f"the same as {clean_path(result.duplicate_of)}" if result.duplicate_of else ""
    return _FileRow(
        path=result.path,
        status=result.status.replace("_", " "),
        codec=result.audio.codec if result.audio else "",
        duration_s=result.duration_s,
        n_passages=len(result.passages),
        notes="; ".join(note for note in (same, verdict, *result.all_notes) if note),
    )
