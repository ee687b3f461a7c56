"""A stand-in for AcoustID, MusicBrainz and AcousticBrainz on loopback, with scripted faults.

It speaks the services' protocols, applies their matching rule and their limits to an invented
world, and writes every request into a ledger at the moment of its arrival.
"""

import contextlib
import gzip
import http.server
import itertools
import json
import random
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape, quoteattr

import pytest
from musicbrainzngs.musicbrainz import VALID_INCLUDES

from support.standin_world import (
    World,
    WorldRecording,
    WorldRelease,
    make_world,
    match_like_acoustid,
)
from wkmp_lab.errors import FingerprintError
from wkmp_lab.fingerprinting.fingerprint import decode_fingerprint
from wkmp_lab.flavors import CATEGORIES

SERVICES = ("acoustid", "musicbrainz", "acousticbrainz")
KEY = "a-valid-key-0123"
NAMESPACE = "http://musicbrainz.org/ns/mmd-2.0#"
_PACKED = gzip.compress(b"<metadata>" + bytes(range(256)) * 8)
_HUGE = gzip.compress(b" " * (9 << 20), 1)


def _reply(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(("HTTP/1.1 200 OK", *headers, "", "")).encode("latin-1") + body


PAGES = {
    "html200": (b"<html><body>Please log in to the network</body></html>", "text/html"),
    "empty200": (b"", "application/json"),
    "list200": (b"[]", "application/json"),
    "nul200": (b'{"status": "ok\0"', "application/json"),
}
"""Bodies that are no answer."""
RAW = {
    "truncate": _reply(b'{"status": "o', "Content-Length: 500"),
    "badlen": _reply(b'{"status": "ok"}', "Content-Length: 16, 17"),
    "nolen": _reply(b"<metadata/>", "Content-Length: \u00b2"),
    "gzipbad": _reply(b"this is not gzip", "Content-Length: 16", "Content-Encoding: gzip"),
    "gzipcut": _reply(_PACKED[:-30], "Content-Encoding: gzip"),
    "huge": _reply(_HUGE, f"Content-Length: {len(_HUGE)}", "Content-Encoding: gzip"),
    "plainhuge": _reply(b" " * (9 << 20), f"Content-Length: {9 << 20}"),
    "chunks": _reply(b"5\r\n{\r\nzz\r\n", "Transfer-Encoding: chunked"),
    "nohttp": b"220 mail.example.org ESMTP\r\n",
    "headers": _reply(b"", "X-Padding: " + "x" * 200_000),
    "drip": _reply(b"{", "Content-Length: 10000"),
}
"""Replies whose bytes are not what their headers say, are more than any client should take, or
never end."""


@dataclass
class Entry:
    """One request, as the server saw it."""

    service: str
    arrival_s: float
    path: str
    agent: str
    body: bytes
    status: int = 0
    end_s: float = 0.0
    port: int = 0
    """Of the client: requests over one connection share it."""


class Standin(http.server.ThreadingHTTPServer):
    """The server; ``faults[service]`` is a queue, one is taken for each request."""

    daemon_threads = True

    def __init__(self, world: World | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.world = world or make_world()
        self.lock = threading.Lock()
        self.ledger: list[Entry] = []
        self.faults: dict[str, deque[str]] = {name: deque() for name in SERVICES}
        self.unflavored: set[str] = set()
        """Recordings that AcousticBrainz does not know."""
        self.latency_s = 0.0
        self.keeps_alive = False
        """Connections stay open after a reply, as the services leave them."""
        self.least_gap_s: dict[str, float] = {}
        """Requests that come sooner after the last one are refused with 503 or 429."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def acoustid_url(self) -> str:
        return f"{self.url}/v2"

    def entries(self, service: str) -> list[Entry]:
        with self.lock:
            return [entry for entry in self.ledger if entry.service == service]

    def count(self, service: str, status: int | None = None) -> int:
        return sum(status in (None, entry.status) for entry in self.entries(service))

    def min_gap_s(self, service: str) -> float:
        times = [entry.arrival_s for entry in self.entries(service)]
        return min((b - a for a, b in itertools.pairwise(times)), default=float("inf"))

    def max_in_window(self, service: str, window_s: float) -> int:
        times = [entry.arrival_s for entry in self.entries(service)]
        return max((sum(t <= u < t + window_s for u in times) for t in times), default=0)

    def max_in_flight(self, service: str) -> int:
        entries = self.entries(service)
        return max(
            (
                sum(e.arrival_s <= entry.arrival_s < (e.end_s or float("inf")) for e in entries)
                for entry in entries
            ),
            default=0,
        )

    def n_duplicates(self, service: str) -> int:
        asked = [(e.path, e.body) for e in self.entries(service) if e.status == 200]
        return len(asked) - len(set(asked))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the game."""


@contextlib.contextmanager
def run_standin(world: World | None = None) -> Iterator[Standin]:
    with Standin(world) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def standin() -> Iterator[Standin]:
    """The stand-in with an empty ledger; the address of its world is ``standin.url``."""
    with run_standin() as server:
        yield server


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: 40 ms of a kept connection
    server: Standin

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The ledger is the log."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _serve(self, body: bytes) -> None:
        folders = {"v2": "acoustid", "api": "acousticbrainz"}
        service = folders.get(self.path.split("/")[1], "musicbrainz")
        agent = self.headers.get("User-Agent", "")
        port = self.client_address[1]
        entry = Entry(service, time.monotonic(), self.path, agent, body, port=port)
        with self.server.lock:
            before = [e for e in self.server.ledger if e.service == service]
            self.server.ledger.append(entry)
            faults = self.server.faults[service]
            fault = faults.popleft() if faults else ""
        gap_s = self.server.least_gap_s.get(service, 0.0)
        if before and entry.arrival_s - before[-1].arrival_s < gap_s:
            fault = "status:503" if service == "musicbrainz" else "status:429"
        try:
            time.sleep(self.server.latency_s)
            if fault and fault != "drop":
                self._misbehave(fault, entry)
            else:
                self._answer(service, body, entry)
        finally:
            entry.end_s = time.monotonic()
            # A fault costs the connection; "drop" is no other fault than that.
            self.close_connection = bool(fault) or not self.server.keeps_alive

    def _answer(self, service: str, body: bytes, entry: Entry) -> None:
        if service == "acoustid":
            packed = self.headers.get("Content-Encoding") == "gzip"
            form = parse_qs((gzip.decompress(body) if packed else body).decode())
            status, document = answer_lookup(self.server.world, {k: v[0] for k, v in form.items()})
            self._send(entry, status, json.dumps(document).encode(), "application/json")
            return
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if service == "acousticbrainz":
            known = self.server.world.recordings.keys() - self.server.unflavored
            status, document = answer_acousticbrainz(known, parts.path, query)
            self._send(entry, status, json.dumps(document).encode(), "application/json")
            return
        status, text = answer_musicbrainz(self.server.world, parts.path, query)
        if status == 301:
            self._send(entry, 301, b"", "text/plain", {"Location": f"{text}?{parts.query}"})
        else:
            self._send(entry, status, text.encode(), "application/xml")

    def _send(
        self,
        entry: Entry,
        status: int,
        body: bytes,
        kind: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        entry.status = status
        packed = gzip.compress(body) if "gzip" in self.headers.get("Accept-Encoding", "") else None
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if packed is not None:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed if packed is not None else body)))
        if not self.server.keeps_alive:
            self.send_header("Connection", "close")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(packed if packed is not None else body)

    def _misbehave(self, fault: str, entry: Entry) -> None:
        name, _, figure = fault.partition(":")
        match name:
            case _ if name in PAGES:
                self._send(entry, 200, *PAGES[name])
            case "status":
                page = b"<html><body>busy</body></html>"
                self._send(entry, int(figure), page, "text/html", {"Retry-After": "0"})
            case "later":
                self._send(entry, 503, b"busy", "text/plain", {"Retry-After": figure})
            case "circle":
                self._send(entry, 302, b"", "text/plain", {"Location": self.path})
            case "location":
                self._send(entry, 302, b"", "text/plain", {"Location": figure} if figure else {})
            case "hang":
                time.sleep(float(figure))
            case "reset":
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                self.connection.close()
            case _:
                entry.status = 200
                self.wfile.write(RAW[name])
                while name == "drip":
                    time.sleep(0.05)
                    self.wfile.write(b" ")


