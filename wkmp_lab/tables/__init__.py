"""The DataFrames of an import, and the columns that stand in them."""

from wkmp_lab.tables.tables import (
    candidates_table,
    comparison_table,
    decisions_table,
    evidence_table,
    failures_table,
    files_table,
    flavors_table,
    gaps_table,
    measures_table,
    merges_table,
    musical_flavors_table,
    neighbours_table,
    passages_table,
    same_songs_table,
    timeline_table,
)

__all__ = [
    "candidates_table",
    "comparison_table",
    "decisions_table",
    "evidence_table",
    "failures_table",
    "files_table",
    "flavors_table",
    "gaps_table",
    "measures_table",
    "merges_table",
    "musical_flavors_table",
    "neighbours_table",
    "passages_table",
    "same_songs_table",
    "timeline_table",
]
