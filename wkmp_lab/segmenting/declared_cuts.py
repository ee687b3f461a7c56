"""Cuts that are declared: they hold, and only what lies before the first piece is listened to."""

import numpy as np

from wkmp_lab.model import Declaration
from wkmp_lab.segmenting.profile_measures import ProfileMeasures
from wkmp_lab.units import seconds_from_ticks

MIN_HIDDEN_S = 2.0
"""Gaps that drives and players add before the first track are no longer (a CD's has 2 s)."""
MIN_HEARD_S = 1.0
CLEAR_DB = 5.0
"""Above the floor in some band: what is as quiet as the gaps is no music."""
HEARD_DBFS = -70.0


def find_declared_cuts(measures: ProfileMeasures, declared: Declaration) -> tuple[int, ...]:
    """Where a file is cut by what it declares, in ticks: at the start of every piece.

    What lies before the first piece is a passage of its own where there is something to hear, as
    in a hidden track; else it is the silence that leads into that piece.
    """
    starts = [piece.start_ticks for piece in declared.pieces]
    return tuple(starts if _is_heard_before(measures, starts[0]) else starts[1:])


def _is_heard_before(measures: ProfileMeasures, start_ticks: int) -> bool:
    start_s = seconds_from_ticks(start_ticks)
    if start_s < MIN_HIDDEN_S:
        return False
    n = int(start_s / measures.hop_s)
    is_heard = (measures.clearance[:n] >= CLEAR_DB) & (measures.level[:n] >= HEARD_DBFS)
    return float(np.count_nonzero(is_heard)) * measures.hop_s >= MIN_HEARD_S
