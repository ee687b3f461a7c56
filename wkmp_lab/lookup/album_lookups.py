"""Albums: which release the passages of a file, or the files of a folder, are as a whole.

The release that holds most of them speaks for those that nobody heard, and tells of the cuts.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from wkmp_lab.identifying.evidence import Statement
from wkmp_lab.identifying.merges import find_merges_in
from wkmp_lab.io.web.answers import Outcome, Release, ReleaseRef, ReleaseTrack
from wkmp_lab.lookup.album_alignment import (
    Piece,
    ReleaseAlignment,
    align_edition,
    choose_edition,
    compare_cuts,
)
from wkmp_lab.lookup.passage_lookup import PassageLookup, identify
from wkmp_lab.lookup.releases import AlbumNames, rank_kind
from wkmp_lab.lookup.services import Services
from wkmp_lab.model import MAX_EXCESS_S, FileResult, Passage, Tags
from wkmp_lab.model.reasons import CutHint

MIN_ALBUM_PIECES = 3
"""Two lengths that fit a release prove little."""
MAX_ALBUM_PIECES = 100
"""A folder of more files is no album."""
MIN_ALBUM_SCORE = 0.6
CLEAR_SCORE = 0.9
"""Where an edition fits this well and holds all that is known, no other one is asked for."""
MAX_ALBUM_CALLS = 3
"""Recordings and editions that are asked about for one album."""


def align_album(
    lookups: Sequence[PassageLookup], services: Services, *, release_mbid: str | None = None
) -> ReleaseAlignment | None:
    """Lay passages on their release, and let it speak for each that is as long as its track.

    Parameters
    ----------
    lookups
        The passages of a file, or the files of a folder, in their order.
    release_mbid
        The release that the tags name; else it is one that the passages known so far are on.
    """
    is_album = MIN_ALBUM_PIECES <= len(lookups) <= MAX_ALBUM_PIECES
    if not is_album or services.fetch_release is None:
        return None
    known = [identify(lookup).chosen for lookup in lookups]
    pieces = [
        Piece(lookup.passage.duration_s, candidate.recording_mbid if candidate else None)
        for lookup, candidate in zip(lookups, known, strict=True)
    ]
    names = choose_names([lookup.tags for lookup in lookups])
    editions = [ReleaseRef(release_mbid)] if release_mbid else []
    best = _choose(pieces, editions, names, services.fetch_release)
    if best is None:
        shared = _find_editions(pieces, lookups, services)
        editions = rank_editions(shared, len(pieces), names=names)
        best = _choose(pieces, editions, names, services.fetch_release)
    if best is None:
        return None
    others = [edition for edition in editions if edition.release_mbid != best.release.mbid]
    for link in best.links:
        if link.is_single and abs(link.excess_s) <= MAX_EXCESS_S:
            track = best.release.tracks[link.tracks[0]]
            statement = _statement_of_track(track, best, _describe_fit(best, pieces, others))
            lookups[link.pieces[0]].statements.append(statement)
    return best


def _choose(
    pieces: Sequence[Piece],
    editions: Sequence[ReleaseRef],
    names: AlbumNames,
    fetch: Callable[[str], Outcome[Release]],
) -> ReleaseAlignment | None:
    """The edition that fits best; None where none fits."""
    ranked = choose_edition(pieces, _fetch_editions(pieces, editions, fetch), names=names)
    return ranked[0] if ranked and ranked[0].score >= MIN_ALBUM_SCORE else None


def share_releases(lookups: Sequence[PassageLookup]) -> None:
    """Let each of them know how many of all are on each release, as far as it has been told."""
    shared: Counter[str] = Counter()
    for lookup in lookups:
        chosen = identify(lookup).chosen
        mbid = chosen.recording_mbid if chosen is not None else None
        shared.update({each.release_mbid for each in lookup.releases.get(mbid or "", ())})
    for lookup in lookups:
        lookup.shared = shared


def order_folder(results: Sequence[FileResult]) -> list[FileResult]:
    """Files of a folder that are one passage each, in the order of their tracks."""

    def place(result: FileResult) -> tuple[int, int, str]:
        # Without a number the name tells the order, behind all that have one.
        return result.tags.disc or 1, result.tags.track or 1_000_000, result.path

    return sorted((each for each in results if len(each.passages) == 1), key=place)


def is_settled(results: Sequence[FileResult], services: Services) -> bool:
    """True where files of a folder are no album, or agree on a release and are as many as it has,
    or one of its discs.

    Asks for nothing that was not asked before.
    """
    identities = [passage.identity for each in results for passage in each.passages]
    releases = {i.chosen.release_mbid if i and i.chosen else None for i in identities}
    if not MIN_ALBUM_PIECES <= len(results) <= MAX_ALBUM_PIECES:
        return True
    if services.fetch_release is None:
        return len(releases) == 1
    agreed = releases.pop() if len(releases) == 1 else None
    release = services.fetch_release(agreed).found if agreed else None
    return release is not None and len(results) in _count_tracks(release)


def _count_tracks(release: Release) -> set[int]:
    """How many files hold a release, or one disc of it, with what no player counts or without."""
    counted = [track for track in release.tracks if not track.is_extra]
    by_disc = Counter(track.disc for track in counted)
    return {len(release.tracks), len(counted), *by_disc.values()}


def choose_names(tags: Sequence[Tags]) -> AlbumNames:
    """What more than half of the files of a folder say of the album."""

    def choose(names: Sequence[str | None]) -> str | None:
        ((name, n),) = Counter(names).most_common(1) or [(None, 0)]
        return name if 2 * n > len(names) else None

    return AlbumNames(
        choose([each.album for each in tags]),
        choose([each.album_artist or each.artist for each in tags]),
    )


def choose_release_tag(tags: Sequence[Tags]) -> str | None:
    """The release that most files of a folder name; None where most name none."""
    named = Counter(each.release_mbid for each in tags)
    return min(named, key=lambda mbid: (-named[mbid], mbid or ""), default=None)


def rank_editions(
    shared: Counter[ReleaseRef], n_pieces: int, *, names: AlbumNames | None = None
) -> list[ReleaseRef]:
    """Releases by the number of known pieces on them, then by what the tags call them, then by how
    near their length, or that of the disc, is.

    >>> plain, deluxe = ReleaseRef("b", "Album", 10, 1990), ReleaseRef("a", "Album", 14, 2020)
    >>> [edition.year for edition in rank_editions(Counter([plain, deluxe]), 10)]
    [1990, 2020]
    """

    told = names or AlbumNames()

    def strangeness(
        edition: ReleaseRef,
    ) -> tuple[int, tuple[float, float], int, bool, int, int, str]:
        totals = [n for n in (edition.n_tracks, edition.n_disc_tracks) if n] or [1_000]
        return (
            -shared[edition],
            told.measure_unlikeness(edition.title, edition.artist),
            min(abs(n - n_pieces) for n in totals),
            edition.status not in (None, "Official"),
            rank_kind(edition.kind),
            edition.year or 9999,
            edition.release_mbid,
        )

    return sorted(shared, key=strangeness)


def _find_editions(
    pieces: Sequence[Piece], lookups: Sequence[PassageLookup], services: Services
) -> Counter[ReleaseRef]:
    """How many of the known pieces are on each release, as far as it has been told."""
    shared: dict[str, list[ReleaseRef]] = {}
    n_calls = 0
    for piece, lookup in zip(pieces, lookups, strict=True):
        mbid = piece.recording_mbid
        releases = lookup.releases.get(mbid or "", ())
        is_asked = mbid is not None and not releases and n_calls < MAX_ALBUM_CALLS
        if mbid is not None and is_asked and services.fetch_recording is not None:
            n_calls += 1
            found = services.fetch_recording(mbid).found
            releases = found.releases if found else ()
            lookup.releases[mbid] = releases
        for release in {each.release_mbid: each for each in releases}.values():
            shared.setdefault(release.release_mbid, []).append(release)
    return Counter({releases[0]: len(releases) for releases in shared.values()})


def _fetch_editions(
    pieces: Sequence[Piece],
    editions: Sequence[ReleaseRef],
    fetch: Callable[[str], Outcome[Release]],
) -> list[Release]:
    """The likeliest editions with their tracks; as few as it takes."""
    fetched: list[Release] = []
    n_known = sum(piece.recording_mbid is not None for piece in pieces)
    for edition in editions[:MAX_ALBUM_CALLS]:
        release = fetch(edition.release_mbid).found
        if release is None:
            continue
        fetched.append(release)
        alignment = align_edition(pieces, release)
        if alignment.n_explained == n_known and alignment.score >= CLEAR_SCORE:
            break
    return fetched


def _describe_fit(
    alignment: ReleaseAlignment, pieces: Sequence[Piece], others: Sequence[ReleaseRef]
) -> str:
    n_known = sum(piece.recording_mbid is not None for piece in pieces)
    words = (
        f"{_name(alignment.release.title, alignment.release.year)}, which fits "
        f"{alignment.score:.0%} and holds {alignment.n_explained} of {n_known} known pieces"
    )
    if others:
        words += f"; next {_name(others[0].title, others[0].year)}"
    return words


def _name(title: str | None, year: int | None) -> str:
    return f"{title!r} ({year})" if year else f"{title!r}"


def _statement_of_track(track: ReleaseTrack, alignment: ReleaseAlignment, fit: str) -> Statement:
    recording, release = track.recording, alignment.release
    return Statement(
        "album",
        recording.mbid,
        recording.title,
        recording.artist,
        duration_s=recording.duration_s,
        release_mbid=release.mbid,
        release_title=release.title,
        work_mbid=recording.work_mbid,
        detail=f"track {track.name} of {fit}",
    )


def find_cut_hints(
    alignment: ReleaseAlignment | None, passages: Sequence[Passage]
) -> tuple[CutHint, ...]:
    """What the release of a file, and the identities of its passages, say against its cuts."""
    merges = (
        CutHint((merge.first, merge.first + 1), f"passages {merge}")
        for merge in find_merges_in("", passages)
    )
    return (*(compare_cuts(alignment) if alignment else ()), *merges)
