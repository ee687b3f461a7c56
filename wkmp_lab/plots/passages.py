"""Pictures of an import and its files: each draws on the axes given, or on new ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from wkmp_lab.display.numbers import format_count
from wkmp_lab.display.palette import CURVE, NEUTRAL, PHASE_COLORS, WARNING
from wkmp_lab.display.safe_text import clean_text, elide
from wkmp_lab.model import FileResult, Passage, Phase, Span
from wkmp_lab.plots.figures import (
    add_legend,
    label_axes,
    label_time,
    make_axes,
    name_file,
    style_axes,
)
from wkmp_lab.signals import LevelProfile
from wkmp_lab.units import seconds_from_ticks

MAX_NAMED_FILES = 30
N_POINTS = 1800
"""Points of a level curve: about two a pixel at notebook width."""
FLOOR_DBFS = -100.0
REST_S = 30.0
"""A rest this long parts two imports; within one, some worker always works."""


def plot_timeline(results: Sequence[FileResult], *, ax: Axes | None = None) -> Axes:
    """Files over phases in time: bars that lie under one another are work done at once.

    A row per file; of more than ``MAX_NAMED_FILES``, a row per worker, with its files one after
    the other. Files of earlier runs are left out. The title gives the speed-up (time spent in
    phases over time passed) and the busy cores (processor time over time passed), as measured.
    """
    timed, n_earlier = _latest_run(results)
    is_named = len(timed) <= MAX_NAMED_FILES
    spans = [(row, span) for row, result in enumerate(timed) for span in result.spans]
    names = [name_file(result.path, 28) for result in timed]
    if not is_named:
        spans, names = _by_worker([span for _, span in spans])
    if ax is None:
        ax = make_axes(height_in=min(7.0, 1.9 + (0.2 if is_named else 0.4) * len(names)))
    else:
        style_axes(ax)
    if not timed:
        return label_axes(ax, title="No file was measured in this import", x="seconds")
    origin_s = _start_s(timed[0])
    for phase in Phase:
        mine = [(row, span) for row, span in spans if span.phase is phase]
        label = phase.title()
        for row in sorted({row for row, _ in mine}):
            bars = [
                (span.start_s - origin_s, span.end_s - span.start_s)
                for at, span in mine
                if at == row
            ]
            place = (row - 0.4, 0.8)
            ax.broken_barh(bars, place, color=PHASE_COLORS[phase], linewidth=0, label=label)
    ax.set_yticks(range(len(names)))
    ax.set_yticklabels(names, fontsize=8, parse_math=False)
    ax.margins(x=0.01, y=0.01)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    title = _describe_timeline(timed)
    if n_earlier:
        title += f"\n{format_count(n_earlier, 'file')} known from before"
    passed_s = max(span.end_s for _, span in spans) - origin_s
    label_axes(ax, title=title, x=label_time(ax, passed_s))
    add_legend(ax, is_below=True, n_columns=7)
    return ax


def plot_passages(profile: LevelProfile, result: FileResult, *, ax: Axes | None = None) -> Axes:
    """The level of a file with its passages, cuts, gaps that were not cut, and lead points.

    Parameters
    ----------
    profile
        Levels of the file; see :func:`wkmp_lab.pipeline.measure.read_profile`.
    result
        What the import says of it.
    ax
        Where to draw; new axes where None.
    """
    ax = make_axes(height_in=3.4) if ax is None else style_axes(ax)
    times_s, low_dbfs, high_dbfs = reduce_levels(profile)
    ax.fill_between(times_s, low_dbfs, high_dbfs, color=CURVE, linewidth=0.4)
    for passage in result.passages:
        _draw_passage(ax, passage)
    cut = result.segmentation
    if cut is not None:
        ax.axhline(
            cut.threshold_dbfs,
            color=WARNING,
            linewidth=0.9,
            linestyle="--",
            label=f"silence below {cut.threshold_dbfs:.0f} dBFS",
        )
        for gap in cut.gaps:
            _draw_gap(
                ax,
                seconds_from_ticks(gap.start_ticks),
                seconds_from_ticks(gap.end_ticks),
                is_cut=gap.is_boundary,
            )
    ax.set_xlim(0.0, profile.duration_s)
    ax.set_ylim(FLOOR_DBFS, 6.0)
    n = len(result.passages)
    verdict = clean_text(cut.verdict) if cut is not None else f"{format_count(n, 'passage')}"
    title = f"{name_file(result.path, 60)}: {elide(verdict, 60)}"
    x = label_time(ax, profile.duration_s)
    label_axes(
        ax, title=title, x=x, y="dBFS", alt=f"Level of {title}; {format_count(n, 'passage')}"
    )
    add_legend(ax, is_below=True, n_columns=7)
    return ax


def plot_phase_times(results: Sequence[FileResult], *, ax: Axes | None = None) -> Axes:
    """Time spent in each phase over all files, processor time as the darker part."""
    ax = make_axes(height_in=2.6) if ax is None else style_axes(ax)
    spans = [span for result in results for span in result.spans]
    phases = [phase for phase in Phase if any(span.phase is phase for span in spans)]
    for row, phase in enumerate(phases):
        mine = [span for span in spans if span.phase is phase]
        wall_s = sum(span.end_s - span.start_s for span in mine)
        cpu_s = sum(span.cpu_s or 0.0 for span in mine)
        ax.barh(row, wall_s, color=PHASE_COLORS[phase], alpha=0.4)
        ax.barh(row, cpu_s, color=PHASE_COLORS[phase])
        ax.text(wall_s, row, f" {wall_s:.1f} s", color=NEUTRAL, fontsize=8, va="center")
    ax.set_yticks(range(len(phases)), [phase.title() for phase in phases])
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.12)
    return label_axes(
        ax,
        title="Time per phase, all files together (solid: processor, pale: waiting)",
        x="seconds",
    )


def plot_slowest(
    results: Sequence[FileResult], *, n_files: int = 10, ax: Axes | None = None
) -> Axes:
    """The files that took longest, with the phase that took most of it and their length."""
    spent = sorted(((_spent_s(r), r) for r in results if r.spans), key=lambda pair: -pair[0])
    ax = make_axes(height_in=3.0) if ax is None else style_axes(ax)
    for row, (wall_s, result) in enumerate(spent[:n_files]):
        most = max(result.spans, key=lambda span: span.end_s - span.start_s)
        minutes = (result.duration_s or 0.0) / 60.0
        ax.barh(row, wall_s, color=PHASE_COLORS[most.phase])
        words = f" {wall_s:.1f} s, most of it {most.phase.title()}; {minutes:.1f} min of audio"
        ax.text(wall_s, row, words, color=NEUTRAL, fontsize=8, va="center")
    names = [name_file(result.path, 28) for _, result in spent[:n_files]]
    ax.set_yticks(range(len(names)))
    ax.set_yticklabels(names, fontsize=8, parse_math=False)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.6)
    return label_axes(ax, title=f"The slowest {format_count(len(names), 'file')}", x="seconds")


def reduce_levels(
    profile: LevelProfile, n_points: int = N_POINTS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times in s, and the lowest and highest level in dBFS around each, for drawing."""
    levels = np.maximum(profile.level_dbfs, FLOOR_DBFS)
    if not levels.size:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    starts = np.unique(np.linspace(0, levels.size, n_points, endpoint=False).astype(np.int64))
    low = np.minimum.reduceat(levels, starts)
    high = np.maximum.reduceat(levels, starts)
    return starts * profile.hop_s, low, high


