"""Pictures of the character of passages: a map of all, a radar of a few."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from wkmp_lab.collection.neighbours import (
    Neighbour,
    collect_vectors,
    find_near_vectors,
    place_vectors,
)
from wkmp_lab.display.numbers import format_count
from wkmp_lab.display.palette import CURVE, NEUTRAL, PHASE_COLORS, WARNING
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import FileResult, PassageId
from wkmp_lab.plots.figures import (
    add_legend,
    label_axes,
    make_axes,
    name_file,
    style_axes,
)
from wkmp_lab.plots.marks import draw_marks
from wkmp_lab.signals import DoubleArray
from wkmp_lab.tables.read_back import read_vectors

MAX_NAMED = 40
MAX_TRIED = 400
"""Passages of a large library beside which a name may be written."""
NAME_WIDTH, NAME_HEIGHT = 0.22, 0.055
"""Room of a name, in shares of the plane."""
_COLORS = tuple(PHASE_COLORS.values())[1:]


def plot_flavor_map(
    results: Sequence[FileResult] | pd.DataFrame,
    *,
    path: str | None = None,
    passage: int = 0,
    n: int = 5,
    ax: Axes | None = None,
) -> Axes:
    """Passages on a plane: near ones sound alike. See :func:`neighbours.compute_flavor_map`.

    Of a large library a mark stands for all passages that lie near one another.

    Parameters
    ----------
    results
        The library, or a table of it (:func:`read_back.read_vectors`), which is read faster.
    path, passage
        A passage to be joined with its ``n`` nearest neighbours; none where None. These are the
        nearest in all descriptors: on the plane, others may look nearer.
    n
        How many neighbours at most.
    ax
        Where to draw; new axes where None.

    Raises
    ------
    InvalidInputError
        The passage is not in the library or was not described.
    """
    ax = make_axes(height_in=4.6) if ax is None else style_axes(ax)
    vectors = (
        read_vectors(results) if isinstance(results, pd.DataFrame) else collect_vectors(results)
    )
    places, share = place_vectors(vectors)
    if len(places) < 3:
        return label_axes(ax, title="A map needs three passages or more")
    near = find_near_vectors(vectors, path, passage, n=n) if path is not None else ()
    _draw_rays(ax, places, (path or "", passage), near)
    xs, ys = zip(*places.values(), strict=True)
    draw_marks(ax, xs, ys, color=CURVE, area=36)
    _name_near(ax, places, (path or "", passage), near) if near else _name_some(ax, places)
    ax.margins(x=0.12, y=0.08)
    # A place on the plane has no unit: only who is near whom counts.
    ax.tick_params(labelbottom=False, labelleft=False, length=0)
    count = format_count(len(places), "passage")
    title = f"{count} by flavor ({share:.0%} of their variety on this plane)"
    return label_axes(ax, title=title, x="near one another: alike in sound")


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
    named = list(zip(flavors["path"], flavors["passage"], strict=True))
    for position, row in enumerate(rows):
        color = _COLORS[position % len(_COLORS)]
        words = _name_passage(*named[row])
        ax.plot(angles[closed], ranks[row][closed], color=color, label=words, linewidth=1.6)
        ax.fill(angles[closed], ranks[row][closed], color=color, alpha=0.10)
    ax.set_xticks(angles, list(descriptors))
    ax.tick_params(axis="x", pad=24)
    ax.set_ylim(0.0, 1.0)
    label_axes(
        ax, title=f"Rank within the library of {format_count(len(flavors), 'passage')}, 0 to 1"
    )
    add_legend(ax)
    legend = ax.get_legend()
    if legend is not None:
        # Beside the star: a ray points in every other direction.
        legend.set_loc("upper left")
        legend.set_bbox_to_anchor((1.25, 1.0))
    return ax


def _draw_rays(
    ax: Axes,
    places: Mapping[PassageId, tuple[float, float]],
    centre: PassageId,
    near: Sequence[Neighbour],
) -> None:
    for each in near:
        (x, y), (to_x, to_y) = places[centre], places[each.path, each.passage]
        ax.plot([x, to_x], [y, to_y], color=WARNING, linewidth=1.2, alpha=0.7)


def _name_near(
    ax: Axes,
    places: Mapping[PassageId, tuple[float, float]],
    centre: PassageId,
    near: Sequence[Neighbour],
) -> None:
    """Number a passage's neighbours, the nearest first, and name them beside the plane."""
    words = _name_passage(*centre)
    ax.scatter(*places[centre], s=110, color=WARNING, marker="*", zorder=3, label=words)
    for number, each in enumerate(near, 1):
        place = places[each.path, each.passage]
        words = f"{number}: {_name_passage(each.path, each.passage)}"
        ax.scatter(*place, s=36, color=WARNING, zorder=3, label=words)
        _write(ax, str(number), place)
    add_legend(ax)
    legend = ax.get_legend()
    if legend is not None:
        legend.set_loc("upper left")
        legend.set_bbox_to_anchor((1.01, 1.0))


def _name_some(ax: Axes, places: Mapping[PassageId, tuple[float, float]]) -> None:
    """Name the passages beside which there is room, from the left to the right.

    A name stands behind its point, else before it, and covers neither a point nor a name. Of a
    large library those are tried that lie outermost: there is no room elsewhere.
    """
    named = list(places)
    points = np.array(list(places.values()))
    low, high = points.min(axis=0), points.max(axis=0)
    spots = (points - low) / np.maximum(high - low, 1e-9)
    away = np.linalg.norm(spots - np.median(spots, axis=0), axis=1)
    tried = np.argsort(-away, kind="stable")[:MAX_TRIED]
    taken: list[tuple[float, float]] = []
    for k in tried[np.lexsort((points[tried, 1], points[tried, 0]))]:
        others = np.delete(spots, k, axis=0)
        x, y = (float(value) for value in spots[k])
        for is_before, left in ((False, x), (True, x - NAME_WIDTH)):
            if len(taken) < MAX_NAMED and _is_free((left, y), others, taken):
                taken.append((left, y))
                place = places[named[k]]
                _write(ax, _name_passage(*named[k]), place, is_before=is_before)
                break


def _is_free(
    corner: tuple[float, float], points: DoubleArray, names: Sequence[tuple[float, float]]
) -> bool:
    """True where a name from ``corner`` on stays on the plane and covers nothing."""
    left, y = corner
    across, up = points[:, 0] - left, np.abs(points[:, 1] - y)
    is_covering = ((across >= 0.0) & (across <= NAME_WIDTH) & (up <= NAME_HEIGHT)).any()
    is_crossing = any(abs(left - a) <= NAME_WIDTH and abs(y - b) <= NAME_HEIGHT for a, b in names)
    return left > -0.1 and not is_covering and not is_crossing


def _write(ax: Axes, words: str, place: tuple[float, float], *, is_before: bool = False) -> None:
    ax.annotate(
        words,
        place,
        xytext=(-5 if is_before else 5, 4),
        ha="right" if is_before else "left",
        textcoords="offset points",
        fontsize=8,
        color=NEUTRAL,
        parse_math=False,
    )


def _name_passage(path: str, passage: int) -> str:
    return name_file(f"{path} #{passage}", 30)
