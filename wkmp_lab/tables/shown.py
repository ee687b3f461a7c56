"""Which columns of our tables a notebook shows by itself, and what tables carry to tell it so."""

from __future__ import annotations  # pandas is loaded when the first table is made

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wkmp_lab.flavoring.descriptors import DESCRIPTORS
from wkmp_lab.tables import columns, columns_files, columns_library, own_columns
from wkmp_lab.tables.differences import DIFFERENCES

if TYPE_CHECKING:
    import pandas as pd

MARK = "wkmp_lab"
"""What our tables carry in ``attrs``, and selections of them: notebooks show these our way."""
ASKED, FOLDER, IS_WHOLE = "wkmp_lab_asked", "wkmp_lab_folder", "wkmp_lab_is_whole"
"""In ``attrs``, too: the columns that people ask for first; the folder of the library, which the
paths are shown from; that every column is to be shown."""

FILES = tuple(
    "path status format sr n_channels duration_s n_passages tag_title tag_artist "
    "failure_reason notes".split()
)
PASSAGES = tuple(
    "path passage start_s duration_s loudness_lufs tempo_bpm key match title artist "
    "quality".split()
)
CANDIDATES = tuple("path passage rank title artist score level is_chosen release".split())
FLAVORS = tuple(
    "path passage onset_rate_hz pulse_clarity chord_change_rate_hz centroid_hz_mean "
    "flatness_mean dynamic_complexity_db chroma_entropy danceability".split()
)


def mark(table: pd.DataFrame, asked: Sequence[str] = ()) -> pd.DataFrame:
    """The table, known as ours; with the columns that are shown where there are many."""
    table.attrs[MARK] = True
    table.attrs[ASKED] = tuple(asked)
    return table


def place(table: pd.DataFrame, folder: str) -> pd.DataFrame:
    """The table, its paths shown from the folder of the library, as those of all its tables."""
    table.attrs[FOLDER] = folder
    return table


def show_all(table: pd.DataFrame) -> pd.DataFrame:
    """A table of ours with every column, and up to 1000 rows, where a notebook shows it.

    By itself a notebook shows the columns that people ask for first. ``table[["path",
    "n_clipped"]]`` shows those that are named.
    """
    whole = table.copy(deep=False)
    whole.attrs[MARK] = whole.attrs[IS_WHOLE] = True
    return whole


@functools.cache
def read_meanings() -> dict[str, str]:
    """What each column of our tables means, by name."""
    found: dict[str, str] = {each.name: each.meaning for each in DESCRIPTORS}
    library: tuple[Sequence[columns.Column[Any]], ...] = (
        *(columns_library.DECISIONS, columns_library.MUSICAL_FLAVORS, columns_library.MERGES),
        *(columns_library.SAME_SONGS, columns_library.NEIGHBOURS, DIFFERENCES),
        *(columns.GAPS, columns.TIMELINE, columns.FAILURES, columns.EVIDENCE),
        *(own_columns.MEASURES,),
        *(columns.CANDIDATES, columns_files.FILES, columns.PASSAGES),
    )
    for declared in library:
        found |= {column.name: column.meaning for column in declared}
    return found
