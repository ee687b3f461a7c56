"""Pictures of the character of passages: a map of all, a radar of a few."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.notebook.pictures import add_legend, label_axes, make_axes, style_axes
from wkmp_lab.palette import NEUTRAL, PHASE_COLORS
from wkmp_lab.text import clean_path, elide

MAX_NAMED = 40
_KEYS = ("path", "passage")
_COLORS = tuple(PHASE_COLORS.values())[1:]


def plot_flavor_map(flavors: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Passages on a plane: near ones sound alike (first two principal components).

    Parameters
    ----------
    flavors
        A row per passage, as ``session.flavors``.
    ax
        Where to draw; new axes where None.
    """
    ax = make_axes(height_in=4.6) if ax is None else style_axes(ax)
    if len(flavors) < 3:
        return label_axes(ax, title="A map needs three passages or more")
    places, share = compute_map(flavors)
    ax.scatter(places[:, 0], places[:, 1], s=36, color="#2f8fd0", alpha=0.85)
    for (x, y), name in zip(places[:MAX_NAMED], _names(flavors), strict=False):
        ax.annotate(
            name,
            (x, y),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=7,
            color=NEUTRAL,
            parse_math=False,
        )
    ax.margins(x=0.12)
    title = f"{len(flavors)} passages by flavor ({share:.0%} of their variety on this plane)"
    return label_axes(ax, title=title, x="first component", y="second component")


def plot_flavor_radar(
    flavors: pd.DataFrame,
    *,
    rows: Sequence[int],
    descriptors: Sequence[str],
    ax: Axes | None = None,
) -> Axes:
    """Some passages on a star of descriptors, each as its rank within the library (0 to 1).

    Parameters
    ----------
    flavors
        A row per passage, as ``session.flavors``.
    rows
        Positions of the passages to draw.
    descriptors
        Columns, one per ray.
    ax
        Polar axes; new ones where None.

    Raises
    ------
    InvalidInputError
        A descriptor is no column of the table.
    """
    missing = [name for name in descriptors if name not in flavors.columns]
    if missing:
        raise InvalidInputError(f"descriptors must be columns of the table, got {missing}")
    ax = make_axes(height_in=5.0, polar=True) if ax is None else style_axes(ax)
    ranks = flavors[list(descriptors)].astype("float64").rank(pct=True).to_numpy()
    angles = np.linspace(0.0, 2.0 * np.pi, len(descriptors), endpoint=False)
    closed = [*range(len(descriptors)), 0]
    names = _names(flavors)
    for position, row in enumerate(rows):
        color = _COLORS[position % len(_COLORS)]
        ax.plot(angles[closed], ranks[row][closed], color=color, label=names[row], linewidth=1.6)
        ax.fill(angles[closed], ranks[row][closed], color=color, alpha=0.10)
    ax.set_xticks(angles, list(descriptors))
    ax.tick_params(axis="x", pad=34)
    ax.set_ylim(0.0, 1.0)
    label_axes(ax, title="Rank within the library, 0 to 1")
    add_legend(ax, is_below=True, n_columns=3)
    return ax


def compute_map(flavors: pd.DataFrame) -> tuple[npt.NDArray[np.float64], float]:
    """Places on the plane of greatest variety, shape ``(n, 2)``, and the share it shows.

    Descriptors count alike (each is scaled to unit deviation); a missing one counts as average.
    """
    numbers = flavors.drop(columns=list(_KEYS)).select_dtypes("number").astype("float64")
    values = numbers.to_numpy()
    with np.errstate(invalid="ignore"):
        known = np.isfinite(values)
    weights = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    means = filled.sum(axis=0) / np.maximum(weights, 1)
    centred = np.where(known, filled - means, 0.0)
    deviations = np.sqrt((centred**2).mean(axis=0))
    useful = deviations > 1e-12
    if useful.sum() < 2:
        return np.zeros((len(flavors), 2)), 0.0
    left, sizes, _ = np.linalg.svd(centred[:, useful] / deviations[useful], full_matrices=False)
    return left[:, :2] * sizes[:2], float((sizes[:2] ** 2).sum() / (sizes**2).sum())


def _names(flavors: pd.DataFrame) -> list[str]:
    return [
        elide(f"{clean_path(str(path)).rpartition('/')[2]} #{passage}", 30)
        for path, passage in zip(flavors["path"], flavors["passage"], strict=True)
    ]
