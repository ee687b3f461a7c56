"""The timeline of an import: who worked on what when, and what the machine had of it."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from wkmp_lab.collection.flight import (
    PHASES,
    Flight,
    Load,
    measure_cover,
    measure_load,
    order_flight,
    read_flight,
)
from wkmp_lab.display.numbers import format_clock, format_count
from wkmp_lab.display.palette import ACCENT, CURVE, NEUTRAL, PHASE_COLORS, WARNING
from wkmp_lab.display.safe_text import clean_text, elide
from wkmp_lab.model import LOOKUP_WORKER, FileResult, FlightRecord, LimitChange, Phase
from wkmp_lab.plots.figures import (
    LONG_S,
    add_legend,
    label_axes,
    label_time,
    make_axes,
    make_figure,
    name_file,
    style_axes,
)
from wkmp_lab.tables.read_back import read_spans

MAX_NAMED_FILES = 30
MAX_WORKERS = 24
"""More are drawn as one row, as are all threads of a cluster."""
N_BINS = 460
"""Of the time: two pixels each at notebook width."""
MAX_TOLD = 4
"""Changes of how many may go on at once that the picture gives reasons for."""
MIN_WAIT_S = 0.05
"""Shorter waits are those of a busy machine, not of a limit."""
WAITING_COLOR = "#b0b0b0"

Row = tuple[npt.NDArray[np.bool_], int]
"""Which spans stand in a row, and how many workers it is of."""


def plot_timeline(
    results: Sequence[FileResult] | pd.DataFrame,
    *,
    record: FlightRecord | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Files over phases in time: bars that lie under one another are work done at once.

    A row per file; of more than ``MAX_NAMED_FILES``, a row per worker, in which the height of a
    colour is the share of the time that went into that phase. Files of earlier imports are left
    out. Below, on a figure of its own, stands what went on at once: files in flight against how
    many could be, cores busy, and files that waited to be looked up.

    The title tells what was measured: files in flight and cores busy, on average. What several
    jobs bring over one is another question, which takes a run with one to answer.

    Parameters
    ----------
    results
        Of the library, or its table of times (``session.timeline``), which is read faster.
    record
        What the import noted of itself (``session.record``): without it start-up, limits and the
        work of the leading process are not known.
    ax
        Where to draw the bars alone; a figure with all of it where None.
    """
    flight = (
        order_flight(read_spans(results), record)
        if isinstance(results, pd.DataFrame)
        else read_flight(results, record)
    )
    is_named = len(flight.paths) <= MAX_NAMED_FILES
    rows, names = _list_files(flight) if is_named else _list_workers(flight)
    if not flight.paths:
        ax = make_axes(height_in=1.9) if ax is None else style_axes(ax)
        return label_axes(ax, title="No file was measured in this import", x="seconds")
    load = measure_load(flight, n_bins=N_BINS)
    bars, below, queue = (
        _lay_out(len(names), load, is_named=is_named)
        if ax is None
        else (
            style_axes(ax),
            None,
            None,
        )
    )
    if is_named:
        _draw_files(bars, flight, rows)
    else:
        _draw_shares(bars, flight, rows)
    _finish_rows(bars, names, flight)
    if below is not None:
        _draw_load(below, flight, load)
    if queue is not None:
        _draw_queue(queue, load)
    for each in (bars, below, queue):
        if each is not None:
            each.set_xlim(0.0, max(flight.passed_s, 1e-3))
    lowest = queue or below or bars
    words = [lowest.get_xlabel(), label_time(lowest, flight.passed_s)]
    lowest.set_xlabel("\n".join(filter(None, words)), color=NEUTRAL, fontsize=9)
    return bars


def describe_flight(flight: Flight) -> str:
    """What the title says: counts and averages, all of them measured."""
    count = format_count(len(flight.paths), "file")
    if flight.passed_s <= 0.0:
        return count
    told = (
        f"{count} in {flight.passed_s:.1f} s: {flight.n_in_flight:.1f} in flight on average, "
        f"{flight.cores_busy:.1f} cores busy"
    )
    known = f"\n{format_count(flight.n_earlier, 'file')} known from before"
    return told + (known if flight.n_earlier else "")


