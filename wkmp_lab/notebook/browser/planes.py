"""Where passages lie on a plane: that of their flavor, or that of two of their numbers."""

import numpy as np

from wkmp_lab.collection.neighbours import compute_flavor_map
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.notebook.browser.listing import Listing
from wkmp_lab.signals import DoubleArray

MAP = "map"
"""What a page asks for instead of the names of two numbers."""


def find_plane(listing: Listing, x: str, y: str) -> tuple[DoubleArray, DoubleArray, str]:
    """Coordinates of each row, NaN where it has none, and what there is to say of the plane.

    Parameters
    ----------
    listing
        The passages.
    x, y
        Names of numbers; ``map`` for both: the plane of :func:`neighbours.compute_flavor_map`.

    Raises
    ------
    InvalidInputError
        No passage has a number of that name.
    """
    if x == MAP:
        return _find_map(listing)
    for name in (x, y):
        if name not in listing.axes:
            raise InvalidInputError(f"an axis shows a number of a passage, got {name!r}")
    return listing.numbers(x), listing.numbers(y), ""


def _find_map(listing: Listing) -> tuple[DoubleArray, DoubleArray, str]:
    def reckon() -> tuple[DoubleArray, DoubleArray, str]:
        found = compute_flavor_map(listing.results)
        missing = (np.nan, np.nan)
        plane = np.array([found.places.get(key, missing) for key in listing.keys], np.float64)
        xs, ys = plane.reshape(-1, 2).T
        return xs, ys, f"{found.share:.0%} of their variety"

    return listing.once(MAP, "", reckon)
