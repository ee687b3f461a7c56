"""What services answer: an outcome that is never an exception, and the records in it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from wkmp_lab.model.reasons import OutcomeKind

Found = TypeVar("Found", covariant=True)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Found]):
    """The end of one question: what was found, or why nothing was."""

    kind: OutcomeKind
    found: Found | None = None
    why: str = ""
    """In words, for every kind but a match."""
    code: int | None = None
    """The service's own error code where it is rejected."""

    @property
    def is_answered(self) -> bool:
        """True where the service gave its answer, even if it is that nothing is known."""
        return self.kind.is_answer


@dataclass(frozen=True, slots=True)
class ReleaseRef:
    """A release that a recording is on."""

    release_mbid: str
    title: str | None = None
    n_tracks: int | None = None
    year: int | None = None
    kind: str | None = None
    """Type of the release group: Album, Single, Compilation, ..."""
    status: str | None = None
    """Official, Promotion, Bootleg, ...; None where the service does not say."""
    artist: str | None = None
    disc: int | None = None
    """The disc that the recording is on, from 1; None where the service does not say."""
    position: int | None = None
    """Its place on that disc."""
    n_disc_tracks: int | None = None
    """How many tracks that disc has."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as AcoustID, MusicBrainz or the local catalogue knows it."""

    mbid: str | None
    title: str | None = None
    artist: str | None = None
    duration_s: float | None = None
    releases: tuple[ReleaseRef, ...] = ()
    work_mbid: str | None = None
    isrcs: tuple[str, ...] = ()
    asked_mbid: str | None = None
    """The id that was asked for where it has been merged into ``mbid``."""


@dataclass(frozen=True, slots=True)
class ReleaseTrack:
    """A recording at its place on a release.

    Attributes
    ----------
    disc, position
        As the service tells them; a track that is hidden before the first one has position 0.
    number
        As it stands on the cover, such as A1; None where it is not told.
    is_extra
        Hidden before the first track, or among the data of a disc: no player counts it.
    """

    disc: int
    position: int
    recording: Recording
    number: str | None = None
    is_extra: bool = False

    @property
    def name(self) -> str:
        """What to call it: its number on the cover, else its position."""
        return self.number or str(self.position)


@dataclass(frozen=True, slots=True)
class Release:
    """A release with all its tracks, disc by disc, in order."""

    mbid: str
    title: str | None
    artist: str | None
    tracks: tuple[ReleaseTrack, ...]
    year: int | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class AcoustidMatch:
    """One recording that a fingerprint is linked to, with the weight of the link."""

    acoustid: str
    score: float
    recording: Recording
    share: float
    """Submissions for this link, relative to the most submitted one of the same AcoustID."""


@dataclass(frozen=True, slots=True)
class CatalogueMatch:
    """A recording of the local catalogue that a fingerprint overlaps with.

    ``offset_s`` is where in the recording the query begins (negative: before it), ``coverage``
    the compared share of the query, and ``next_bit_error`` the bit error of the nearest other
    song (0.5 is chance), None where no other came near enough to be compared.
    """

    recording: Recording
    bit_error: float
    overlap_s: float
    offset_s: float
    coverage: float
    next_bit_error: float | None = None

    @property
    def margin(self) -> float | None:
        """How much worse the nearest other song fits."""
        return None if self.next_bit_error is None else self.next_bit_error - self.bit_error
