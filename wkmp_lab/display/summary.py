"""What an import or a file came to, as static HTML and plain text: strings, nothing else.

Saved notebooks are cleaned by whatever shows them: styles, roles and scripts go. So the HTML is
plain tables with numbers; its colours are ornament. Texts from outside are escaped, and the whole
is marked so that a ``$`` in a name is not read as mathematics.
"""

from collections.abc import Iterable, Sequence

from wkmp_lab.display.numbers import (
    LEFT,
    MAX_REASON,
    MAX_ROWS,
    RIGHT,
    format_clock,
    format_count,
    format_name,
)
from wkmp_lab.display.palette import MATCH_COLORS, PHASE_COLORS
from wkmp_lab.display.safe_text import clean_path, clean_text, escape_html
from wkmp_lab.model import MATCH_LEVELS, FileResult, Passage, Phase
from wkmp_lab.pipeline.cache_keys import HINTS
from wkmp_lab.progress.snapshot import Snapshot
from wkmp_lab.units import seconds_from_ticks

_CUT = {True: "cut", False: "not cut"}


def format_headline(now: Snapshot) -> str:
    """How far an import is, in one line of plain text."""
    if now.state == "scanning":
        return f"{now.n_files} audio files found"
    failed = f"{now.n_failed} failed" if now.n_failed else "no failures"
    parts = [
        f"{now.n_finished} of {now.n_files} files",
        format_count(now.n_passages, "passage"),
        failed,
        f"{format_clock(now.elapsed_s)} elapsed",
    ]
    if now.remaining_s is not None and now.state == "running":
        parts.append(f"about {format_clock(now.remaining_s)} left")
    if now.state == "failed" and now.log:
        parts.append(clean_text(now.log[-1]))
    return " · ".join(parts)


def format_snapshot_text(now: Snapshot) -> str:
    """The state of an import in a few plain lines."""
    levels = zip(MATCH_LEVELS, now.n_passages_by_level, strict=True)
    phases = zip(Phase, now.n_files_by_phase, strict=True)
    lines = [
        f"Import {now.session_id} {now.state}: {format_headline(now)}",
        "  passages: " + ", ".join(f"{level} {count}" for level, count in levels),
        "  files through " + ", ".join(f"{phase} {count}" for phase, count in phases),
    ]
    lines += [f"  note: {clean_text(remark)}" for remark in now.remarks]
    lines += [f"  failed: {clean_path(path)}: {clean_text(why)}" for path, why in now.failures]
    return "\n".join(lines)


def format_snapshot_html(now: Snapshot) -> str:
    """The state of an import as HTML that outlives widgets, styles and sanitizers."""
    return _format_import(now)


def format_remarks(remarks: Sequence[str]) -> str:
    """What there is to tell of an import as a whole, as HTML; nothing where that is nothing."""
    return "".join(f"<p>{escape_html(line, MAX_REASON)}</p>" for line in remarks)


def format_session_html(now: Snapshot, results: Sequence[FileResult]) -> str:
    """An import with its unusual files first, and at its end how it was made."""
    unusual = [(r.path, _unusual(r)) for r in results if _unusual(r) and r.failure is None]
    listed = _details("Worth a look", unusual, folder=now.folder)
    versions: dict[str, set[str]] = {}
    for result in results:
        for what, how in result.provenance:
            if what != HINTS and how:
                versions.setdefault(what, set()).add(how)
    made = "".join(
        f"<tr><td {LEFT}>{escape_html(what)}</td>"
        f"<td {LEFT}>{escape_html(', '.join(sorted(hows)), MAX_REASON)}</td></tr>"
        for what, hows in sorted(versions.items())
    )
    origin = f"<details><summary>How it was made</summary><table>{made}</table></details>"
    return _format_import(now, unusual=listed, origin=origin if made else "")


def _format_import(now: Snapshot, *, unusual: str = "", origin: str = "") -> str:
    """Counts, what is unusual, who was matched, and how far each phase is: as a whole, folded."""
    levels = "".join(
        _row(
            f"match {name}",
            _bar(count, now.n_passages, MATCH_COLORS[name]),
            format_count(count, "passage"),
        )
        for name, count in zip(MATCH_LEVELS, now.n_passages_by_level, strict=True)
    )
    counts = zip(Phase, now.n_files_by_phase, now.n_passages_by_phase, strict=True)
    phases = "".join(
        _row(
            phase.title(),
            _bar(n_files, now.n_files, PHASE_COLORS[phase]),
            format_count(n_files, "file")
            + (f", {format_count(n_passages, 'passage')}" if n_passages else ""),
        )
        for phase, n_files, n_passages in counts
    )
    # Of a completed import all bars are full: who wants to see them opens them.
    opening = "<details>" if now.state == "completed" else "<details open>"
    failures = _details(
        "Failed", now.failures, is_open=True, folder=now.folder, n_all=now.n_failed
    )
    return wrap_html(
        f"<p><b>Import {escape_html(now.state)}</b>: {escape_html(format_headline(now))}<br>"
        f"{escape_html(clean_path(now.folder), 200)}</p>"
        f"{failures}{unusual}{format_remarks(now.remarks)}"
        f"<table><tbody>{levels}</tbody></table>"
        f"{opening}<summary>Files and passages through each phase</summary>"
        f"<table><tbody>{phases}</tbody></table></details>{origin}"
    )


