"""Matching the passages of a file, or the files of a folder, to a release as a whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from wkmp_lab.io.web.answers import Release
from wkmp_lab.lookup.releases import AlbumNames
from wkmp_lab.model import MAX_EXCESS_S
from wkmp_lab.model.reasons import CutHint

FULL_COST_S = 10.0
"""A difference in length that counts as much as a missing piece."""
SKIP_COST = 1.0
EDGE_SKIP_COST = 0.1
"""Of a track before the first or after the last piece, since a side is a part of its release; and
of one that no player counts."""
JOIN_COST = 0.3
CONTRADICTION_COST = 1.0
CONFIRMATION_GAIN = 0.5
_MOVES = ((1, 1), (1, 0), (0, 1), (1, 2), (2, 1), (1, 3), (3, 1))
"""(pieces, tracks) that may stand for each other: cuts can be missed or made too often."""

MIN_SURE_SCORE = 0.75
MIN_EXPLAINED = 2
"""Pieces known by themselves that a release must hold before it may correct cuts."""


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
class ReleaseAlignment:
    """How the pieces lie on a release, or on one of its discs.

    Attributes
    ----------
    release
        With the tracks that the links count: those of the disc where it is one.
    score
        1 for a perfect fit, 0 for none.
    n_explained
        Pieces known by themselves that are on the release.
    """

    release: Release
    links: tuple[Link, ...]
    score: float
    n_explained: int = 0


def align_release(pieces: Sequence[Piece], release: Release) -> ReleaseAlignment:
    """The cheapest way to lay the pieces on the tracks of a release, in order.

    Dynamic programming over (pieces, tracks) used up; a piece may hold up to three tracks and a
    track up to three pieces, which tells of missed and of needless cuts.

    Examples
    --------
    >>> from wkmp_lab.io.web.answers import Recording, ReleaseTrack
    >>> songs = [Recording(str(i), duration_s=100.0 + 30 * i) for i in range(3)]
    >>> tracks = [ReleaseTrack(1, i, song) for i, song in enumerate(songs, 1)]
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
            is_edge = not own and place[0] in (0, n_pieces)
            is_free = is_edge or _is_uncounted(link, release)
            own_cost = EDGE_SKIP_COST if is_free else _compute_cost(link, pieces, release)
            cost = best[origin][0] + own_cost
            if place not in best or cost < best[place][0]:
                best[place] = cost, link
    cost = best[n_pieces, n_tracks][0]
    score = min(max(1.0 - cost / max(n_pieces, 1), 0.0), 1.0)
    links = tuple(_trace(best, (n_pieces, n_tracks)))
    named = {track.recording.mbid for track in release.tracks}
    n_explained = sum(p.recording_mbid is not None and p.recording_mbid in named for p in pieces)
    return ReleaseAlignment(release, links, score, n_explained)


def align_edition(pieces: Sequence[Piece], release: Release) -> ReleaseAlignment:
    """The best way to lay the pieces on a release as a whole, or on one of its discs."""
    whole = align_release(pieces, release)
    discs = (align_release(pieces, disc) for disc in _split_discs(release))
    return max((whole, *discs), key=lambda each: (each.n_explained, round(each.score, 2)))


def choose_edition(
    pieces: Sequence[Piece], releases: Sequence[Release], *, names: AlbumNames | None = None
) -> tuple[ReleaseAlignment, ...]:
    """Alignments with every edition, the best first.

    The one that holds most of what is known wins, then the one that fits best: editions with
    more tracks lose by the tracks that nothing stands for. Among equals it is the one that the
    tags name, else the standard one: with the fewest tracks, official, the earliest.
    """
    told = names or AlbumNames()

    def strangeness(release: Release) -> tuple[tuple[float, float], int, bool, int, str]:
        is_strange = release.status not in (None, "Official")
        unlike = told.measure_unlikeness(release.title, release.artist)
        return unlike, len(release.tracks), is_strange, release.year or 9999, release.mbid

    aligned = [(align_edition(pieces, release), strangeness(release)) for release in releases]
    ranked = sorted(aligned, key=lambda a: (-a[0].n_explained, -round(a[0].score, 2), a[1]))
    return tuple(alignment for alignment, _ in ranked)


def find_lengths(alignment: ReleaseAlignment) -> tuple[float, ...] | None:
    """Lengths in s of the tracks that a file holds, where they ask for other cuts than were made.

    None where the cuts agree with the release, or where too little speaks for it: fewer than two
    pieces known by their sound, a poor fit, a piece that is not on it, a track of unknown length.
    """
    links = _inner_links(alignment)
    is_sure = alignment.n_explained >= MIN_EXPLAINED and alignment.score >= MIN_SURE_SCORE
    is_agreed = all(link.is_single and abs(link.excess_s) <= MAX_EXCESS_S for link in links)
    if not is_sure or is_agreed or not all(link.tracks for link in links):
        return None
    tracks = [alignment.release.tracks[index] for link in links for index in link.tracks]
    lengths = [track.recording.duration_s for track in tracks]
    known = tuple(round(length, 3) for length in lengths if length)
    return known if len(known) == len(lengths) else None


def compare_cuts(alignment: ReleaseAlignment) -> list[CutHint]:
    """What the release says against the cuts that were made; empty where they agree.

    Passages are numbered as in the tables, from #0; tracks as on the cover.
    """
    title = alignment.release.title
    hints = []
    for link in _inner_links(alignment):
        tracks = " and ".join(alignment.release.tracks[track].name for track in link.tracks)
        pieces = " and ".join(f"#{piece}" for piece in link.pieces)
        if len(link.tracks) > 1:
            words = f"passage {pieces} seems to hold tracks {tracks} of {title!r}"
        elif len(link.pieces) > 1:
            words = f"passages {pieces} seem to be one: track {tracks} of {title!r}"
        elif not link.pieces:
            words = f"track {tracks} of {title!r} was not found"
        elif not link.tracks:
            words = f"passage {pieces} is not on {title!r}"
        else:
            continue
        hints.append(CutHint(link.pieces, words))
    return hints


def _split_discs(release: Release) -> Iterator[Release]:
    """Each disc as a release; none where there is only one."""
    discs = {track.disc for track in release.tracks}
    for disc in sorted(discs) if len(discs) > 1 else ():
        tracks = tuple(track for track in release.tracks if track.disc == disc)
        yield replace(release, tracks=tracks)


def _inner_links(alignment: ReleaseAlignment) -> Sequence[Link]:
    """The links from the first to the last piece: what lies around is no part of the file, nor is
    what no player counts and nothing stands for.
    """
    held = [index for index, link in enumerate(alignment.links) if link.pieces]
    inner = alignment.links[held[0] : held[-1] + 1] if held else ()
    return [link for link in inner if not _is_uncounted(link, alignment.release)]


def _is_uncounted(link: Link, release: Release) -> bool:
    """True for tracks that no player counts, where nothing stands for them."""
    return not link.pieces and all(release.tracks[index].is_extra for index in link.tracks)


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
