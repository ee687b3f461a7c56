"""What stands in each table: name, kind, meaning and source of every column, each written once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

from wkmp_lab.analyzing.amplitude import find_quality_faults
from wkmp_lab.model import (
    KINDS,
    MATCH_LEVELS,
    Candidate,
    Evidence,
    FileResult,
    Gap,
    Passage,
    Phase,
    Span,
)
from wkmp_lab.model.sources import is_lossless
from wkmp_lab.units import seconds_from_ticks

ColumnKind = Literal["text", "path", "int", "float", "bool"] | tuple[str, ...]
"""Text and paths are shown cleaned; a tuple names the values of an ordered category."""
Row = TypeVar("Row")
PHASES = tuple(phase.value for phase in Phase)


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column of a table."""

    name: str
    kind: ColumnKind
    meaning: str
    read: Callable[[Row], object]
    """The value in a row; None where it is missing."""


class PassageRow(NamedTuple):
    """A passage with its file."""

    file: FileResult
    passage: Passage


class CandidateRow(NamedTuple):
    """A candidate with its passage; ``rank`` counts from 1."""

    file: FileResult
    passage: Passage
    rank: int
    candidate: Candidate


class EvidenceRow(NamedTuple):
    """A piece of evidence with its candidate."""

    file: FileResult
    passage: Passage
    rank: int
    candidate: Candidate
    evidence: Evidence


class GapRow(NamedTuple):
    """A gap with its file."""

    file: FileResult
    gap: Gap


class SpanRow(NamedTuple):
    """A phase of a file; ``origin_s`` is the earliest start of all."""

    file: FileResult
    span: Span
    origin_s: float


def _seconds(ticks: int | None) -> float | None:
    return None if ticks is None else seconds_from_ticks(ticks)


def _chosen(row: PassageRow) -> Candidate | None:
    return row.passage.identity.chosen if row.passage.identity else None


def _is_chosen(row: CandidateRow | EvidenceRow) -> bool:
    return row.passage.identity is not None and row.candidate == row.passage.identity.chosen


def elapsed_s(result: FileResult) -> float:
    """Time spent on a file, over all phases, in seconds."""
    return sum(span.end_s - span.start_s for span in result.spans)


def _field(name: str, kind: ColumnKind, meaning: str, key: str) -> Column[PassageRow]:
    """A column of a passage's amplitude, under another or the same name."""
    return Column(name, kind, meaning, lambda row: getattr(row.passage.amplitude, key, None))


def _amplitude_s(name: str, meaning: str, key: str) -> Column[PassageRow]:
    return Column(
        name,
        "float",
        meaning,
        lambda row: _seconds(getattr(row.passage.amplitude, key, None)),
    )


def _find_capped_leads(row: PassageRow) -> str | None:
    """Which leads are as long as the preset lets any be: the true ones may be longer."""
    amplitude = row.passage.amplitude
    longest_s = dict(amplitude.parameters).get("max_lead_s") if amplitude else None
    if amplitude is None or longest_s is None:
        return None
    ticks = {"in": amplitude.lead_in_ticks, "out": amplitude.lead_out_ticks}
    capped = [name for name, lead in ticks.items() if seconds_from_ticks(lead) >= longest_s]
    return " and ".join(capped) or None


def _quality(name: str, kind: ColumnKind, meaning: str) -> Column[PassageRow]:
    def read(row: PassageRow) -> object:
        return dict(getattr(row.passage.amplitude, "quality", ())).get(name)

    return Column(name, kind, meaning, read)


def _read_quality(row: PassageRow) -> object:
    if row.passage.amplitude is None:
        return None
    verdicts = [fault.verdict for fault in find_quality_faults(row.passage.amplitude)]
    codec = row.file.audio.codec if row.file.audio else ""
    if not is_lossless(codec):  # that it was lossy is no news
        verdicts = [each.replace("was lossy", "low bit rate") for each in verdicts]
    return ", ".join(verdicts) or "good"


def _chosen_field(name: str, kind: ColumnKind, meaning: str, key: str) -> Column[PassageRow]:
    return Column(name, kind, meaning, lambda row: getattr(_chosen(row), key, None))


