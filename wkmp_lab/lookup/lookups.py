"""What the lookup thread asks: statements of every source for each passage, then the decision.

Runs in one thread of the parent, never in a worker: so limits, cache and keys are in one place.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from wkmp_lab.errors import FingerprintError, StoreError
from wkmp_lab.fingerprinting.fingerprint import decode_fingerprint
from wkmp_lab.identifying.conflicts import STRAY_SHARE
from wkmp_lab.identifying.evidence import Statement, statements_of_tags
from wkmp_lab.io.web.answers import Outcome, Recording
from wkmp_lab.lookup.album_alignment import ReleaseAlignment, find_lengths
from wkmp_lab.lookup.album_lookups import (
    align_album,
    choose_release_tag,
    find_cut_hints,
    order_folder,
    share_releases,
)
from wkmp_lab.lookup.passage_lookup import (
    PassageLookup,
    identify,
    note_catalogue,
    note_failure,
    open_lookup,
    statement_of_link,
)
from wkmp_lab.lookup.releases import complete_identity, find_track
from wkmp_lab.lookup.services import Services
from wkmp_lab.model import FileResult, Identity, Passage, Tags
from wkmp_lab.model.reasons import FailedLookup, OutcomeKind, Silence, WhyUnidentified
from wkmp_lab.names import read_mbid
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.settings import Settings

IDENTIFY_VERSION = "6"
"""Raised whenever the same answers would be decided about differently."""


MAX_BARE_LINKS = 3
"""Ids without a name that are asked about for one passage, as Picard does."""


def identify_files(
    results: Sequence[FileResult], *, services: Services, settings: Settings
) -> list[FileResult]:
    """The results with an identity for every passage, in the same order.

    Tags speak for a passage only where it is the whole file, sheets and chapters for those that
    they declare. AcoustID is asked about whole files
    (it cannot find parts), the local catalogue about every passage. A file of several passages is
    laid on its release.
    """
    files = _gather_statements(results, services, settings)
    alignments = [
        align_album(lookups, services, release_mbid=read_mbid(result.tags.release_mbid))
        for result, lookups in zip(results, files, strict=True)
    ]
    return [
        _close_file(result, lookups, alignment, services)
        for result, lookups, alignment in zip(results, files, alignments, strict=True)
    ]


def leave_unanswered(result: FileResult, why: str) -> FileResult:
    """The result where the asking itself broke off: what it says of itself, and the failed lookup.

    An identity that passages have already is kept.
    """
    failed = FailedLookup("lookups", OutcomeKind.UNAVAILABLE, why)
    unknown = Identity("unidentified", str(failed), why_not=failed.why_not)
    passages = tuple(
        each if each.identity and each.identity.chosen else each.identify_as(unknown)
        for each in result.passages
    )
    return replace(result, passages=passages, failed_lookups=(failed,))


def identify_folder(
    results: Sequence[FileResult], *, services: Services, settings: Settings
) -> list[FileResult]:
    """The files of one folder, decided on as an album: in the order of their tracks.

    Files of several passages, or of none, are left out. What was asked about them before is
    answered from the cache.
    """
    ordered = order_folder(results)
    files = _gather_statements(ordered, services, settings)
    tracks = [lookup for lookups in files for lookup in lookups]
    named = choose_release_tag([lookup.tags for lookup in tracks])
    align_album(tracks, services, release_mbid=named)
    share_releases(tracks)
    return [
        _close_file(result, lookups, None, services)
        for result, lookups in zip(ordered, files, strict=True)
    ]


def _gather_statements(
    results: Sequence[FileResult], services: Services, settings: Settings
) -> list[list[PassageLookup]]:
    """What every source says of each passage of each file."""
    files = [[open_lookup(result, passage) for passage in result.passages] for result in results]
    for lookups in files:
        for lookup in lookups:
            _ask_catalogue(lookup, services)
    _ask_acoustid(results, files, services)
    for lookups in files:
        for lookup in lookups:
            _ask_musicbrainz(lookup, services, settings)
    return files


def _close_file(
    result: FileResult,
    lookups: Sequence[PassageLookup],
    alignment: ReleaseAlignment | None,
    services: Services,
) -> FileResult:
    passages = tuple(_decide(lookup, services) for lookup in lookups)
    failed = [r for lookup in lookups for r in lookup.reasons if isinstance(r, FailedLookup)]
    closed = replace(
        result,
        passages=passages,
        failed_lookups=tuple(dict.fromkeys(failed)),
        cut_hints=find_cut_hints(alignment, passages),
    )
    lengths_s = find_lengths(alignment) if alignment else None
    return cache_keys.note_track_lengths(closed, lengths_s) if lengths_s else closed


def _ask_catalogue(lookup: PassageLookup, services: Services) -> None:
    fingerprint = lookup.passage.fingerprint
    if services.query_catalogue is None or fingerprint is None or not lookup.is_asked_about:
        return
    try:
        items = decode_fingerprint(fingerprint.text)
    except FingerprintError as error:
        lookup.reasons.append(Silence(WhyUnidentified.NO_FINGERPRINT, str(error)))
        return
    try:
        matches = services.query_catalogue(items)
    except StoreError as error:
        failure = FailedLookup("catalogue", OutcomeKind.UNAVAILABLE, str(error))
        lookup.reasons.append(failure)
        return
    note_catalogue(lookup, matches)


def _ask_acoustid(
    results: Sequence[FileResult], files: Sequence[Sequence[PassageLookup]], services: Services
) -> None:
    if services.lookup_acoustid is None:
        return
    asked = [
        (lookups[0], result.file_fingerprint)
        for result, lookups in zip(results, files, strict=True)
        if len(lookups) == 1
        and lookups[0].is_asked_about
        and result.file_fingerprint is not None
        and not _is_settled(lookups[0])
    ]
    if not asked:
        return
    outcomes = services.lookup_acoustid([fingerprint for _, fingerprint in asked])
    for (lookup, _), outcome in zip(asked, outcomes, strict=True):
        note_failure(lookup, "acoustid", outcome)
        for match in outcome.found or ():
            lookup.statements.append(statement_of_link(match))
            if match.recording.mbid:
                lookup.releases[match.recording.mbid] = match.recording.releases


def _is_settled(lookup: PassageLookup) -> bool:
    """True where the catalogue alone names a recording beyond doubt."""
    identity = identify(lookup)
    return (
        identity.level == "high"
        and identity.chosen is not None
        and identity.chosen.recording_mbid is not None
    )


def _ask_musicbrainz(lookup: PassageLookup, services: Services, settings: Settings) -> None:
    if not lookup.is_asked_about:
        return
    tags = lookup.tags
    _name_links(lookup, services)
    if tags.recording_mbid:
        _confirm_embedded(lookup, services)
    elif tags.isrc and services.fetch_isrc is not None:
        outcome = services.fetch_isrc(tags.isrc)
        _add_recordings(lookup, "isrc", outcome, f"ISRC {tags.isrc}")
    is_found = identify(lookup).level != "unidentified"
    if is_found or not settings.identifying.has_text_search:
        return
    title, artist = (next(iter(tags.all_of(field)), None) for field in ("title", "artist"))
    if title and artist and services.search_recordings is not None:
        outcome = services.search_recordings(title, artist, lookup.passage.duration_s)
        _add_recordings(lookup, "text_search", outcome, "")


def _add_recordings(
    lookup: PassageLookup,
    source: Literal["isrc", "text_search"],
    outcome: Outcome[tuple[Recording, ...]],
    detail: str,
) -> None:
    note_failure(lookup, "musicbrainz", outcome)
    for recording in outcome.found or ():
        lookup.statements.append(
            Statement(
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
            lookup.releases[recording.mbid] = recording.releases


def _name_links(lookup: PassageLookup, services: Services) -> None:
    """Ask what the linked ids without a name are: merged, deleted, or new to AcoustID.

    Until then they stand as songs of their own against the recordings that they were merged into.
    """
    if services.fetch_recording is None:
        return
    bare = [c for c in lookup.statements if c.source == "acoustid" and c.title is None]
    for statement in [each for each in bare if each.share > STRAY_SHARE][:MAX_BARE_LINKS]:
        outcome = services.fetch_recording(statement.recording_mbid or "")
        note_failure(lookup, "musicbrainz", outcome)
        if not outcome.is_answered:
            continue
        lookup.statements.remove(statement)
        found = outcome.found
        if found is None or found.mbid is None:
            unknown = Silence(WhyUnidentified.UNKNOWN_ID, statement.recording_mbid or "")
            lookup.reasons.append(unknown)
            continue
        lookup.releases[found.mbid] = lookup.releases.get(found.mbid) or found.releases
        named = {c.recording_mbid for c in lookup.statements if c.acoustid == statement.acoustid}
        if found.mbid not in named:
            lookup.statements.append(_confirm(statement, found))


def _confirm_embedded(lookup: PassageLookup, services: Services) -> None:
    """Put what MusicBrainz knows of the embedded id in the place of what the tags say."""
    found = _find_on_release(lookup.tags, services)
    if found is None and services.fetch_recording is not None:
        outcome = services.fetch_recording(lookup.tags.recording_mbid or "")
        note_failure(lookup, "musicbrainz", outcome)
        if outcome.kind is OutcomeKind.NO_MATCH:
            _disown_embedded(lookup)
            return
        found = outcome.found
    if found is None:
        return
    lookup.statements[:] = [
        _confirm(statement, found) if statement.source == "embedded_id" else statement
        for statement in lookup.statements
    ]
    if found.mbid:
        lookup.releases[found.mbid] = found.releases


def _disown_embedded(lookup: PassageLookup) -> None:
    """The embedded id does not exist: what is left is what the tags say in words."""
    kept = [statement for statement in lookup.statements if statement.source != "embedded_id"]
    bare = statements_of_tags(replace(lookup.tags, recording_mbid=None))
    unknown = f"the embedded id {lookup.tags.recording_mbid} is unknown to MusicBrainz"
    lookup.statements[:] = [*kept, *(replace(statement, detail=unknown) for statement in bare)]


def _confirm(statement: Statement, recording: Recording) -> Statement:
    asked = recording.asked_mbid
    return replace(
        statement,
        recording_mbid=recording.mbid,
        title=recording.title or statement.title,
        artist=recording.artist or statement.artist,
        duration_s=recording.duration_s,
        work_mbid=recording.work_mbid,
        detail=f"merged, before it was {asked}" if asked else statement.detail,
    )


def _find_on_release(tags: Tags, services: Services) -> Recording | None:
    """The embedded recording, by one call for its whole album."""
    if not tags.release_mbid or services.fetch_release is None:
        return None
    release = services.fetch_release(tags.release_mbid).found
    return None if release is None else find_track(release, tags.recording_mbid)


def _decide(lookup: PassageLookup, services: Services) -> Passage:
    identity = identify(lookup, services.silent)
    return lookup.passage.identify_as(complete_identity(identity, lookup, services))
