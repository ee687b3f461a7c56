"""AcousticBrainz: documents in files, and any server that still answers as the service did.

The service takes no data since 2022 and may be gone for good: it is asked only where an address
is set, and a server that does not answer once is left alone for the rest of an import.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.flavors import CATEGORIES, Flavor
from wkmp_lab.io.files.side_files import decode_json, read_side_file
from wkmp_lab.io.web.answers import Outcome
from wkmp_lab.io.web.connection import Reply, Request
from wkmp_lab.io.web.http_cache import DAY_S, HttpCache, make_key
from wkmp_lab.io.web.transport import Host, Patience, PublicService, Transport
from wkmp_lab.model.reasons import OutcomeKind

SOURCE = "acousticbrainz"
MAX_BYTES = 4 << 20
MAX_BATCH = 25
"""Recordings in one request; the service refuses more."""
PUBLIC = PublicService("acousticbrainz", "acousticbrainz.org", interval_s=1.0)
"""The service allowed 10 requests in 10 s."""
FOUND_LIFE_S = 90 * DAY_S
UNKNOWN_LIFE_S = 30 * DAY_S
PATIENCE = Patience(n_tries=2, n_tries_when_silent=1, n_failed_before_break=1, break_s=86_400.0)
"""Little: a service that is gone must not hold anything up."""


@dataclass(frozen=True, slots=True)
class FlavorAnswer:
    """What was found for some recordings.

    Attributes
    ----------
    flavors
        MusicBrainz id of a recording to its flavor; those that nobody knows are not here.
    unanswered
        The ids for which no answer came; they may be asked for again.
    why
        Why no answer came, in words.
    """

    flavors: Mapping[str, Flavor]
    unanswered: tuple[str, ...] = ()
    why: str = ""


class AcousticbrainzClient:
    """Questions to a server that answers like AcousticBrainz, remembered.

    Parameters
    ----------
    transport, cache
        How to ask, and what is known already.
    host
        The server and its interval.
    base_url
        Without ``/api/v1``.
    """

    def __init__(
        self, transport: Transport, cache: HttpCache, *, host: Host, base_url: str
    ) -> None:
        self._transport = transport
        self._cache = cache
        self._host = host
        self._url = f"{base_url.rstrip('/')}/api/v1/high-level"

    def fetch_flavors(self, mbids: Sequence[str]) -> FlavorAnswer:
        """Flavors of recordings, of the first submission for each; at most 25 to a request."""
        found: dict[str, Flavor] = {}
        unanswered: list[str] = []
        why = ""
        asked = list(dict.fromkeys(mbids))
        for start in range(0, len(asked), MAX_BATCH):
            batch = asked[start : start + MAX_BATCH]
            failed = self._fetch_batch(batch, found)
            if failed:
                unanswered += self._find_open(batch, found)
                why = failed
        return FlavorAnswer(found, tuple(unanswered), why)

    def _fetch_batch(self, mbids: Sequence[str], found: dict[str, Flavor]) -> str:
        """Add what is known of the recordings; why nothing more is known, where that is so."""

        def prepare() -> Request | None:
            asked = self._find_open(mbids, found)
            if not asked:
                return None
            query = quote(";".join(asked), safe=";")
            url = f"{self._url}?recording_ids={query}"
            return Request(url, {"Accept": "application/json"})

        def accept(reply: Reply) -> Outcome[Mapping[str, Flavor]]:
            if reply.status != 200:  # an unknown recording is left out of an answer, with 200
                return Outcome(OutcomeKind.UNAVAILABLE, why=f"HTTP {reply.status}")
            outcome = read_answer(reply.body)
            if outcome.found is not None:
                self._keep(self._find_open(mbids, found), reply.body)
                found.update(outcome.found)
            return outcome

        if prepare() is None:
            return ""
        outcome = self._transport.ask(self._host, prepare, accept)
        return "" if outcome.is_answered else outcome.why

    def _find_open(self, mbids: Sequence[str], found: dict[str, Flavor]) -> list[str]:
        """The recordings of which nothing is known yet; adds those that the cache knows."""
        unknown = []
        for mbid in mbids:
            body = None if mbid in found else self._cache.read(_key_of(mbid))
            if body is not None:
                found.update(read_answer(body).found or {})
            elif mbid not in found:
                unknown.append(mbid)
        return unknown

    def _keep(self, mbids: Sequence[str], body: bytes) -> None:
        """Remember of an answer what it says of each recording, as it says it."""
        told = {mbid.lower(): submissions for mbid, submissions in json.loads(body).items()}
        for mbid in mbids:
            known = {mbid: told[mbid]} if mbid in told else {}
            life_s = FOUND_LIFE_S if known else UNKNOWN_LIFE_S
            self._cache.write(_key_of(mbid), json.dumps(known).encode(), life_s=life_s)


def read_answer(body: bytes) -> Outcome[Mapping[str, Flavor]]:
    """What the body of a bulk answer says: MusicBrainz id to flavor; damaged entries are not here.

    >>> read_answer(b"<html>").kind.value, read_answer(b'{"mbid_mapping": {}}').found
    ('malformed', {})
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        return Outcome(OutcomeKind.MALFORMED, why=f"not an answer of AcousticBrainz: {error}")
    if not isinstance(document, dict) or "message" in document:
        return Outcome(OutcomeKind.MALFORMED, why="not an answer of AcousticBrainz")
    flavors = {}
    for mbid, submissions in document.items():
        flavor = _read_first(submissions)
        if flavor is not None:
            flavors[mbid.lower()] = flavor
    return Outcome(OutcomeKind.MATCH, flavors)


