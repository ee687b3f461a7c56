"""When two candidates are one, and what a candidate is called."""

from wkmp_lab.model import Candidate
from wkmp_lab.names import describe_song, normalize_name


def is_same_candidate(one: Candidate, other: Candidate) -> bool:
    """True for one recording: of equal id, or, where neither has one, of equal title and artist.

    >>> rain = Candidate(None, "Rain", "The Drops", 0.5, "low")
    >>> is_same_candidate(rain, Candidate(None, "rain", "Drops", 0.9, "high"))
    True
    >>> is_same_candidate(rain, Candidate("a", "Rain", "The Drops", 0.9, "high"))
    False
    """
    if one.recording_mbid or other.recording_mbid:
        return one.recording_mbid == other.recording_mbid
    return bool(one.title) and _names_of(one) == _names_of(other)


def describe_candidate(candidate: Candidate, *, is_quoted: bool = True) -> str:
    """A candidate in words: its title and artist, else its id.

    >>> describe_candidate(Candidate("b1a9", None, "The Drops", 0.5, "low"))
    'recording b1a9'
    """
    named = describe_song(candidate.title, candidate.artist, is_quoted=is_quoted)
    return named or f"recording {candidate.recording_mbid}"


def _names_of(candidate: Candidate) -> tuple[str, str]:
    return normalize_name(candidate.title), normalize_name(candidate.artist)
