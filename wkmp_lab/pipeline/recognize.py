"""Whether the audio of a file is known, and what of the known result still holds; no decode."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files import audio_hash
from wkmp_lab.io.tags.fields import fill_tags
from wkmp_lab.model import FileResult, Tags
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.known import Known, Recall
from wkmp_lab.settings import SegmentHints


def recognize(
    result: FileResult,
    hints: SegmentHints,
    *,
    earlier: FileResult | None = None,
    recall: Recall | None = None,
) -> tuple[FileResult, SegmentHints, FileResult | None]:
    """A file with what is known of its audio.

    The file is taken apart only where its bytes are not those of ``earlier``, and to its end only
    where its head is known.

    Parameters
    ----------
    result
        With the hash of its bytes.
    hints
        What is known of its structure, should it still hold the audio of ``earlier``.
    earlier
        A result that the file has had.
    recall
        Asked where that was of other audio.

    Returns
    -------
    tuple
        The file, with its audio hash where that is known now; the hints for what it holds; and a
        result of the same audio, None where there is none.
    """
    if earlier is not None and earlier.sha256 == result.sha256:
        same = replace(result, audio_hash=earlier.audio_hash, track_lengths_s=hints.durations_s)
        return same, hints, earlier
    had = () if earlier is None else (Known(earlier, hints.boundaries_ticks),)
    hints = replace(hints, boundaries_ticks=None, durations_s=None) if had else hints
    found = _find_same_audio(result.path, had, recall)
    if found is None:
        return replace(result, track_lengths_s=hints.durations_s), hints, None
    known, apart = found
    lengths_s = known.result.track_lengths_s
    hints = replace(hints, boundaries_ticks=known.boundaries_ticks, durations_s=lengths_s)
    result = replace(
        result,
        audio_hash=apart.audio_hash,
        tags=fill_tags(result.tags, apart.tags),
        track_lengths_s=lengths_s,
    )
    return result, hints, known.result


def take_audio(result: FileResult, known: FileResult) -> FileResult:
    """A file with what is known of its audio as a whole, under its own tags."""
    # Tags that only the decoder shows are those of the same bytes, too.
    tags = known.tags if known.sha256 == result.sha256 else result.tags
    audio_hash = result.audio_hash or _read_audio_hash(result)
    return replace(result, tags=tags, audio=known.audio, audio_hash=audio_hash)


def take_whole(
    result: FileResult, known: FileResult, keys: cache_keys.CacheKeys
) -> FileResult | None:
    """A file as it is known, under its own tags; None where it must be decoded.

    Parameters
    ----------
    result
        With its own tags.
    known
        A result of the same audio.
    keys
        Of the file, by now.
    """
    if cache_keys.find_stale(known, keys) or known.segmentation is None:
        return None
    result = take_audio(result, known)
    if not has_same_hints(result.tags, known.tags):
        return None
    return replace(
        result,
        status=known.status,
        segmentation=known.segmentation,
        passages=known.passages,
        file_fingerprint=known.file_fingerprint,
        measured=known.measured,
        measures=known.measures,
    )


def has_same_hints(tags: Tags, known: Tags) -> bool:
    """Whether two files say the same of how they are cut."""
    said, was_said = (
        (each.track, each.n_tracks, each.cue_sheet, each.chapters) for each in (tags, known)
    )
    return said == was_said


def _find_same_audio(
    path: str, had: Sequence[Known], recall: Recall | None
) -> tuple[Known, audio_hash.TakenApart] | None:
    if recall is None and not any(known.result.audio_hash for known in had):
        return None
    # What cannot be taken apart is decoded, which tells why.
    with contextlib.suppress(DecodeError):
        head = audio_hash.compute_audio_head(path)
        found = None
        for known in _list_alike(head, had, recall):
            found = found or audio_hash.take_apart(path)
            if _is_same(known.result, found):
                return known, found
    return None


def _list_alike(head: str, had: Sequence[Known], recall: Recall | None) -> Iterator[Known]:
    """What is known of audio that begins so: first of the file itself, then of others."""
    yield from (known for known in had if (known.result.audio_hash or "").startswith(head))
    for known in recall(head) if recall else ():
        # When another file was worked on is no time of this one.
        yield replace(known, result=replace(known.result, spans=()))


def _is_same(known: FileResult, found: audio_hash.TakenApart) -> bool:
    """Whether all that is known of audio holds for a file; how long another kind of container says
    that it is may differ."""
    container = known.audio.container if known.audio else None
    return (known.audio_hash, container) == (found.audio_hash, found.container)


def _read_audio_hash(result: FileResult) -> str | None:
    """The audio hash of a file that was measured before there was one."""
    try:
        return audio_hash.compute_audio_hash(result.path)
    except DecodeError:
        return audio_hash.hash_from_bytes(result.sha256) if result.sha256 else None
