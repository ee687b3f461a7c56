"""The columns of tables that say something about the library as a whole, or by hand."""

from collections.abc import Sequence
from typing import NamedTuple

from wkmp_lab.collection.copies import describe_origin
from wkmp_lab.collection.copy_groups import GroupedCopy
from wkmp_lab.collection.neighbours import Neighbour
from wkmp_lab.collection.recuts import Recut, describe_cuts
from wkmp_lab.collection.same_songs import SameSong
from wkmp_lab.identifying.decisions import Decision, describe_decision
from wkmp_lab.identifying.merges import Merge
from wkmp_lab.model import DesignTrial, Passage
from wkmp_lab.tables.columns import FLAVORS, Column, PassageRow
from wkmp_lab.units import seconds_from_ticks


class DecisionRow(NamedTuple):
    """A decision by hand with the file that it is about, None where that is gone."""

    path: str | None
    made_s: float
    decision: Decision


class NeighbourRow(NamedTuple):
    """A neighbour with what else is known of the passage."""

    neighbour: Neighbour
    passage: Passage


def _place_s(row: DecisionRow, key: str) -> float | None:
    ticks = getattr(row.decision, key, None)
    return None if ticks is None else seconds_from_ticks(ticks)


def _read_chosen(row: NeighbourRow, field: str) -> object:
    identity = row.passage.identity
    return getattr(identity.chosen, field) if identity and identity.chosen else None


def _read_flavor(row: PassageRow, field: str) -> object:
    return getattr(row.passage.musical_flavor, field, None)