def _tag_of_whole(key: str, meaning: str) -> Column[PassageRow]:
    """A tag, for a passage that is all of its file: a side's tags tell of none of its pieces."""

    def read(row: PassageRow) -> object:
        return getattr(row.file.tags, key) if len(row.file.passages) == 1 else None

    return Column(f"tag_{key}", "text", meaning, read)


def _declared(key: str, meaning: str) -> Column[PassageRow]:
    return Column(
        f"declared_{key}", "text", meaning, lambda row: getattr(row.passage.declared, key, None)
    )


def _passage(name: str, kind: ColumnKind, meaning: str) -> Column[PassageRow]:
    return Column(name, kind, meaning, lambda row: getattr(row.passage, name))


def _identity(name: str, kind: ColumnKind, meaning: str, key: str) -> Column[PassageRow]:
    return Column(name, kind, meaning, lambda row: getattr(row.passage.identity, key, None))


def _tempo(name: str, kind: ColumnKind, meaning: str, key: str) -> Column[PassageRow]:
    return Column(
        name,
        kind,
        meaning,
        lambda row: getattr(getattr(row.passage.descriptors, "tempo", None), key, None),
    )


def _key(name: str, kind: ColumnKind, meaning: str, key: str) -> Column[PassageRow]:
    return Column(
        name,
        kind,
        meaning,
        lambda row: getattr(getattr(row.passage.descriptors, "key", None), key, None),
    )


