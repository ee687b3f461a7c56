"""Musical flavors for identified passages: from a dump, or from a server that still answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wkmp_lab.flavors import Flavor
from wkmp_lab.lookup.services import Services
from wkmp_lab.model import FileResult
from wkmp_lab.names import read_mbid


@dataclass(frozen=True, slots=True)
class Flavored:
    """Results with the flavors that were found.

    Attributes
    ----------
    results
        In the order given.
    unanswered
        Recordings about which no answer came, and ``why``.
    """

    results: tuple[FileResult, ...]
    unanswered: frozenset[str] = frozenset()
    why: str = ""


def lacks_flavor(result: FileResult) -> bool:
    """True where a passage has a recording but no flavor of it."""
    return any(each.recording_mbid and not each.musical_flavor for each in result.passages)


def add_flavors(results: Sequence[FileResult], services: Services) -> Flavored:
    """The results, each passage with the flavor of its recording, as far as it can be had."""
    heard = {each.recording_mbid for result in results for each in result.passages}
    # A catalogue from elsewhere may hold ids of its own, which neither dump nor server knows.
    mbids = sorted(mbid for mbid in heard if mbid and read_mbid(mbid))
    if services.fetch_flavors is None or not mbids:
        return Flavored(tuple(results))
    answer = services.fetch_flavors(mbids)
    characterized = tuple(_characterize(result, answer.flavors) for result in results)
    return Flavored(characterized, frozenset(answer.unanswered), answer.why)


def leave_unflavored(results: Sequence[FileResult], why: str) -> Flavored:
    """The results as they are, where the asking itself broke off."""
    heard = {each.recording_mbid for result in results for each in result.passages}
    return Flavored(tuple(results), frozenset(mbid for mbid in heard if mbid), why)


def _characterize(result: FileResult, flavors: Mapping[str, Flavor]) -> FileResult:
    """The result with these flavors; a passage of another recording keeps what it has."""
    passages = (
        replace(each, musical_flavor=flavors.get(each.recording_mbid or "", each.musical_flavor))
        for each in result.passages
    )
    return replace(result, passages=tuple(passages))
