"""Figures without pyplot: drawn in any thread, readable in light and dark pages, with words."""

import io
import threading
import warnings

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from wkmp_lab.palette import NEUTRAL
from wkmp_lab.text import clean_path, elide

WIDTH_IN = 9.2
DPI = 100
_DRAWING = threading.Lock()
"""matplotlib's font and layout caches are shared by all figures."""


def make_axes(*, height_in: float = 3.2, polar: bool = False) -> Axes:
    """New axes on a figure of their own, at notebook width."""
    figure = make_figure(height_in=height_in)
    axes: Axes = figure.add_subplot(projection="polar" if polar else None)
    return style_axes(axes)


def make_figure(*, height_in: float) -> Figure:
    """An empty, transparent figure at notebook width."""
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.patch.set_alpha(0.0)
    return figure


def style_axes(ax: Axes) -> Axes:
    """Transparent, with mid-grey lines and words."""
    ax.patch.set_alpha(0.0)
    ax.tick_params(colors=NEUTRAL, labelsize=8)
    for name, spine in ax.spines.items():
        spine.set_visible(name not in ("top", "right"))
        spine.set_color(NEUTRAL)
    ax.grid(color=NEUTRAL, alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def label_axes(ax: Axes, *, title: str, x: str = "", y: str = "", alt: str = "") -> Axes:
    """Name axes and picture; texts from outside are never read as mathematics.

    ``alt`` says in words what is to be seen; it becomes the label of the axes.
    """
    ax.set_title(title, color=NEUTRAL, fontsize=10, loc="left", parse_math=False)
    ax.set_xlabel(x, color=NEUTRAL, fontsize=9, parse_math=False)
    ax.set_ylabel(y, color=NEUTRAL, fontsize=9, parse_math=False)
    ax.set_label(alt or title)
    return ax


def add_legend(ax: Axes, *, is_below: bool = False, n_columns: int = 1) -> None:
    """A legend in mid-grey words without a frame, each name once; below, it hides nothing."""
    handles, labels = ax.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    if not once:
        return
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    # In shares of the axes' height: about half an inch, room for ticks and the axis' name.
    drop = 0.5 / max(figure.get_figheight() - 1.0, 0.5)
    ax.legend(
        list(once.values()),
        list(once),
        loc="upper center" if is_below else "best",
        bbox_to_anchor=(0.5, -drop) if is_below else None,
        ncols=n_columns,
        fontsize=8,
        frameon=False,
        labelcolor=NEUTRAL,
        handlelength=1.2,
        columnspacing=1.2,
    )


def name_file(path: str, max_length: int) -> str:
    """The name of a file as a picture shows it."""
    return elide(clean_path(path).replace("\\", "/").rpartition("/")[2], max_length)


def draw_png(ax: Axes) -> bytes:
    """The figure of some axes as PNG; safe in any thread."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    png = io.BytesIO()
    with _DRAWING, warnings.catch_warnings():
        # A script that no installed font has is drawn as boxes; nobody can act on the warning.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        figure.savefig(png, format="png")
    return png.getvalue()


def is_managed(ax: Axes) -> bool:
    """True where the axes are on a figure of pyplot, which shows it."""
    figure = ax.get_figure(root=True)
    return figure is None or figure.canvas.manager is not None