def answer_lookup(world: World, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """AcoustID's ``/v2/lookup``, its errors in the order of its handler."""
    if form.get("client") != KEY:
        return _error(4, "invalid API key") if "client" in form else _error(2, "missing client")
    suffixes = [name[11:] for name in form if name.startswith("fingerprint")]
    is_batch = form.get("batch") == "1"
    if not suffixes:
        return _error(2, "missing required parameter fingerprint")
    if len(suffixes) > 20:
        return _error(19, "request too large", 413)
    answers = []
    for suffix in suffixes if is_batch else suffixes[:1]:
        results = _look_up(world, form[f"fingerprint{suffix}"], form.get(f"duration{suffix}", ""))
        if results is not None:
            answers.append({"index": int(suffix.lstrip(".") or 0), "results": results})
    if not answers:
        return _error(3, "invalid fingerprint")
    if not is_batch:
        return 200, {"status": "ok", "results": answers[0]["results"]}
    return 200, {"status": "ok", "fingerprints": answers}


def _look_up(world: World, text: str, duration: str) -> list[dict[str, Any]] | None:
    """The results of one fingerprint; None for one that the service silently drops."""
    try:
        items = decode_fingerprint(text)
    except FingerprintError:
        return None
    if not duration.isdigit() or int(duration) == 0:
        return None
    matches = match_like_acoustid(world, items, float(duration))
    return [_result(world, score, found) for score, found in matches]


def answer_acousticbrainz(
    known: set[str], path: str, query: dict[str, str]
) -> tuple[int, dict[str, Any]]:
    """AcousticBrainz' bulk look-up: unknown recordings are left out without a word."""
    asked = query.get("recording_ids", "").split(";")
    if path != "/api/v1/high-level":
        return 404, {"message": "Not found"}
    if len(asked) > 25 or not asked[0]:
        return 400, {"message": "More than 25 recordings not allowed"}
    found = {mbid: {"0": make_document(mbid)} for mbid in asked if mbid.lower() in known}
    return 200, {**found, "mbid_mapping": {}}


def make_document(seed: str) -> dict[str, Any]:
    """A high-level document with all 18 categories, another one for every seed."""
    rng = random.Random(seed)
    classifiers = {}
    for name, elements in CATEGORIES.items():
        weights = [rng.random() + 0.01 for _ in elements]
        shares = [weight / sum(weights) for weight in weights]
        classifiers[name] = {"all": dict(zip(elements, shares, strict=True))}
    return {"metadata": {"version": {"highlevel": {}}}, "highlevel": classifiers}


def _error(code: int, message: str, status: int = 400) -> tuple[int, dict[str, Any]]:
    return status, {"status": "error", "error": {"code": code, "message": message}}


def _result(world: World, score: float, recording: WorldRecording) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {}
    for release in world.releases_of(recording.mbid):
        group = groups.setdefault(
            release.group_mbid,
            {
                "id": release.group_mbid,
                "title": release.title,
                "type": release.kind,
                "releases": [],
            },
        )
        described: dict[str, Any] = {
            "id": release.mbid,
            "date": {"year": release.year},
            "track_count": len(release.tracks),
            "medium_count": len(release.split()),
        }
        if release.title != group["title"]:
            described["title"] = release.title
        group["releases"].append(described)
    link = {
        "id": recording.mbid,
        "title": recording.title,
        "duration": recording.duration_s,
        "sources": recording.n_sources,
        "artists": [{"id": recording.mbid, "name": recording.artist}],
        "releasegroups": list(groups.values()),
    }
    bare = {"id": recording.mbid, "sources": recording.n_sources}
    old = world.old_links.get(recording.mbid, ())
    links = [
        bare if recording.mbid in world.unnamed else link,
        *({"id": mbid, "sources": recording.n_sources} for mbid in old),
    ]
    return {"id": recording.acoustid, "score": score, "recordings": links}


def answer_musicbrainz(world: World, path: str, query: dict[str, str]) -> tuple[int, str]:
    """MusicBrainz WS/2: lookups of recordings, releases and ISRCs, and recording search."""
    parts = path.removeprefix("/ws/2/").strip("/").split("/")
    includes = query.get("inc", "").split()
    if any(each not in VALID_INCLUDES.get(parts[0], ()) for each in includes):
        return 400, _page("<error><text>bad inc</text></error>")
    if parts == ["recording"]:
        return 200, _search(world, query.get("query", ""))
    if len(parts) == 2 and parts[0] == "recording":
        if parts[1] in world.merged:
            return 301, f"/ws/2/recording/{world.merged[parts[1]]}"
        if parts[1] in world.recordings:
            found = world.recordings[parts[1]]
            return 200, _page(_recording_xml(found, world.releases_of(found.mbid)))
    if len(parts) == 2 and parts[0] == "release" and parts[1] in world.releases:
        return 200, _page(_release_xml(world, world.releases[parts[1]]))
    if len(parts) == 2 and parts[0] == "isrc":
        found_all = [r for r in world.recordings.values() if r.isrc == parts[1]]
        if found_all:
            inner = "".join(_recording_xml(found, []) for found in found_all)
            head = f"<isrc id={quoteattr(parts[1])}><recording-list count='{len(found_all)}'>"
            return 200, _page(f"{head}{inner}</recording-list></isrc>")
    return 404, _page("<error><text>Not Found</text></error>")


def _search(world: World, query: str) -> str:
    field = re.search(r'recording:"((?:[^"\\]|\\.)*)"', query)
    title = re.sub(r"\\(.)", r"\1", field.group(1)) if field else ""
    found = [r for r in world.recordings.values() if r.title.lower() == title]
    inner = "".join(_recording_xml(r, world.releases_of(r.mbid)) for r in found)
    return _page(f"<recording-list count='{len(found)}' offset='0'>{inner}</recording-list>")


def _page(inner: str) -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}<metadata xmlns="{NAMESPACE}">{inner}</metadata>'


