"""AcoustID: which recordings the fingerprints of whole files are linked to, many at once.

The requests are made by our own transport: pyacoustid's lookup cannot batch, hides the status and
never times out.
"""

import gzip
import hashlib
import json
import logging
from collections.abc import Sequence
from urllib.parse import urlencode

from wkmp_lab.io.keys import Secret
from wkmp_lab.io.web.answers import (
    AcoustidMatch,
    Outcome,
    Recording,
    ReleaseRef,
)
from wkmp_lab.io.web.connection import Reply, Request
from wkmp_lab.io.web.http_cache import DAY_S, HttpCache, make_key
from wkmp_lab.io.web.transport import Host, PublicService, Transport
from wkmp_lab.model import Fingerprint
from wkmp_lab.model.reasons import OutcomeKind

META = "recordings releasegroups releases compress sources"
"""Rich enough that most recordings need no other service."""
MAX_BATCH = 10
"""The server takes 20 and may come to take 10; a batch counts as one request."""
PUBLIC = PublicService("acoustid", "acoustid.org", interval_s=0.34)
FOUND_LIFE_S = 30 * DAY_S
EMPTY_LIFE_S = 7 * DAY_S
"""An empty answer may only mean that the server's search timed out."""
MAX_DURATION_S = 32_767
INVALID_KEY = 4

_LOG = logging.getLogger(__name__)

Matches = tuple[AcoustidMatch, ...]
Json = object


class AcoustidClient:
    """Lookups of fingerprints, batched and remembered.

    Parameters
    ----------
    transport, cache
        How to ask, and what is known already.
    host
        The service and its interval.
    base_url
        Up to ``/v2``.
    key
        The application key; only ever sent in the body.
    """

    def __init__(
        self, transport: Transport, cache: HttpCache, *, host: Host, base_url: str, key: Secret
    ) -> None:
        self._transport = transport
        self._cache = cache
        self._host = host
        self._url = f"{base_url.rstrip('/')}/lookup"
        self._key = key
        self._rejected: Outcome[Matches] | None = None

    def lookup(self, fingerprints: Sequence[Fingerprint]) -> list[Outcome[Matches]]:
        """The recordings of each fingerprint of a whole file, in the same order.

        A wrong key switches the service off for the life of this client: every further outcome
        is the same rejection, without a request.
        """
        outcomes: dict[str, Outcome[Matches]] = {}
        by_key = {_key_of(fingerprint): fingerprint for fingerprint in fingerprints}
        open_keys = [key for key in by_key if not self._recall(key, outcomes)]
        for start in range(0, len(open_keys), MAX_BATCH):
            self._ask({key: by_key[key] for key in open_keys[start : start + MAX_BATCH]}, outcomes)
        return [outcomes[_key_of(fingerprint)] for fingerprint in fingerprints]

    def _ask(self, batch: dict[str, Fingerprint], outcomes: dict[str, Outcome[Matches]]) -> None:
        if self._rejected is not None:
            outcomes |= dict.fromkeys(batch, self._rejected)
            return
        asked: list[str] = []

        def prepare() -> Request | None:
            asked[:] = [key for key in batch if not self._recall(key, outcomes)]
            return self._make_request([batch[key] for key in asked]) if asked else None

        def accept(reply: Reply) -> Outcome[Matches]:
            return self._read(reply, asked, outcomes)

        overall = self._transport.ask(self._host, prepare, accept)
        if overall.kind is OutcomeKind.REJECTED and overall.code == INVALID_KEY:
            self._rejected = overall
            _LOG.warning("AcoustID refuses the key; it is not asked again in this run")
        for key in batch:
            outcomes.setdefault(key, overall)

    def _make_request(self, fingerprints: Sequence[Fingerprint]) -> Request:
        fields = {"client": self._key.value, "meta": META, "batch": "1", "format": "json"}
        for index, fingerprint in enumerate(fingerprints):
            fields[f"fingerprint.{index}"] = fingerprint.text
            fields[f"duration.{index}"] = str(_whole_seconds(fingerprint))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Encoding": "gzip",
        }
        return Request(self._url, headers, gzip.compress(urlencode(fields).encode(), mtime=0))

    def _read(
        self, reply: Reply, asked: Sequence[str], outcomes: dict[str, Outcome[Matches]]
    ) -> Outcome[Matches]:
        """Take in the answers of a batch; a missing one was rejected."""
        answer = read_answer(reply.body, reply.status, n_asked=len(asked))
        for index, results in (answer.found or {}).items():
            self._remember(asked[index], results)
            outcomes[asked[index]] = _outcome_of(results)
        if answer.kind is OutcomeKind.MATCH:
            return Outcome(OutcomeKind.REJECTED, why="the service dropped this fingerprint")
        return Outcome(answer.kind, why=answer.why, code=answer.code)

    def _remember(self, key: str, results: list[Json]) -> None:
        life_s = FOUND_LIFE_S if results else EMPTY_LIFE_S
        self._cache.write(key, json.dumps(results).encode(), life_s=life_s)

    def _recall(self, key: str, outcomes: dict[str, Outcome[Matches]]) -> bool:
        body = self._cache.read(key)
        if body is None:
            return False
        outcomes[key] = _outcome_of(json.loads(body))
        return True


