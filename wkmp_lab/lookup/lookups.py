"""What the lookup thread asks: claims of every source for each passage, then the decision.

Runs in one thread of the parent, never in a worker: so limits, cache and keys are in one place.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from wkmp_lab.errors import FingerprintError, StoreError
from wkmp_lab.fingerprinting.fingerprint import decode_fingerprint
from wkmp_lab.identifying.conflicts import RIVAL_SHARE
from wkmp_lab.identifying.evidence import Claim, claims_of_tags
from wkmp_lab.io.web.answers import Outcome, OutcomeKind, Recording
from wkmp_lab.lookup.album_alignment import Alignment, find_lengths
from wkmp_lab.lookup.album_lookups import (
    align_album,
    choose_release_tag,
    note_album,
    order_folder,
)
from wkmp_lab.lookup.passage_lookup import (
    Inquiry,
    claim_of_link,
    claim_of_match,
    identify,
    note_failure,
    open_inquiry,
)
from wkmp_lab.lookup.releases import complete_identity, find_track
from wkmp_lab.lookup.services import Services
from wkmp_lab.model import FileResult, Passage, Tags
from wkmp_lab.names import read_mbid
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.settings import Settings

FAILURE = "lookup_failed("
"""How a reason and a note begin that tell of a service that did not answer."""

IDENTIFY_VERSION = "4"
"""Raised whenever the same answers would be decided about differently."""


MAX_BARE_LINKS = 3
"""Ids without a name that are asked about for one passage, as Picard does."""


def identify_files(
    results: Sequence[FileResult], *, services: Services, settings: Settings
) -> list[FileResult]:
    """The results with an identity for every passage, in the same order.

    Tags speak for a passage only where it is the whole file. AcoustID is asked about whole files
    (it cannot find parts), the local catalogue about every passage. A file of several passages is
    laid on its release.
    """
    cases = _gather_claims(results, services, settings)
    alignments = [
        align_album(case, services, release_mbid=read_mbid(result.tags.release_mbid))
        for result, case in zip(results, cases, strict=True)
    ]
    return [
        _close_file(result, case, alignment, services)
        for result, case, alignment in zip(results, cases, alignments, strict=True)
    ]


def identify_folder(
    results: Sequence[FileResult], *, services: Services, settings: Settings
) -> list[FileResult]:
    """The files of one folder, decided on as an album: in the order of their tracks.

    Files of several passages, or of none, are left out. What was asked about them before is
    answered from the cache.
    """
    ordered = order_folder(results)
    cases = _gather_claims(ordered, services, settings)
    tracks = [inquiry for case in cases for inquiry in case]
    named = choose_release_tag([inquiry.tags for inquiry in tracks])
    align_album(tracks, services, release_mbid=named)
    return [
        _close_file(result, case, None, services)
        for result, case in zip(ordered, cases, strict=True)
    ]


def _gather_claims(
    results: Sequence[FileResult], services: Services, settings: Settings
) -> list[list[Inquiry]]:
    """What every source says of each passage of each file."""
    cases = [[open_inquiry(result, passage) for passage in result.passages] for result in results]
    for inquiries in cases:
        for inquiry in inquiries:
            _ask_catalogue(inquiry, services)
    _ask_acoustid(results, cases, services)
    for inquiries in cases:
        for inquiry in inquiries:
            _ask_musicbrainz(inquiry, services, settings)
    return cases


def _close_file(
    result: FileResult,
    inquiries: Sequence[Inquiry],
    alignment: Alignment | None,
    services: Services,
) -> FileResult:
    passages = tuple(_decide(inquiry, services) for inquiry in inquiries)
    kept = [note for note in result.notes if not note.startswith(FAILURE)]
    failed = dict.fromkeys(
        reason for inquiry in inquiries for reason in inquiry.reasons if reason.startswith(FAILURE)
    )
    notes = note_album((*kept, *failed), alignment, passages)
    closed = replace(result, passages=passages, notes=notes)
    lengths_s = find_lengths(alignment) if alignment else None
    return cache_keys.wish_lengths(closed, lengths_s) if lengths_s else closed


def list_failures(result: FileResult) -> list[str]:
    """Which services did not answer about a file, and why: asking again may tell more."""
    return [note for note in result.notes if note.startswith(FAILURE)]


def _ask_catalogue(inquiry: Inquiry, services: Services) -> None:
    fingerprint = inquiry.passage.fingerprint
    if services.query_catalogue is None or fingerprint is None:
        return
    try:
        items = decode_fingerprint(fingerprint.text)
    except FingerprintError as error:
        inquiry.reasons.append(f"no_fingerprint({error})")
        return
    try:
        matches = services.query_catalogue(items)
    except StoreError as error:
        inquiry.reasons.append(f"lookup_failed(catalogue, {error})")
        return
    for match in matches:
        inquiry.claims.append(claim_of_match(match, inquiry.passage.duration_s))


def _ask_acoustid(
    results: Sequence[FileResult], cases: Sequence[Sequence[Inquiry]], services: Services
) -> None:
    if services.lookup_acoustid is None:
        return
    asked = [
        (inquiries[0], result.file_fingerprint)
        for result, inquiries in zip(results, cases, strict=True)
        if len(inquiries) == 1
        and result.file_fingerprint is not None
        and not _is_settled(inquiries[0])
    ]
    if not asked:
        return
    outcomes = services.lookup_acoustid([fingerprint for _, fingerprint in asked])
    for (inquiry, _), outcome in zip(asked, outcomes, strict=True):
        note_failure(inquiry, "acoustid", outcome)
        for match in outcome.found or ():
            inquiry.claims.append(claim_of_link(match))
            if match.recording.mbid:
                inquiry.releases[match.recording.mbid] = match.recording.releases


def _is_settled(inquiry: Inquiry) -> bool:
    """True where the catalogue alone names a recording beyond doubt."""
    identity = identify(inquiry)
    return (
        identity.level == "high"
        and identity.chosen is not None
        and identity.chosen.recording_mbid is not None
    )


def _ask_musicbrainz(inquiry: Inquiry, services: Services, settings: Settings) -> None:
    tags = inquiry.tags
    _name_links(inquiry, services)
    if tags.recording_mbid:
        _confirm_embedded(inquiry, services)
    elif tags.isrc and services.fetch_isrc is not None:
        outcome = services.fetch_isrc(tags.isrc)
        _add_recordings(inquiry, "isrc", outcome, f"ISRC {tags.isrc}")
    is_found = identify(inquiry).level != "unidentified"
    if is_found or not settings.identifying.has_text_search:
        return
    if tags.title and tags.artist and services.search_recordings is not None:
        outcome = services.search_recordings(tags.title, tags.artist, inquiry.passage.duration_s)
        _add_recordings(inquiry, "text_search", outcome, "")


def _add_recordings(
    inquiry: Inquiry,
    source: Literal["isrc", "text_search"],
    outcome: Outcome[tuple[Recording, ...]],
    detail: str,
) -> None:
    note_failure(inquiry, "musicbrainz", outcome)
    for recording in outcome.found or ():
        inquiry.claims.append(
            Claim(
                source,
                recording.mbid,
                recording.title,
                recording.artist,
                duration_s=recording.duration_s,
                work_mbid=recording.work_mbid,
                detail=detail,
            )
        )
        if recording.mbid:
            inquiry.releases[recording.mbid] = recording.releases


def _name_links(inquiry: Inquiry, services: Services) -> None:
    """Ask what the linked ids without a name are: merged, deleted, or new to AcoustID.

    Until then they stand as songs of their own against the recordings that they were merged into.
    """
    if services.fetch_recording is None:
        return
    bare = [c for c in inquiry.claims if c.source == "acoustid" and c.title is None]
    for claim in [each for each in bare if each.share > RIVAL_SHARE][:MAX_BARE_LINKS]:
        outcome = services.fetch_recording(claim.recording_mbid or "")
        note_failure(inquiry, "musicbrainz", outcome)
        if not outcome.is_answered:
            continue
        inquiry.claims.remove(claim)
        found = outcome.found
        if found is None or found.mbid is None:
            inquiry.reasons.append(f"unknown_to_musicbrainz({claim.recording_mbid})")
            continue
        inquiry.releases[found.mbid] = inquiry.releases.get(found.mbid) or found.releases
        named = {c.recording_mbid for c in inquiry.claims if c.acoustid == claim.acoustid}
        if found.mbid not in named:
            inquiry.claims.append(_confirm(claim, found))


def _confirm_embedded(inquiry: Inquiry, services: Services) -> None:
    """Put what MusicBrainz knows of the embedded id in the place of what the tags say."""
    found = _find_on_release(inquiry.tags, services)
    if found is None and services.fetch_recording is not None:
        outcome = services.fetch_recording(inquiry.tags.recording_mbid or "")
        note_failure(inquiry, "musicbrainz", outcome)
        if outcome.kind is OutcomeKind.NO_MATCH:
            _disown_embedded(inquiry)
            return
        found = outcome.found
    if found is None:
        return
    inquiry.claims[:] = [
        _confirm(claim, found) if claim.source == "embedded_id" else claim
        for claim in inquiry.claims
    ]
    if found.mbid:
        inquiry.releases[found.mbid] = found.releases


def _disown_embedded(inquiry: Inquiry) -> None:
    """The embedded id does not exist: what is left is what the tags say in words."""
    kept = [claim for claim in inquiry.claims if claim.source != "embedded_id"]
    bare = claims_of_tags(replace(inquiry.tags, recording_mbid=None))
    unknown = f"the embedded id {inquiry.tags.recording_mbid} is unknown to MusicBrainz"
    inquiry.claims[:] = [*kept, *(replace(claim, detail=unknown) for claim in bare)]


def _confirm(claim: Claim, recording: Recording) -> Claim:
    asked = recording.asked_mbid
    return replace(
        claim,
        recording_mbid=recording.mbid,
        title=recording.title or claim.title,
        artist=recording.artist or claim.artist,
        duration_s=recording.duration_s,
        work_mbid=recording.work_mbid,
        detail=f"merged, before it was {asked}" if asked else claim.detail,
    )


def _find_on_release(tags: Tags, services: Services) -> Recording | None:
    """The embedded recording, by one call for its whole album."""
    if not tags.release_mbid or services.fetch_release is None:
        return None
    release = services.fetch_release(tags.release_mbid).found
    return None if release is None else find_track(release, tags.recording_mbid)


def _decide(inquiry: Inquiry, services: Services) -> Passage:
    identity = identify(inquiry, services.silent)
    return inquiry.passage.identify_as(complete_identity(identity, inquiry, services))
