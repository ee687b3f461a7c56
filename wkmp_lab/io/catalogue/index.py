"""An inverted index of fingerprint items with their positions, in one sorted NumPy array.

A key holds the hash of one item, the fingerprint it stands in, and its position there:
``hash (26 bits) << 36 | slot (20 bits) << 16 | position (16 bits)``. A query looks all its items
up at once and lets them vote for (fingerprint, offset) pairs, as the matcher of Chromaprint does
for two fingerprints; so parts and clips are found, wherever they lie.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wkmp_lab.dsp.chromaprint import Items
from wkmp_lab.errors import InvalidInputError

IndexKeys = npt.NDArray[np.uint64]

STABLE_BITS = 0xFFFCCBEF
"""The 26 bits of an item that flip least under re-encoding and shifts, learnt on 338 pieces."""
SILENT_ITEM = 627_964_279
"""The item of digital silence; it says nothing."""
SLOT_BITS, POSITION_BITS = 20, 16
MAX_SLOTS = 1 << SLOT_BITS
MAX_POSITIONS = 1 << POSITION_BITS
"""65,536 items are 2.25 hours."""

MAX_POSTINGS = 400
"""A hash in more places than this is a commonplace; it finds nothing."""
MAX_QUERY_ITEMS = 1200
"""Longer queries are thinned: 150 s of votes are plenty."""


ITEM_S = 1365 / 11025
"""Distance of two items: a hop of 1365 samples at 11,025 Hz."""
WINDOW_S = 2.66
"""Sound behind one item: 4096 samples, smoothed over 5 frames, seen through 16."""
HOPELESS_BIT_ERROR = 0.45
"""Two items off the right offset, a true match still lies below; chance is 0.5 +- 0.02."""
MIN_ITEMS = 12
"""Fewer different items than this (a held tone, a click track) prove nothing."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How two fingerprints compare where they lie on each other."""

    offset: int
    bit_error: float
    n_items: int

    @property
    def duration_s(self) -> float:
        """Length of the sound that was compared."""
        return (self.n_items - 1) * ITEM_S + WINDOW_S


@dataclass(frozen=True, slots=True)
class Vote:
    """A fingerprint and an offset that many items of a query agree on."""

    slot: int
    offset: int
    """Position in the fingerprint of the query's first item, in items; may be negative."""
    weight: float


def choose_stride(n_fingerprints: int) -> int:
    """Every how manieth item is indexed: all of a home library, a quarter of a million pieces."""
    return 1 if n_fingerprints <= 20_000 else 2 if n_fingerprints <= 100_000 else 4


def make_keys(items: Items, *, slot: int, stride: int = 1) -> IndexKeys:
    """The index keys of one fingerprint, unsorted; silent and repeated items are left out."""
    if not 0 <= slot < MAX_SLOTS:
        raise InvalidInputError(f"slot must be in [0, {MAX_SLOTS}), got {slot}")
    positions = _sounding(items[:MAX_POSITIONS])
    positions = positions[positions % stride == 0]
    place = np.uint64(slot << POSITION_BITS) | positions.astype(np.uint64)
    shift = np.uint64(SLOT_BITS + POSITION_BITS)
    keys: IndexKeys = (_compress(items[positions]).astype(np.uint64) << shift) | place
    return keys


