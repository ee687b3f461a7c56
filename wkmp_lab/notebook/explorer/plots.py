"""Pictures of one file: the whole of it with its cuts, and one cut from near by."""

from collections.abc import Sequence

import librosa
import numpy as np
from matplotlib.axes import Axes

from wkmp_lab.analyzing.loudness import compute_short_term
from wkmp_lab.display.numbers import format_clock
from wkmp_lab.display.palette import CURVE, NEUTRAL, WARNING
from wkmp_lab.dsp.compiling import load_numba
from wkmp_lab.model import FileResult, Passage
from wkmp_lab.notebook.explorer.overview import N_BANDS, Overview, Spectrogram
from wkmp_lab.plots.figures import (
    add_legend,
    label_axes,
    label_time,
    make_axes,
    make_figure,
    style_axes,
)
from wkmp_lab.plots.passages import FLOOR_DBFS, plot_passages
from wkmp_lab.signals import LevelProfile
from wkmp_lab.units import seconds_from_ticks

LOUDNESS_COLOR = "#cc79a7"
BEAT_COLOR = "#009e73"
LEAD_COLOR = "#e69f00"
MAX_COLUMNS = 1800
TICKS_HZ = (200, 1000, 3000, 8000, 16_000)
AROUND_S = 5.0


def plot_overview(overview: Overview, result: FileResult) -> Axes:
    """The level of a file with passages, gaps and loudness, over its spectrogram.

    Returns
    -------
    Axes
        The upper ones, of the level.
    """
    figure = make_figure(height_in=5.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(5, 3))
    upper.tick_params(labelbottom=True)
    plot_passages(overview.profile, result, ax=upper)
    plot_loudness(overview.profile, ax=upper)
    add_legend(upper, is_below=True, n_columns=7)
    plot_spectrogram(overview.spectrogram, ax=lower)
    for passage in result.passages[1:]:
        lower.axvline(passage.start_s, color=WARNING, linewidth=1.0)
    upper.set_xlim(0.0, overview.profile.duration_s)
    lower.set_xlabel(label_time(lower, overview.profile.duration_s), color=NEUTRAL, fontsize=9)
    upper.set_xlabel("")
    axes: Axes = upper
    return axes


def plot_loudness(profile: LevelProfile, *, ax: Axes | None = None) -> Axes:
    """Short-term loudness (EBU R128, the last 3 s) over time."""
    ax = make_axes(height_in=3.0) if ax is None else ax
    curve = compute_short_term(profile)
    step = max(curve.end_s.size // MAX_COLUMNS, 1)
    # Drawn where its window has its middle, so that it lies on what it measures.
    times_s = curve.end_s[::step] - 1.5
    loudness = np.maximum(curve.level_lufs[::step], FLOOR_DBFS)
    ax.plot(times_s, loudness, color=LOUDNESS_COLOR, linewidth=1.1, label="loudness (LUFS, 3 s)")
    return ax


def plot_spectrogram(spectrogram: Spectrogram, *, ax: Axes | None = None) -> Axes:
    """Level in mel bands over time, the loudest of the columns that share a pixel."""
    ax = make_axes(height_in=2.4) if ax is None else style_axes(ax)
    level_db = spectrogram.level_db
    n_columns = level_db.shape[1]
    if n_columns > MAX_COLUMNS:
        starts = np.unique(np.linspace(0, n_columns, MAX_COLUMNS, endpoint=False).astype(int))
        level_db = np.maximum.reduceat(level_db, starts, axis=1)
    loudest = float(level_db.max(initial=-60.0))
    ax.imshow(
        level_db,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0.0, n_columns * spectrogram.column_s, 0.0, N_BANDS),
        cmap="magma",
        vmin=loudest - 80.0,
        vmax=loudest,
    )
    load_numba()
    low, high = librosa.hz_to_mel(np.array([spectrogram.low_hz, spectrogram.high_hz]))
    ticks = [hz for hz in TICKS_HZ if hz < spectrogram.high_hz]
    places = N_BANDS * (librosa.hz_to_mel(np.array(ticks, dtype=float)) - low) / (high - low)
    ax.set_yticks(list(places), [f"{hz:,}" for hz in ticks])
    ax.grid(visible=False)
    return label_axes(ax, title="", x="seconds", y="Hz (mel)", alt="Spectrogram")


def plot_boundary(
    profile: LevelProfile,
    at_s: float,
    *,
    result: FileResult | None = None,
    beats_s: Sequence[float] = (),
    ax: Axes | None = None,
) -> Axes:
    """The level around a cut, 5 s to either side, in frames of 10 ms.

    Parameters
    ----------
    profile
        Levels of the file.
    at_s
        Where the cut is.
    result
        Its passages' lead points, first and last sounds are drawn where they are in sight.
    beats_s
        Times of beats.
    ax
        Where to draw; new axes where None.
    """
    ax = make_axes(height_in=2.7) if ax is None else style_axes(ax)
    start_s, end_s = max(at_s - AROUND_S, 0.0), min(at_s + AROUND_S, profile.duration_s)
    first, last = int(start_s / profile.hop_s), int(np.ceil(end_s / profile.hop_s))
    levels = 10.0 * np.log10(np.maximum(profile.power[first:last], 1e-12))
    peaks = 20.0 * np.log10(np.maximum(profile.peak[first:last], 1e-6))
    times_s = np.arange(first, first + len(levels)) * profile.hop_s
    levels = np.maximum(levels, FLOOR_DBFS)
    ax.fill_between(times_s, FLOOR_DBFS, levels, color=CURVE, linewidth=0, label="level")
    ax.plot(times_s, np.maximum(peaks, FLOOR_DBFS), color=NEUTRAL, linewidth=0.6, label="peak")
    for beat_s in (beat for beat in beats_s if start_s <= beat <= end_s):
        ax.plot([beat_s, beat_s], [-8.0, 4.0], color=BEAT_COLOR, linewidth=1.2, label="beat")
    for passage in result.passages if result is not None else ():
        _mark_leads(ax, passage, (start_s, end_s))
    ax.axvline(at_s, color=WARNING, linewidth=1.6, label="cut")
    ax.set_xlim(start_s, end_s)
    ax.set_ylim(FLOOR_DBFS, 6.0)
    title = f"The cut at {format_clock(at_s)}"
    label_axes(ax, title=title, x="seconds", y="dBFS", alt=f"Level around the cut at {at_s:.2f} s")
    add_legend(ax, is_below=True, n_columns=7)
    return ax


def _mark_leads(ax: Axes, passage: Passage, sight_s: tuple[float, float]) -> None:
    """Lead points and ends of sound of a passage, where they are in sight."""
    amplitude = passage.amplitude
    if amplitude is None:
        return
    lead_in_s = passage.start_s + seconds_from_ticks(amplitude.lead_in_ticks)
    lead_out_s = passage.end_s - seconds_from_ticks(amplitude.lead_out_ticks)
    for time_s, style, name in (
        (lead_in_s, "--", "lead-in ends"),
        (lead_out_s, ":", "lead-out begins"),
    ):
        if sight_s[0] <= time_s <= sight_s[1]:
            ax.axvline(time_s, color=LEAD_COLOR, linewidth=1.3, linestyle=style, label=name)
    for time_s in map(
        seconds_from_ticks, (amplitude.first_sound_ticks, amplitude.last_sound_ticks)
    ):
        if sight_s[0] <= time_s <= sight_s[1]:
            ends = [FLOOR_DBFS, FLOOR_DBFS + 25.0]
            name = "first, last sound"
            ax.plot([time_s, time_s], ends, color=BEAT_COLOR, linewidth=2.0, label=name)