def describe_change(change: LimitChange, *, origin_s: float) -> str:
    """One change of how many may go on at once, in words.

    >>> describe_change(LimitChange(12.5, 1, "memory is short"), origin_s=10.0)
    '2.5 s: 1 at a time, memory is short'
    """
    what = f" in {change.phase}" if change.phase else " at a time"
    reason = f", {clean_text(change.reason)}" if change.reason else ""
    at_s = max(change.at_s - origin_s, 0.0)
    moment = f"{at_s:.1f} s" if at_s <= LONG_S else format_clock(at_s)
    return f"{moment}: {change.n}{what}{reason}"


def _lay_out(n_rows: int, load: Load, *, is_named: bool) -> tuple[Axes, Axes, Axes | None]:
    """Axes for rows, load and, where anything waited, the queue, one below the other."""
    rows_in = min(6.0, 0.9 + (0.2 if is_named else 0.4) * n_rows)
    heights = [rows_in, 1.1] + [0.6] * bool(load.n_queued.max() >= 1.0)
    figure = make_figure(height_in=sum(heights) + 1.7)
    places = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    axes: list[Axes] = [style_axes(figure.add_subplot(places[k])) for k in range(len(heights))]
    for above in axes[:-1]:
        above.tick_params(labelbottom=False)
    return axes[0], axes[1], axes[2] if len(axes) > 2 else None


def _list_files(flight: Flight) -> tuple[list[Row], list[str]]:
    names = [name_file(path, 28) for path in flight.paths]
    return [(flight.file == k, 1) for k in range(len(names))], names


def _list_workers(flight: Flight) -> tuple[list[Row], list[str]]:
    """A row per worker, or one for all where they are many; look-ups come last."""
    mine = flight.is_measuring
    n_workers = sum(name != LOOKUP_WORKER for name in flight.workers)
    if n_workers > MAX_WORKERS:
        rows, names = [(mine, n_workers)], [f"{n_workers} workers"]
    else:
        rows = [(mine & (flight.worker == k), 1) for k in range(n_workers)]
        names = [f"worker {k + 1}" for k in range(n_workers)]
    if not mine.all():
        rows, names = [*rows, (~mine, 1)], [*names, "lookups"]
    return rows, names


def _list_kinds(flight: Flight) -> Iterator[tuple[str, str, npt.NDArray[np.bool_]]]:
    """Name, colour and spans of each phase that there was."""
    for number, phase in enumerate(PHASES):
        chosen = flight.phase == number
        if chosen.any():
            yield phase.title(), PHASE_COLORS[phase], chosen


def _draw_files(ax: Axes, flight: Flight, rows: Sequence[Row]) -> None:
    for row, (is_here, _) in enumerate(rows):
        place = (row - 0.4, 0.8)
        waits = is_here & (flight.waited_s > MIN_WAIT_S)
        if waits.any():
            begun_s = flight.start_s[waits] - flight.waited_s[waits]
            bars = list(zip(begun_s, flight.waited_s[waits], strict=True))
            ax.broken_barh(
                bars,
                (row - 0.1, 0.2),
                color=WAITING_COLOR,
                linewidth=0,
                label="Waiting for a place",
            )
        for name, color, is_kind in _list_kinds(flight):
            chosen = is_here & is_kind
            if chosen.any():
                start_s, end_s = flight.start_s[chosen], flight.end_s[chosen]
                bars = list(zip(start_s, end_s - start_s, strict=True))
                ax.broken_barh(bars, place, color=color, linewidth=0, label=name)


