"""What the other recordings that were claimed take away from one: the rules on rivals."""

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from wkmp_lab.identifying.evidence import (
    HIGH,
    LOW,
    MEDIUM,
    UNIDENTIFIED,
    Case,
    Claim,
    grade_claim,
    is_agreed,
)

RIVAL_BIT_ERROR = 0.08
"""A rival this near in bit error is not cleared: masters of one piece differ by 0.02 to 0.20."""
RIVAL_SCORE = 0.10
RIVAL_SHARE = 0.20
"""A recording with this share of a fingerprint's submissions is no stray link."""
TIE_BIT_ERROR = 0.02
TIE_SCORE = 0.02
TIE_SHARE = 0.80


class _Lead(enum.Enum):
    """How far a claim leads a rival."""

    NONE = enum.auto()
    SMALL = enum.auto()
    CLEAR = enum.auto()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A recording with all claims for it, and the song that it is a recording of."""

    mbid: str | None
    song: str
    claims: tuple[Claim, ...]


def weigh_rival(suspect: Suspect, other: Suspect, case: Case) -> tuple[int, str]:
    """The highest grade that a rival leaves to a suspect, and why.

    A bare name in the local catalogue (a file's) does not contest a recording that has an id.
    """
    heard = [claim for claim in other.claims if claim.is_heard and claim not in suspect.claims]
    if suspect.mbid is not None:
        heard = [claim for claim in heard if claim.recording_mbid or claim.artist]
    is_same_song = suspect.song == other.song
    if not heard:
        return (HIGH, "") if is_same_song else _weigh_unheard(suspect, other, case)
    if any(
        all(_compare(own, rival, case) is _Lead.CLEAR for rival in heard) for own in suspect.claims
    ):
        return HIGH, ""
    if is_same_song:
        return _weigh_version(suspect, heard, case)
    if not any(claim.is_heard for claim in suspect.claims):
        is_overruled = any(_grade(rival, case) for rival in heard)
        return (UNIDENTIFIED, "the sound is another song's") if is_overruled else (HIGH, "")
    if suspect.mbid is not None and not any(rival.recording_mbid for rival in heard):
        return MEDIUM, "the catalogue has another name for it"
    is_backed = _is_backed(suspect, heard, case)
    if not is_backed and not _is_ahead(suspect, heard, case):
        return UNIDENTIFIED, "another song fits as well"
    is_related = not any(_grade(rival, case) for rival in heard)
    return MEDIUM if is_backed or is_related else LOW, "another song is near"


def _weigh_unheard(suspect: Suspect, other: Suspect, case: Case) -> tuple[int, str]:
    """What a song that nobody heard takes from a suspect."""
    sources = {claim.source for claim in other.claims}
    if "embedded_id" in sources:
        return MEDIUM, "the embedded id names another recording"
    is_bare_name = {claim.source for claim in suspect.claims} <= {"text_search", "tags"}
    if is_bare_name and any(_grade(claim, case) for claim in other.claims):
        return UNIDENTIFIED, "another song has the same name"
    return HIGH, ""


def _weigh_version(suspect: Suspect, heard: Sequence[Claim], case: Case) -> tuple[int, str]:
    """What another recording of the same song takes from a suspect."""
    if _is_embedded(suspect):
        return HIGH, ""
    is_behind = all(
        any(_compare(rival, own, case) is _Lead.CLEAR for rival in heard) for own in suspect.claims
    )
    return (LOW if is_behind else MEDIUM), "several recordings of this song fit"


def _is_ahead(suspect: Suspect, heard: Sequence[Claim], case: Case) -> bool:
    return any(
        all(_compare(own, rival, case) is not _Lead.NONE for rival in heard)
        for own in suspect.claims
    )


def _compare(own: Claim, rival: Claim, case: Case) -> _Lead:
    """How far one claim leads another; claims of different kinds are compared by grade."""
    if own.bit_error is not None and rival.bit_error is not None:
        gap = rival.bit_error - own.bit_error
        return _lead(gap, clear=RIVAL_BIT_ERROR, ahead=TIE_BIT_ERROR)
    if own.score is not None and rival.score is not None:
        if own.acoustid is None or own.acoustid != rival.acoustid:
            return _lead(own.score - rival.score, clear=RIVAL_SCORE, ahead=TIE_SCORE)
        ratio = rival.share / own.share if own.share else math.inf
        return _lead(1.0 - ratio, clear=1.0 - RIVAL_SHARE, ahead=1.0 - TIE_SHARE)
    lead = _grade(own, case) - _grade(rival, case)
    return _Lead.CLEAR if lead > 0 else _Lead.SMALL if lead == 0 else _Lead.NONE


def _lead(gap: float, *, clear: float, ahead: float) -> _Lead:
    return _Lead.CLEAR if gap >= clear else _Lead.SMALL if gap >= ahead else _Lead.NONE


def _grade(claim: Claim, case: Case) -> int:
    return grade_claim(claim, case)[0]


def _is_embedded(suspect: Suspect) -> bool:
    return any(claim.source in ("embedded_id", "isrc") for claim in suspect.claims)


def _is_backed(suspect: Suspect, heard: Sequence[Claim], case: Case) -> bool:
    """True where the file itself sides with the suspect and not with the rival."""
    if _is_embedded(suspect):
        return True
    is_rival_agreed = any(is_agreed(rival, case.tags) for rival in heard)
    return not is_rival_agreed and any(is_agreed(claim, case.tags) for claim in suspect.claims)