def find_votes(
    keys: IndexKeys, items: Items, *, n_best: int = 20, n_offsets: int = 2
) -> list[Vote]:
    """The (fingerprint, offset) pairs that most items agree on, best first.

    Parameters
    ----------
    keys
        Sorted keys of all fingerprints.
    items
        Of the query, shape ``(n,)``.
    n_best
        How many pairs to return at most.
    n_offsets
        How many offsets of one fingerprint: loops match themselves in several places.

    Returns
    -------
    list of Vote
        Empty where no hash is shared. Rare hashes count more: ``1 / log2(1 + n_postings)``.
    """
    positions = _sounding(items)
    if positions.size > MAX_QUERY_ITEMS:
        positions = positions[:: -(-positions.size // MAX_QUERY_ITEMS)]
    if not positions.size or not keys.size:
        return []
    shift = np.uint64(SLOT_BITS + POSITION_BITS)
    hashes, where = np.unique(_compress(items[positions]).astype(np.uint64), return_inverse=True)
    first = np.searchsorted(keys, hashes << shift)
    last = np.searchsorted(keys, (hashes + np.uint64(1)) << shift)
    n_postings = (last - first)[where]
    is_telling = (n_postings > 0) & (n_postings <= MAX_POSTINGS)
    first, positions, n_postings = (
        first[where][is_telling],
        positions[is_telling],
        n_postings[is_telling],
    )
    if not positions.size:
        return []
    postings = _expand(first, n_postings)
    weights = np.repeat(1.0 / np.log2(1.0 + n_postings), n_postings)
    found = keys[postings]
    slots = (found >> np.uint64(POSITION_BITS)) & np.uint64(MAX_SLOTS - 1)
    known = (found & np.uint64(MAX_POSITIONS - 1)).astype(np.int64)
    offsets = known - np.repeat(positions, n_postings)
    return _count(slots.astype(np.int64), offsets, weights, n_best=n_best, n_offsets=n_offsets)


def measure_overlap(
    items: Items, known: Items, *, offset: int, slack: int = 2, min_items: int = 30
) -> Overlap | None:
    """The best overlap of a query with a known fingerprint near an offset.

    None where it is too short, too poor in different items, or plainly another piece.

    Silence counts on neither side: two silent ends are alike whatever the music.
    """
    first = _measure_at(items, known, offset, min_items)
    if first is None or first.bit_error > HOPELESS_BIT_ERROR:
        return None
    shifts = (shift for shift in range(-slack, slack + 1) if shift)
    others = (_measure_at(items, known, offset + shift, min_items) for shift in shifts)
    found = [first, *(overlap for overlap in others if overlap is not None)]
    best = min(found, key=lambda overlap: overlap.bit_error + 1 / overlap.n_items)
    start, end = max(0, -best.offset), min(items.size, known.size - best.offset)
    return best if np.unique(items[start:end]).size > MIN_ITEMS else None


def _measure_at(items: Items, known: Items, offset: int, min_items: int) -> Overlap | None:
    start, end = max(0, -offset), min(items.size, known.size - offset)
    if end - start < min_items:
        return None
    ours, theirs = items[start:end], known[start + offset : end + offset]
    is_sound = (ours != SILENT_ITEM) & (theirs != SILENT_ITEM)
    n_items = int(np.count_nonzero(is_sound))
    if n_items < min_items:
        return None
    n_bits = int(np.bitwise_count(ours ^ theirs).sum(where=is_sound))
    return Overlap(offset, n_bits / (32 * n_items), n_items)


def _sounding(items: Items) -> npt.NDArray[np.int64]:
    """Positions of items that are neither silence nor a repetition of the one before."""
    is_new = np.ones(items.size, np.bool_)
    is_new[1:] = items[1:] != items[:-1]
    return np.flatnonzero(is_new & (items != SILENT_ITEM))


def _compress(items: Items) -> Items:
    """The stable bits of each item moved together, shape ``(n,)``, below ``2**26``.

    The mask consists of a few runs of ones; each is moved as a whole.
    """
    packed = np.zeros_like(items)
    target = 0
    bit = 0
    while bit < 32:
        width = 0
        while bit + width < 32 and STABLE_BITS >> (bit + width) & 1:
            width += 1
        if width:
            run = (items >> np.uint32(bit)) & np.uint32((1 << width) - 1)
            packed |= run << np.uint32(target)
            target += width
        bit += width + 1
    return packed


def _expand(first: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Concatenated ranges ``first[i] .. first[i] + counts[i]``."""
    starts = np.cumsum(counts) - counts
    expanded: npt.NDArray[np.int64] = np.arange(counts.sum()) + np.repeat(first - starts, counts)
    return expanded


def _count(
    slots: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    *,
    n_best: int,
    n_offsets: int,
) -> list[Vote]:
    """Sum the votes per (slot, offset); neighbouring offsets support each other."""
    width = 1 << 20
    pairs = slots * width + offsets + width // 2
    found, where = np.unique(pairs, return_inverse=True)
    votes = np.bincount(where, weights)
    smooth = votes.copy()
    if found.size > 1:
        is_next = np.diff(found) == 1
        smooth[:-1][is_next] += votes[1:][is_next]
        smooth[1:][is_next] += votes[:-1][is_next]
    best: list[Vote] = []
    taken: dict[int, list[int]] = {}
    for index in np.argsort(-smooth, kind="stable")[: 8 * n_best]:
        slot, offset = divmod(int(found[index]), width)
        offset -= width // 2
        others = taken.setdefault(slot, [])
        if len(others) < n_offsets and all(abs(offset - other) > 2 for other in others):
            others.append(offset)
            best.append(Vote(slot, offset, float(smooth[index])))
        if len(best) == n_best:
            break
    return best
