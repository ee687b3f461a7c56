"""What a library tells of itself: pieces to remember, and the same piece in several files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wkmp_lab.collection.copies import SongCopy, choose_better, describe_copy
from wkmp_lab.dsp.chromaprint import Items
from wkmp_lab.errors import FingerprintError
from wkmp_lab.fingerprinting.fingerprint import decode_fingerprint
from wkmp_lab.identifying.evidence import MAX_BIT_ERROR, MIN_SURE_OVERLAP_S
from wkmp_lab.io.catalogue.index import (
    ITEM_S,
    IndexKeys,
    Overlap,
    find_votes,
    make_keys,
    measure_overlap,
)
from wkmp_lab.model import FileResult, Passage


@dataclass(frozen=True, slots=True)
class SameSong:
    """Two passages that are one recording in other encodings, masters or cuts.

    ``offset_s`` is where in the first passage the second begins (negative: before it).
    """

    first: SongCopy
    second: SongCopy
    bit_error: float
    overlap_s: float
    offset_s: float
    better: SongCopy | None
    """The copy that is likely to sound better; None where nothing tells them apart."""
    reason: str


def find_same_songs(results: Sequence[FileResult]) -> list[SameSong]:
    """Pairs of passages of one library that are the same recording, surest first.

    Other encodings, masters, rips and cuts are found; covers, live versions and changed speeds
    are other recordings. Byte-identical copies are no pairs: they were analyzed once.

    Parameters
    ----------
    results
        Of an import; passages without a fingerprint are left out.
    """
    known = [
        _Heard(result, passage, items)
        for result in results
        for passage in result.passages
        if (items := read_items(passage)) is not None
    ]
    if not known:
        return []
    keys = [make_keys(heard.items, slot=slot) for slot, heard in enumerate(known)]
    index = np.sort(np.concatenate(keys))
    pairs = [pair for slot in range(len(known)) for pair in _find_pairs(slot, known, index)]
    return sorted(pairs, key=lambda pair: (pair.bit_error, pair.first.path, pair.second.path))


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    result: FileResult
    passage: Passage
    items: Items

    def describe(self) -> SongCopy:
        return describe_copy(self.result, self.passage)


def _find_pairs(slot: int, known: Sequence[_Heard], index: IndexKeys) -> Iterator[SameSong]:
    """The pairs of one passage with those after it."""
    best: dict[int, Overlap] = {}
    for vote in find_votes(index, known[slot].items):
        if vote.slot <= slot:
            continue
        overlap = measure_overlap(known[slot].items, known[vote.slot].items, offset=vote.offset)
        held = best.get(vote.slot)
        if overlap and (held is None or overlap.bit_error < held.bit_error):
            best[vote.slot] = overlap
    for other, overlap in best.items():
        if overlap.bit_error <= MAX_BIT_ERROR and overlap.duration_s >= MIN_SURE_OVERLAP_S:
            copies = known[slot].describe(), known[other].describe()
            offset_s = -overlap.offset * ITEM_S
            better, reason = choose_better(*copies)
            yield SameSong(
                *copies, overlap.bit_error, overlap.duration_s, offset_s, better, reason
            )


def read_items(passage: Passage) -> Items | None:
    """The fingerprint of a passage as numbers; None where there is none that can be read."""
    if passage.fingerprint is None:
        return None
    try:
        return decode_fingerprint(passage.fingerprint.text)
    except FingerprintError:
        return None
