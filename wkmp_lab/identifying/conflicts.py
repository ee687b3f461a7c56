"""What the other recordings that were stated take away from one: the rules on conflicts."""

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from wkmp_lab.identifying.evidence import (
    BARE_NAMES,
    HIGH,
    LOW,
    MEDIUM,
    UNIDENTIFIED,
    PassageFacts,
    Statement,
    grade_statement,
    is_agreed,
)

CLEAR_BIT_ERROR = 0.08
"""What is nearer in bit error stays in the way: masters of one piece differ by 0.02 to 0.20."""
CLEAR_SCORE = 0.10
STRAY_SHARE = 0.20
"""A recording with this share of a fingerprint's submissions is no stray link."""
TIE_BIT_ERROR = 0.02
TIE_SCORE = 0.02
TIE_SHARE = 0.80


class _Lead(enum.Enum):
    """How far a statement leads another."""

    NONE = enum.auto()
    SMALL = enum.auto()
    CLEAR = enum.auto()


@dataclass(frozen=True, slots=True)
class StatedRecording:
    """A recording with all statements for it, and the song that it is a recording of."""

    mbid: str | None
    song: str
    statements: tuple[Statement, ...]


def weigh_conflict(
    recording: StatedRecording, other: StatedRecording, facts: PassageFacts
) -> tuple[int, str]:
    """The highest grade that another leaves to a recording, and why.

    A bare name in the local catalogue (a file's) does not contest a recording that has an id.
    """
    heard = [
        statement
        for statement in other.statements
        if statement.is_heard and statement not in recording.statements
    ]
    if recording.mbid is not None:
        heard = [statement for statement in heard if statement.recording_mbid or statement.artist]
    is_same_song = recording.song == other.song
    if not heard:
        return (HIGH, "") if is_same_song else _weigh_unheard(recording, other, facts)
    if any(
        all(_compare(own, each, facts) is _Lead.CLEAR for each in heard)
        for own in recording.statements
    ):
        return HIGH, ""
    if is_same_song:
        return _weigh_version(recording, heard, facts)
    if not any(statement.is_heard for statement in recording.statements):
        is_overruled = any(_grade(each, facts) for each in heard)
        return (UNIDENTIFIED, "the sound is another song's") if is_overruled else (HIGH, "")
    if recording.mbid is not None and not any(each.recording_mbid for each in heard):
        return MEDIUM, "the catalogue has another name for it"
    is_backed = _is_backed(recording, heard, facts)
    if not is_backed and not _is_ahead(recording, heard, facts):
        return UNIDENTIFIED, "another song fits as well"
    is_related = not any(_grade(each, facts) for each in heard)
    return MEDIUM if is_backed or is_related else LOW, "another song is near"


def _weigh_unheard(
    recording: StatedRecording, other: StatedRecording, facts: PassageFacts
) -> tuple[int, str]:
    """What a song that nobody heard takes from a recording."""
    sources = {statement.source for statement in other.statements}
    if "embedded_id" in sources:
        return MEDIUM, "the embedded id names another recording"
    is_bare_name = {statement.source for statement in recording.statements} <= {
        "text_search",
        *BARE_NAMES,
    }
    if is_bare_name and any(_grade(statement, facts) for statement in other.statements):
        return UNIDENTIFIED, "another song has the same name"
    return HIGH, ""


def _weigh_version(
    recording: StatedRecording, heard: Sequence[Statement], facts: PassageFacts
) -> tuple[int, str]:
    """What another recording of the same song takes from a recording."""
    if _is_embedded(recording):
        return HIGH, ""
    is_behind = all(
        any(_compare(each, own, facts) is _Lead.CLEAR for each in heard)
        for own in recording.statements
    )
    return (LOW if is_behind else MEDIUM), "several recordings of this song fit"


def _is_ahead(recording: StatedRecording, heard: Sequence[Statement], facts: PassageFacts) -> bool:
    return any(
        all(_compare(own, each, facts) is not _Lead.NONE for each in heard)
        for own in recording.statements
    )


def _compare(own: Statement, other: Statement, facts: PassageFacts) -> _Lead:
    """How far one statement leads another; statements of different kinds are compared by grade."""
    if own.bit_error is not None and other.bit_error is not None:
        gap = other.bit_error - own.bit_error
        return _lead(gap, clear=CLEAR_BIT_ERROR, ahead=TIE_BIT_ERROR)
    if own.score is not None and other.score is not None:
        if own.acoustid is None or own.acoustid != other.acoustid:
            return _lead(own.score - other.score, clear=CLEAR_SCORE, ahead=TIE_SCORE)
        ratio = other.share / own.share if own.share else math.inf
        return _lead(1.0 - ratio, clear=1.0 - STRAY_SHARE, ahead=1.0 - TIE_SHARE)
    lead = _grade(own, facts) - _grade(other, facts)
    return _Lead.CLEAR if lead > 0 else _Lead.SMALL if lead == 0 else _Lead.NONE


def _lead(gap: float, *, clear: float, ahead: float) -> _Lead:
    return _Lead.CLEAR if gap >= clear else _Lead.SMALL if gap >= ahead else _Lead.NONE


def _grade(statement: Statement, facts: PassageFacts) -> int:
    return grade_statement(statement, facts)[0]


def _is_embedded(recording: StatedRecording) -> bool:
    return any(statement.source in ("embedded_id", "isrc") for statement in recording.statements)


def _is_backed(
    recording: StatedRecording, heard: Sequence[Statement], facts: PassageFacts
) -> bool:
    """True where the file itself sides with the recording and not with the others."""
    if _is_embedded(recording):
        return True
    is_other_agreed = any(is_agreed(each, facts.tags) for each in heard)
    return not is_other_agreed and any(
        is_agreed(statement, facts.tags) for statement in recording.statements
    )
