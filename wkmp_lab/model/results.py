"""The nouns: frozen records of what was found in a file, small enough to travel between processes.

Positions and lengths are integer ticks (see :mod:`wkmp_lab.units`) relative to the start of the
file. What is missing is ``None``, never NaN and never a placeholder. Records compare with ``==``.
"""

import enum
from dataclasses import dataclass, field, replace
from typing import Literal

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.flavors import Flavor
from wkmp_lab.model.declared import DeclaredPiece
from wkmp_lab.model.measured import Measured, MeasureInfo
from wkmp_lab.model.reasons import Cause, CutHint, FailedLookup, WhyUnidentified
from wkmp_lab.model.sources import AudioFormat, SourceFile
from wkmp_lab.model.tags import Tags
from wkmp_lab.units import seconds_from_ticks


class Phase(enum.StrEnum):
    """The stations of an import, in order."""

    SCANNING = "SCANNING"
    EXTRACTING = "EXTRACTING"
    DECODING = "DECODING"
    SEGMENTING = "SEGMENTING"
    FINGERPRINTING = "FINGERPRINTING"
    IDENTIFYING = "IDENTIFYING"
    ANALYZING = "ANALYZING"
    FLAVORING = "FLAVORING"
    MEASURING = "MEASURING"
    """Measures of one's own; nobody goes through it who has none."""


FileStatus = Literal["done", "no_audio", "duplicate", "failed"]
STATUSES: tuple[FileStatus, ...] = ("done", "no_audio", "duplicate", "failed")
MatchLevel = Literal["high", "medium", "low", "unidentified"]
EndType = Literal["fade", "hard", "long_tail"]
Kind = Literal["music", "speech", "noise", "silence"]
KINDS: tuple[Kind, ...] = ("music", "speech", "noise", "silence")

