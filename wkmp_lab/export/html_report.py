"""The report of an import: one HTML file without scripts, that opens anywhere."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from wkmp_lab.display.numbers import format_clock
from wkmp_lab.display.palette import MATCH_COLORS
from wkmp_lab.display.safe_text import clean_path, format_duration
from wkmp_lab.display.templating import render
from wkmp_lab.export.wkmp import find_root
from wkmp_lab.io.files.atomic_write import write_atomically
from wkmp_lab.model import MATCH_LEVELS, STATUSES, FileResult, Passage
from wkmp_lab.units import seconds_from_ticks

MAX_ROWS = 5000
"""Rows of a table that the report shows; the CSV has them all."""
MAX_CELL = 120
"""Characters of a cell."""


class _PassageRow(NamedTuple):
    """What the report shows of a passage, as text; empty where there is nothing."""

    path: str
    number: str
    start: str
    length: str
    level: str
    color: str
    names: str
    sentence: str
    tempo_bpm: str
    key: str
    loudness_lufs: str
    true_peak_dbtp: str
    lead_in_s: str
    lead_out_s: str


def export_report(results: Sequence[FileResult], folder: Path) -> list[Path]:
    """``report.html`` in the folder."""
    content = format_report(results).encode()
    return [write_atomically(folder / "report.html", lambda place: place.write_bytes(content))]


def format_report(results: Sequence[FileResult]) -> str:
    """The report as HTML; files are named from their folder."""
    status: Counter[str] = Counter(result.status for result in results)
    passages = [passage for result in results for passage in result.passages]
    match = Counter(p.identity.level for p in passages if p.identity is not None)
    values = {
        "folder": clean_path(find_root(results)),
        "n_files": len(results),
        "statuses": ", ".join(f"{status[n]} {n}" for n in STATUSES if status[n]) or "none",
        "audio": format_duration(sum(result.duration_s or 0.0 for result in results)),
        "n_passages": len(passages),
        "levels": [(n, MATCH_COLORS[n], match[n]) for n in MATCH_LEVELS if match[n]],
        "failures": [
            (result.path, result.failure.phase.value, result.failure.reason)
            for result in results
            if result.failure is not None
        ],
        "passages": [_make_row(result, p) for result in results for p in result.passages],
        "files": [_file_cells(result) for result in results],
        "max_rows": MAX_ROWS,
        "max_cell": MAX_CELL,
    }
    return render("export/templates/report.html.jinja", "page", values)


def _make_row(result: FileResult, passage: Passage) -> _PassageRow:
    identity, amplitude, told = passage.identity, passage.amplitude, passage.descriptors
    chosen = identity.chosen if identity else None
    names = [name for name in (chosen.artist, chosen.title) if name] if chosen else []
    loudness = amplitude.loudness_lufs if amplitude else None
    return _PassageRow(
        path=result.path,
        number=str(passage.index + 1) if len(result.passages) > 1 else "",
        start=format_clock(passage.start_s),
        length=format_clock(passage.duration_s),
        level=identity.level if identity else "",
        color=MATCH_COLORS[identity.level] if identity else "",
        names=" – ".join(names),
        sentence=identity.sentence if identity else "",
        tempo_bpm=f"{told.tempo.bpm:.0f}" if told and told.tempo else "",
        key=told.key.name if told and told.key else "",
        loudness_lufs="" if loudness is None else f"{loudness:.1f}",
        true_peak_dbtp=f"{amplitude.true_peak_dbtp:.1f}" if amplitude else "",
        lead_in_s=f"{seconds_from_ticks(amplitude.lead_in_ticks):.1f}" if amplitude else "",
        lead_out_s=f"{seconds_from_ticks(amplitude.lead_out_ticks):.1f}" if amplitude else "",
    )


def _file_cells(result: FileResult) -> tuple[str, ...]:
    audio = result.audio
    verdict = result.segmentation.verdict if result.segmentation else ""
    same = f"the same as {clean_path(result.duplicate_of)}" if result.duplicate_of else ""
    return (
        result.path,
        result.status.replace("_", " "),
        audio.codec if audio else "",
        "" if result.duration_s is None else format_clock(result.duration_s),
        str(len(result.passages)),
        "; ".join(note for note in (same, verdict, *result.all_notes) if note),
    )
