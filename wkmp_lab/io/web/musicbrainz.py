"""MusicBrainz: recordings, releases with all their tracks, and search by name.

``musicbrainzngs`` reads the XML and checks the includes; the requests are made by our own
transport, since its own fetching has no time-out and retries outside its limiter.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload
from urllib.parse import quote, urlencode
from xml.etree.ElementTree import ParseError

import musicbrainzngs
from musicbrainzngs import mbxml

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.web.answers import (
    Outcome,
    Recording,
    Release,
    ReleaseRef,
    ReleaseTrack,
)
from wkmp_lab.io.web.connection import Reply, Request
from wkmp_lab.io.web.http_cache import DAY_S, HttpCache, make_key
from wkmp_lab.io.web.transport import Host, PublicService, Transport
from wkmp_lab.model import MAX_EXCESS_S
from wkmp_lab.model.reasons import OutcomeKind
from wkmp_lab.names import compute_similarity

PUBLIC = PublicService("musicbrainz", "musicbrainz.org", interval_s=1.0)
FOUND_LIFE_S = 60 * DAY_S
UNKNOWN_LIFE_S = 7 * DAY_S
SEARCH_LIFE_S = 30 * DAY_S
MAX_QUERY_CHARACTERS = 200
MAX_HOLDERS = 100_000
"""Recordings whose release is remembered without asking the cache."""

RECORDING_INCLUDES = ("artist-credits", "releases", "media", "isrcs", "work-rels")
RELEASE_INCLUDES = ("artist-credits", "recordings", "recording-level-rels", "work-rels")
ISRC_INCLUDES = ("artists", "releases")

_UNKNOWN = b"404"
"""Kept in the cache in the place of a body for an id that does not exist."""

_LUCENE_SIGN = re.compile(r'([+\-!(){}\[\]^"~*?:\\/&|])')

Found = TypeVar("Found")
Document = Mapping[str, Any]


class MusicbrainzClient:
    """Questions to MusicBrainz WS/2, remembered.

    Parameters
    ----------
    transport, cache
        How to ask, and what is known already.
    host
        The service and its interval.
    base_url
        Without ``/ws/2``; a mirror of one's own has no limit.
    """

    def __init__(
        self, transport: Transport, cache: HttpCache, *, host: Host, base_url: str
    ) -> None:
        check_includes("recording", RECORDING_INCLUDES)
        check_includes("release", RELEASE_INCLUDES)
        check_includes("isrc", ISRC_INCLUDES)
        self._transport = transport
        self._cache = cache
        self._host = host
        self._url = f"{base_url.rstrip('/')}/ws/2"
        self._holders: dict[str, Release] = {}

    def fetch_recording(self, mbid: str) -> Outcome[Recording]:
        """A recording with artists, releases and work; a merged id is followed."""
        path = f"recording/{quote(mbid, safe='')}"
        return self._fetch(
            path, {"inc": " ".join(RECORDING_INCLUDES)}, lambda found: read_asked(found, mbid)
        )

    def fetch_release(self, mbid: str) -> Outcome[Release]:
        """A release with every track, its recording and work: one call for a whole album."""
        path = f"release/{quote(mbid, safe='')}"
        outcome = self._fetch(path, {"inc": " ".join(RELEASE_INCLUDES)}, read_release)
        if outcome.found is not None:
            if len(self._holders) > MAX_HOLDERS:
                self._holders.clear()
            for track in outcome.found.tracks:
                if track.recording.mbid is not None:
                    self._holders.setdefault(track.recording.mbid, outcome.found)
        return outcome

    def recall_release(self, recording_mbid: str) -> Release | None:
        """A release that was fetched before and that a recording is on; nobody is asked."""
        return self._holders.get(recording_mbid)

    def fetch_isrc(self, isrc: str) -> Outcome[tuple[Recording, ...]]:
        """The recordings that bear an ISRC."""
        path = f"isrc/{quote(isrc, safe='')}"
        return self._fetch(path, {"inc": " ".join(ISRC_INCLUDES)}, read_isrc)

    def search_recordings(
        self, title: str, artist: str | None, duration_s: float | None
    ) -> Outcome[tuple[Recording, ...]]:
        """Recordings of this name, nearest first by our own measure.

        The service's score is relative to the best hit and says nothing by itself.
        """
        query = make_query(title, artist, duration_s)
        outcome = self._fetch(
            "recording", {"query": query, "limit": "10"}, read_search, life_s=SEARCH_LIFE_S
        )
        ranked = sorted(
            outcome.found or (),
            key=lambda found: (
                -compute_similarity(title, found.title) - compute_similarity(artist, found.artist),
                abs((found.duration_s or 0.0) - (duration_s or 0.0)),
                found.mbid or "",
            ),
        )
        return Outcome(outcome.kind, tuple(ranked), outcome.why, outcome.code)

    def _fetch(
        self,
        path: str,
        parameters: Mapping[str, str],
        read: Callable[[Document], Found | None],
        *,
        life_s: float = FOUND_LIFE_S,
    ) -> Outcome[Found]:
        query = urlencode(sorted(parameters.items()))
        key = make_key("musicbrainz", path, query)
        known: list[Outcome[Found]] = []

        def prepare() -> Request | None:
            body = self._cache.read(key)
            if body is None:
                return Request(f"{self._url}/{path}?{query}", {"Accept": "application/xml"})
            known.append(read_body(body, read))
            return None

        def accept(reply: Reply) -> Outcome[Found]:
            if reply.status == 404:
                self._cache.write(key, _UNKNOWN, life_s=UNKNOWN_LIFE_S)
                return read_body(_UNKNOWN, read)
            if reply.status != 200:
                why = f"HTTP {reply.status}"
                return Outcome(OutcomeKind.REJECTED, why=why, code=reply.status)
            outcome = read_body(reply.body, read)
            if outcome.is_answered:
                self._cache.write(key, reply.body, life_s=life_s)
            return outcome

        if prepare() is None:
            return known[-1]
        outcome = self._transport.ask(self._host, prepare, accept)
        return known[-1] if known else outcome


def check_includes(entity: str, includes: Sequence[str]) -> None:
    """Refuse includes that the service does not have.

    >>> check_includes("recording", ["artist-credits"])
    """
    valid = musicbrainzngs.musicbrainz.VALID_INCLUDES[entity]
    unknown = [each for each in includes if each not in valid]
    if unknown:
        raise InvalidInputError(f"{entity} has no includes {unknown}")


def make_query(title: str, artist: str | None, duration_s: float | None) -> str:
    """A search in Lucene's language in which nothing of the names is an operator.

    >>> make_query('What? (Live)', 'AC/DC', 100.0)
    'recording:"what\\\\? \\\\(live\\\\)" AND artist:"ac\\\\/dc" AND dur:[93000 TO 107000]'
    """
    parts = [f'recording:"{escape_lucene(title)}"']
    if artist:
        parts.append(f'artist:"{escape_lucene(artist)}"')
    if duration_s is not None:
        low, high = (round(1000 * (duration_s + side * MAX_EXCESS_S)) for side in (-1, 1))
        parts.append(f"dur:[{max(low, 0)} TO {high}]")
    return " AND ".join(parts)


def escape_lucene(text: str) -> str:
    """Free text without operators: signs escaped, AND, OR and NOT in lower case."""
    plain = text.replace("\0", "")[:MAX_QUERY_CHARACTERS].lower()
    return _LUCENE_SIGN.sub(r"\\\1", plain)


def read_recording(found: Document) -> Recording | None:
    """A recording out of a parsed answer, or None where there is none."""
    recording = found.get("recording")
    return _recording_of(recording) if recording else None


def read_asked(found: Document, mbid: str) -> Recording | None:
    """A recording that may have another id than was asked for: then it was merged."""
    recording = read_recording(found)
    if recording is None or recording.mbid == mbid.lower():
        return recording
    return Recording(
        recording.mbid,
        recording.title,
        recording.artist,
        recording.duration_s,
        recording.releases,
        recording.work_mbid,
        recording.isrcs,
        asked_mbid=mbid.lower(),
    )


def read_isrc(found: Document) -> tuple[Recording, ...] | None:
    """The recordings of an ISRC."""
    return tuple(map(_recording_of, found.get("isrc", {}).get("recording-list", ()))) or None


def read_search(found: Document) -> tuple[Recording, ...] | None:
    """The recordings of a search."""
    return tuple(map(_recording_of, found.get("recording-list", ()))) or None


def read_release(found: Document) -> Release | None:
    """A release with its tracks, over all its media."""
    release = found.get("release")
    if not release or "id" not in release:
        return None
    return Release(
        mbid=release["id"],
        title=release.get("title"),
        artist=release.get("artist-credit-phrase"),
        tracks=tuple(_read_tracks(release)),
        year=_year_of(release.get("date")),
        status=release.get("status"),
    )


def _read_tracks(release: Document) -> Iterator[ReleaseTrack]:
    for nth, medium in enumerate(release.get("medium-list", ()), 1):
        disc = _number_of(medium.get("position"), nth)
        tracks, data = medium.get("track-list", ()), medium.get("data-track-list", ())
        hidden = [medium["pregap"]] if "pregap" in medium else []
        # Where a disc holds nothing but data, that is its music.
        listed = [*((each, True) for each in hidden), *((each, False) for each in tracks)]
        listed += [(each, bool(tracks)) for each in data]
        for place, (track, is_extra) in enumerate(listed, 1 - len(hidden)):
            recording = track.get("recording", {})
            if "id" not in recording:
                continue
            # A track may bear another title, credit or length than its recording; it is the
            # recording that is identified, so the track only fills in what that lacks.
            lacking = {key: track[key] for key in ("title", "length") if key in track}
            credit = {"artist-credit-phrase": release.get("artist-credit-phrase")}
            position = _number_of(track.get("position"), place)
            whole = _recording_of({**credit, **lacking, **recording})
            yield ReleaseTrack(disc, position, whole, track.get("number") or None, is_extra)


def _recording_of(recording: Document) -> Recording:
    works = [rel.get("work", {}).get("id") for rel in recording.get("work-relation-list", ())]
    return Recording(
        mbid=str(recording["id"]).lower(),
        title=recording.get("title"),
        artist=recording.get("artist-credit-phrase"),
        duration_s=_seconds_of(recording.get("length")),
        releases=tuple(map(_ref_of, recording.get("release-list", ()))),
        work_mbid=next((work for work in works if work), None),
        isrcs=tuple(recording.get("isrc-list", ())),
    )


def _ref_of(release: Document) -> ReleaseRef:
    """A release of a recording: it lists the discs that this is on, with this track alone."""
    n_tracks = release.get("medium-track-count")
    group = release.get("release-group", {})
    medium: Document = next(iter(release.get("medium-list", ())), {})
    track: Document = next(iter(medium.get("track-list", ())), {})
    return ReleaseRef(
        release_mbid=str(release["id"]).lower(),
        title=release.get("title"),
        n_tracks=int(n_tracks) if n_tracks else None,
        year=_year_of(release.get("date")),
        kind=next(
            iter(group.get("secondary-type-list", ())),
            group.get("primary-type") or group.get("type"),
        ),
        status=release.get("status"),
        artist=release.get("artist-credit-phrase"),
        disc=_number_of(medium.get("position")),
        position=_number_of(track.get("position")),
        n_disc_tracks=_number_of(medium.get("track-count")),
    )


@overload
def _number_of(told: object, otherwise: int) -> int: ...
@overload
def _number_of(told: object, otherwise: None = None) -> int | None: ...
def _number_of(told: object, otherwise: int | None = None) -> int | None:
    return int(told) if isinstance(told, (int, str)) and str(told).isdecimal() else otherwise


def _seconds_of(length_ms: str | None) -> float | None:
    return int(length_ms) / 1000.0 if length_ms and length_ms.isdigit() else None


def _year_of(date: str | None) -> int | None:
    year = (date or "")[:4]
    return int(year) if year.isdigit() else None


def read_body(body: bytes, read: Callable[[Document], Found | None]) -> Outcome[Found]:
    """What the body of an answer means to one of the readers above."""
    if body == _UNKNOWN:
        return Outcome(OutcomeKind.NO_MATCH, why="unknown to MusicBrainz")
    try:
        document = mbxml.parse_message(body)
        found = read(document)
    except (ParseError, LookupError, ValueError, AttributeError, TypeError) as error:
        return Outcome(OutcomeKind.MALFORMED, why=f"not an answer of MusicBrainz: {error!r}")
    if not document:
        return Outcome(OutcomeKind.MALFORMED, why="an empty answer")
    if found is None:
        return Outcome(OutcomeKind.NO_MATCH, why="nothing found")
    return Outcome(OutcomeKind.MATCH, found)