def _draw_passage(ax: Axes, passage: Passage) -> None:
    shade = 0.20 if passage.index % 2 else 0.08
    ax.axvspan(passage.start_s, passage.end_s, color=NEUTRAL, alpha=shade, linewidth=0)
    middle_s = 0.5 * (passage.start_s + passage.end_s)
    ax.text(
        middle_s,
        4.5,
        str(passage.index),
        color=NEUTRAL,
        fontsize=8,
        ha="center",
        va="top",
        clip_on=True,
    )
    amplitude = passage.amplitude
    if amplitude is None:
        return
    lead_in_s = passage.start_s + seconds_from_ticks(amplitude.lead_in_ticks)
    lead_out_s = passage.end_s - seconds_from_ticks(amplitude.lead_out_ticks)
    for time_s, marker, name in (
        (lead_in_s, ">", "lead-in ends"),
        (lead_out_s, "<", "lead-out begins"),
    ):
        ax.plot(
            time_s,
            FLOOR_DBFS + 4,
            marker,
            color="#e69f00",
            markersize=6,
            label=name,
            clip_on=False,
            in_layout=False,
        )
    sounding = (amplitude.first_sound_ticks, amplitude.last_sound_ticks)
    for time_s in map(seconds_from_ticks, sounding):
        ax.plot(
            [time_s, time_s],
            [FLOOR_DBFS, FLOOR_DBFS + 12],
            color="#009e73",
            linewidth=1.4,
            label="first, last sound",
        )


