"""Pictures for pages that are kept: of the same tables, as data inside the page."""

from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.axes import Axes

from wkmp_lab.display.pages import SavedPicture, encode_base64
from wkmp_lab.plots.figures import SHARPNESS, draw_png, measure_page_size
from wkmp_lab.plots.library import plot_dynamics, plot_keys, plot_loudness_tempo, plot_match_levels

_OF_LIBRARY: Sequence[Callable[[pd.DataFrame], Axes]] = (
    plot_match_levels,
    plot_keys,
    plot_loudness_tempo,
    plot_dynamics,
)


def draw_library(passages: pd.DataFrame) -> list[SavedPicture]:
    """What the report of a library shows above its tables; nothing without passages.

    Parameters
    ----------
    passages
        The table of passages.
    """
    return [draw_saved(plot(passages)) for plot in _OF_LIBRARY] if len(passages) else []


def draw_saved(ax: Axes) -> SavedPicture:
    """The figure of some axes as a page holds it, sharp on fine screens."""
    width_px, height_px = measure_page_size(ax)
    png = encode_base64(draw_png(ax, sharpness=SHARPNESS))
    return SavedPicture(png, str(ax.get_label()), width_px, height_px)
