"""On which release an identified recording most likely is, and which work it is of."""

from collections.abc import Sequence
from dataclasses import replace

from wkmp_lab.identifying.evidence import AGREEMENT
from wkmp_lab.io.web.answers import Recording, Release, ReleaseRef
from wkmp_lab.lookup.passage_lookup import PassageLookup, note_failure
from wkmp_lab.lookup.services import Services
from wkmp_lab.model import Candidate, Evidence, Identity, Tags
from wkmp_lab.names import compute_similarity

RELEASE_KINDS = ("Album", "EP", "Single", "Soundtrack", "Compilation")
"""In the order that a library prefers."""


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
    held = services.recall_release(mbid) if services.recall_release and not known else None
    if held is not None and _is_on_album(lookup.tags, held):
        return replace(chosen, release_mbid=held.mbid, release_title=held.title)
    if not known and services.fetch_recording is not None:
        outcome = services.fetch_recording(mbid)
        note_failure(lookup, "musicbrainz", outcome)
        if outcome.found is not None:
            known = outcome.found.releases
            chosen = _follow(chosen, outcome.found)
    preferred = choose_release(known, tags=lookup.tags)
    if preferred is None:
        return chosen
    title = chosen.release_title or preferred.title
    return replace(chosen, release_mbid=preferred.release_mbid, release_title=title)


def _is_on_album(tags: Tags, release: Release) -> bool:
    return not tags.album or compute_similarity(tags.album, release.title) >= AGREEMENT


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


def choose_release(releases: Sequence[ReleaseRef], *, tags: Tags) -> ReleaseRef | None:
    """The edition that a file most likely comes from; None where none is known.

    The tags' album and track count decide; else the official, plain, earliest edition, since a
    wrong (deluxe, compilation) edition is the usual error.
    """

    def strangeness(release: ReleaseRef) -> tuple[bool, float, bool, int, int, str]:
        kind = release.kind or ""
        rank = RELEASE_KINDS.index(kind) if kind in RELEASE_KINDS else len(RELEASE_KINDS)
        return (
            tags.n_tracks is not None and release.n_tracks != tags.n_tracks,
            -round(compute_similarity(tags.album, release.title), 1),
            release.status not in (None, "Official"),
            rank,
            release.year or 9999,
            release.release_mbid,
        )

    return min(releases, key=strangeness, default=None)


def find_track(release: Release, recording_mbid: str | None) -> Recording | None:
    """The track of a release that is a recording; None where it is not on it."""
    found = (track.recording for track in release.tracks)
    return next((each for each in found if each.mbid == recording_mbid), None)