def _draw_gap(ax: Axes, start_s: float, end_s: float, *, is_cut: bool) -> None:
    middle_s = 0.5 * (start_s + end_s)
    if is_cut:
        ax.axvline(middle_s, color=WARNING, linewidth=1.4, label="cut")
    else:
        ax.axvline(middle_s, color=NEUTRAL, linewidth=0.9, linestyle=":", label="gap, not cut")


def _latest_run(results: Sequence[FileResult]) -> tuple[list[FileResult], int]:
    """The files of the latest run, by start, with its phases only; how many it left alone.

    A run that redoes one phase of a file leaves the others as an earlier run timed them.
    """
    began_s = busy_until_s = -np.inf
    for span in sorted((s for r in results for s in r.spans), key=lambda span: span.start_s):
        if span.start_s - busy_until_s > REST_S:
            began_s = span.start_s
        busy_until_s = max(busy_until_s, span.end_s)
    recent = [
        replace(result, spans=tuple(span for span in result.spans if span.start_s >= began_s))
        for result in results
    ]
    timed = sorted((result for result in recent if result.spans), key=_start_s)
    return timed, sum(bool(result.spans) for result in results) - len(timed)


def _by_worker(spans: Sequence[Span]) -> tuple[list[tuple[int, Span]], list[str]]:
    """Spans with the row of their worker, and what to call the rows: lookups come last."""
    ordered = sorted(spans, key=lambda span: span.start_s)
    workers = list(dict.fromkeys(s.worker for s in ordered if s.phase is not Phase.IDENTIFYING))
    rows = {worker: row for row, worker in enumerate(workers)}
    looked_up = [span for span in ordered if span.worker not in rows]
    names = [f"worker {row + 1}" for row in range(len(rows))] + ["lookups"] * bool(looked_up)
    return [(rows.get(span.worker, len(rows)), span) for span in ordered], names


def _describe_timeline(timed: Sequence[FileResult]) -> str:
    spans = [span for result in timed for span in result.spans]
    passed_s = max(s.end_s for s in spans) - min(s.start_s for s in spans)
    # Files that are looked up together share one span: it is one piece of work.
    pieces = {(s.phase, s.worker, s.start_s, s.end_s) for s in spans}
    spent_s = sum(end_s - start_s for _, _, start_s, end_s in pieces)
    cpu_s = sum(s.cpu_s or 0.0 for s in spans)
    if passed_s <= 0.0:
        return format_count(len(timed), "file")
    return (
        f"{format_count(len(timed), 'file')} in {passed_s:.1f} s: "
        f"speed-up {spent_s / passed_s:.1f} (time in phases / time passed), "
        f"{cpu_s / passed_s:.1f} cores busy"
    )


def _start_s(result: FileResult) -> float:
    return min(span.start_s for span in result.spans)


def _spent_s(result: FileResult) -> float:
    return sum(span.end_s - span.start_s for span in result.spans)
