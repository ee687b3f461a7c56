"""What a library tells of itself: pieces to remember, and the same piece in several files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from wkmp_lab.claims import MAX_BIT_ERROR, MIN_SURE_OVERLAP_S
from wkmp_lab.columns import Column
from wkmp_lab.dsp.chromaprint_code import Items
from wkmp_lab.errors import FingerprintError, InvalidInputError
from wkmp_lab.fingerprinting import decode_fingerprint
from wkmp_lab.io.answers import Recording
from wkmp_lab.io.catalogue import Catalogue
from wkmp_lab.io.catalogue_file import SUFFIX
from wkmp_lab.io.catalogue_index import (
    ITEM_S,
    Keys,
    Overlap,
    find_votes,
    make_keys,
    measure_overlap,
)
from wkmp_lab.model import FileResult, Passage
from wkmp_lab.names import read_mbid
from wkmp_lab.services import find_catalogue
from wkmp_lab.settings import IdentifySettings

_MEASURES = (
    ("lowpass_hz", "sound up to {:.0f} Hz", True, 0.1),
    ("n_clipped", "{:.0f} clipped samples", False, 0.5),
    ("sr", "{:.0f} samples a second", True, 0.01),
    ("bytes_per_s", "{:.0f} bytes a second", True, 0.3),
)
"""(measure, in words, whether more is better, share by which it must differ), most telling
first."""

TRUSTED_LEVELS = ("high", "medium")
"""Identities that may be taught to the catalogue; a guess must not confirm itself later."""


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


SAME_SONGS: Sequence[Column[SameSong]] = (
    Column("path", "path", "a file", lambda pair: pair.first.path),
    Column("passage", "int", "index of its passage", lambda pair: pair.first.passage),
    Column("other_path", "path", "the file that holds the same", lambda pair: pair.second.path),
    Column("other_passage", "int", "index of its passage", lambda pair: pair.second.passage),
    Column("bit_error", "float", "share of bits that differ", lambda pair: pair.bit_error),
    Column("overlap_s", "float", "what both hold, in s", lambda pair: pair.overlap_s),
    Column("offset_s", "float", "where the other begins in it, in s", lambda pair: pair.offset_s),
    Column(
        "better_path",
        "path",
        "the copy that is likely to sound better",
        lambda pair: pair.better.path if pair.better else None,
    ),
    Column("reason", "text", "why it is", lambda pair: pair.reason),
)
"""A row per pair of passages that are the same recording."""


def add_results(
    catalogue: Catalogue, results: Sequence[FileResult], *, is_named_by_file: bool = True
) -> int:
    """Teach the catalogue the passages of an import, each under the best name there is.

    Parameters
    ----------
    catalogue
        Where they are added.
    results
        Of an import; passages without a fingerprint are left out.
    is_named_by_file
        Add what is neither identified nor tagged under the name of its file; False leaves it out.

    Returns
    -------
    int
        The number of new fingerprints.
    """
    return catalogue.add_many(_entries_of(results, is_named_by_file))


def teach_results(results: Sequence[FileResult], catalogue: str | Path | None = None) -> int:
    """Add what an import has identified, or its tags name, to a catalogue.

    Other copies, clips and album sides of it are known from then on, offline.

    Parameters
    ----------
    results
        Of an import; guesses, and what has no name, are left out.
    catalogue
        An SQLite file; None: the user's own.

    Returns
    -------
    int
        The number of new fingerprints.

    Raises
    ------
    InvalidInputError
        The file is a catalogue as text, which does not grow.
    """
    path = find_catalogue(
        IdentifySettings(catalogue=None if catalogue is None else str(catalogue))
    )
    if path.suffix == SUFFIX:
        raise InvalidInputError(f"what grows is an SQLite file, got {str(path)!r}")
    with Catalogue(path) as known:
        return add_results(known, results, is_named_by_file=False)


def _entries_of(
    results: Sequence[FileResult], is_named_by_file: bool
) -> Iterator[tuple[Recording, Items, str | None]]:
    for result in results:
        for passage in result.passages:
            recording = _name_by_facts(result, passage)
            if recording is None and is_named_by_file:
                recording = _name_by_file(result, passage)
            items = _items_of(passage)
            if recording is not None and items is not None:
                yield recording, items, _readable(result.path)


def _name_by_facts(result: FileResult, passage: Passage) -> Recording | None:
    """What a passage is known as: its identity where it is sure, else the tags of its file."""
    identity = passage.identity
    if identity is not None and identity.chosen is not None and identity.level in TRUSTED_LEVELS:
        chosen = identity.chosen
        return Recording(chosen.recording_mbid, chosen.title, chosen.artist, passage.duration_s)
    tags = result.tags
    mbid = read_mbid(tags.recording_mbid)
    if len(result.passages) > 1 or not (tags.title or mbid):
        return None
    return Recording(mbid, tags.title, tags.artist, passage.duration_s)


def _name_by_file(result: FileResult, passage: Passage) -> Recording:
    stem = _readable(PurePath(result.path).stem)
    title = stem if len(result.passages) == 1 else f"{stem}, passage {passage.index + 1}"
    return Recording(None, title, None, passage.duration_s)


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
        if (items := _items_of(passage)) is not None
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


def _find_pairs(slot: int, known: Sequence[_Heard], index: Keys) -> Iterator[SameSong]:
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


def _readable(path: str) -> str:
    """A path that SQLite can store: bytes that are no text become question marks."""
    return path.encode(errors="replace").decode()


def _items_of(passage: Passage) -> Items | None:
    if passage.fingerprint is None:
        return None
    try:
        return decode_fingerprint(passage.fingerprint.text)
    except FingerprintError:
        return None
