"""The report of an import: one HTML file without scripts, that opens anywhere."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from wkmp_lab.atomic import write_atomically
from wkmp_lab.columns import STATUSES
from wkmp_lab.model import MATCH_LEVELS, FileResult
from wkmp_lab.tables import failures_table, files_table, passages_table
from wkmp_lab.text import escape_html

MAX_ROWS = 5000
"""Rows of a table that the report shows; the CSV has them all."""
MAX_CELL = 120
"""Characters of a cell."""

_FILES = ("path", "status", "format", "duration_s", "n_passages", "verdict", "notes")
_PASSAGES = (
    "path",
    "passage",
    "start_s",
    "duration_s",
    "match",
    "title",
    "artist",
    "score",
    "tempo_bpm",
    "key",
    "loudness_lufs",
    "true_peak_dbtp",
    "lead_in_s",
    "lead_out_s",
    "match_sentence",
)
_FAILURES = ("path", "phase", "reason")
_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Import report</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 110em; padding: 0 1em; }
table { border-collapse: collapse; margin: 0.5em 0 2em; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #8884; padding: 0.2em 0.7em; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
</style></head><body>
"""


def export_report(results: Sequence[FileResult], folder: Path) -> list[Path]:
    """``report.html`` in the folder."""
    content = format_report(results).encode()
    return [write_atomically(folder / "report.html", lambda place: place.write_bytes(content))]


def format_report(results: Sequence[FileResult]) -> str:
    """The report as HTML; every text in it is escaped."""
    parts = [
        _HEAD,
        "<h1>Import report</h1>",
        _format_counts(results),
        _format_section("Failures", failures_table(results), _FAILURES),
        _format_section("Passages", passages_table(results), _PASSAGES),
        _format_section("Files", files_table(results), _FILES),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _format_counts(results: Sequence[FileResult]) -> str:
    status: Counter[str] = Counter(result.status for result in results)
    passages = [passage for result in results for passage in result.passages]
    match = Counter(p.identity.level for p in passages if p.identity is not None)
    hours = sum(result.duration_s or 0.0 for result in results) / 3600.0
    files = ", ".join(f"{status[name]} {name}" for name in STATUSES if status[name])
    levels = ", ".join(f"{match[name]} {name}" for name in MATCH_LEVELS if match[name])
    return (
        f"<p>{len(results)} files ({escape_html(files)}), {hours:.2f} hours of audio.<br>"
        f"{len(passages)} passages ({escape_html(levels)}).</p>"
    )


def _format_section(title: str, table: pd.DataFrame, names: Sequence[str]) -> str:
    heading = f"<h2>{escape_html(title)} ({len(table)})</h2>"
    if table.empty:
        return f"{heading}<p>none</p>"
    shown = table.loc[: MAX_ROWS - 1, list(names)]
    header = "".join(f"<th>{escape_html(name)}</th>" for name in names)
    rows = "\n".join(
        f"<tr>{''.join(_format_cell(cell) for cell in row)}</tr>"
        for row in shown.astype(object).where(shown.notna(), None).itertuples(index=False)
    )
    more = f"<p>The first {MAX_ROWS} of {len(table)}.</p>" if len(table) > MAX_ROWS else ""
    return (
        f"{heading}<table><thead><tr>{header}</tr></thead><tbody>\n{rows}\n</tbody></table>{more}"
    )


def _format_cell(cell: object) -> str:
    if cell is None:
        return "<td></td>"
    if isinstance(cell, float):
        return f'<td class="number">{cell:.2f}</td>'
    if isinstance(cell, int):
        return f'<td class="number">{cell}</td>'
    return f"<td>{escape_html(str(cell), MAX_CELL)}</td>"
