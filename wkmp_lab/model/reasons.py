"""Why nothing is known: services that did not answer, passages without a name, cuts in doubt.

Small records that results carry; as text they are the words that tables and notebooks show.
"""

import enum
from dataclasses import dataclass
from typing import Literal

from wkmp_lab.errors import InvalidInputError

Service = Literal["acoustid", "catalogue", "musicbrainz", "lookups"]
"""Who was asked; ``lookups`` where the asking itself broke off."""
Cause = Literal["file", "machine"]
"""Whose fault a failure is: what the machine did to a file may go well the next time."""


class OutcomeKind(enum.StrEnum):
    """How a question to a service ended."""

    MATCH = "match"
    NO_MATCH = "no_match"
    """Answered: nothing is known. For AcoustID this holds for today only."""
    RATE_LIMITED = "rate_limited"
    REJECTED = "rejected"
    """The service refuses the question: a wrong key or a bad parameter."""
    UNAVAILABLE = "unavailable"
    MALFORMED = "malformed"
    """An answer came that is none: HTML of a portal, a cut body."""
    CANCELLED = "cancelled"

    @property
    def is_answer(self) -> bool:
        """True where the service gave its answer, even if it is that nothing is known."""
        return self in (OutcomeKind.MATCH, OutcomeKind.NO_MATCH)


class WhyUnidentified(enum.StrEnum):
    """Why a passage has no identity."""

    NO_MATCH = "no_match"
    AMBIGUOUS = "ambiguous"
    TOO_SHORT = "too_short"
    NO_FINGERPRINT = "no_fingerprint"
    LOOKUP_FAILED = "lookup_failed"
    """A service did not answer: asking again may tell more."""
    NOT_ASKED = "not_asked"
    """A service needs a key, or an address of contact, that is missing."""
    OFFLINE = "offline_not_asked"
    SPEECH = "speech_not_asked"
    """What is spoken is not looked up."""
    UNKNOWN_ID = "unknown_to_musicbrainz"
    BY_HAND = "by_hand"
    """A person has set every candidate aside."""


@dataclass(frozen=True, slots=True)
class FailedLookup:
    """A service that did not answer about a file.

    >>> print(FailedLookup("acoustid", OutcomeKind.REJECTED, "error 4: invalid API key"))
    lookup_failed(acoustid, error 4: invalid API key)
    """

    service: Service
    kind: OutcomeKind | None
    """None where only words are known: version 0.1.0 kept no more."""
    why: str

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind.is_answer:
            raise InvalidInputError(f"a failed lookup has no answer, got {self.kind.value!r}")

    @property
    def why_not(self) -> WhyUnidentified:
        """What it means for a passage of the file."""
        return WhyUnidentified.LOOKUP_FAILED

    def __str__(self) -> str:
        return f"{self.why_not}({self.service}, {self.why})"


@dataclass(frozen=True, slots=True)
class Silence:
    """Why a source has nothing to say of a passage.

    >>> print(Silence(WhyUnidentified.NOT_ASKED, "acoustid: no key"))
    not_asked(acoustid: no key)
    """

    why_not: WhyUnidentified
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.why_not}({self.detail})" if self.detail else self.why_not.value


Reason = FailedLookup | Silence


@dataclass(frozen=True, slots=True)
class CutHint:
    """What a release, or the identities of neighbours, say against the cuts that were made.

    >>> print(CutHint((1,), "passage #1 is not on 'Album'"))
    album: passage #1 is not on 'Album'
    """

    passages: tuple[int, ...]
    """Indices of the passages that it is about; empty for a track that was not found."""
    why: str

    def __str__(self) -> str:
        return f"album: {self.why}"
