"""An import in a terminal or a log: a bar or a line a second, and a summary at the end."""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Protocol, TextIO

from wkmp_lab.display.numbers import format_count, format_counts, list_failures
from wkmp_lab.display.safe_text import (
    clean_path,
    clean_text,
    elide,
    format_duration,
)
from wkmp_lab.model import MATCH_LEVELS, STATUSES, FileResult
from wkmp_lab.progress.snapshot import InFlight, Snapshot

TICK_S = 0.2
"""Time between two looks at a session."""
LINE_S = 1.0
"""Shortest time between two lines of a log."""
MAX_LISTED = 50
"""Failed files that a summary lists."""
MAX_NAMED = 3
"""Names that a summary gives of files that were passed over for one reason."""
MAX_NAME = 60


class Watched(Protocol):
    """A session, as displays see it."""

    @property
    def is_ended(self) -> bool: ...
    def snapshot(self) -> Snapshot: ...


def show_progress(session: Watched, *, stream: TextIO) -> None:
    """Show a session until it ends: a bar on a terminal, lines elsewhere.

    Parameters
    ----------
    session
        Running or ended.
    stream
        Where to; never the one that results go to.
    """
    if stream.isatty():
        _show_bar(session, stream)
    else:
        _show_lines(session, stream)


def format_progress(now: Snapshot) -> str:
    """The state of an import in one line.

    While it scans, only what was found so far is known, so there is no share of a whole.
    """
    if now.state == "scanning":
        return f"SCANNING | {now.n_files} audio files found"
    if not now.n_files:
        return f"no audio files | {now.state}"
    levels = zip(now.n_passages_by_level, MATCH_LEVELS, strict=True)
    counts = ", ".join(f"{count} {level}" for count, level in levels)
    current = min(now.n_finished + 1, now.n_files)
    parts = [
        f"Processing file {current} of {now.n_files}",
        f"{format_count(now.n_passages, 'passage')} ({counts})",
        f"{now.n_failed} failed",
        f"{100.0 * now.fraction:.1f} %",
    ]
    parts += _format_remaining(now)
    if now.remaining_reason:
        parts.append(now.remaining_reason)
    if now.state != "running":
        parts.append(now.state)
    return " | ".join(parts)


def format_bar(now: Snapshot) -> str:
    """The state of an import beside a bar: what matters most first, since the end may be cut."""
    parts = [f"{now.n_finished}/{format_count(now.n_files, 'file')}"]
    if now.state != "running":
        parts.append(now.state)
    if now.n_failed:
        parts.append(f"{now.n_failed} failed")
    parts += _format_remaining(now)
    levels: Counter[str] = Counter(dict(zip(MATCH_LEVELS, now.n_passages_by_level, strict=True)))
    counts = f" ({format_counts(levels, MATCH_LEVELS)})" if now.n_passages else ""
    parts.append(f"{format_count(now.n_passages, 'passage')}{counts}")
    if now.remaining_reason:
        parts.append(now.remaining_reason)
    parts += [_format_flight(now.in_flight)] if now.in_flight else []
    return " | ".join(parts)


def format_summary(now: Snapshot, results: Sequence[FileResult]) -> str:
    """What an import came to: counts, speed, and every failed file with its reason."""
    status: Counter[str] = Counter(result.status for result in results)
    passages = [passage for result in results for passage in result.passages]
    match: Counter[str] = Counter(p.identity.level for p in passages if p.identity is not None)
    audio_s = sum(result.duration_s or 0.0 for result in results)
    is_measured = now.elapsed_s > 0.0 and now.measured_s > 0.0
    jobs = f" with {format_count(now.n_jobs, 'job')}" if now.n_jobs else ""
    speed = f", {now.measured_s / now.elapsed_s:.0f} x real time" if is_measured else ""
    lines = [
        f"Import {now.session_id} {now.state}: {len(results)} of "
        f"{format_count(now.n_files, 'file')} ({format_counts(status, STATUSES)})",
        f"  {format_count(len(passages), 'passage')} ({format_counts(match, MATCH_LEVELS)}), "
        f"{format_duration(audio_s)} of audio",
        f"  {format_duration(now.elapsed_s)}{jobs}{speed}",
    ]
    lines += [f"  {clean_text(remark)}" for remark in now.remarks]
    failed = list_failures(results)
    if failed:
        lines.append(f"  {len(failed)} failed:")
    lines += [f"    {_format_failure(result)}" for result, _ in failed[:MAX_LISTED]]
    if len(failed) > MAX_LISTED:
        lines.append(f"    and {len(failed) - MAX_LISTED} more: see the failures table")
    return "\n".join(lines)