def _draw_shares(ax: Axes, flight: Flight, rows: Sequence[Row]) -> None:
    """Of each bin and worker, how much of the time went into which phase: one area for each."""
    edges_s = np.linspace(0.0, flight.passed_s, N_BINS + 1)
    waits_s = flight.start_s - flight.waited_s
    is_waiting = flight.waited_s > MIN_WAIT_S
    kinds = [
        (name, color, chosen, flight.start_s, flight.end_s)
        for name, color, chosen in _list_kinds(flight)
    ]
    if is_waiting.any():
        kinds.append(("Waiting for a place", WAITING_COLOR, is_waiting, waits_s, flight.start_s))
    across_s = np.repeat(edges_s, 2)[1:-1]
    base = np.zeros((len(rows), N_BINS))
    for name, color, is_kind, start_s, end_s in kinds:
        outlines = []
        for row, (is_here, n_workers) in enumerate(rows):
            chosen = is_here & is_kind
            low = base[row].copy()
            base[row] += measure_cover(start_s[chosen], end_s[chosen], edges_s) / n_workers
            up, down = (row + 0.4 - 0.8 * np.repeat(each, 2) for each in (base[row], low))
            outlines.append(
                np.column_stack([np.r_[across_s, across_s[::-1]], np.r_[up, down[::-1]]])
            )
        # By themselves: matplotlib would look for the limits of every corner.
        areas = PolyCollection(outlines, color=color, linewidth=0, label=name)
        ax.add_collection(areas, autolim=False)


def _finish_rows(ax: Axes, names: Sequence[str], flight: Flight) -> None:
    if flight.n_jobs and flight.start_up_s > 0.0:
        words = f"Starting ({flight.start_up_s:.1f} s)"
        ax.axvspan(0.0, flight.start_up_s, color=NEUTRAL, alpha=0.15, linewidth=0, label=words)
    ax.set_yticks(range(len(names)))
    ax.set_yticklabels(names, fontsize=8, parse_math=False)
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.grid(visible=False, axis="y")
    label_axes(ax, title=describe_flight(flight))
    add_legend(ax, is_below=True, n_columns=5, drop_in=0.15)


def _draw_load(ax: Axes, flight: Flight, load: Load) -> None:
    """Files in flight under the line of how many could be, and the cores that were busy."""
    edges_s = load.edges_s
    ax.stairs(
        load.n_in_flight, edges_s, fill=True, color=CURVE, alpha=0.5, label="files in flight"
    )
    ax.stairs(load.cores_busy, edges_s, color=WARNING, linewidth=1.2, label="cores busy")
    highest = max(load.n_in_flight.max(), load.cores_busy.max(), 1.0)
    if flight.n_jobs:
        at_s, allowed = _list_limits(flight)
        ax.step(
            [*at_s, flight.passed_s],
            [*allowed, allowed[-1]],
            where="post",
            color=NEUTRAL,
            linewidth=1.2,
            linestyle="--",
            label="at once at most",
        )
        highest = max(highest, *allowed)
    _tell_changes(ax, flight)
    ax.set_ylim(0.0, 1.15 * highest)
    add_legend(ax, is_above=True, n_columns=3)


def _list_limits(flight: Flight) -> tuple[list[float], list[int]]:
    """From when on how many files could go on at once."""
    changes = [change for change in flight.changes if change.phase is None]
    at_s = [0.0, *(max(change.at_s - flight.origin_s, 0.0) for change in changes)]
    return at_s, [flight.n_jobs, *(change.n for change in changes)]


def _tell_changes(ax: Axes, flight: Flight) -> None:
    """Number the changes that have a reason, and tell the reasons below."""
    told = [change for change in flight.changes if change.reason]
    words = []
    for number, change in enumerate(told[:MAX_TOLD], 1):
        at_s = max(change.at_s - flight.origin_s, 0.0)
        ax.plot(at_s, change.n, marker=f"${number}$", color=ACCENT, markersize=7, clip_on=False)
        words.append(f"{number}  {elide(describe_change(change, origin_s=flight.origin_s), 110)}")
    if len(told) > MAX_TOLD:
        words.append(f"and {len(told) - MAX_TOLD} more")
    ax.set_xlabel("\n".join(words), loc="left", color=NEUTRAL, fontsize=8, parse_math=False)


def _draw_queue(ax: Axes, load: Load) -> None:
    ax.stairs(
        load.n_queued,
        load.edges_s,
        fill=True,
        color=PHASE_COLORS[Phase.IDENTIFYING],
        alpha=0.7,
        label="files that wait for the lookup thread",
    )
    add_legend(ax, is_above=True)
