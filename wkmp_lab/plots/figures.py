"""Figures without pyplot: drawn in any thread, readable in light and dark pages, with words."""

import functools
import io
import threading
import unicodedata
import warnings
from dataclasses import dataclass

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator

from wkmp_lab.display.numbers import format_clock
from wkmp_lab.display.pages import encode_base64
from wkmp_lab.display.palette import NEUTRAL
from wkmp_lab.display.safe_text import clean_name, elide

WIDTH_IN = 9.2
DPI = 100
SHARPNESS = 2
"""Pixels of a picture that stays, per pixel of its width on the page: sharp on fine screens."""
LONG_S = 180.0
"""Longer times are told as a clock does."""
SCRIPTS = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "PingFang SC", "Yu Gothic"),
    *("Microsoft YaHei", "Malgun Gothic", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
    *("Droid Sans Fallback", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari"),
    *("Noto Sans Thai", "Arial Unicode MS", "Segoe UI", "Tahoma"),
)
"""Fonts for what matplotlib's own has no signs for, where the system has them."""
_DRAWING = threading.Lock()
"""matplotlib's font and layout caches are shared by all figures."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that stands in a page itself."""

    png: str
    """Base64."""
    alt: str
    """What is to be seen, in words."""
    width: int
    height: int
    """On the page, in pixels."""


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


def add_legend(
    ax: Axes,
    *,
    is_below: bool = False,
    is_above: bool = False,
    n_columns: int = 1,
    drop_in: float = 0.5,
) -> None:
    """A legend in mid-grey words without a frame, each name once; below or above, it hides
    nothing.
    """
    handles, labels = ax.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    if not once:
        return
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    # In shares of the axes' height: as a rule half an inch, room for ticks and the axis' name.
    drop = drop_in / max(figure.get_figheight() - 1.0, 0.5)
    legend = ax.legend(
        list(once.values()),
        list(once),
        loc="upper center" if is_below else "lower left" if is_above else "best",
        bbox_to_anchor=(0.5, -drop) if is_below else (0.0, 1.0) if is_above else None,
        ncols=n_columns,
        fontsize=8,
        frameon=False,
        labelcolor=NEUTRAL,
        handlelength=1.2,
        columnspacing=1.2,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def name_file(path: str, max_length: int) -> str:
    """The name of a file as a picture shows it: from the left, whatever its script."""
    name = elide(clean_name(path), max_length)
    is_right_to_left = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in name)
    return f"\u200e{name}" if is_right_to_left else name


def label_time(ax: Axes, length_s: float, *, name: str = "time") -> str:
    """Tell times on the x axis: in seconds, or where it is long as a clock; what to call it."""
    if length_s <= LONG_S:
        return "seconds"
    # Steps of a clock: what is round in seconds is odd in minutes.
    steps = [1, 1.2, 1.5, 1.8, 2.4, 3, 3.6, 6, 9, 10]
    ax.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=steps))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda at_s, _: format_clock(max(at_s, 0.0))))
    return f"{name} ({'h:min:s' if length_s >= 3600.0 else 'min:s'})"


def draw_png(ax: Axes, *, sharpness: int = 1) -> bytes:
    """The figure of some axes as PNG; safe in any thread.

    Parameters
    ----------
    ax
        On a figure of :func:`make_axes`.
    sharpness
        Pixels per pixel of the page, in each direction.
    """
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    png = io.BytesIO()
    with _DRAWING, warnings.catch_warnings():
        # A script that no installed font has is drawn as boxes; nobody can act on the warning.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        families = _find_families()
        for text in figure.findobj(Text):
            text.set_fontfamily(families)
        figure.savefig(png, format="png", dpi=DPI * sharpness)
    return png.getvalue()


def measure_page_size(ax: Axes) -> tuple[int, int]:
    """Width and height of the figure of some axes on the page, in pixels."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    width_in, height_in = figure.get_size_inches()
    return round(width_in * DPI), round(height_in * DPI)


def embed_picture(ax: Axes) -> Picture:
    """The figure of some axes as a page holds it in itself, sharp on fine screens."""
    png = encode_base64(draw_png(ax, sharpness=SHARPNESS))
    return Picture(png, str(ax.get_label()), *measure_page_size(ax))


def is_managed(ax: Axes) -> bool:
    """True where the axes are on a figure of pyplot, which shows it."""
    figure = ax.get_figure(root=True)
    return figure is None or figure.canvas.manager is not None


@functools.cache
def _find_families() -> list[str]:
    """matplotlib's own font, and after it those that know the scripts it does not."""
    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in SCRIPTS if name in installed)]
