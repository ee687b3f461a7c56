"""The passages of one file as an album: which release they are, and what it says of the cuts."""

from collections import Counter
from collections.abc import Sequence

from wkmp_lab.albums import Alignment, Piece, choose_edition, describe_cuts, find_repeats
from wkmp_lab.claims import MAX_DURATION_S, Claim
from wkmp_lab.inquiries import Inquiry, identify
from wkmp_lab.io.answers import Track
from wkmp_lab.model import FileResult, Passage, Tags
from wkmp_lab.names import read_mbid
from wkmp_lab.services import Services

ALBUM_NOTE = "album: "
MIN_ALBUM_PASSAGES = 3
"""Two lengths that fit a release prove little."""
MIN_ALBUM_SCORE = 0.6
MAX_ALBUM_CALLS = 3
"""Recordings and editions that are asked about for one album."""


def align_album(
    result: FileResult, inquiries: Sequence[Inquiry], services: Services
) -> Alignment | None:
    """Lay the passages of a file on its release, and let the release speak for the unheard ones.

    The release is the tags' own, else the ones that the passages known by their sound are on.
    """
    if len(inquiries) < MIN_ALBUM_PASSAGES or services.fetch_release is None:
        return None
    heard = [identify(inquiry).chosen for inquiry in inquiries]
    pieces = [
        Piece(inquiry.passage.duration_s, candidate.recording_mbid if candidate else None)
        for inquiry, candidate in zip(inquiries, heard, strict=True)
    ]
    releases = [
        release
        for mbid in _find_releases(result.tags, pieces, services)
        if (release := services.fetch_release(mbid).found) is not None
    ]
    alignment = next(iter(choose_edition(pieces, releases)), None)
    if alignment is None or alignment.score < MIN_ALBUM_SCORE:
        return None
    for link in alignment.links:
        if link.is_single and abs(link.excess_s) <= MAX_DURATION_S:
            track = alignment.release.tracks[link.tracks[0]]
            inquiries[link.pieces[0]].claims.append(_claim_of_track(track, alignment))
    return alignment


def _find_releases(tags: Tags, pieces: Sequence[Piece], services: Services) -> list[str]:
    """Releases that the whole file may be, most shared first; at most three."""
    own = read_mbid(tags.release_mbid)
    if own is not None:
        return [own]
    named = [piece.recording_mbid for piece in pieces if piece.recording_mbid]
    if services.fetch_recording is None:
        return []
    shared: Counter[str] = Counter()
    for mbid in named[:MAX_ALBUM_CALLS]:
        found = services.fetch_recording(mbid).found
        shared.update(release.release_mbid for release in (found.releases if found else ()))
    ranked = sorted(shared, key=lambda mbid: (-shared[mbid], mbid))
    return ranked[:MAX_ALBUM_CALLS]


def _claim_of_track(track: Track, alignment: Alignment) -> Claim:
    recording, release = track.recording, alignment.release
    return Claim(
        "album",
        recording.mbid,
        recording.title,
        recording.artist,
        duration_s=recording.duration_s,
        release_mbid=release.mbid,
        release_title=release.title,
        work_mbid=recording.work_mbid,
        detail=f"track {track.position} of {release.title!r}, which fits {alignment.score:.0%}",
    )


def _describe_repeats(passages: Sequence[Passage]) -> list[str]:
    """Neighbouring passages that are one recording: they might be one passage."""
    chosen = [p.identity.chosen if p.identity else None for p in passages]
    pairs = find_repeats([candidate.recording_mbid if candidate else None for candidate in chosen])
    return [f"passages {a + 1} and {b + 1} are the same recording: merge them?" for a, b in pairs]


def note_album(
    notes: Sequence[str], alignment: Alignment | None, passages: Sequence[Passage]
) -> tuple[str, ...]:
    """The notes of a file with what its release says of the cuts, in the place of older ones."""
    kept = [note for note in notes if not note.startswith(ALBUM_NOTE)]
    words = [*(describe_cuts(alignment) if alignment else ()), *_describe_repeats(passages)]
    return (*kept, *(f"{ALBUM_NOTE}{each}" for each in words))
