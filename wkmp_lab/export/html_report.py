"""The report of an import: one HTML file without scripts, that opens anywhere."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from wkmp_lab.display.numbers import (
    MAX_REASON,
    format_clock,
    format_count,
    format_name,
)
from wkmp_lab.display.palette import MATCH_COLORS
from wkmp_lab.display.safe_text import clean_path, escape_html, format_duration
from wkmp_lab.export.wkmp import find_root
from wkmp_lab.io.files.atomic_write import write_atomically
from wkmp_lab.model import MATCH_LEVELS, STATUSES, FileResult, MatchLevel, Passage
from wkmp_lab.units import seconds_from_ticks

MAX_ROWS = 5000
"""Rows of a table that the report shows; the CSV has them all."""
MAX_CELL = 120
"""Characters of a cell."""

_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Import report</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 90em; padding: 0 1em; }
h1 { font-size: 1.6em; margin-bottom: 0.2em; }
h2 { font-size: 1.2em; margin: 2em 0 0.4em; }
p, small { overflow-wrap: anywhere; }
small { opacity: 0.75; }
.share { display: flex; height: 10px; max-width: 40em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: 0.35em 0.6em; text-align: left;
  vertical-align: top; white-space: nowrap; }
td small { display: block; }
summary { cursor: pointer; }
.words { white-space: normal; min-width: 11em; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.dot { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; }
</style></head><body>
"""
_PASSAGES = (
    ("file", "words"),
    ("from", "number"),
    ("length", "number"),
    ("match", ""),
    ("what it is, and why", "words"),
    ("bpm", "number"),
    ("key", ""),
    ("LUFS", "number"),
    ("peak dBTP", "number"),
    ("lead-in s", "number"),
    ("lead-out s", "number"),
)
_FILES = (
    ("file", "words"),
    ("status", ""),
    ("codec", ""),
    ("length", "number"),
    ("passages", "number"),
    ("notes", "words"),
)
_FAILURES = (("file", "words"), ("phase", ""), ("reason", "words"))


def export_report(results: Sequence[FileResult], folder: Path) -> list[Path]:
    """``report.html`` in the folder."""
    content = format_report(results).encode()
    return [write_atomically(folder / "report.html", lambda place: place.write_bytes(content))]


def format_report(results: Sequence[FileResult]) -> str:
    """The report as HTML; every text in it is escaped, and files are named from their folder."""
    folder = find_root(results)
    failures = [_failure_cells(each, folder) for each in results if each.failure is not None]
    passages = [_passage_cells(each, p, folder) for each in results for p in each.passages]
    files = [_file_cells(each, folder) for each in results]
    parts = [
        _HEAD,
        "<h1>Import report</h1>",
        f"<p>{escape_html(clean_path(folder), 500)}</p>",
        _format_counts(results),
        _format_section("Failures", _FAILURES, failures) if failures else "",
        _format_section("Passages", _PASSAGES, passages),
        _format_section("Files", _FILES, files),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _format_counts(results: Sequence[FileResult]) -> str:
    status: Counter[str] = Counter(result.status for result in results)
    passages = [passage for result in results for passage in result.passages]
    match = Counter(p.identity.level for p in passages if p.identity is not None)
    audio_s = sum(result.duration_s or 0.0 for result in results)
    files = ", ".join(f"{status[name]} {name}" for name in STATUSES if status[name])
    levels = ", ".join(
        f"{_format_dot(name)} {match[name]} {name}" for name in MATCH_LEVELS if match[name]
    )
    shares = "".join(
        f'<span style="flex:{match[name]};background:{MATCH_COLORS[name]}"></span>'
        for name in MATCH_LEVELS
        if match[name]
    )
    return (
        f"<p>{format_count(len(results), 'file')} ({escape_html(files or 'none')}), "
        f"{format_duration(audio_s)} of audio<br>"
        f"{format_count(len(passages), 'passage')}: {levels or 'none identified'}</p>"
        f'<div class="share">{shares}</div>'
    )


def _format_section(
    title: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]
) -> str:
    """A heading and a table of cells that are HTML already; each column has a class."""
    heading = f"<h2>{escape_html(title)} ({len(rows)})</h2>"
    if not rows:
        return f"{heading}<p>none</p>"
    kinds = [f' class="{kind}"' if kind else "" for _, kind in columns]
    header = "".join(
        f'<th scope="col"{kind}>{name}</th>'
        for (name, _), kind in zip(columns, kinds, strict=True)
    )
    body = "\n".join(
        f"<tr>{''.join(f'<td{k}>{cell}</td>' for k, cell in zip(kinds, row, strict=True))}</tr>"
        for row in rows[:MAX_ROWS]
    )
    more = f"<p>The first {MAX_ROWS} of {len(rows)}.</p>" if len(rows) > MAX_ROWS else ""
    return (
        f'{heading}<div class="scroll"><table><thead><tr>{header}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>{more}"
    )


def _passage_cells(result: FileResult, passage: Passage, folder: str) -> tuple[str, ...]:
    identity, amplitude, told = passage.identity, passage.amplitude, passage.descriptors
    chosen = identity.chosen if identity else None
    names = [name for name in (chosen.artist, chosen.title) if name] if chosen else []
    number = f" [{passage.index + 1}]" if len(result.passages) > 1 else ""
    loudness = amplitude.loudness_lufs if amplitude else None
    return (
        format_name(result.path, MAX_CELL, folder=folder) + number,
        format_clock(passage.start_s),
        format_clock(passage.duration_s),
        f"{_format_dot(identity.level)} {identity.level}" if identity else "",
        _fold(" – ".join(names), identity.sentence if identity else ""),
        f"{told.tempo.bpm:.0f}" if told and told.tempo else "",
        escape_html(told.key.name) if told and told.key else "",
        "" if loudness is None else f"{loudness:.1f}",
        f"{amplitude.true_peak_dbtp:.1f}" if amplitude else "",
        f"{seconds_from_ticks(amplitude.lead_in_ticks):.1f}" if amplitude else "",
        f"{seconds_from_ticks(amplitude.lead_out_ticks):.1f}" if amplitude else "",
    )


def _file_cells(result: FileResult, folder: str) -> tuple[str, ...]:
    audio = result.audio
    verdict = result.segmentation.verdict if result.segmentation else ""
    same = f"the same as {clean_path(result.duplicate_of)}" if result.duplicate_of else ""
    remarks = "; ".join(note for note in (same, verdict, *result.notes) if note)
    return (
        format_name(result.path, MAX_CELL, folder=folder),
        escape_html(result.status.replace("_", " ")),
        escape_html(audio.codec, MAX_CELL) if audio else "",
        "" if result.duration_s is None else format_clock(result.duration_s),
        str(len(result.passages)),
        escape_html(remarks, MAX_REASON),
    )


def _failure_cells(result: FileResult, folder: str) -> tuple[str, ...]:
    failure = result.failure
    return (
        format_name(result.path, MAX_CELL, folder=folder),
        failure.phase.value if failure else "",
        escape_html(failure.reason, MAX_REASON) if failure else "",
    )


def _fold(name: str, sentence: str) -> str:
    """A name that opens to why it was taken; where there is none, why not."""
    why = f"<small>{escape_html(sentence, MAX_REASON)}</small>" if sentence else ""
    if not name or not why:
        return escape_html(name, MAX_CELL) + why
    return f"<details><summary>{escape_html(name, MAX_CELL)}</summary>{why}</details>"


def _format_dot(level: MatchLevel) -> str:
    return f'<span class="dot" style="background:{MATCH_COLORS[level]}"></span>'