def format_result_html(result: FileResult) -> str:
    """One file: what it is, what is unusual, its passages and how each was told."""
    audio = result.audio
    facts: list[str] = [result.status]
    if audio is not None:
        facts += [audio.codec, f"{audio.sr} Hz", f"{audio.n_channels} channels"]
        facts.append(format_clock(audio.duration_s))
    if result.segmentation is not None:
        facts.append(result.segmentation.verdict)
    unusual = _unusual(result)
    warning = f"<p>⚠ {escape_html(unusual, 600)}</p>" if unusual else ""
    return wrap_html(
        f"<p><b>{format_name(result.path)}</b><br>{escape_html(' · '.join(facts))}</p>"
        f"{warning}{_passages(result.passages)}{_gaps(result)}"
    )


def _passages(passages: Sequence[Passage]) -> str:
    if not passages:
        return ""
    names = ("passage", "from", "to", "lead-in", "loudness", "tempo", "key", "match", "identity")
    head = "".join(f'<th scope="col" {LEFT}>{name}</th>' for name in names)
    rows = "".join(_passage(passage) for passage in passages[:MAX_ROWS])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _passage(passage: Passage) -> str:
    amplitude, told, identity = passage.amplitude, passage.descriptors, passage.identity
    tempo, key = (told.tempo, told.key) if told else (None, None)
    chosen = identity.chosen if identity else None
    names = [name for name in (chosen.artist, chosen.title) if name] if chosen else []
    loudness = amplitude.loudness_lufs if amplitude else None
    lead_in = seconds_from_ticks(amplitude.lead_in_ticks) if amplitude else None
    cells = (
        str(passage.index),
        format_clock(passage.start_s),
        format_clock(passage.end_s),
        "" if lead_in is None else f"{lead_in:.1f} s",
        "" if loudness is None else f"{loudness:.1f} LUFS",
        f"{tempo.bpm:.0f} bpm{' ?' if tempo.is_octave_uncertain else ''}" if tempo else "",
        key.name if key else "",
        identity.level if identity else "",
        " - ".join(names) or (identity.sentence if identity else ""),
    )
    return (
        "<tr>" + "".join(f"<td {LEFT}>{escape_html(c, MAX_REASON)}</td>" for c in cells) + "</tr>"
    )


def _gaps(result: FileResult) -> str:
    gaps = result.segmentation.gaps if result.segmentation else ()
    rows = [
        (f"{_CUT[gap.is_boundary]} at {seconds_from_ticks(gap.start_ticks):.1f} s", gap)
        for gap in gaps[:MAX_ROWS]
    ]
    body = "".join(
        f"<tr><td {LEFT}>{where}</td><td {LEFT}>{escape_html(gap.reason, MAX_REASON)}</td></tr>"
        for where, gap in rows
    )
    return (
        f"<details><summary>{format_count(len(gaps), 'gap')} weighed</summary>"
        f"<table>{body}</table></details>"
        if gaps
        else ""
    )


def _unusual(result: FileResult) -> str:
    notes = list(result.notes)
    if result.failure is not None:
        notes.insert(0, f"failed in {result.failure.phase}: {result.failure.reason}")
    elif result.status != "done":
        notes.insert(0, result.status.replace("_", " "))
    return "; ".join(notes)


def _row(name: str, bar: str, count: str) -> str:
    return (
        f'<tr><th scope="row" {LEFT}>{escape_html(name)}</th><td {LEFT}>{bar}</td>'
        f"<td {RIGHT}>{escape_html(count)}</td></tr>"
    )


def _bar(count: int, whole: int, color: str) -> str:
    share = 100.0 * count / whole if whole else 0.0
    return (
        '<div style="width:120px;background:#8883">'
        f'<div style="width:{share:.1f}%;background:{color};line-height:9px">&nbsp;</div></div>'
    )


def _details(
    title: str,
    rows: Iterable[tuple[str, str]],
    *,
    folder: str,
    is_open: bool = False,
    n_all: int | None = None,
) -> str:
    """A folded list of files, each with words; ``n_all`` where only some of them are at hand."""
    listed = list(rows)
    if not listed:
        return ""
    body = "".join(
        f"<tr><td {LEFT}>{format_name(path, folder=folder)}</td>"
        f"<td {LEFT}>{escape_html(why, MAX_REASON)}</td></tr>"
        for path, why in listed[:MAX_ROWS]
    )
    count = max(n_all or 0, len(listed))
    n_more = count - min(len(listed), MAX_ROWS)
    more = f"<p>and {n_more} more in the tables of the session</p>" if n_more else ""
    opening = "<details open>" if is_open else "<details>"
    return (
        f"{opening}<summary>{escape_html(title)}: {count}</summary>"
        f"<table>{body}</table>{more}</details>"
    )


def wrap_html(html: str) -> str:
    """HTML in which a ``$`` is no mathematics; nothing stays nothing."""
    return f'<div class="tex2jax_ignore mathjax_ignore">{html}</div>' if html else ""
