"""What travels to the page: columns, some rows of a listing, and places on a plane."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from wkmp_lab.notebook.browser.columns import is_identified, name_row
from wkmp_lab.notebook.browser.listing import Listing, PlaceArray
from wkmp_lab.signals import DoubleArray

MAX_ROWS = 400
"""Of one message; a screen holds fewer."""
IS_FOUND = 1
"""Flag of a place on a plane: its row answers to the query."""


def make_head(listing: Listing) -> dict[str, Any]:
    """The columns of a table, and what a scatter can show, as the page takes them."""
    columns = [
        {
            "name": column.name,
            "label": column.label,
            "unit": column.unit,
            "kind": column.kind,
            "meaning": column.meaning,
            "choices": list(column.choices),
        }
        for column in listing.columns
    ]
    has_covers = any(result.tags.cover is not None for result in listing.results)
    return {"columns": columns, "axes": list(listing.axes), "has_covers": has_covers}


def make_rows(
    listing: Listing, places: PlaceArray, numbers: Sequence[int], *, folder: str
) -> list[dict[str, Any]]:
    """Some rows, as the page takes them.

    Parameters
    ----------
    listing
        What they stand in.
    places
        Where.
    numbers
        What the page knows each of them by.
    folder
        Paths are shown from there.
    """
    made = []
    for place, number in zip(places.tolist(), numbers, strict=True):
        row = listing.rows[place]
        made.append(
            {
                "row": number,
                "name": name_row(row),
                "cells": [column.show(row, folder) for column in listing.columns],
                "is_told": not is_identified(row),
                "has_cover": row.file.tags.cover is not None,
            }
        )
    return made


def pack_points(
    xs: DoubleArray, ys: DoubleArray, numbers: PlaceArray, is_found: npt.NDArray[np.bool_] | None
) -> list[bytes]:
    """Points of a plane as the page takes them: numbers, x, y and flags, without the missing.

    Parameters
    ----------
    xs, ys
        Of each row; a point needs both.
    numbers
        What the page knows the rows by.
    is_found
        Which rows answer to the query; None: all.

    Returns
    -------
    list of bytes
        Little-endian int32, float32, float32 and uint8.
    """
    is_there = np.isfinite(xs) & np.isfinite(ys)
    flags = np.full(len(xs), IS_FOUND) if is_found is None else np.where(is_found, IS_FOUND, 0)
    return [
        numbers[is_there].astype("<i4").tobytes(),
        xs[is_there].astype("<f4").tobytes(),
        ys[is_there].astype("<f4").tobytes(),
        flags[is_there].astype("u1").tobytes(),
    ]