PASSAGES: Sequence[Column[PassageRow]] = (
    Column("path", "path", "the file", lambda row: row.file.path),
    Column("passage", "int", "index in the file, from 0", lambda row: row.passage.index),
    _passage("start_s", "float", "start in the file"),
    _passage("end_s", "float", "end in the file"),
    _passage("duration_s", "float", "length"),
    _amplitude_s("lead_in_s", "length of the lead-in", "lead_in_ticks"),
    _amplitude_s("lead_out_s", "length of the lead-out", "lead_out_ticks"),
    _amplitude_s("first_sound_s", "first sound of the music, in the file", "first_sound_ticks"),
    _amplitude_s(
        "last_sound_s", "end of its last sound; dead air lies behind", "last_sound_ticks"
    ),
    _field("end_type", "text", "fade, hard or long_tail", "end_type"),
    _field("peak_dbfs", "float", "largest sample", "peak_dbfs"),
    _field("true_peak_dbtp", "float", "largest 4x oversampled value", "true_peak_dbtp"),
    _field("loudness_lufs", "float", "integrated loudness (EBU R 128)", "loudness_lufs"),
    _field("loudness_range_lu", "float", "loudness range (EBU 3342)", "loudness_range_lu"),
    _tempo("tempo_bpm", "float", "tempo", "bpm"),
    _key("key", "text", "key, as in F# minor", "name"),
    _identity("match", MATCH_LEVELS, "how sure the identity is", "level"),
    _chosen_field("recording_mbid", "text", "MusicBrainz recording", "recording_mbid"),
    _chosen_field("title", "text", "title of the recording it was identified as", "title"),
    _chosen_field("artist", "text", "artist of that recording", "artist"),
    _chosen_field("score", "float", "confidence in the identity, 0 to 1", "score"),
    Column(
        "fingerprint",
        "text",
        "Chromaprint, compressed",
        lambda row: row.passage.fingerprint.text if row.passage.fingerprint else None,
    ),
    _passage("kind", "text", ", ".join(KINDS)),
    _passage("fingerprint_reason", "text", "why there is no fingerprint"),
    _tag_of_whole("title", "title in the tags, which may be wrong, of a file of one passage"),
    _tag_of_whole("artist", "artist in the tags of such a file"),
    _declared("title", "title in the CUE sheet or chapter that declares it"),
    _declared("performer", "performer there, or of the whole sheet"),
    _declared("isrc", "ISRC there"),
    _declared("album", "album of that sheet"),
    _identity("match_reason", "text", "why this level, in short", "reason"),
    Column(
        "match_sentence",
        "text",
        "the evidence in words",
        lambda row: row.passage.identity.sentence or None if row.passage.identity else None,
    ),
    Column(
        "n_candidates",
        "int",
        "identities that were looked at",
        lambda row: len(row.passage.identity.candidates) if row.passage.identity else None,
    ),
    _chosen_field("release", "text", "title of the release", "release_title"),
    _chosen_field("release_mbid", "text", "MusicBrainz release", "release_mbid"),
    _chosen_field("work_mbid", "text", "MusicBrainz work", "work_mbid"),
    _chosen_field("acoustid", "text", "AcoustID track", "acoustid"),
    _tempo("tempo_strength", "float", "probability that this is the tempo, 0 to 1", "strength"),
    _tempo(
        "tempo_octave_probability",
        "float",
        "probability that half or double of it is the tempo, 0 to 1",
        "octave_probability",
    ),
    _tempo(
        "is_tempo_octave_uncertain",
        "bool",
        "half or double the tempo has a third of its probability or more",
        "is_octave_uncertain",
    ),
    _key("key_strength", "float", "probability that this is the key, 0 to 1", "strength"),
    _key("tuning_cents", "float", "tuning relative to A = 440 Hz", "tuning_cents"),
    _field("momentary_max_lufs", "float", "loudest 0.4 s", "momentary_max_lufs"),
    _field("short_term_max_lufs", "float", "loudest 3 s", "short_term_max_lufs"),
    Column(
        "capped_leads",
        "text",
        "leads as long as the preset allows, which may be longer: in, out, in and out",
        _find_capped_leads,
    ),
    _amplitude_s("first_music_s", "first music after noise, in the file", "first_music_ticks"),
    _amplitude_s(
        "loudness_lead_in_s", "lead-in by the loudness-relative rule", "loudness_lead_in_ticks"
    ),
    _amplitude_s(
        "loudness_lead_out_s", "lead-out by the loudness-relative rule", "loudness_lead_out_ticks"
    ),
    Column("quality", "text", "faults that can be heard, in a word each; or good", _read_quality),
    _quality("n_clipped", "int", "samples at full scale in runs of three or more"),
    _quality("n_clipped_runs", "int", "such runs"),
    _quality("dc_offset", "float", "largest offset of a channel, full scale is 1"),
    _quality("n_dropouts", "int", "short digital silences inside the music"),
    _quality("clicks_per_min", "float", "impulses that tower over their surroundings"),
    _quality("crest_db", "float", "peak over mean level"),
    _quality("lowpass_hz", "float", "where the spectrum falls off for good (lossy coding)"),
    _quality(
        "lossy_probability", "float", "that the samples went through a lossy encoder, 0 to 1"
    ),
    _quality("channel_imbalance_db", "float", "left over right level"),
    _quality("side_db", "float", "side over middle level"),
    _quality("correlation", "float", "correlation of left and right, -1 to 1"),
)
"""A row per passage; times are relative to the file's start unless they are lengths."""


CANDIDATES: Sequence[Column[CandidateRow]] = (
    Column("path", "path", "the file", lambda row: row.file.path),
    Column("passage", "int", "index of the passage", lambda row: row.passage.index),
    Column("rank", "int", "place among the candidates, from 1", lambda row: row.rank),
    Column("recording_mbid", "text", "its recording", lambda row: row.candidate.recording_mbid),
    Column("title", "text", "its title", lambda row: row.candidate.title),
    Column("artist", "text", "its artist", lambda row: row.candidate.artist),
    Column("score", "float", "confidence, 0 to 1", lambda row: row.candidate.score),
    Column("level", MATCH_LEVELS, "the level it would give", lambda row: row.candidate.level),
    Column("is_chosen", "bool", "it was taken", _is_chosen),
    Column("release", "text", "title of its release", lambda row: row.candidate.release_title),
    Column("release_mbid", "text", "its release", lambda row: row.candidate.release_mbid),
    Column("work_mbid", "text", "its work", lambda row: row.candidate.work_mbid),
    Column("acoustid", "text", "its AcoustID track", lambda row: row.candidate.acoustid),
    Column("duration_s", "float", "its known length", lambda row: row.candidate.duration_s),
    Column("n_evidence", "int", "pieces of evidence", lambda row: len(row.candidate.evidence)),
)
"""A row per identity that a passage may have."""

