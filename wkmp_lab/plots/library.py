"""Pictures of a library from its tables: on the axes given, or on new ones."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from wkmp_lab.display.numbers import format_clock, format_count
from wkmp_lab.display.palette import CURVE, MATCH_COLORS, NEUTRAL, WARNING
from wkmp_lab.model import MATCH_LEVELS, MatchLevel
from wkmp_lab.plots.figures import (
    add_legend,
    label_axes,
    make_axes,
    name_file,
    style_axes,
)
from wkmp_lab.plots.marks import draw_marks

MARKERS: dict[MatchLevel, str] = {"high": "o", "medium": "s", "low": "^", "unidentified": "x"}
MAX_NAMED = 30
LEAD_BIN_S = 0.25
MAX_LEAD_BINS = 100
"""Bins grow wider where leads are longer."""
EVEN_SCORE = 0.5
"""Gaps that score less are pauses in the music."""
NEAR_SCORE = 0.2
"""A gap this near to an even score may be judged wrongly; it is worth a look."""
MAX_NEAR = 6
"""Gaps that are named in a picture."""
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
            draw_marks(
                ax,
                some["tempo_bpm"],
                some["loudness_lufs"],
                marker=MARKERS[level],
                color=MATCH_COLORS[level],
                label=f"{level} ({len(some)})",
            )
    pending = known[known["match"].isna()]
    if len(pending):
        draw_marks(
            ax,
            pending["tempo_bpm"],
            pending["loudness_lufs"],
            marker="+",
            color=NEUTRAL,
            label=f"not looked for yet ({len(pending)})",
        )
    _widen(ax, least_bpm=20.0, least_lu=6.0)
    title = f"Loudness and tempo of {format_count(len(known), 'passage')}"
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
            draw_marks(ax, x, y, marker=marker, color=color, label=words)
    title = f"Loudness and dynamics of {format_count(len(known), 'passage')}"
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
    title = f"Lead-in and lead-out of {format_count(len(known), 'passage')}"
    x = "seconds of lead-in (left) and of lead-out (right)"
    label_axes(ax, title=title, x=x, y="" if is_named else "passages")
    ax.xaxis.set_major_formatter(lambda at_s, _: f"{abs(at_s):g}")
    add_legend(ax, is_below=True, n_columns=4)
    return ax


def plot_gaps(gaps: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Length over score of every gap that was weighed, taken or not.

    To the right lie boundaries that are sure, to the left pauses that are. Those that nearly were
    judged otherwise are shaded, and the nearest of them named.

    Parameters
    ----------
    gaps
        The table of gaps.
    ax
        Where to draw; new axes where None.
    """
    ax = make_axes(height_in=3.8) if ax is None else style_axes(ax)
    ax.set_yscale("log")
    is_taken = gaps["is_boundary"].to_numpy(dtype=bool, na_value=False)
    for some, marker, color, label in (
        (gaps[is_taken], "o", WARNING, "the file is cut here"),
        (gaps[~is_taken], "x", NEUTRAL, "not cut"),
    ):
        if len(some):
            words = f"{label} ({len(some)})"
            scores, lengths_s = some["score"], some["duration_s"]
            draw_marks(ax, scores, lengths_s, marker=marker, color=color, label=words)
    low, high = EVEN_SCORE - NEAR_SCORE, EVEN_SCORE + NEAR_SCORE
    ax.axvspan(low, high, color=NEUTRAL, alpha=0.15, linewidth=0, label="may be judged otherwise")
    ax.axvline(EVEN_SCORE, color=NEUTRAL, linewidth=0.9, linestyle="--")
    ax.set_xlim(-0.03, 1.03)
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda length_s, _: f"{length_s:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    near = _name_near_gaps(ax, gaps)
    n_near = int(gaps["score"].between(low, high).sum())
    title = f"{is_taken.sum()} of {format_count(len(gaps), 'gap')} taken, {n_near} near the line"
    x = "score (0: a pause in the music, 1: between two pieces)"
    alt = f"{title}: {'; '.join(near)}" if near else title
    label_axes(ax, title=title, x=x, y="length (s)", alt=alt)
    add_legend(ax, is_below=True, n_columns=3)
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
    return label_axes(
        ax, title=f"Match levels of {format_count(len(passages), 'passage')}", x="passages"
    )


def plot_tempo(passages: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How the tempos of the passages are spread, in bins of 5 bpm."""
    ax = make_axes(height_in=2.6) if ax is None else style_axes(ax)
    tempos = passages["tempo_bpm"].dropna().to_numpy(dtype=np.float64)
    ax.hist(tempos, bins=np.arange(30.0, 255.0, 5.0).tolist(), color=CURVE)
    return label_axes(
        ax, title=f"Tempo of {format_count(tempos.size, 'passage')}", x="bpm", y="passages"
    )


def plot_keys(passages: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How often each key was found, the most frequent first."""
    ax = make_axes(height_in=2.6) if ax is None else style_axes(ax)
    counts = passages["key"].dropna().value_counts()
    ax.bar(counts.index.astype(str), counts.to_numpy(), color=CURVE, width=0.7)
    ax.set_xlim(-0.7, max(len(counts), 6) - 0.3)
    ax.tick_params(axis="x", rotation=60)
    return label_axes(
        ax, title=f"Key of {format_count(int(counts.sum()), 'passage')}", y="passages"
    )


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
    width_s = LEAD_BIN_S * max(np.ceil(longest_s / LEAD_BIN_S / MAX_LEAD_BINS), 1.0)
    bins = np.arange(0.0, longest_s + 2 * width_s, width_s)
    ax.hist(-lead_in, bins=(-bins[::-1]).tolist(), color=CURVE, label="lead-in")
    kinds = list(_by_end(known))
    ax.hist(
        [lead_out[is_so] for _, is_so in kinds],
        bins=bins.tolist(),
        stacked=True,
        color=[END_COLORS[end_type] for end_type, _ in kinds],
        label=[_name_end(end_type, is_so) for end_type, is_so in kinds],
    )


def _name_near_gaps(ax: Axes, gaps: pd.DataFrame) -> list[str]:
    """Number the gaps nearest to an even score, and say in the legend where they are."""
    away = (gaps["score"] - EVEN_SCORE).abs().sort_values(kind="stable")
    nearest = gaps.loc[away[away <= NEAR_SCORE].index[:MAX_NEAR]]
    names = []
    places = (nearest[name] for name in ("path", "start_s", "score", "duration_s"))
    for number, (path, start_s, score, length_s) in enumerate(zip(*places, strict=True), 1):
        place = f"{name_file(path, 22)} at {format_clock(start_s)}, {score:.2f}"
        # To either side in turn: the nearest lie close together.
        is_right = number % 2 == 1
        ax.annotate(
            str(number),
            (score, length_s),
            xytext=(6, 4) if is_right else (-6, -4),
            textcoords="offset points",
            ha="left" if is_right else "right",
            va="baseline" if is_right else "top",
            color=NEUTRAL,
            fontsize=9,
        )
        ax.plot([], [], linestyle="", marker=f"${number}$", color=NEUTRAL, label=place)
        names.append(place)
    return names


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