def _credit_xml(artist: str) -> str:
    return (
        f"<artist-credit><name-credit><artist id='a'><name>{escape(artist)}</name></artist>"
        "</name-credit></artist-credit>"
    )


def _recording_xml(recording: WorldRecording, releases: list[WorldRelease]) -> str:
    listed = "".join(
        f"<release id='{release.mbid}'><title>{escape(release.title)}</title>"
        f"<status>{release.status}</status><date>{release.year}</date>"
        f"<medium-list count='1'><track-count>{len(release.tracks)}</track-count>"
        f"{_place_xml(recording, release)}</medium-list></release>"
        for release in releases
    )
    work = (
        "<relation-list target-type='work'><relation type='performance'>"
        f"<target>{recording.work_mbid}</target><work id='{recording.work_mbid}'>"
        f"<title>{escape(recording.title)}</title></work></relation></relation-list>"
        if recording.work_mbid
        else ""
    )
    return (
        f"<recording id='{recording.mbid}'><title>{escape(recording.title)}</title>"
        f"<length>{round(1000 * recording.duration_s)}</length>{_credit_xml(recording.artist)}"
        f"<release-list count='{len(releases)}'>{listed}</release-list>{work}</recording>"
    )


def _place_xml(recording: WorldRecording, release: WorldRelease) -> str:
    """The disc of a release that a recording is on, with that track alone."""
    discs = enumerate(release.split(), 1)
    disc, mbids = next(found for found in discs if recording.mbid in found[1])
    offset = mbids.index(recording.mbid)
    return (
        f"<medium><position>{disc}</position><track-list count='{len(mbids)}' offset='{offset}'>"
        f"<track><position>{offset + 1}</position></track></track-list></medium>"
    )


def _release_xml(world: World, release: WorldRelease) -> str:
    media = ""
    for disc, mbids in enumerate(release.split(), 1):
        tracks = "".join(
            f"<track id='t{position}'><position>{position}</position><number>{position}</number>"
            f"{_recording_xml(world.recordings[mbid], [])}</track>"
            for position, mbid in enumerate(mbids, 1)
        )
        listed = f"<track-list count='{len(mbids)}'>{tracks}</track-list>"
        media += f"<medium><position>{disc}</position>{listed}</medium>"
    artist = world.recordings[release.tracks[0]].artist
    return (
        f"<release id='{release.mbid}'><title>{escape(release.title)}</title>"
        f"<status>{release.status}</status><date>{release.year}</date>{_credit_xml(artist)}"
        f"<medium-list count='{len(release.split())}'>{media}</medium-list></release>"
    )
