"""Marks for few and for many: of a large library, one for all that lie near one another."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from wkmp_lab.signals import DoubleArray

MAX_MARKS = 2000
"""More of one kind are drawn in cells: as marks they would only hide one another."""
N_ACROSS, N_UP = 160, 60
"""Cells of a picture at notebook width, about six pixels each."""
MARK_AREA = 42.0
SMALLEST_AREA = 5.0
"""Of the mark of a cell with one point, in square points."""


class CrowdedCells(NamedTuple):
    """Where points lie, to within a cell, and how many there are in each."""

    x: DoubleArray
    y: DoubleArray
    counts: npt.NDArray[np.int64]


def draw_marks(
    ax: Axes,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    color: str,
    label: str | None = None,
    marker: str = "o",
    area: float = MARK_AREA,
) -> None:
    """A mark for each point; of more than ``MAX_MARKS``, one for each cell that has any.

    A cell's mark grows with the logarithm of its points, so that crowds and strays are both seen.

    Parameters
    ----------
    ax
        Where to draw.
    x, y
        The points, shape ``(n,)``; those that are not finite are left out.
    color, label, marker
        Of all of them.
    area
        Of a mark, in square points.
    """
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if xs.size <= MAX_MARKS:
        ax.scatter(xs, ys, s=area, alpha=0.85, marker=marker, color=color, label=label)
        return
    is_log = ax.get_yscale() == "log"
    cells = count_cells(xs, np.log10(np.maximum(ys, 1e-9)) if is_log else ys)
    shares = np.log1p(cells.counts) / np.log1p(cells.counts.max(initial=1))
    areas = SMALLEST_AREA + shares * (area - SMALLEST_AREA)
    at_y = 10.0**cells.y if is_log else cells.y
    ax.scatter(cells.x, at_y, s=areas, alpha=0.6, marker=marker, color=color, linewidths=0.7)
    # The legend shows a mark as others do, not the first cell's.
    ax.scatter([], [], s=area, alpha=0.85, marker=marker, color=color, label=label)


def count_cells(
    x: DoubleArray, y: DoubleArray, *, n_across: int = N_ACROSS, n_up: int = N_UP
) -> CrowdedCells:
    """Points by the cells of a grid over all of them; each cell lies where its points do.

    Parameters
    ----------
    x, y
        The points, shape ``(n,)``; those that are not finite are left out.
    n_across, n_up
        Cells of the grid.

    >>> count_cells(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0])).counts
    array([2, 1])
    """
    is_known = np.isfinite(x) & np.isfinite(y)
    x, y = x[is_known], y[is_known]
    cell = _find_steps(x, n_across) * n_up + _find_steps(y, n_up)
    counts = np.bincount(cell, minlength=n_across * n_up)
    met = counts.nonzero()[0]
    middle_x, middle_y = (np.bincount(cell, v, counts.size)[met] / counts[met] for v in (x, y))
    return CrowdedCells(middle_x, middle_y, counts[met])


def _find_steps(values: DoubleArray, n_steps: int) -> npt.NDArray[np.int64]:
    low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
    shares = (values - low) / max(high - low, 1e-12)
    steps: npt.NDArray[np.int64] = np.minimum((shares * n_steps).astype(np.int64), n_steps - 1)
    return steps
