"""Results as version 0.1.0 stored them, read as this version keeps them.

There, failed lookups and hints about cuts were notes that began with certain words, and the
lengths that a release tells stood among the keys of what had made the result.
"""

import re
from dataclasses import replace
from typing import cast

from wkmp_lab.model import FileResult, Identity, Passage
from wkmp_lab.model.reasons import CutHint, FailedLookup, Service, WhyUnidentified

_FAILED = re.compile(r"lookup_failed\((acoustid|catalogue|musicbrainz), (.*)\)", re.DOTALL)
_HINT = "album: "
_STALE = "stale: "
_LENGTHS = "lengths"
_BY_HAND = "by_hand"


def renew_result(result: FileResult) -> FileResult:
    """A stored result with records in the place of words; a newer one is given back as it is."""
    return _renew_lengths(_renew_notes(_renew_identities(result)))


def _renew_notes(result: FileResult) -> FileResult:
    failed = [_FAILED.fullmatch(note) for note in result.notes]
    lookups = [FailedLookup(cast(Service, each[1]), None, each[2]) for each in failed if each]
    hints = [_read_hint(note) for note in result.notes if note.startswith(_HINT)]
    kept = tuple(
        note
        for note, each in zip(result.notes, failed, strict=True)
        if not each and not note.startswith((_HINT, _STALE))
    )
    if kept == result.notes:
        return result
    return replace(
        result,
        notes=kept,
        failed_lookups=(*result.failed_lookups, *lookups),
        cut_hints=(*result.cut_hints, *hints),
    )


def _read_hint(note: str) -> CutHint:
    words = note.removeprefix(_HINT)
    # Numbers in a title stand behind the passages, after the first quotation mark.
    before_title = re.split("['\"]", words, maxsplit=1)[0]
    numbers = re.findall(r"#(\d+)", before_title)
    return CutHint(tuple(dict.fromkeys(map(int, numbers))), words)


def _renew_lengths(result: FileResult) -> FileResult:
    made_by = dict(result.provenance)
    text = made_by.pop(_LENGTHS, None)
    if text is None:
        return result
    lengths_s = tuple(float(part) for part in text.split())
    return replace(result, track_lengths_s=lengths_s, provenance=tuple(made_by.items()))


def _renew_identities(result: FileResult) -> FileResult:
    if not any(_is_old(passage.identity) for passage in result.passages):
        return result
    return replace(result, passages=tuple(_renew_passage(each) for each in result.passages))


def _is_old(identity: Identity | None) -> bool:
    if identity is None:
        return False
    is_unexplained = identity.chosen is None and identity.why_not is None
    return is_unexplained or (identity.reason == _BY_HAND and not identity.is_by_hand)


def _renew_passage(passage: Passage) -> Passage:
    identity = passage.identity
    if identity is None or not _is_old(identity):
        return passage
    name = identity.reason.partition("(")[0] if identity.chosen is None else ""
    renewed = replace(
        identity,
        why_not=next((why for why in WhyUnidentified if why.value == name), None),
        is_by_hand=identity.reason == _BY_HAND,
    )
    return replace(passage, identity=renewed)
