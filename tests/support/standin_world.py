"""An invented little world of music, and the rules by which the real services answer about it."""

import itertools
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wkmp_lab.fingerprinting.fingerprint import decode_fingerprint
from wkmp_lab.model import FileResult

Items = npt.NDArray[np.uint32]

ITEM_S = 1365 / 11025
SILENT_ITEM = 627_964_279
MAX_OFFSET = 80
N_QUERY_ITEMS = 120
MIN_SCORE = 0.4


@dataclass(frozen=True)
class WorldRecording:
    mbid: str
    title: str
    artist: str
    duration_s: float
    acoustid: str
    items: Items = field(repr=False)
    n_sources: int = 10
    work_mbid: str | None = None
    isrc: str | None = None


@dataclass(frozen=True)
class WorldRelease:
    mbid: str
    group_mbid: str
    title: str
    year: int
    tracks: tuple[str, ...]
    kind: str = "Album"
    status: str = "Official"
    disc_ends: tuple[int, ...] = ()
    """Where each disc but the last ends, in tracks from the first."""

    def split(self) -> list[tuple[str, ...]]:
        """The tracks of each disc."""
        ends = (0, *self.disc_ends, len(self.tracks))
        return [self.tracks[a:b] for a, b in itertools.pairwise(ends)]


@dataclass(frozen=True)
class World:
    recordings: dict[str, WorldRecording]
    releases: dict[str, WorldRelease]
    merged: dict[str, str]
    """Old recording id -> the one it was merged into."""
    unnamed: frozenset[str] = frozenset()
    """Recordings of which AcoustID tells the id alone."""
    old_links: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Recording id -> ids that AcoustID links beside it: of merged and of deleted recordings."""

    def releases_of(self, mbid: str) -> list[WorldRelease]:
        return [release for release in self.releases.values() if mbid in release.tracks]


WORDS = (
    "Amber",
    "Brook",
    "Cinder",
    "Dune",
    "Ember",
    "Fjord",
    "Grove",
    "Harbour",
    "Isle",
    "Juniper",
)
SINGERS = ("The Paper Kites Club", "Nora & the Tin Men", "Øystein Låg", "<b>Bold</b>", "=SUM(1)")


def make_world(*, n_albums: int = 4, n_tracks: int = 10, seed: int = 1) -> World:
    """Albums of invented songs; each fingerprint is a slowly changing random one."""
    rng = np.random.default_rng(seed)
    recordings: dict[str, WorldRecording] = {}
    releases: dict[str, WorldRelease] = {}
    for album in range(n_albums):
        mbids = []
        for track in range(n_tracks):
            duration_s = float(rng.integers(140, 300))
            mbid = make_id("recording", album, track)
            title = f"{WORDS[track % len(WORDS)]} {WORDS[album % len(WORDS)]} {album}-{track}"
            recordings[mbid] = WorldRecording(
                mbid,
                title,
                SINGERS[album % len(SINGERS)],
                duration_s,
                make_id("acoustid", album, track),
                make_items(rng, duration_s=min(duration_s, 120.0)),
                work_mbid=make_id("work", album, track),
                isrc=f"XXWKM26{album:02}{track:03}",
            )
            mbids.append(mbid)
        original, deluxe = make_id("release", album, 0), make_id("release", album, 1)
        group = make_id("group", album)
        title = f"Album {WORDS[album % len(WORDS)]} {album}"
        releases[original] = WorldRelease(original, group, title, 1990 + album % 30, tuple(mbids))
        releases[deluxe] = WorldRelease(
            deluxe, group, f"{title} (Deluxe)", 2020, (*mbids, make_id("recording", album, 0))
        )
    merged = {make_id("old recording", 0): make_id("recording", 0, 0)}
    return World(recordings, releases, merged)


def make_known_world(results: Iterable[FileResult]) -> World:
    """Services that know these files, ten to an album."""
    recordings: dict[str, WorldRecording] = {}
    for result in results:
        heard = result.file_fingerprint
        if heard is None:
            continue
        mbid = make_id("recording", result.path)
        recordings[mbid] = WorldRecording(
            mbid,
            Path(result.path).stem,
            "The Stand-Ins",
            result.duration_s or 0.0,
            make_id("acoustid", result.path),
            decode_fingerprint(heard.text),
            work_mbid=make_id("work", result.path),
        )
    releases = {}
    mbids = list(recordings)
    for first in range(0, len(mbids), 10):
        release = WorldRelease(
            make_id("release", first),
            make_id("group", first),
            "Album",
            2026,
            tuple(mbids[first : first + 10]),
        )
        releases[release.mbid] = release
    return World(recordings, releases, {})


def make_id(*parts: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, ":".join(map(str, parts))))


def make_items(rng: np.random.Generator, *, duration_s: float) -> Items:
    """Fingerprint items of a piece: neighbours differ in a few bits, as in real ones."""
    n_items = round(duration_s / ITEM_S) - 21
    flips = rng.random((n_items, 32)) < 0.18
    flips[0] = rng.random(32) < 0.5
    bits = np.cumsum(flips, axis=0) % 2
    weights = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    return (bits.astype(np.uint32) * weights).sum(axis=1, dtype=np.uint32)


def distort(items: Items, *, bit_error: float, seed: int = 0) -> Items:
    """The same piece in another encoding: bits flipped at random."""
    rng = np.random.default_rng(seed)
    flips = rng.random((items.size, 32)) < bit_error
    weights = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    return items ^ (flips.astype(np.uint32) * weights).sum(axis=1, dtype=np.uint32)


def match_like_acoustid(
    world: World, items: Items, duration_s: float, *, max_difference_s: float = 7.0
) -> list[tuple[float, WorldRecording]]:
    """(score, recording) by the service's rule: whole files only, aligned within 10 s."""
    query = _extract_query(items)
    found = []
    for recording in world.recordings.values():
        if abs(recording.duration_s - duration_s) > max_difference_s:
            continue
        if not query & set((recording.items >> 4).tolist()):
            continue
        score = compare_like_acoustid(items, recording.items)
        if score > MIN_SCORE:
            found.append((score, recording))
    return sorted(found, key=lambda each: (-each[0], each[1].mbid))[:10]


def _extract_query(items: Items) -> set[int]:
    sounding = items[items != SILENT_ITEM]
    hashes = dict.fromkeys((sounding[MAX_OFFSET:] >> 4).tolist())
    return set(list(hashes)[:N_QUERY_ITEMS])


def compare_like_acoustid(items: Items, known: Items) -> float:
    """Share of overlap times one minus twice the bit error, at the most voted offset."""
    votes = np.zeros(2 * MAX_OFFSET + 1, int)
    prefix, known_prefix = items >> 18, known >> 18
    for shift in range(-MAX_OFFSET, MAX_OFFSET + 1):
        ours, theirs = _overlap(prefix, known_prefix, shift)
        votes[shift + MAX_OFFSET] = np.count_nonzero(ours == theirs)
    shift = int(votes.argmax()) - MAX_OFFSET
    if votes.max() < 0.02 * min(np.unique(items).size, np.unique(known).size):
        return 0.0
    ours, theirs = _overlap(items, known, shift)
    if not ours.size:
        return 0.0
    bit_error = np.bitwise_count(ours ^ theirs).sum() / (32 * ours.size)
    return max(ours.size / min(items.size, known.size) * (1.0 - 2.0 * float(bit_error)), 0.0)


def _overlap(items: Items, known: Items, shift: int) -> tuple[Items, Items]:
    start, end = max(0, -shift), min(items.size, known.size - shift)
    return items[start:end], known[start + shift : end + shift]
