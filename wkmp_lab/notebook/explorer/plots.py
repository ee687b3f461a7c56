"""The picture that stays of a file that was explored: the whole of it, with its cuts."""

import numpy as np
from matplotlib.axes import Axes

from wkmp_lab.analyzing.loudness import compute_short_term
from wkmp_lab.display.palette import NEUTRAL, WARNING
from wkmp_lab.model import FileResult
from wkmp_lab.notebook.explorer.overview import N_BANDS, Overview, Spectrogram
from wkmp_lab.notebook.explorer.packing import RANGE_DB, find_hz_ticks, find_loudest
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

LOUDNESS_COLOR = "#cc79a7"
MAX_COLUMNS = 1800


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
    loudest = find_loudest(spectrogram)
    ax.imshow(
        level_db,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0.0, n_columns * spectrogram.column_s, 0.0, N_BANDS),
        cmap="magma",
        vmin=loudest - RANGE_DB,
        vmax=loudest,
    )
    ticks = find_hz_ticks(spectrogram)
    ax.set_yticks([N_BANDS * place for _, place in ticks], [f"{hz:,}" for hz, _ in ticks])
    ax.grid(visible=False)
    return label_axes(ax, title="", x="seconds", y="Hz (mel)", alt="Spectrogram")
