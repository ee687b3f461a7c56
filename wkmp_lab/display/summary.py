"""What an import or a file came to, as static HTML and plain text: strings, nothing else.

Saved notebooks are cleaned by whatever shows them: styles, roles and scripts go. So the HTML is
plain tables with numbers; its colours are ornament. The whole is marked so that a ``$`` in a name
is not read as mathematics.
"""

from collections.abc import Sequence

from wkmp_lab.display.numbers import format_clock, format_count, group_by_reason
from wkmp_lab.display.palette import MATCH_COLORS, PHASE_COLORS
from wkmp_lab.display.safe_text import clean_path, clean_text
from wkmp_lab.display.templating import render
from wkmp_lab.model import MATCH_LEVELS, FileResult, Passage
from wkmp_lab.pipeline.cache_keys import HINTS
from wkmp_lab.progress.snapshot import Snapshot
from wkmp_lab.units import seconds_from_ticks

NEARLY_S = 1.5
"""What is less is not told in seconds."""
_Pair = tuple[str, str]
_CUT = {True: "cut", False: "not cut"}


def format_time_left(now: Snapshot) -> tuple[str, ...]:
    """The time left of a running import, in words; empty where it is not known."""
    if now.remaining_s is None or now.state != "running":
        return ()
    if now.remaining_s < NEARLY_S:
        return ("nearly done",)
    return (f"about {format_clock(now.remaining_s)} left",)


def format_finished(now: Snapshot) -> str:
    """How many files are done; of an import in another process the whole is not known."""
    if now.state == "running elsewhere":
        return f"{format_count(now.n_finished, 'file')} so far"
    return f"{now.n_finished} of {format_count(now.n_files, 'file')}"


def format_headline(now: Snapshot) -> str:
    """How far an import is, in one line of plain text."""
    if now.state == "scanning":
        return f"{now.n_files} audio files found"
    failed = f"{now.n_failed} failed" if now.n_failed else "no failures"
    parts = [
        format_finished(now),
        format_count(now.n_passages, "passage"),
        failed,
        f"{format_clock(now.elapsed_s)} elapsed",
    ]
    parts += format_time_left(now)
    if now.state == "failed" and now.log:
        parts.append(clean_text(now.log[-1]))
    return " · ".join(parts)


def format_snapshot_text(now: Snapshot) -> str:
    """The state of an import in a few plain lines."""
    levels = zip(MATCH_LEVELS, now.n_passages_by_level, strict=True)
    phases = zip(now.phases, now.n_files_by_phase, strict=False)
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


def format_session_html(now: Snapshot, results: Sequence[FileResult]) -> str:
    """An import with its unusual files first, and at its end how it was made."""
    unusual = [(r.path, _unusual(r)) for r in results if _unusual(r) and r.failure is None]
    versions: dict[str, set[str]] = {}
    for result in results:
        for what, how in result.provenance:
            if what != HINTS and how:
                versions.setdefault(what, set()).add(how)
    made = [(what, ", ".join(sorted(hows))) for what, hows in sorted(versions.items())]
    return _format_import(now, unusual=unusual, made=made)


def _format_import(
    now: Snapshot, *, unusual: Sequence[_Pair] = (), made: Sequence[_Pair] = ()
) -> str:
    levels = [
        (
            f"match {name}",
            _measure_share_percent(count, now.n_passages),
            MATCH_COLORS[name],
            format_count(count, "passage"),
        )
        for name, count in zip(MATCH_LEVELS, now.n_passages_by_level, strict=True)
    ]
    counts = zip(now.phases, now.n_files_by_phase, now.n_passages_by_phase, strict=False)
    phases = [
        (
            phase.title(),
            _measure_share_percent(n_files, now.n_files),
            PHASE_COLORS[phase],
            format_count(n_files, "file")
            + (f", {format_count(n_passages, 'passage')}" if n_passages else ""),
        )
        for phase, n_files, n_passages in counts
    ]
    values = {
        "now": now,
        "headline": format_headline(now),
        "folder": clean_path(now.folder),
        "levels": levels,
        "phases": phases,
        "failures": group_by_reason(now.failures),
        "unusual": unusual,
        "made": made,
    }
    return render("display/templates/import.html.jinja", "card", values)


def format_result_html(result: FileResult) -> str:
    """One file: what it is, what is unusual, its passages and how each was told."""
    audio, cut = result.audio, result.segmentation
    facts: list[str] = [result.status]
    if audio is not None:
        facts += [audio.codec, f"{audio.sr} Hz", f"{audio.n_channels} channels"]
        facts.append(format_clock(audio.duration_s))
    if cut is not None:
        facts.append(cut.verdict)
    gaps = [
        (f"{_CUT[gap.is_boundary]} at {seconds_from_ticks(gap.start_ticks):.1f} s", gap.reason)
        for gap in (cut.gaps if cut else ())
    ]
    values = {
        "path": result.path,
        "facts": facts,
        "unusual": _unusual(result),
        "passages": [_passage_cells(passage) for passage in result.passages],
        "gaps": gaps,
    }
    return render("display/templates/result.html.jinja", "card", values)


def _passage_cells(passage: Passage) -> tuple[str, ...]:
    amplitude, told, identity = passage.amplitude, passage.descriptors, passage.identity
    tempo, key = (told.tempo, told.key) if told else (None, None)
    chosen = identity.chosen if identity else None
    names = [name for name in (chosen.artist, chosen.title) if name] if chosen else []
    loudness = amplitude.loudness_lufs if amplitude else None
    lead_in = seconds_from_ticks(amplitude.lead_in_ticks) if amplitude else None
    return (
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


def _unusual(result: FileResult) -> str:
    notes = list(result.all_notes)
    if result.failure is not None:
        notes.insert(0, f"failed in {result.failure.phase}: {result.failure.reason}")
    elif result.status != "done":
        notes.insert(0, result.status.replace("_", " "))
    return "; ".join(notes)


def _measure_share_percent(count: int, whole: int) -> float:
    return 100.0 * count / whole if whole else 0.0
