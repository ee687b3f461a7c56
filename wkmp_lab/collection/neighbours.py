"""Which passages sound alike, and why: distances between measured descriptors, aspect by aspect.

Works offline on every library. The numbers are scaled by the library's own spread, so a distance
means something within one library only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.flavors import Flavor, compute_hellinger_distance, flavor_distance
from wkmp_lab.model import Descriptors, FileResult, PassageId
from wkmp_lab.signals import DoubleArray

OF_KEY = ("fifths_cos", "fifths_sin", "is_major")
"""What a key is told by."""
ASPECTS: Mapping[str, Mapping[str, float]] = {
    "tempo": {"log2_bpm": 0.0},
    "rhythm": {
        "onset_rate_hz": 0.2,
        "pulse_clarity": 0.3,
        "tempo_stability": 0.1,
        "danceability": 0.0,
    },
    "key": dict.fromkeys(OF_KEY, 0.0),
    "harmony": {
        **dict.fromkeys(("chord_change_rate_hz", "chroma_entropy"), 0.1),
        **{f"chroma_{k:02d}": 0.05 for k in range(12)},
    },
    "brightness": dict.fromkeys(("centroid_hz_mean", "bandwidth_hz_mean", "rolloff_hz_mean"), 0.1),
    "timbre": {
        **{f"mfcc_{k:02d}_mean": 0.4 for k in range(1, 13)},
        **{f"contrast_{k}_db": 0.7 for k in range(7)},
    },
    "movement": {f"mfcc_{k:02d}_std": 1.5 for k in range(1, 13)},
    "dynamics": {"dynamic_complexity_db": 0.0},
}
"""What a listener would name, each with its numbers, and how far lossy coding shifts these, in
deviations of a library (about the median of six encodings of 60 composed pieces).

