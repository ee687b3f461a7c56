"""Why nothing is known: services that did not answer, passages without a name, cuts in doubt.

Small records that results carry; as text they are the words that tables and notebooks show.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from wkmp_lab.errors import InvalidInputError

KEY_PAGE = "https://acoustid.org/new-application"
"""Where AcoustID gives keys, free of charge."""
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

    @property
    def sentence(self) -> str:
        """What happened, and what to do about it.

        >>> FailedLookup("musicbrainz", OutcomeKind.UNAVAILABLE, "503 after 6 tries").sentence
        'MusicBrainz did not answer (503 after 6 tries); session.identify() asks again'
        """
        name = _NAMES[self.service]
        if self.service in ("catalogue", "lookups"):
            return f"{name} broke off ({self.why}); session.identify() asks again"
        if self.kind is OutcomeKind.REJECTED:
            key = "wl.ask_key() keeps another key, " if self.service == "acoustid" else ""
            return f"{name} refused to answer ({self.why}); {key}session.identify() asks again"
        return f"{name} did not answer ({self.why}); session.identify() asks again"

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

    @property
    def sentence(self) -> str:
        """What happened, and what to do about it.

        >>> Silence(WhyUnidentified.TOO_SHORT).sentence
        'it is too short to be told'
        """
        if self.why_not is WhyUnidentified.NOT_ASKED:
            told = _NOT_ASKED.get(self.detail.partition(":")[0])
            return told or f"it was not asked about ({self.detail})"
        words = _SILENCES.get(self.why_not, self.why_not.value)
        return f"{words} ({self.detail})" if self.detail else words

    def __str__(self) -> str:
        return f"{self.why_not}({self.detail})" if self.detail else self.why_not.value


Reason = FailedLookup | Silence

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "acoustid": "AcoustID",
        "catalogue": "the look-up in the catalogue",
        "lookups": "the look-up",
        "musicbrainz": "MusicBrainz",
    }
)
_NOT_ASKED: Mapping[str, str] = MappingProxyType(
    {
        "acoustid": f"AcoustID was not asked, for it wants a key: get one at {KEY_PAGE}, give it "
        "to wl.ask_key(), then session.identify() asks",
        "musicbrainz": "MusicBrainz was not asked, for it wants an address of contact: "
        "session.identify(wl.IdentifySettings(contact=...)) gives one and asks",
    }
)
_SILENCES: Mapping[WhyUnidentified, str] = MappingProxyType(
    {
        WhyUnidentified.NO_MATCH: "no source knows it",
        WhyUnidentified.AMBIGUOUS: "several songs fit equally well; session.review() decides",
        WhyUnidentified.TOO_SHORT: "it is too short to be told",
        WhyUnidentified.NO_FINGERPRINT: "it has no fingerprint",
        WhyUnidentified.OFFLINE: "nothing here knows it, and nobody else was asked, for this "
        "import is offline; session.identify(wl.IdentifySettings()) asks",
        WhyUnidentified.BY_HAND: "none of the candidates, as was decided by hand",
        WhyUnidentified.UNKNOWN_ID: "MusicBrainz does not know the id in its tags",
    }
)


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
