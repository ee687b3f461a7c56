"""On which release an identified recording most likely is, and which work it is of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wkmp_lab.identifying.evidence import AGREEMENT
from wkmp_lab.io.web.answers import Recording, Release, ReleaseRef
from wkmp_lab.lookup.passage_lookup import PassageLookup, note_failure
from wkmp_lab.lookup.services import Services
from wkmp_lab.model import Candidate, Evidence, Identity, Tags
from wkmp_lab.names import compute_similarity, read_part

RELEASE_KINDS = ("Album", "EP", "Single", "Soundtrack", "Compilation")
"""In the order that a library prefers; what else there is (live, remix, ...) comes behind."""


def complete_identity(identity: Identity, lookup: PassageLookup, services: Services) -> Identity:
    """The identity with release and work of its recording, where they can be learnt."""
    chosen = identity.chosen
    if chosen is None or chosen.recording_mbid is None:
        return identity
    full = _place(chosen, lookup, services)
    release_mbid, title = full.release_mbid, full.release_title
    if release_mbid and services.fetch_release is not None:
        outcome = services.fetch_release(release_mbid)
        note_failure(lookup, "musicbrainz", outcome)
        release = outcome.found
        track = find_track(release, full.recording_mbid) if release else None
        if release and track:
            full = replace(
                full,
                title=track.title or full.title,
                artist=track.artist or full.artist,
                release_title=release.title or title,
                work_mbid=track.work_mbid or full.work_mbid,
                duration_s=track.duration_s or full.duration_s,
            )
    others = (full if each is chosen else each for each in identity.candidates)
    return replace(identity, chosen=full, candidates=tuple(others))


def _place(chosen: Candidate, lookup: PassageLookup, services: Services) -> Candidate:
    """The candidate on the release that it most likely comes from, as far as that can be learnt.

    The catalogue knows recordings and not their releases: one that was fetched for a neighbour may
    hold it, else MusicBrainz is asked for the recording.
    """
    mbid = chosen.recording_mbid or ""
    if chosen.release_mbid:
        return chosen
    known = lookup.releases.get(mbid, ())
    held = _find_tagged(mbid, lookup, services)
    if held is None and services.recall_release and not known:
        held = services.recall_release(mbid)
        held = held if held is not None and _is_on_album(lookup.tags, held) else None
    if held is not None:
        return replace(chosen, release_mbid=held.mbid, release_title=held.title)
    if not known and services.fetch_recording is not None:
        outcome = services.fetch_recording(mbid)
        note_failure(lookup, "musicbrainz", outcome)
        if outcome.found is not None:
            known = outcome.found.releases
            chosen = _follow(chosen, outcome.found)
    preferred = choose_release(known, tags=lookup.tags, shared=lookup.shared)
    if preferred is None:
        return chosen
    title = chosen.release_title or preferred.title
    return replace(chosen, release_mbid=preferred.release_mbid, release_title=title)


def _find_tagged(mbid: str, lookup: PassageLookup, services: Services) -> Release | None:
    """The release whose id is in the tags, where the recording is on it."""
    if not lookup.tags.release_mbid or services.fetch_release is None:
        return None
    release = services.fetch_release(lookup.tags.release_mbid).found
    return release if release is not None and find_track(release, mbid) else None


def _is_on_album(tags: Tags, release: Release) -> bool:
    return not tags.album or measure_title(tags.album, release.title) >= AGREEMENT


def _follow(chosen: Candidate, found: Recording) -> Candidate:
    """The candidate with what MusicBrainz tells of it, under the id that it was merged into."""
    evidence = chosen.evidence
    if found.asked_mbid is not None:
        words = f"merged, before it was {found.asked_mbid}"
        evidence = (*evidence, Evidence("musicbrainz", 1.0, 0.0, words))
    return replace(
        chosen,
        recording_mbid=found.mbid,
        title=chosen.title or found.title,
        artist=chosen.artist or found.artist,
        work_mbid=chosen.work_mbid or found.work_mbid,
        evidence=evidence,
    )


def choose_release(
    releases: Sequence[ReleaseRef], *, tags: Tags, shared: Mapping[str, int] | None = None
) -> ReleaseRef | None:
    """The edition that a file most likely comes from; None where none is known.

    What the tags say decides: the id of the release, its title, its artist, and what is known of
    its neighbours, before any count of tracks, which many releases have in common. Else it is the
    official, plain, earliest edition, since a wrong (deluxe, compilation) one is the usual error.

    Parameters
    ----------
    releases
        That the recording is on.
    tags
        Of the file.
    shared
        How many files beside it are on each release, by its id.
    """
    names = AlbumNames(tags.album, tags.album_artist or tags.artist)

    def strangeness(
        release: ReleaseRef,
    ) -> tuple[bool, tuple[float, float], int, int, bool, int, int, str]:
        return (
            release.release_mbid != tags.release_mbid,
            names.measure_unlikeness(release.title, release.artist),
            -(shared or {}).get(release.release_mbid, 0),
            _count_contradictions(tags, release),
            release.status not in (None, "Official"),
            rank_kind(release.kind),
            release.year or 9999,
            release.release_mbid,
        )

    return min(releases, key=strangeness, default=None)


@dataclass(frozen=True, slots=True)
class AlbumNames:
    """What tags call an album and whose it is."""

    title: str | None = None
    artist: str | None = None

    def measure_unlikeness(self, title: str | None, artist: str | None) -> tuple[float, float]:
        """How unlike title and artist of a release are, for sorting: the likest is least."""
        by = compute_similarity(self.artist, artist) if artist else 0.0
        return -measure_title(self.title, title), -round(by, 1)


def measure_title(album: str | None, title: str | None) -> float:
    """How alike two titles of releases are, in tenths; 0 where one of them is missing or they are
    told to be different parts, 1 only where they are equal but for signs and case.

    >>> measure_title("Illusions I", "Illusions II"), measure_title("The Album", "Album")
    (0.0, 1.0)
    """
    parts = read_part(album), read_part(title)
    if None not in parts and parts[0] != parts[1]:
        return 0.0
    alike = compute_similarity(album, title)
    return alike if alike == 1.0 else min(round(alike, 1), 0.9)


def rank_kind(kind: str | None) -> int:
    """The place of a kind of release among those that a library prefers; last for any other."""
    return RELEASE_KINDS.index(kind) if kind in RELEASE_KINDS else len(RELEASE_KINDS)


def _count_contradictions(tags: Tags, release: ReleaseRef) -> int:
    """How many of the tags' numbers are none of the release's.

    Tags count the tracks of a disc, or of all discs together; services tell of the one, of the
    other, or of both. Of several discs the total of all says nothing about that of one.
    """
    places = (tags.disc, release.disc), (tags.track, release.position)
    n_against = sum(None not in pair and pair[0] != pair[1] for pair in places)
    totals = {release.n_tracks, release.n_disc_tracks} - {None}
    is_told = release.n_disc_tracks is not None or (bool(totals) and (tags.n_discs or 1) == 1)
    return n_against + (is_told and tags.n_tracks not in {None, *totals})


def find_track(release: Release, recording_mbid: str | None) -> Recording | None:
    """The track of a release that is a recording; None where it is not on it."""
    found = (track.recording for track in release.tracks)
    return next((each for each in found if each.mbid == recording_mbid), None)