EVIDENCE: Sequence[Column[EvidenceRow]] = (
    Column("path", "path", "the file", lambda row: row.file.path),
    Column("passage", "int", "index of the passage", lambda row: row.passage.index),
    Column("rank", "int", "place of the candidate, from 1", lambda row: row.rank),
    Column("recording_mbid", "text", "its recording", lambda row: row.candidate.recording_mbid),
    Column("title", "text", "its title", lambda row: row.candidate.title),
    Column("artist", "text", "its artist", lambda row: row.candidate.artist),
    Column("is_chosen", "bool", "the candidate was taken", _is_chosen),
    Column("source", "text", "who says so", lambda row: row.evidence.source),
    Column("value", "float", "the raw figure", lambda row: row.evidence.value),
    Column("weight", "float", "confidence it adds or takes", lambda row: row.evidence.weight),
    Column("detail", "text", "in words", lambda row: row.evidence.detail or None),
)
"""A row per piece of evidence for or against a candidate."""

GAPS: Sequence[Column[GapRow]] = (
    Column("path", "path", "the file", lambda row: row.file.path),
    Column("start_s", "float", "start in the file", lambda row: _seconds(row.gap.start_ticks)),
    Column("end_s", "float", "end in the file", lambda row: _seconds(row.gap.end_ticks)),
    Column(
        "duration_s",
        "float",
        "length",
        lambda row: _seconds(row.gap.end_ticks - row.gap.start_ticks),
    ),
    Column("level_dbfs", "float", "level inside it", lambda row: row.gap.level_dbfs),
    Column("depth_db", "float", "below the music around it", lambda row: row.gap.depth_db),
    Column("score", "float", "0 a pause in music, 1 a boundary", lambda row: row.gap.score),
    Column("is_boundary", "bool", "the file is cut here", lambda row: row.gap.is_boundary),
    Column("cut_s", "float", "where it is cut", lambda row: _seconds(row.gap.cut_ticks)),
    Column("reason", "text", "why it is or is not", lambda row: row.gap.reason),
)
"""A row per stretch that might part two passages."""

TIMELINE: Sequence[Column[SpanRow]] = (
    Column("path", "path", "the file", lambda row: row.file.path),
    Column("phase", PHASES, "the phase", lambda row: row.span.phase.value),
    Column(
        "start_s", "float", "since the first start", lambda row: row.span.start_s - row.origin_s
    ),
    Column("end_s", "float", "since the first start", lambda row: row.span.end_s - row.origin_s),
    Column("worker", "text", "process, or lookups", lambda row: row.span.worker),
    Column("cpu_s", "float", "processor time used", lambda row: row.span.cpu_s),
    Column(
        "waited_s", "float", "before it, for a place in the phase", lambda row: row.span.waited_s
    ),
    Column("started_epoch_s", "float", "start, since 1970 (UTC)", lambda row: row.span.start_s),
)
"""A row per phase of each file."""

FAILURES: Sequence[Column[FileResult]] = (
    Column("path", "path", "the file", lambda row: row.path),
    Column("phase", PHASES, "where", lambda row: row.failure.phase.value if row.failure else None),
    Column("reason", "text", "why", lambda row: row.failure.reason if row.failure else None),
    Column(
        "cause",
        "text",
        "file; or machine, whose failures the next import tries again",
        lambda row: row.failure.cause if row.failure else None,
    ),
    Column("size_bytes", "int", "size of the file", lambda row: row.source.size_bytes),
    Column("sha256", "text", "hash of its content", lambda row: row.sha256),
    Column("elapsed_s", "float", "time spent on it", elapsed_s),
)
"""A row per file that has no result."""

FLAVORS: Sequence[Column[PassageRow]] = (
    Column("path", "path", "the file", lambda row: row.file.path),
    Column("passage", "int", "index of the passage", lambda row: row.passage.index),
)
"""What stands before the descriptors: a row per passage, a column per descriptor."""