MATCH_LEVELS: tuple[MatchLevel, ...] = ("high", "medium", "low", "unidentified")
SURE_LEVELS: tuple[MatchLevel, ...] = ("high", "medium")
"""What is matched as well as this is taught to catalogues, and not asked about again."""
MAX_EXCESS_S = 7.0
"""Lengths of one recording differ by no more: the most that AcoustID's own filter lets pass."""
LOOKUP_WORKER = "lookups"
"""What spans call the thread that asks services, which holds no file up."""
PassageId = tuple[str, int]
"""Path of the file and index of the passage."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that might part two passages, and what spoke for and against it."""

    start_ticks: int
    end_ticks: int
    level_dbfs: float
    """Level inside the gap (median of its frames)."""
    depth_db: float
    """How far the gap lies below the music around it."""
    score: float
    """0 (certainly a pause inside music) to 1 (certainly a boundary)."""
    is_boundary: bool
    cut_ticks: int | None
    """Where the cut is made; None where none is."""
    reason: str
    """In words: why it was taken or not."""
    evidence: tuple[tuple[str, float], ...] = ()
    """(name, contribution) pairs; positive speaks for a boundary."""

    def __post_init__(self) -> None:
        if not 0 <= self.start_ticks <= self.end_ticks:
            raise InvalidInputError(
                f"a gap needs 0 <= start <= end, got {self.start_ticks} and {self.end_ticks} ticks"
            )


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A Chromaprint fingerprint (AcoustID's algorithm, id 1)."""

    text: str
    """Compressed base64url text of the whole passage."""
    duration_s: float
    tool: str
    """What computed it, with its version."""


@dataclass(frozen=True, slots=True)
class Amplitude:
    """Lead points, levels, loudness and faults of one passage."""

    first_sound_ticks: int
    last_sound_ticks: int
    lead_in_ticks: int
    """Length of the lead-in: from the passage's start to the lead-in point."""
    lead_out_ticks: int
    """Length of the lead-out: from the lead-out point to the passage's end."""
    end_type: EndType | None
    peak_dbfs: float
    true_peak_dbtp: float
    loudness_lufs: float | None
    """Integrated loudness; None where nothing passes the gate."""
    loudness_range_lu: float | None
    momentary_max_lufs: float | None = None
    short_term_max_lufs: float | None = None
    first_music_ticks: int | None = None
    loudness_lead_in_ticks: int | None = None
    """Lead-in by the loudness-relative rule, beside the WKMP rule."""
    loudness_lead_out_ticks: int | None = None
    parameters: tuple[tuple[str, float], ...] = ()
    """The parameters that the lead points were found with."""
    quality: tuple[tuple[str, float], ...] = ()
    """(name, number) of each quality measure: n_clipped, dc_offset, ..."""
    speech: float | None = None
    """Probability of speech by the level alone; None where it is too short or silent to tell."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """Tempo with its alternatives."""

    bpm: float
    strength: float
    """Probability that this is the tempo, within 4 %."""
    is_octave_uncertain: bool
    """Half or double has at least a third of that probability."""
    alternatives: tuple[tuple[float, float], ...] = ()
    """(bpm, probability) of the other readings, likeliest first."""
    stability: float | None = None
    """0 (wanders) to 1 (metronomic)."""
    beats_s: tuple[float, ...] = ()
    octave_probability: float | None = None
    """Probability that half or double of it is the tempo; None in results of earlier versions."""


@dataclass(frozen=True, slots=True)
class Key:
    """Key, as in 'F# minor' or 'Bb major', with the runner-up."""

    name: str
    strength: float
    """Probability that this is the key."""
    runner_up: str
    runner_up_strength: float
    tuning_cents: float


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The measured character of a passage; the units stand in ``flavoring.DESCRIPTORS``."""

    version: int
    values: tuple[tuple[str, float], ...]
    tempo: Tempo | None = None
    key: Key | None = None
    kind: Kind | None = None
    """None where an earlier version described it."""

    def as_dict(self) -> dict[str, float]:
        return dict(self.values)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence for or against one candidate."""

    source: str
    """acoustid, catalogue, tags, embedded_id, duration, album, ..."""
    value: float
    """The raw figure: a score, a bit error, a difference in seconds, a similarity."""
    weight: float
    """Confidence that it adds (positive) or takes away (negative)."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An identity that a passage may have."""

    recording_mbid: str | None
    title: str | None
    artist: str | None
    score: float
    """Confidence in [0, 1]."""
    level: MatchLevel
    evidence: tuple[Evidence, ...] = ()
    release_mbid: str | None = None
    release_title: str | None = None
    work_mbid: str | None = None
    acoustid: str | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The decision on one passage, with every candidate that was looked at."""

    level: MatchLevel
    reason: str
    """In words: what it rests on; of an unidentified passage ``why_not``, with details."""
    chosen: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()
    sentence: str = ""
    """The evidence in words."""
    why_not: WhyUnidentified | None = None
    """Why there is none; None where there is one."""
    is_by_hand: bool = False
    """True where a person has decided it."""

    def __post_init__(self) -> None:
        if (self.chosen is None) != (self.level == "unidentified"):
            raise InvalidInputError(
                f"an identity of level {self.level!r} cannot have chosen={self.chosen!r}"
            )


@dataclass(frozen=True, slots=True)
class Passage:
    """The playable span of a file."""

    index: int
    """From 0, in order of time."""
    start_ticks: int
    end_ticks: int
    fingerprint: Fingerprint | None = None
    fingerprint_reason: str | None = None
    """Why there is no fingerprint."""
    identity: Identity | None = None
    amplitude: Amplitude | None = None
    descriptors: Descriptors | None = None
    musical_flavor: Flavor | None = None
    """WKMP's flavor of the recording, as AcousticBrainz has it."""
    measured: tuple[Measured, ...] = ()
    """What measures of one's own have found in it."""
    declared: DeclaredPiece | None = None
    """The piece that a CUE sheet or a chapter declares here."""

    def __post_init__(self) -> None:
        if not 0 <= self.start_ticks < self.end_ticks:
            raise InvalidInputError(
                f"a passage needs 0 <= start < end, got {self.start_ticks} and "
                f"{self.end_ticks} ticks"
            )

    @property
    def recording_mbid(self) -> str | None:
        """The recording that it was identified as; None where there is none."""
        chosen = self.identity.chosen if self.identity else None
        return chosen.recording_mbid if chosen else None

    def identify_as(self, identity: Identity | None) -> "Passage":
        """The passage with another identity; a musical flavor stays with its recording."""
        changed = replace(self, identity=identity)
        if changed.recording_mbid == self.recording_mbid:
            return changed
        return replace(changed, musical_flavor=None)

    @property
    def kind(self) -> Kind | None:
        """What kind of sound it is; None where it was not described."""
        return self.descriptors.kind if self.descriptors else None

    @property
    def playable_ticks(self) -> tuple[int, int]:
        """From the first to the last sound; the whole passage where these are not known."""
        heard = self.amplitude
        if heard is None or heard.first_sound_ticks >= heard.last_sound_ticks:
            return self.start_ticks, self.end_ticks
        return heard.first_sound_ticks, heard.last_sound_ticks

    @property
    def start_s(self) -> float:
        return seconds_from_ticks(self.start_ticks)

    @property
    def end_s(self) -> float:
        return seconds_from_ticks(self.end_ticks)

    @property
    def duration_s(self) -> float:
        return seconds_from_ticks(self.end_ticks - self.start_ticks)


@dataclass(frozen=True, slots=True)
class Span:
    """When and where one phase of a file ran; seconds since the epoch."""

    phase: Phase
    start_s: float
    end_s: float
    worker: str
    cpu_s: float | None = None
    waited_s: float = 0.0
    """How long the file waited before ``start_s`` for a place in the phase."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file has no result."""

    phase: Phase
    reason: str
    cause: Cause = "file"


@dataclass(frozen=True, slots=True)
class Segmentation:
    """How a file was cut: the spans of its passages, and every gap that was weighed."""

    spans_ticks: tuple[tuple[int, int], ...]
    gaps: tuple[Gap, ...]
    medium: str
    noise_floor_dbfs: float
    threshold_dbfs: float
    verdict: str
    """In words: single song, album side of 4 pieces, no audio, ..."""


@dataclass(frozen=True, slots=True)
class FileResult:
    """All that is known of one file; the unit that workers return and the store keeps."""

    source: SourceFile
    status: FileStatus
    sha256: str | None = None
    tags: Tags = field(default_factory=Tags)
    audio: AudioFormat | None = None
    segmentation: Segmentation | None = None
    passages: tuple[Passage, ...] = ()
    file_fingerprint: Fingerprint | None = None
    """Of the first 120 s of the whole file, as AcoustID wants it."""
    spans: tuple[Span, ...] = ()
    failure: Failure | None = None
    duplicate_of: str | None = None
    notes: tuple[str, ...] = ()
    """Things a user should know of the file: truncated, damaged, ...; see ``all_notes``."""
    provenance: tuple[tuple[str, str], ...] = ()
    """(what, version or settings key) of everything that made this result."""
    audio_hash: str | None = None
    """Of the coded audio, which no tag changes; None where the file was never taken apart."""
    failed_lookups: tuple[FailedLookup, ...] = ()
    """Services that did not answer about it: asking again may tell more."""
    cut_hints: tuple[CutHint, ...] = ()
    """What its release, or its passages' identities, say against its cuts."""
    track_lengths_s: tuple[float, ...] | None = None
    """What a release tells of the lengths of its pieces, in s: it is cut by them, once."""
    stale: tuple[Phase, ...] = ()
    """Phases that would be done differently now; known when a library is opened, not stored."""
    measured: tuple[Measured, ...] = ()
    """What measures of one's own have found in the file as a whole."""
    measures: tuple[MeasureInfo, ...] = ()
    """Those that have measured it and its passages."""
    not_renewed: tuple[str, ...] = ()
    """Names of those whose functions were not given: nobody can tell whether they still hold."""

    def __post_init__(self) -> None:
        if (self.status == "failed") != (self.failure is not None):
            raise InvalidInputError(
                f"status {self.status!r} does not fit failure {self.failure!r} "
                f"of {self.source.path!r}"
            )

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def content(self) -> str | None:
        """What decisions hang on: the hash of the audio, or of all bytes while that is unknown."""
        return self.audio_hash or self.sha256

    def is_of(self, content: str) -> bool:
        """True where a decision on this content, by either hash, is one on this file."""
        return content in (self.audio_hash, self.sha256)

    @property
    def all_notes(self) -> tuple[str, ...]:
        """The notes, with failed lookups, hints about cuts and stale phases in words."""
        lookups = (each.sentence for each in self.failed_lookups)
        told = (*self.notes, *lookups, *map(str, self.cut_hints))
        names = ", ".join(phase.value for phase in self.stale)
        stale = f"stale: {names} by other settings or another version; import again"
        return (*told, stale) if self.stale else told

    @property
    def duration_s(self) -> float | None:
        return self.audio.duration_s if self.audio else None
