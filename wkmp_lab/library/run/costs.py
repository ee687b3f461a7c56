"""What an import is expected to cost, file by file, once it is known what has to be done."""

from collections.abc import Callable, Sequence

import numpy as np

from wkmp_lab.library.changes import Sorting
from wkmp_lab.model import FileResult, SourceFile
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.progress.costs import (
    LIMITED_LOOKUP_S,
    LOOKUP_S,
    Expected,
    expect_measuring_s,
)


def expect_costs(
    files: Sequence[SourceFile],
    found: Sorting,
    *,
    needs_identity: Callable[[FileResult], bool],
    is_limited: bool,
) -> Expected:
    """What each file costs; copies, and files of which all is known, cost nothing.

    Parameters
    ----------
    files
        In the order of the board.
    found
        What is to be done with each.
    needs_identity
        Of a known file: it is to be identified in this import.
    is_limited
        Whoever is asked answers so many requests a second and no more.
    """
    lookup_s = LIMITED_LOOKUP_S if is_limited else LOOKUP_S
    measuring_s, identifying_s = np.zeros(len(files)), np.zeros(len(files))
    for task in found.tasks:
        measuring_s[task.index] = expect_measuring_s(
            task.source,
            duration_s=task.earlier.duration_s if task.earlier else None,
            phases=cache_keys.find_missing(task.earlier),
        )
        identifying_s[task.index] = lookup_s
    places = {file.path: place for place, file in enumerate(files)}
    for result in (*found.known, *found.copies):
        if needs_identity(result):
            identifying_s[places[result.path]] = lookup_s
    return Expected(measuring_s, identifying_s)