def read_answer(body: bytes, status: int, *, n_asked: int) -> Outcome[dict[int, list[Json]]]:
    """The results of a batch by their index; fingerprints that the server dropped are missing."""
    document = _parse(body)
    if document.get("status") == "error":
        error = _dict(document.get("error"))
        code, message = error.get("code"), str(error.get("message", "no message"))
        known = code if isinstance(code, int) else None
        return Outcome(OutcomeKind.REJECTED, why=f"error {code}: {message}", code=known)
    answers = document.get("fingerprints")
    if status != 200 or not isinstance(answers, list):
        return Outcome(OutcomeKind.MALFORMED, why=f"HTTP {status}, not an answer")
    found = {}
    for answer in map(_dict, answers):
        index, results = answer.get("index"), answer.get("results")
        if isinstance(results, list) and isinstance(index, int) and 0 <= index < n_asked:
            found[index] = results
    return Outcome(OutcomeKind.MATCH, found)


def read_matches(results: Sequence[Json]) -> Matches:
    """The linked recordings in the results of one fingerprint, best score first.

    Tolerates whatever is missing or null; AcoustIDs without recordings give nothing.
    """
    matches = []
    for result in map(_dict, results):
        links = [_dict(link) for link in _list(result.get("recordings"))]
        links = [link for link in links if isinstance(link.get("id"), str)]
        most = max((_number(link.get("sources")) or 1.0 for link in links), default=1.0)
        score = _number(result.get("score"))
        if score is None or not 0.0 <= score <= 1.0:
            continue
        for link in links:
            share = (_number(link.get("sources")) or 1.0) / most
            recording = _read_recording(link)
            matches.append(AcoustidMatch(str(result.get("id")), score, recording, share))
    return tuple(sorted(matches, key=lambda match: (-match.score, -match.share)))


def _read_recording(link: dict[str, Json]) -> Recording:
    artists = [_dict(artist) for artist in _list(link.get("artists"))]
    credit = "".join(
        f"{_text(artist.get('name')) or ''}{_text(artist.get('joinphrase')) or ''}"
        for artist in artists
    )
    groups = [_dict(group) for group in _list(link.get("releasegroups"))]
    releases = [ref for group in groups for ref in _read_releases(group)]
    return Recording(
        mbid=str(link["id"]).lower(),
        title=_text(link.get("title")),
        artist=credit or None,
        duration_s=_number(link.get("duration")),
        releases=tuple(releases),
    )


def _read_releases(group: dict[str, Json]) -> list[ReleaseRef]:
    """Releases of a group; what is equal to the group's is left out by the server."""
    kinds = [_text(kind) for kind in _list(group.get("secondarytypes"))]
    kind = next((kind for kind in kinds if kind), None) or _text(group.get("type"))
    refs = []
    for release in map(_dict, _list(group.get("releases"))):
        if (mbid := _text(release.get("id"))) is None:
            continue
        n_tracks = _number(release.get("track_count"))
        year = _number(_dict(release.get("date")).get("year"))
        refs.append(
            ReleaseRef(
                release_mbid=mbid.lower(),
                title=_text(release.get("title")) or _text(group.get("title")),
                n_tracks=None if n_tracks is None else int(n_tracks),
                year=None if year is None else int(year),
                kind=kind,
            )
        )
    return refs


def _outcome_of(results: Sequence[Json]) -> Outcome[Matches]:
    matches = read_matches(results)
    if not matches:
        return Outcome(OutcomeKind.NO_MATCH, (), "no match today")
    return Outcome(OutcomeKind.MATCH, matches)


def _key_of(fingerprint: Fingerprint) -> str:
    text = hashlib.sha256(fingerprint.text.encode()).hexdigest()
    return make_key("acoustid", "lookup", META, text, str(_whole_seconds(fingerprint)))


def _whole_seconds(fingerprint: Fingerprint) -> int:
    """The service takes whole seconds only, and none for missing."""
    return min(max(round(fingerprint.duration_s), 1), MAX_DURATION_S)


def _parse(body: bytes) -> dict[str, Json]:
    try:
        return _dict(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Json) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) < 1e9:  # type: ignore[arg-type]
        return None
    return float(value)  # type: ignore[arg-type]
