"""What a library tells of itself: pieces to remember, and the same piece in several files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

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

_MEASURES = (
    ("lowpass_hz", "sound up to {:.0f} Hz", True, 0.1),
    ("n_clipped", "{:.0f} clipped samples", False, 0.5),
    ("sr", "{:.0f} samples a second", True, 0.01),
    ("bytes_per_s", "{:.0f} bytes a second", True, 0.3),
)
"""(measure, in words, whether more is better, share by which it must differ), most telling
first."""


@dataclass(frozen=True, slots=True)
class SongCopy:
    """One of the files that hold the same piece, with what speaks of its quality."""

    path: str
    passage: int
    sr: int
    n_clipped: float | None
    lowpass_hz: float
    bytes_per_s: float


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
            copies = _describe_copy(known[slot]), _describe_copy(known[other])
            offset_s = -overlap.offset * ITEM_S
            better, reason = _choose_better(*copies)
            yield SameSong(
                *copies, overlap.bit_error, overlap.duration_s, offset_s, better, reason
            )


def _describe_copy(heard: _Heard) -> SongCopy:
    result, passage = heard.result, heard.passage
    quality = dict(passage.amplitude.quality) if passage.amplitude else {}
    sr = result.audio.sr if result.audio else 0
    return SongCopy(
        result.path,
        passage.index,
        sr,
        quality.get("n_clipped"),
        quality.get("lowpass_hz", sr / 2),
        result.source.size_bytes / max(result.duration_s or 0.0, 1.0),
    )


def _choose_better(first: SongCopy, second: SongCopy) -> tuple[SongCopy | None, str]:
    """The copy that is likely to sound better, by the first measure that tells them apart."""
    for name, words, is_more_better, clear in _MEASURES:
        ours, theirs = getattr(first, name), getattr(second, name)
        if ours is None or theirs is None or abs(ours - theirs) <= clear * max(ours, theirs):
            continue
        better = first if (ours > theirs) == is_more_better else second
        worse = second if better is first else first
        return better, f"{words.format(getattr(better, name))}, not {getattr(worse, name):.0f}"
    return None, "nothing measured tells them apart"


def read_items(passage: Passage) -> Items | None:
    """The fingerprint of a passage as numbers; None where there is none that can be read."""
    if passage.fingerprint is None:
        return None
    try:
        return decode_fingerprint(passage.fingerprint.text)
    except FingerprintError:
        return None
