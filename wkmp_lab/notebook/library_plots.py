"""Pictures of a library from its table of passages: on the axes given, or on new ones."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
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
LEAD_BIN_S = 0.25
END_COLORS = {"fade": "#cc79a7", "hard": "#d55e00", "long_tail": "#009e73"}


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
    add_legend(ax, is_below=True, n_columns=5)
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
    add_legend(ax, is_below=True, n_columns=2)
    return ax


def plot_leads(passages: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Lead-in to the left and lead-out to the right, coloured by how passages end.

    A bar for each passage; of more than ``MAX_NAMED``, how many passages have leads that long.

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
        ax = make_axes(height_in=1.6 + 0.2 * len(known) if is_named else 3.4)
    else:
        style_axes(ax)
    if is_named:
        _draw_leads(ax, known)
    else:
        _count_leads(ax, known)
    ax.axvline(0.0, color=NEUTRAL, linewidth=0.8)
    title = f"Lead-in and lead-out of {len(known)} passages"
    x = "seconds of lead-in (left) and of lead-out (right)"
    label_axes(ax, title=title, x=x, y="" if is_named else "passages")
    ax.xaxis.set_major_formatter(lambda at_s, _: f"{abs(at_s):g}")
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


def _draw_leads(ax: Axes, known: pd.DataFrame) -> None:
    rows = np.arange(len(known))
    ax.barh(rows, -known["lead_in_s"].to_numpy(), color=CURVE, label="lead-in")
    for end_type, is_so in _by_end(known):
        lengths = known["lead_out_s"].to_numpy()[is_so]
        words = _name_end(end_type, is_so)
        ax.barh(rows[is_so], lengths, color=END_COLORS[end_type], label=words)
    names = [
        name_file(f"{path} #{index}", 30)
        for path, index in zip(known["path"], known["passage"], strict=True)
    ]
    ax.set_yticks(rows)
    ax.set_yticklabels(names, fontsize=8, parse_math=False)
    ax.margins(y=0.02)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")


def _count_leads(ax: Axes, known: pd.DataFrame) -> None:
    lead_in, lead_out = known["lead_in_s"].to_numpy(), known["lead_out_s"].to_numpy()
    longest_s = max(float(lead_in.max()), float(lead_out.max()), LEAD_BIN_S)
    bins = np.arange(0.0, longest_s + 2 * LEAD_BIN_S, LEAD_BIN_S)
    ax.hist(-lead_in, bins=(-bins[::-1]).tolist(), color=CURVE, label="lead-in")
    kinds = list(_by_end(known))
    ax.hist(
        [lead_out[is_so] for _, is_so in kinds],
        bins=bins.tolist(),
        stacked=True,
        color=[END_COLORS[end_type] for end_type, _ in kinds],
        label=[_name_end(end_type, is_so) for end_type, is_so in kinds],
    )


def _by_end(known: pd.DataFrame) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """How passages may end, and which of them do."""
    for end_type in END_COLORS:
        is_so = (known["end_type"] == end_type).to_numpy(dtype=bool, na_value=False)
        if is_so.any():
            yield end_type, is_so


def _name_end(end_type: str, is_so: npt.NDArray[np.bool_]) -> str:
    return f"lead-out, {end_type.replace('_', ' ')} ({is_so.sum()})"


def _widen(ax: Axes, *, least_bpm: float, least_lu: float) -> None:
    """Show at least this much, so that no difference looks larger than it is."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    bpm, lu = max(least_bpm - (right - left), 0.0) / 2, max(least_lu - (high - low), 0.0) / 2
    ax.set_xlim(left - bpm, right + bpm)
    ax.set_ylim(low - lu, high + lu)
