"""Pictures of a library from its table of passages: on the axes given, or on new ones."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from wkmp_lab.model import MATCH_LEVELS, MatchLevel
from wkmp_lab.notebook.pictures import (
    add_legend,
    label_axes,
    make_axes,
    name_file,
    style_axes,
)
from wkmp_lab.palette import CURVE, MATCH_COLORS, NEUTRAL, WARNING

MARKERS: dict[MatchLevel, str] = {"high": "o", "medium": "s", "low": "^", "unidentified": "x"}
MAX_NAMED = 30
END_COLORS = {"fade": "#56b4e9", "hard": "#d55e00", "long_tail": "#009e73"}


def plot_loudness_tempo(passages: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Loudness over tempo, a mark for each passage by how sure its identity is.

    Parameters
    ----------
    passages
        The table of passages.
    ax
        Where to draw; new axes where None.
    """
    ax = make_axes(height_in=3.6) if ax is None else style_axes(ax)
    known = passages.dropna(subset=["tempo_bpm", "loudness_lufs"])
    for level in MATCH_LEVELS:
        some = known[known["match"] == level]
        if len(some):
            ax.scatter(
                some["tempo_bpm"],
                some["loudness_lufs"],
                s=42,
                alpha=0.85,
                marker=MARKERS[level],
                color=MATCH_COLORS[level],
                label=f"{level} ({len(some)})",
            )
    pending = known[known["match"].isna()]
    if len(pending):
        ax.scatter(
            pending["tempo_bpm"],
            pending["loudness_lufs"],
            s=42,
            marker="+",
            color=NEUTRAL,
            label=f"not looked for yet ({len(pending)})",
        )
    _widen(ax, least_bpm=20.0, least_lu=6.0)
    title = f"Loudness and tempo of {len(known)} passages"
    label_axes(ax, title=title, x="tempo (bpm)", y="loudness (LUFS)")
    add_legend(ax)
    return ax


def plot_dynamics(passages: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Loudness range over loudness; what clips when it is played back stands out.

    Parameters
    ----------
    passages
        The table of passages.
    ax
        Where to draw; new axes where None.
    """
    ax = make_axes(height_in=3.6) if ax is None else style_axes(ax)
    known = passages.dropna(subset=["loudness_lufs", "loudness_range_lu"])
    is_over = (known["true_peak_dbtp"] > 0.0).to_numpy(dtype=bool, na_value=False)
    for some, marker, color, label in (
        (known[~is_over], "o", CURVE, "true peak up to 0 dBTP"),
        (known[is_over], "^", WARNING, "true peak above 0 dBTP: clips on playback"),
    ):
        if len(some):
            x, y = some["loudness_lufs"], some["loudness_range_lu"]
            words = f"{label} ({len(some)})"
            ax.scatter(x, y, s=42, alpha=0.85, marker=marker, color=color, label=words)
    title = f"Loudness and dynamics of {len(known)} passages"
    label_axes(ax, title=title, x="loudness (LUFS)", y="loudness range (LU)")
    add_legend(ax)
    return ax


def plot_leads(passages: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Lead-in to the left and lead-out to the right of each passage, coloured by how it ends.

    Parameters
    ----------
    passages
        The table of passages.
    ax
        Where to draw; new axes where None.
    """
    known = passages.dropna(subset=["lead_in_s", "lead_out_s"])
    is_named = len(known) <= MAX_NAMED
    if ax is None:
        ax = make_axes(height_in=min(7.0, 1.6 + 0.2 * len(known)))
    else:
        style_axes(ax)
    rows = np.arange(len(known))
    ax.barh(rows, -known["lead_in_s"].to_numpy(), color=CURVE, label="lead-in")
    for end_type, color in END_COLORS.items():
        is_so = (known["end_type"] == end_type).to_numpy(dtype=bool, na_value=False)
        if is_so.any():
            lengths = known["lead_out_s"].to_numpy()[is_so]
            words = f"lead-out, {end_type.replace('_', ' ')} ({is_so.sum()})"
            ax.barh(rows[is_so], lengths, color=color, label=words)
    names = [
        name_file(f"{path} #{index}", 30)
        for path, index in zip(known["path"], known["passage"], strict=True)
    ]
    ax.set_yticks(rows if is_named else [])
    if is_named:
        ax.set_yticklabels(names, fontsize=7, parse_math=False)
    ax.axvline(0.0, color=NEUTRAL, linewidth=0.8)
    ax.margins(y=0.02)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    title = f"Lead-in and lead-out of {len(known)} passages"
    label_axes(ax, title=title, x="seconds before and after the music", y="")
    add_legend(ax, is_below=True, n_columns=4)
    return ax


def plot_match_levels(passages: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Passages by how sure their identity is."""
    ax = make_axes(height_in=2.0) if ax is None else style_axes(ax)
    counts = [int((passages["match"] == level).sum()) for level in MATCH_LEVELS]
    for row, (level, count) in enumerate(zip(MATCH_LEVELS, counts, strict=True)):
        ax.barh(row, count, color=MATCH_COLORS[level])
        ax.text(count, row, f" {count}", color=NEUTRAL, fontsize=9, va="center")
    ax.set_yticks(range(len(MATCH_LEVELS)), MATCH_LEVELS)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    return label_axes(ax, title=f"Match levels of {len(passages)} passages", x="passages")


def plot_tempo(passages: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How the tempos of the passages are spread, in bins of 5 bpm."""
    ax = make_axes(height_in=2.6) if ax is None else style_axes(ax)
    tempos = passages["tempo_bpm"].dropna().to_numpy(dtype=np.float64)
    ax.hist(tempos, bins=np.arange(30.0, 255.0, 5.0).tolist(), color=CURVE)
    return label_axes(ax, title=f"Tempo of {tempos.size} passages", x="bpm", y="passages")


def plot_keys(passages: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How often each key was found, the most frequent first."""
    ax = make_axes(height_in=2.6) if ax is None else style_axes(ax)
    counts = passages["key"].dropna().value_counts()
    ax.bar(counts.index.astype(str), counts.to_numpy(), color=CURVE, width=0.7)
    ax.set_xlim(-0.7, max(len(counts), 6) - 0.3)
    ax.tick_params(axis="x", rotation=60)
    return label_axes(ax, title=f"Key of {int(counts.sum())} passages", y="passages")


def _widen(ax: Axes, *, least_bpm: float, least_lu: float) -> None:
    """Show at least this much, so that no difference looks larger than it is."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    bpm, lu = max(least_bpm - (right - left), 0.0) / 2, max(least_lu - (high - low), 0.0) / 2
    ax.set_xlim(left - bpm, right + bpm)
    ax.set_ylim(low - lu, high + lu)
