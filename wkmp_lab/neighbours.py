"""Which passages sound alike, and why: distances between measured descriptors, aspect by aspect.

Works offline on every library. The numbers are scaled by the library's own spread, so a distance
means something within one library only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wkmp_lab.columns import Column
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import Descriptors, FileResult, Passage

DoubleArray = npt.NDArray[np.float64]
PassageId = tuple[str, int]
"""Path of the file and index of the passage."""

ASPECTS: Mapping[str, tuple[str, ...]] = {
    "tempo": ("log2_bpm",),
    "rhythm": ("onset_rate_hz", "pulse_clarity", "tempo_stability", "danceability"),
    "key": ("fifths_cos", "fifths_sin", "is_major"),
    "harmony": (
        *("chord_change_rate_hz", "chroma_entropy"),
        *(f"chroma_{k:02d}" for k in range(12)),
    ),
    "brightness": ("centroid_hz_mean", "bandwidth_hz_mean", "rolloff_hz_mean"),
    "timbre": (
        *(f"mfcc_{k:02d}_mean" for k in range(1, 13)),
        *(f"contrast_{k}_db" for k in range(7)),
    ),
    "movement": tuple(f"mfcc_{k:02d}_std" for k in range(1, 13)),
    "dynamics": ("dynamic_complexity_db",),
}
"""What a listener would name, each with its numbers; every aspect counts alike in a distance.

``mfcc_00`` is left out: it is the level of the recording.
"""
NAMES = tuple(name for names in ASPECTS.values() for name in names)
NEAR_SHARE = 0.5
"""An aspect is a reason where it differs by less than this share of what is usual here."""
MAX_REASONS = 3
_TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A passage that sounds like another one.

    Attributes
    ----------
    path, passage
        Where it is.
    distance
        0 is the same; 1.4 is usual between any two passages of a library.
    reasons
        Aspects in which both are close, closest first; may be empty.
    """

    path: str
    passage: int
    distance: float
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The reasons in words.

        >>> Neighbour("a.flac", 0, 0.3, ("tempo", "key")).sentence
        'near because: tempo, key'
        """
        if not self.reasons:
            return "near on the whole, in nothing specially"
        return f"near because: {', '.join(self.reasons)}"


class NeighbourRow(NamedTuple):
    """A neighbour with what else is known of the passage."""

    neighbour: Neighbour
    passage: Passage


NEIGHBOURS: Sequence[Column[NeighbourRow]] = (
    Column("path", "path", "the file", lambda row: row.neighbour.path),
    Column("passage", "int", "index of the passage", lambda row: row.neighbour.passage),
    Column("title", "text", "its title", lambda row: _read_chosen(row, "title")),
    Column("artist", "text", "its artist", lambda row: _read_chosen(row, "artist")),
    Column("distance", "float", "0 is the same, 1.4 usual", lambda row: row.neighbour.distance),
    Column("reasons", "text", "in what both are close", lambda row: row.neighbour.sentence),
)
"""A row per neighbour."""


class FlavorMap(NamedTuple):
    """Passages on a plane, and the share of their variety that it shows, 0 to 1."""

    places: Mapping[PassageId, tuple[float, float]]
    share: float


def find_neighbours(
    results: Sequence[FileResult], path: str, passage: int = 0, *, n: int = 5
) -> tuple[Neighbour, ...]:
    """The passages that sound most like one, nearest first; empty where it is the only one.

    Parameters
    ----------
    results
        The library.
    path, passage
        The passage that is asked about.
    n
        How many at most.

    Raises
    ------
    InvalidInputError
        The passage is not in the library or was not described, or ``n`` is less than 1.
    """
    if n < 1:
        raise InvalidInputError(f"n must be >= 1, got {n}")
    ids, raw = collect_vectors(results)
    if (path, passage) not in ids:
        raise InvalidInputError(f"no described passage {passage} in {path!r}")
    own = ids.index((path, passage))
    parts = measure_aspects(scale_vectors(raw), own)
    distances = np.sqrt(parts.mean(axis=1))
    usual = np.median(np.delete(parts, own, axis=0), axis=0) if len(ids) > 1 else parts[0]
    order = [int(k) for k in np.argsort(distances, kind="stable") if k != own]
    return tuple(
        Neighbour(*ids[k], float(distances[k]), _name_reasons(parts[k], usual)) for k in order[:n]
    )


def compute_flavor_map(results: Sequence[FileResult]) -> FlavorMap:
    """A place on a plane for each described passage: near ones sound alike.

    The two directions of greatest variety (principal components), every aspect counting alike;
    each direction points to where its largest part is positive, so that a map can be made again.
    """
    ids, raw = collect_vectors(results)
    places, share = np.zeros((len(ids), 2)), 0.0
    if len(ids) > 1:
        left, sizes, right = np.linalg.svd(
            scale_vectors(raw) * _compute_weights(), full_matrices=False
        )
        n = min(2, len(sizes))
        peaks = np.abs(right[:n]).argmax(axis=1)
        signs = np.where(right[np.arange(n), peaks] < 0, -1.0, 1.0)
        places[:, :n] = left[:, :n] * sizes[:n] * signs
        share = float((sizes[:n] ** 2).sum() / max((sizes**2).sum(), 1e-12))
    named = {name: (float(x), float(y)) for name, (x, y) in zip(ids, places, strict=True)}
    return FlavorMap(named, share)


def collect_vectors(results: Sequence[FileResult]) -> tuple[list[PassageId], DoubleArray]:
    """Described passages and their numbers, shape ``(n, len(NAMES))``; missing ones are NaN."""
    found = list(_described(results))
    rows = [vector_of(descriptors) for _, descriptors in found]
    return [name for name, _ in found], np.array(rows).reshape(len(rows), len(NAMES))


def vector_of(descriptors: Descriptors) -> DoubleArray:
    """The numbers of one passage in the order of :data:`NAMES`; missing ones are NaN."""
    values = descriptors.as_dict()
    if descriptors.tempo is not None:
        values["log2_bpm"] = float(np.log2(descriptors.tempo.bpm))
    if descriptors.key is not None:
        tonic, _, mode = descriptors.key.name.partition(" ")
        is_major = mode == "major"
        # Relative keys share their notes: a minor key stands where its relative major does.
        place = (_TONICS.index(tonic) + (0 if is_major else 3)) * 7 % 12
        values["fifths_cos"] = float(np.cos(np.pi / 6 * place))
        values["fifths_sin"] = float(np.sin(np.pi / 6 * place))
        values["is_major"] = float(is_major)
    return np.array([values.get(name, np.nan) for name in NAMES], np.float64)


def scale_vectors(raw: DoubleArray) -> DoubleArray:
    """Each number as deviations from the library's mean; a missing one counts as average."""
    known = np.isfinite(raw)
    counts = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, raw - np.where(known, raw, 0.0).sum(axis=0) / counts, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / counts)
    # A number that does not vary says nothing, and its rounding errors must not.
    floor = 1e-9 * np.maximum(np.where(known, np.abs(raw), 0.0).max(axis=0, initial=0.0), 1e-9)
    scaled: DoubleArray = np.where(spread > floor, centred / np.maximum(spread, floor), 0.0)
    return scaled