``mfcc_00`` is left out: it is the level of the recording.
"""
NAMES = tuple(name for numbers in ASPECTS.values() for name in numbers)
LEAST_SHIFT = 0.1
"""No number counts as if it were surer than this."""
NEAR_SHARE = 0.5
"""An aspect is a reason where it differs by less than this share of what is usual here."""
MAX_REASONS = 3
Way = Literal["sound", "wkmp", "hellinger"]
WAYS: tuple[Way, ...] = ("sound", "wkmp", "hellinger")
ALIKE = 0.1
"""Categories of two flavors that are less than this apart (Hellinger) are reasons."""
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A passage that sounds like another one.

    Attributes
    ----------
    path, passage
        Where it is.
    distance
        0 is the same. By sound 1.1 is usual between any two passages of a library; by flavor 1
        is the most.
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


class PassageVectors(NamedTuple):
    """Described passages and their numbers, shape ``(n, len(NAMES))``; missing ones are NaN."""

    ids: Sequence[PassageId]
    raw: DoubleArray


class FlavorMap(NamedTuple):
    """Passages on a plane, and the share of their variety that it shows, 0 to 1."""

    places: Mapping[PassageId, tuple[float, float]]
    share: float


def find_neighbours(
    results: Sequence[FileResult],
    path: str,
    passage: int = 0,
    *,
    n: int = 5,
    by: Way = "sound",
) -> tuple[Neighbour, ...]:
    """The passages that are most like one, nearest first; empty where it is the only one.

    Parameters
    ----------
    results
        The library.
    path, passage
        The passage that is asked about.
    n
        How many at most.
    by
        ``sound``: by what was measured. ``wkmp``: by WKMP's distance of musical flavors
        (:func:`flavors.flavor_distance`), ``hellinger``:
        :func:`flavors.compute_hellinger_distance`; both among passages whose flavor is known.

    Raises
    ------
    InvalidInputError
        The passage is not in the library or was not described, or ``n`` is less than 1.
    """
    if n < 1:
        raise InvalidInputError(f"n must be >= 1, got {n}")
    if by not in WAYS:
        raise InvalidInputError(f"by must be one of {WAYS}, got {by!r}")
    if by != "sound":
        return _find_by_flavor(results, (path, passage), n, by)
    return find_near_vectors(collect_vectors(results), path, passage, n=n)


def find_near_vectors(
    vectors: PassageVectors, path: str, passage: int, *, n: int
) -> tuple[Neighbour, ...]:
    """The ``n`` passages that sound most like one, nearest first; see :func:`find_neighbours`."""
    ids, raw = vectors
    if (path, passage) not in ids:
        raise InvalidInputError(f"no described passage {passage} in {path!r}")
    own = ids.index((path, passage))
    parts = measure_aspects(scale_vectors(raw), own)
    distances = compute_distances(parts)
    usual = np.median(np.delete(parts, own, axis=0), axis=0) if len(ids) > 1 else parts[0]
    order = [int(k) for k in np.argsort(distances, kind="stable") if k != own]
    return tuple(
        Neighbour(*ids[k], float(distances[k]), _name_reasons(parts[k], usual)) for k in order[:n]
    )


def _find_by_flavor(
    results: Sequence[FileResult], own: PassageId, n: int, by: Way
) -> tuple[Neighbour, ...]:
    flavors = {
        (result.path, passage.index): passage.musical_flavor
        for result in results
        for passage in result.passages
        if passage.musical_flavor is not None
    }
    if own not in flavors:
        raise InvalidInputError(f"no musical flavor is known of passage {own[1]} in {own[0]!r}")
    measure = flavor_distance if by == "wkmp" else compute_hellinger_distance
    mine = flavors.pop(own)
    distances = {name: measure(mine, flavor) for name, flavor in flavors.items()}
    nearest = sorted(distances, key=lambda name: (distances[name], name))[:n]
    return tuple(
        Neighbour(*name, distances[name], _name_categories(mine, flavors[name]))
        for name in nearest
    )


def _name_categories(flavor: Flavor, other: Flavor) -> tuple[str, ...]:
    """The categories in which two flavors are alike, most alike first."""
    apart = {
        name: compute_hellinger_distance(
            Flavor({name: flavor.categories[name]}, flavor.source),
            Flavor({name: other.categories[name]}, other.source),
        )
        for name in flavor.categories.keys() & other.categories.keys()
    }
    ordered = sorted(apart, key=lambda name: (apart[name], name))
    return tuple(name for name in ordered if apart[name] < ALIKE)[:MAX_REASONS]


def compute_flavor_map(results: Sequence[FileResult]) -> FlavorMap:
    """A place on a plane for each described passage: near ones sound alike.

    The two directions of greatest variety (principal components), each number counting as in a
    distance; each direction points to where its largest part is positive, so that a map can be
    made again.
    """
    return place_vectors(collect_vectors(results))


def place_vectors(vectors: PassageVectors) -> FlavorMap:
    """The map of passages whose numbers are known; see :func:`compute_flavor_map`."""
    ids, raw = vectors
    places, share = np.zeros((len(ids), 2)), 0.0
    if len(ids) > 1:
        weighed = scale_vectors(raw) * np.sqrt(_compute_weights())
        # Of the numbers' own table of products: its size does not grow with the library.
        variances, axes = np.linalg.eigh(weighed.T @ weighed)
        chosen = axes[:, ::-1][:, :2]
        peaks = np.abs(chosen).argmax(axis=0)
        signs = np.where(chosen[peaks, np.arange(2)] < 0, -1.0, 1.0)
        places = weighed @ (chosen * signs)
        share = float(variances[-2:].sum() / max(variances.sum(), 1e-12))
    named = {name: (x, y) for name, (x, y) in zip(ids, places.tolist(), strict=True)}
    return FlavorMap(named, share)


def collect_vectors(results: Sequence[FileResult]) -> PassageVectors:
    """The numbers of all described passages of a library, by file and passage."""
    found = list(_described(results))
    rows = [vector_of(descriptors) for _, descriptors in found]
    raw = np.array(rows).reshape(len(rows), len(NAMES))
    return PassageVectors([name for name, _ in found], raw)


def vector_of(descriptors: Descriptors) -> DoubleArray:
    """The numbers of one passage in the order of :data:`NAMES`; missing ones are NaN."""
    values = descriptors.as_dict()
    if descriptors.tempo is not None:
        values["log2_bpm"] = float(np.log2(descriptors.tempo.bpm))
    if descriptors.key is not None:
        values |= zip(OF_KEY, place_key(descriptors.key.name), strict=True)
    return np.array([values.get(name, np.nan) for name in NAMES], np.float64)


def place_key(name: str) -> tuple[float, float, float]:
    """Where a key stands on the circle of fifths, and 1.0 where it is major."""
    tonic, _, mode = name.partition(" ")
    is_major = mode == "major"
    # Relative keys share their notes: a minor key stands where its relative major does.
    semitones = _SEMITONES[tonic[0]] + _ACCIDENTALS[tonic[1:]]
    place = (semitones + (0 if is_major else 3)) * 7 % 12
    turn = np.pi / 6 * place
    return float(np.cos(turn)), float(np.sin(turn)), float(is_major)


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
    """Difference of each passage to one, shape ``(n, len(ASPECTS))``.

    The mean of the absolute differences, each number counting by how well it survives a change of
    encoding: one that is far off, as a key told otherwise, cannot outvote the rest.
    """
    weighed = np.abs(scaled - scaled[own]) * _compute_weights()
    parts = np.split(weighed, _borders(), axis=1)
    weights = np.split(_compute_weights(), _borders())
    return np.stack([p.sum(axis=1) / w.sum() for p, w in zip(parts, weights, strict=True)], axis=1)


def compute_distances(parts: DoubleArray) -> DoubleArray:
    """Distances from the differences of the aspects, shape ``(n,)``.

    An aspect of more and surer numbers tells more, by the root of what they weigh together.
    """
    weights = np.sqrt([w.sum() for w in np.split(_compute_weights(), _borders())])
    distances: DoubleArray = parts @ (weights / weights.sum())
    return distances


def _described(results: Sequence[FileResult]) -> Iterator[tuple[PassageId, Descriptors]]:
    for result in results:
        for passage in result.passages:
            if passage.descriptors is not None:
                yield (result.path, passage.index), passage.descriptors


def _name_reasons(parts: DoubleArray, usual: DoubleArray) -> tuple[str, ...]:
    shares = parts / np.maximum(usual, 1e-12)
    names = tuple(ASPECTS)
    is_telling = usual > 1e-12
    near = [int(k) for k in np.argsort(shares, kind="stable") if shares[k] < NEAR_SHARE]
    return tuple(names[k] for k in near if is_telling[k])[:MAX_REASONS]


def _compute_weights() -> DoubleArray:
    """What each number counts, shape ``(len(NAMES),)``."""
    shifts = np.array([shift for numbers in ASPECTS.values() for shift in numbers.values()])
    weights: DoubleArray = 1.0 / np.hypot(shifts, LEAST_SHIFT)
    return weights


def _borders() -> npt.NDArray[np.int64]:
    """Where one aspect's numbers end and the next one's begin."""
    return np.cumsum([len(numbers) for numbers in ASPECTS.values()])[:-1]
