"""Matching the passages of a file, or the files of a folder, to a release as a whole."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from wkmp_lab.io.answers import Release

FULL_COST_S = 10.0
"""A difference in length that counts as much as a missing piece."""
SKIP_COST = 1.0
JOIN_COST = 0.3
CONTRADICTION_COST = 1.0
CONFIRMATION_GAIN = 0.5
_MOVES = ((1, 1), (1, 0), (0, 1), (1, 2), (2, 1), (1, 3), (3, 1))
"""(pieces, tracks) that may stand for each other: cuts can be missed or made too often."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage of a file, or a file of a folder, in order."""

    duration_s: float
    recording_mbid: str | None = None
    """What it is known to be, by its sound."""


@dataclass(frozen=True, slots=True)
class Link:
    """Pieces and tracks that stand for each other; one of the two may be empty."""

    pieces: tuple[int, ...]
    tracks: tuple[int, ...]
    excess_s: float
    """Length of the pieces less that of the tracks."""

    @property
    def is_single(self) -> bool:
        """True for one piece that is one track."""
        return len(self.pieces) == len(self.tracks) == 1


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the pieces lie on a release; ``score`` is 1 for a perfect fit, 0 for none."""

    release: Release
    links: tuple[Link, ...]
    score: float


def align_release(pieces: Sequence[Piece], release: Release) -> Alignment:
    """The cheapest way to lay the pieces on the tracks of a release, in order.

    Dynamic programming over (pieces, tracks) used up; a piece may hold up to three tracks and a
    track up to three pieces, which tells of missed and of needless cuts.

    Examples
    --------
    >>> from wkmp_lab.io.answers import Recording, Track
    >>> tracks = [Track(1, i, Recording(str(i), duration_s=100.0 + 30 * i)) for i in range(3)]
    >>> album = Release("r", "Album", None, tuple(tracks))
    >>> aligned = align_release([Piece(100.5), Piece(289.0)], album)
    >>> [(link.pieces, link.tracks) for link in aligned.links]
    [((0,), (0,)), ((1,), (1, 2))]
    """
    n_pieces, n_tracks = len(pieces), len(release.tracks)
    best: dict[tuple[int, int], tuple[float, Link | None]] = {(0, 0): (0.0, None)}
    for place in ((i, j) for i in range(n_pieces + 1) for j in range(n_tracks + 1)):
        for n_own, n_their in _MOVES:
            origin = place[0] - n_own, place[1] - n_their
            if min(origin) < 0:
                continue
            own, their = range(origin[0], place[0]), range(origin[1], place[1])
            link = _link(pieces, release, tuple(own), tuple(their))
            cost = best[origin][0] + _compute_cost(link, pieces, release)
            if place not in best or cost < best[place][0]:
                best[place] = cost, link
    cost = best[n_pieces, n_tracks][0]
    n_longest = max(n_pieces, n_tracks, 1)
    score = min(max(1.0 - cost / n_longest, 0.0), 1.0)
    return Alignment(release, tuple(_trace(best, (n_pieces, n_tracks))), score)


def choose_edition(pieces: Sequence[Piece], releases: Sequence[Release]) -> tuple[Alignment, ...]:
    """Alignments with every edition, the best first; among equals the earliest, as the standard.

    Editions with more tracks lose by the tracks that nothing stands for.
    """
    aligned = [align_release(pieces, release) for release in releases]
    return tuple(
        sorted(aligned, key=lambda a: (-round(a.score, 2), a.release.year or 9999, a.release.mbid))
    )


def describe_cuts(alignment: Alignment) -> list[str]:
    """What the release says against the cuts that were made; empty where they agree."""
    title = alignment.release.title
    words = []
    for link in alignment.links:
        tracks = " and ".join(str(track + 1) for track in link.tracks)
        pieces = " and ".join(str(piece + 1) for piece in link.pieces)
        if len(link.tracks) > 1:
            words.append(f"passage {pieces} seems to hold tracks {tracks} of {title!r}")
        elif len(link.pieces) > 1:
            words.append(f"passages {pieces} seem to be one: track {tracks} of {title!r}")
        elif not link.pieces:
            words.append(f"track {tracks} of {title!r} was not found")
        elif not link.tracks:
            words.append(f"passage {pieces} is not on {title!r}")
    return words


def find_repeats(recording_mbids: Sequence[str | None]) -> list[tuple[int, int]]:
    """Neighbouring passages with one identity, as (first, next): a merge can be offered.

    >>> find_repeats(["a", "a", None, None, "b"])
    [(0, 1)]
    """
    neighbours = enumerate(itertools.pairwise(recording_mbids))
    return [(index, index + 1) for index, (a, b) in neighbours if a is not None and a == b]


def _link(
    pieces: Sequence[Piece], release: Release, own: tuple[int, ...], their: tuple[int, ...]
) -> Link:
    lasting = sum(pieces[index].duration_s for index in own)
    known = sum(release.tracks[index].recording.duration_s or 0.0 for index in their)
    return Link(own, their, lasting - known)


def _compute_cost(link: Link, pieces: Sequence[Piece], release: Release) -> float:
    if not link.pieces or not link.tracks:
        return SKIP_COST
    cost = min(abs(link.excess_s) / FULL_COST_S, 1.0)
    cost += JOIN_COST * (len(link.pieces) + len(link.tracks) - 2)
    named = {release.tracks[index].recording.mbid for index in link.tracks}
    for piece in link.pieces:
        mbid = pieces[piece].recording_mbid
        if mbid is not None:
            cost += -CONFIRMATION_GAIN * cost if mbid in named else CONTRADICTION_COST
    return cost


def _trace(
    best: dict[tuple[int, int], tuple[float, Link | None]], place: tuple[int, int]
) -> list[Link]:
    links = []
    while (link := best[place][1]) is not None:
        links.append(link)
        place = place[0] - len(link.pieces), place[1] - len(link.tracks)
    return links[::-1]