def measure_aspects(scaled: DoubleArray, own: int) -> DoubleArray:
    """Mean squared difference of each passage to one, shape ``(n, len(ASPECTS))``."""
    squares = (scaled - scaled[own]) ** 2
    borders = np.cumsum([len(names) for names in ASPECTS.values()])[:-1]
    parts = np.split(squares, borders, axis=1)
    return np.stack([part.mean(axis=1) for part in parts], axis=1)


def _read_chosen(row: NeighbourRow, field: str) -> object:
    identity = row.passage.identity
    return getattr(identity.chosen, field) if identity and identity.chosen else None


def _described(results: Sequence[FileResult]) -> Iterator[tuple[PassageId, Descriptors]]:
    for result in results:
        for passage in result.passages:
            if passage.descriptors is not None:
                yield (result.path, passage.index), passage.descriptors


def _name_reasons(parts: DoubleArray, usual: DoubleArray) -> tuple[str, ...]:
    shares = np.sqrt(parts / np.maximum(usual, 1e-12))
    names = tuple(ASPECTS)
    is_telling = usual > 1e-12
    near = [int(k) for k in np.argsort(shares, kind="stable") if shares[k] < NEAR_SHARE]
    return tuple(names[k] for k in near if is_telling[k])[:MAX_REASONS]


def _compute_weights() -> DoubleArray:
    """Factor per number that makes each aspect count alike in a Euclidean distance."""
    sizes = [len(names) for names in ASPECTS.values()]
    return np.repeat(1.0 / np.sqrt(np.array(sizes) * len(sizes)), sizes)