_NUMBER = re.compile(r"[0-9]{1,9}")


def _read_first(submissions: Any) -> Flavor | None:
    """The flavor of the submission of the lowest number; None where it holds none."""
    known = submissions if isinstance(submissions, dict) else {}
    number = min(filter(_NUMBER.fullmatch, known), key=int, default=None)
    if number is None:
        return None
    try:
        return flavor_from_document(known[number], submission=int(number))
    except InvalidInputError:
        return None


def _key_of(mbid: str) -> str:
    return make_key("acousticbrainz", mbid)


def read_flavor(path: str | Path, *, submission: int | None = None) -> Flavor:
    """The flavor in a high-level document (one JSON file of a dump, or a saved answer).

    Raises
    ------
    InvalidInputError
        The file is no such document, or larger than 4 MiB.
    OSError
        The file cannot be read.
    """
    raw = read_side_file(path, what="a document", max_bytes=MAX_BYTES)
    return flavor_from_document(decode_json(raw, name=str(path)), submission=submission)


def flavor_from_document(document: Any, *, submission: int | None = None) -> Flavor:
    """The flavor of a parsed high-level document; categories that are damaged are left out.

    Raises
    ------
    InvalidInputError
        There is no usable category.
    """
    found = document.get("highlevel") if isinstance(document, dict) else None
    classifiers = found if isinstance(found, dict) else {}
    categories = {}
    for name, elements in CATEGORIES.items():
        values = _read_category(classifiers.get(name), elements)
        if values is not None:
            categories[name] = values
    if not categories:
        raise InvalidInputError("the document holds no high-level category of AcousticBrainz")
    return Flavor(categories, SOURCE, submission)


def _read_category(classifier: Any, elements: tuple[str, ...]) -> Mapping[str, float] | None:
    """Probabilities of one classifier, made to sum to 1 exactly; None where they cannot be."""
    stated = classifier.get("all") if isinstance(classifier, dict) else None
    if not isinstance(stated, dict):
        return None
    values = {name: stated[name] for name in elements if _is_probability(stated.get(name))}
    total = sum(values.values())
    if len(values) != len(elements) or not 0.98 <= total <= 1.02:
        return None
    return {name: value / total for name, value in values.items()}


def _is_probability(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0.0 <= value <= 1.0
