"""Pictures of trials: imports of the same files by several ways."""

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from wkmp_lab.display.palette import ACCENT, NEUTRAL, WARNING
from wkmp_lab.plots.figures import add_legend, label_axes, make_axes

if TYPE_CHECKING:
    import pandas as pd


def plot_designs(table: "pd.DataFrame", *, ax: Axes | None = None) -> Axes:
    """How long each design took, and when its first file was finished.

    Parameters
    ----------
    table
        Of :func:`wkmp_lab.compare_designs`.
    ax
        What to draw on; None: new axes.
    """
    ax = ax or make_axes(height_in=1.9)
    rows = [dict(row) for _, row in table.iterrows()]
    names = [str(row["design"]) for row in rows]
    passed_s = [float(row["passed_s"]) for row in rows]
    spreads = [
        [row["passed_s"] - row["shortest_s"] for row in rows],
        [row["longest_s"] - row["passed_s"] for row in rows],
    ]
    places = range(len(rows))
    error = {"ecolor": NEUTRAL, "capsize": 3}
    ax.barh(places, passed_s, height=0.55, color=ACCENT, xerr=spreads, error_kw=error)
    firsts_s = [float(row["first_result_s"]) for row in rows]
    ax.plot(firsts_s, places, "|", color=WARNING, markersize=18, markeredgewidth=2.5)
    ax.lines[-1].set_label("first file finished")
    for place, row in zip(places, rows, strict=True):
        words = f" {row['cores_busy']:.2f} cores busy, {row['n_requests']} requests"
        ax.text(row["longest_s"], place, words, color=NEUTRAL, fontsize=8, va="center")
    ax.set_yticks(list(places), names)
    ax.invert_yaxis()
    ax.set_xlim(0.0, 1.45 * max((row["longest_s"] for row in rows), default=1.0))
    ax.grid(visible=False, axis="y")
    add_legend(ax)
    told = ", ".join(f"{name} {s:.1f} s" for name, s in zip(names, passed_s, strict=True))
    n_files = rows[0]["n_files"] if rows else 0
    title = f"{n_files} files by each design: {told}"
    return label_axes(ax, title=title, x="time passed, in s (median, shortest, longest)")
