"""Pictures of files and of the time they took: each draws on the axes given, or on new ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from wkmp_lab.collection.flight import PHASES, collect_spans
from wkmp_lab.display.numbers import format_count
from wkmp_lab.display.palette import CURVE, NEUTRAL, PHASE_COLORS, WARNING
from wkmp_lab.display.safe_text import clean_text, elide
from wkmp_lab.model import FileResult, Passage
from wkmp_lab.plots.figures import (
    add_legend,
    label_axes,
    label_time,
    make_axes,
    name_file,
    style_axes,
)
from wkmp_lab.signals import LevelProfile
from wkmp_lab.tables.read_back import read_spans
from wkmp_lab.units import seconds_from_ticks

N_POINTS = 1800
"""Points of a level curve: about two a pixel at notebook width."""
FLOOR_DBFS = -100.0


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
            label=f"silence below {cut.threshold_dbfs:.1f} dBFS",
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


def plot_phase_times(
    results: Sequence[FileResult] | pd.DataFrame, *, ax: Axes | None = None
) -> Axes:
    """Time spent in each phase over all files, processor time as the darker part.

    Parameters
    ----------
    results
        Of the library, or its table of times (``session.timeline``), which is read faster.
    ax
        Where to draw; new axes where None.
    """
    ax = make_axes(height_in=2.6) if ax is None else style_axes(ax)
    spans = read_spans(results) if isinstance(results, pd.DataFrame) else collect_spans(results)
    n = len(PHASES)
    walls_s = np.bincount(spans.phase, spans.end_s - spans.start_s, n)
    cpus_s = np.bincount(spans.phase, spans.cpu_s, n)
    phases = [PHASES[k] for k in np.unique(spans.phase)]
    for row, phase in enumerate(phases):
        wall_s, cpu_s = (float(times[PHASES.index(phase)]) for times in (walls_s, cpus_s))
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


def _spent_s(result: FileResult) -> float:
    return sum(span.end_s - span.start_s for span in result.spans)