def format_skipped(skipped: Sequence[tuple[str, str]]) -> str:
    """What a scan has passed over, in one line by reason; empty where there is nothing.

    Parameters
    ----------
    skipped
        (path, reason) pairs.
    """
    by_reason: dict[str, list[str]] = {}
    for path, reason in skipped:
        by_reason.setdefault(reason, []).append(path)
    parts = [
        f"{format_count(len(paths), 'file')} ({clean_text(reason)}; {_name_some(paths)})"
        for reason, paths in by_reason.items()
    ]
    return f"  passed over: {', '.join(parts)}" if parts else ""


def _name_some(paths: Sequence[str]) -> str:
    names = [clean_path(PurePath(path).name) for path in paths[:MAX_NAMED]]
    return ", ".join(names) + (", ..." if len(paths) > MAX_NAMED else "")


def format_result(result: FileResult) -> str:
    """One file in words: what it is, and a few lines per passage."""
    lines = [clean_path(result.path)]
    if result.failure is not None:
        return (
            f"{lines[0]}\n  failed in {result.failure.phase}: {clean_text(result.failure.reason)}"
        )
    audio = result.audio
    if audio is not None:
        lines.append(
            f"  {audio.codec}, {audio.sr} Hz, {audio.n_channels} channels, "
            f"{format_duration(audio.duration_s)}"
        )
    if result.segmentation is not None:
        lines.append(f"  {clean_text(result.segmentation.verdict)}")
    lines += [f"  note: {clean_text(note)}" for note in result.all_notes]
    for passage in result.passages:
        lines.append(f"  passage {passage.index}: {passage.start_s:.2f} to {passage.end_s:.2f} s")
        identity, amplitude, described = passage.identity, passage.amplitude, passage.descriptors
        if identity is not None:
            names = identity.chosen and (identity.chosen.artist, identity.chosen.title)
            shown = clean_text(" - ".join(name for name in names or () if name))
            lines.append(f"    {identity.level} {shown} ({clean_text(identity.sentence)})")
        if amplitude is not None and amplitude.loudness_lufs is not None:
            lines.append(
                f"    {amplitude.loudness_lufs:.1f} LUFS, "
                f"true peak {amplitude.true_peak_dbtp:.1f} dBTP"
            )
        if described is not None and described.tempo is not None and described.key is not None:
            lines.append(f"    {described.tempo.bpm:.1f} bpm, {described.key.name}")
    return "\n".join(lines)


def _show_lines(session: Watched, stream: TextIO) -> None:
    shown_at_s, last = -LINE_S, ""
    told: set[str] = set()
    while True:
        is_ended = session.is_ended
        now = session.snapshot()
        if now.state == "failed" and not now.n_files:
            return  # it never began: who waits for it is told why
        for line in _find_untold(now, told):
            _print(line, stream)
        line = format_progress(now)
        if line != last and now.n_files and (is_ended or time.monotonic() - shown_at_s >= LINE_S):
            _print(f"session {now.session_id} [{now.n_jobs} jobs] {line}", stream)
            shown_at_s, last = time.monotonic(), line
        if is_ended:
            return
        time.sleep(TICK_S)


def _show_bar(session: Watched, stream: TextIO) -> None:
    while session.snapshot().state == "scanning" and not session.is_ended:
        stream.write(f"\r{format_progress(session.snapshot())}")
        stream.flush()
        time.sleep(TICK_S)
    stream.write("\r\x1b[K")
    if not session.snapshot().n_files:
        return
    told: set[str] = set()
    layout = "{percentage:3.0f}%|{bar:16}| {desc}"
    from tqdm import tqdm  # only where a bar is drawn

    with tqdm(total=1.0, file=stream, bar_format=layout, dynamic_ncols=True) as bar:
        while True:
            is_ended = session.is_ended
            now = session.snapshot()
            for line in _find_untold(now, told):
                bar.write(line, file=stream)
            bar.n = now.fraction
            bar.set_description_str(format_bar(now))
            if is_ended:
                return
            time.sleep(TICK_S)


def _find_untold(now: Snapshot, told: set[str]) -> list[str]:
    """A line for each failed file that has none yet."""
    lines = [
        f"failed: {clean_path(path)}: {clean_text(reason)}"
        for path, reason in now.failures
        if path not in told
    ]
    told.update(path for path, _ in now.failures)
    return lines


def _format_remaining(now: Snapshot) -> list[str]:
    if now.remaining_s is None:
        return []
    return ["nearly done" if now.remaining_s < 1.5 else f"{format_duration(now.remaining_s)} left"]


def _format_flight(in_flight: Sequence[InFlight]) -> str:
    return ", ".join(
        f"{file.doing} {elide(clean_path(file.path).rpartition('/')[2], MAX_NAME)}"
        for file in in_flight[:2]
    )


def _format_failure(result: FileResult) -> str:
    assert result.failure is not None
    reason = clean_text(result.failure.reason)
    return f"{clean_path(result.path)}: {result.failure.phase}: {reason}"


def _print(line: str, stream: TextIO) -> None:
    stream.write(line + "\n")
    stream.flush()