DECISIONS: Sequence[Column[DecisionRow]] = (
    Column("path", "path", "the file", lambda row: row.path),
    Column("start_s", "float", "start of the passage", lambda row: _place_s(row, "start_ticks")),
    Column("end_s", "float", "its end", lambda row: _place_s(row, "end_ticks")),
    Column(
        "verdict", "text", "what was decided", lambda row: getattr(row.decision, "verdict", "cut")
    ),
    Column("decision", "text", "in words", lambda row: describe_decision(row.decision)),
    Column("content", "text", "hash of what it was made on", lambda row: row.decision.content),
    Column("made_epoch_s", "float", "when, since 1970 (UTC)", lambda row: row.made_s),
)
"""A row per decision by hand."""
NEIGHBOURS: Sequence[Column[NeighbourRow]] = (
    Column("path", "path", "the file", lambda row: row.neighbour.path),
    Column("passage", "int", "index of the passage", lambda row: row.neighbour.passage),
    Column("title", "text", "its title", lambda row: _read_chosen(row, "title")),
    Column("artist", "text", "its artist", lambda row: _read_chosen(row, "artist")),
    Column("distance", "float", "0 is the same, 1.1 usual", lambda row: row.neighbour.distance),
    Column("reasons", "text", "in what both are close", lambda row: row.neighbour.sentence),
)
"""A row per neighbour."""
SAME_SONGS: Sequence[Column[SameSong]] = (
    Column("path", "path", "a file", lambda pair: pair.first.path),
    Column("passage", "int", "index of its passage", lambda pair: pair.first.passage),
    Column("other_path", "path", "the file that holds the same", lambda pair: pair.second.path),
    Column("other_passage", "int", "index of its passage", lambda pair: pair.second.passage),
    Column("bit_error", "float", "share of bits that differ", lambda pair: pair.bit_error),
    Column("overlap_s", "float", "what both hold, in s", lambda pair: pair.overlap_s),
    Column("offset_s", "float", "where the other begins in it, in s", lambda pair: pair.offset_s),
    Column(
        "better_path",
        "path",
        "the copy that sounds better, where the evidence decides it",
        lambda pair: pair.better.path if pair.better else None,
    ),
    Column("reason", "text", "why it is, or why none is", lambda pair: pair.reason),
    Column("origin", "text", "what the file is", lambda pair: describe_origin(pair.first)),
    Column("other_origin", "text", "what the other is", lambda pair: describe_origin(pair.second)),
)
"""A row per pair of passages that are the same recording."""
COPIES: Sequence[Column[GroupedCopy]] = (
    Column("group", "int", "copies of one recording have one number", lambda row: row.group),
    Column("path", "path", "the file", lambda row: row.copy.path),
    Column("passage", "int", "index of its passage", lambda row: row.copy.passage),
    Column("origin", "text", "what it is, and was", lambda row: describe_origin(row.copy)),
    Column("n_copies", "int", "copies in its group", lambda row: row.n_copies),
    Column("n_better", "int", "copies that are better", lambda row: len(row.better)),
    Column("n_worse", "int", "copies that are worse", lambda row: row.n_worse),
    Column(
        "is_superfluous",
        "bool",
        "all of its file is in better copies elsewhere",
        lambda row: row.is_superfluous,
    ),
    Column("reason", "text", "why another copy is better", lambda row: row.reason),
    Column(
        "lossy_probability",
        "float",
        "that its samples went through a lossy encoder",
        lambda row: row.copy.lossy_probability,
    ),
    Column("lowpass_hz", "float", "where its treble ends", lambda row: row.copy.lowpass_hz),
    Column("n_clipped", "int", "samples at full scale", lambda row: row.copy.n_clipped),
    Column("crest_db", "float", "peak over mean level", lambda row: row.copy.crest_db),
)
"""A row per copy of a recording that is there more than once; nothing is ever deleted."""
MERGES: Sequence[Column[Merge]] = (
    Column("path", "path", "the file", lambda merge: merge.path),
    Column("passage", "int", "index of the first of two passages", lambda merge: merge.first),
    Column("next_passage", "int", "index of the other", lambda merge: merge.first + 1),
    Column(
        "recording_mbid", "text", "what both are", lambda merge: merge.candidate.recording_mbid
    ),
    Column("title", "text", "its title", lambda merge: merge.candidate.title),
    Column("artist", "text", "its artist", lambda merge: merge.candidate.artist),
    Column("why", "text", "what speaks for one passage", lambda merge: merge.why),
)
"""A row per pair of neighbouring passages that a merge is offered for."""
MUSICAL_FLAVORS: Sequence[Column[PassageRow]] = (
    *FLAVORS,
    Column("recording_mbid", "text", "whose flavor it is", lambda row: row.passage.recording_mbid),
    Column("source", "text", "who told it", lambda row: _read_flavor(row, "source")),
    Column("submission", "int", "which of several", lambda row: _read_flavor(row, "submission")),
)
"""What stands before the shares: a row per passage, a column per element of each category."""
RECUTS: Sequence[Column[Recut]] = (
    Column("path", "path", "the file", lambda recut: recut.path),
    Column("kind", "text", "changed, unchanged, or no profile", lambda recut: recut.kind),
    Column("n_before", "int", "passages as it is cut", lambda recut: recut.n_before),
    Column("n_after", "int", "passages as it would be cut", lambda recut: recut.n_after),
    Column("n_new", "int", "those that would have to be heard anew", lambda recut: recut.n_new),
    Column("n_levels", "int", "those that stay, with other leads", lambda recut: recut.n_levels),
    Column("cuts", "text", "those that come, go or move", describe_cuts),
    Column("why", "text", "what is said of each", lambda recut: recut.why),
)
"""A row per file that other settings would cut or level otherwise."""
DESIGNS: Sequence[Column[DesignTrial]] = (
    Column("design", "text", "lanes, or files that keep their places", lambda row: row.design),
    Column("passed_s", "float", "time of an import, median", lambda row: row.passed_s),
    Column("shortest_s", "float", "its shortest", lambda row: row.shortest_s),
    Column("longest_s", "float", "its longest", lambda row: row.longest_s),
    Column("first_result_s", "float", "until a file was finished", lambda row: row.first_result_s),
    Column("cores_busy", "float", "processor time over time", lambda row: row.cores_busy),
    Column("n_requests", "int", "requests to services", lambda row: row.n_requests),
    Column("n_files", "int", "files of each import", lambda row: row.n_files),
    Column("n_jobs", "int", "files at once", lambda row: row.n_jobs),
    Column("n_rounds", "int", "imports that were made", lambda row: row.n_rounds),
)
"""A row per design of an import."""
