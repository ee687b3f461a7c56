"""WKMP's musical flavor: a distribution for each of AcousticBrainz' high-level categories.

The rules are those of WKMP's SPEC003. A flavor is read, never guessed: wkmp_lab measures its own
descriptors (:mod:`wkmp_lab.flavoring`) and puts no numbers of them into these categories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wkmp_lab.errors import InvalidInputError

BINARY_CATEGORIES: Mapping[str, tuple[str, str]] = {
    "danceability": ("danceable", "not_danceable"),
    "gender": ("female", "male"),
    "mood_acoustic": ("acoustic", "not_acoustic"),
    "mood_aggressive": ("aggressive", "not_aggressive"),
    "mood_electronic": ("electronic", "not_electronic"),
    "mood_happy": ("happy", "not_happy"),
    "mood_party": ("party", "not_party"),
    "mood_relaxed": ("relaxed", "not_relaxed"),
    "mood_sad": ("sad", "not_sad"),
    "timbre": ("bright", "dark"),
    "tonal_atonal": ("atonal", "tonal"),
    "voice_instrumental": ("instrumental", "voice"),
}
COMPLEX_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "genre_dortmund": tuple(
        "alternative blues electronic folkcountry funksoulrnb jazz pop raphiphop rock".split()
    ),
    "genre_electronic": ("ambient", "dnb", "house", "techno", "trance"),
    "genre_rosamerica": ("cla", "dan", "hip", "jaz", "pop", "rhy", "roc", "spe"),
    "genre_tzanetakis": tuple("blu cla cou dis hip jaz met pop reg roc".split()),
    "ismir04_rhythm": (
        *("ChaChaCha", "Jive", "Quickstep", "Rumba-American", "Rumba-International"),
        *("Rumba-Misc", "Samba", "Tango", "VienneseWaltz", "Waltz"),
    ),
    "moods_mirex": ("Cluster1", "Cluster2", "Cluster3", "Cluster4", "Cluster5"),
}
CATEGORIES: Mapping[str, tuple[str, ...]] = {**BINARY_CATEGORIES, **COMPLEX_CATEGORIES}
USER_PREFIX = "user."
SUM_TOLERANCE = 1e-4
"""How far the values of a category may be from a sum of 1 (SPEC003)."""
WORST = 1.0
"""Distance where there is nothing in common to compare."""

Distribution = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Flavor:
    """Categories with a distribution each.

    Attributes
    ----------
    categories
        Category to element to probability. Names are those of AcousticBrainz, or begin with
        ``user.``; the values of each sum to 1.
    source
        Where it comes from; flavors of different sources are on different scales.
    submission
        Which of several submissions for one recording; None where there is one.
    """

    categories: Mapping[str, Distribution]
    source: str
    submission: int | None = None

    def __post_init__(self) -> None:
        for name, values in self.categories.items():
            _check_category(name, values)


def flavor_distance(flavor: Flavor, other: Flavor) -> float:
    """Distance of two flavors by WKMP's rule, 0 (same) to 1.

    The mean of two parts. Binary: over the two-valued categories that both have, the mean squared
    difference of one value of each pair; 1 where they share none. Complex: over the others that
    both have, the mean of each category's mean squared difference over the elements that both
    have; 1 where they share none.

    Raises
    ------
    InvalidInputError
        The flavors are of different sources.

    Examples
    --------
    >>> calm = Flavor({"mood_happy": {"happy": 0.2, "not_happy": 0.8}}, "acousticbrainz")
    >>> merry = Flavor({"mood_happy": {"happy": 0.7, "not_happy": 0.3}}, "acousticbrainz")
    >>> round(flavor_distance(calm, merry), 6)
    0.625
    """
    _check_sources([flavor, other])
    shared = sorted(flavor.categories.keys() & other.categories.keys())
    pairs = [(flavor.categories[name], other.categories[name]) for name in shared]
    pair_flags = [
        name in BINARY_CATEGORIES or _is_user_pair(name, flavor, other) for name in shared
    ]
    binary = [
        _first_difference(a, b)
        for (a, b), is_pair in zip(pairs, pair_flags, strict=True)
        if is_pair
    ]
    mixed = [
        _mean_difference(a, b)
        for (a, b), is_pair in zip(pairs, pair_flags, strict=True)
        if not is_pair
    ]
    complex_ = [value for value in mixed if value is not None]
    return (_mean(binary) + _mean(complex_)) / 2.0


def compute_hellinger_distance(flavor: Flavor, other: Flavor) -> float:
    """Mean Hellinger distance over the shared categories, 0 to 1.

    Each category counts alike, whatever its number of elements: under WKMP's rule a genre of ten
    can add 0.2 at most where a mood of two adds 1. 1 where no category is shared.

    Raises
    ------
    InvalidInputError
        The flavors are of different sources.
    """
    _check_sources([flavor, other])
    shared = flavor.categories.keys() & other.categories.keys()
    return _mean([_hellinger(flavor.categories[n], other.categories[n]) for n in sorted(shared)])


def compute_centroid(flavors: Sequence[Flavor], *, weights: Sequence[float]) -> Flavor:
    """The weighted middle of flavors: of a passage of several songs, or of a taste.

    Each category is averaged over the flavors that have it (the union of all), by weight (WKMP:
    the songs' run-times), and brought back to a sum of 1.

    Raises
    ------
    InvalidInputError
        No flavor, weights that do not fit, or different sources.
    """
    if not flavors or len(flavors) != len(weights) or min(weights) <= 0:
        raise InvalidInputError(
            f"a centroid needs flavors with a positive weight each, got {len(flavors)} flavors "
            f"and weights {list(weights)}"
        )
    _check_sources(flavors)
    names = sorted({name for flavor in flavors for name in flavor.categories})
    return Flavor({name: _blend(name, flavors, weights) for name in names}, flavors[0].source)


def _blend(name: str, flavors: Sequence[Flavor], weights: Sequence[float]) -> Distribution:
    totals: dict[str, float] = {}
    heard: dict[str, float] = {}
    for flavor, weight in zip(flavors, weights, strict=True):
        for element, value in flavor.categories.get(name, {}).items():
            totals[element] = totals.get(element, 0.0) + weight * value
            heard[element] = heard.get(element, 0.0) + weight
    means = {element: total / heard[element] for element, total in totals.items()}
    whole = sum(means.values())
    return {element: mean / whole for element, mean in means.items()}


def _check_category(name: str, values: Distribution) -> None:
    known = CATEGORIES.get(name)
    if known is None and not name.startswith(USER_PREFIX):
        raise InvalidInputError(
            f"a category is one of AcousticBrainz' 18 or begins with {USER_PREFIX!r}, got {name!r}"
        )
    if name in BINARY_CATEGORIES and len(values) == 1:
        raise InvalidInputError(f"category {name!r} needs both of {known}, got {dict(values)}")
    if known is not None and not values.keys() <= set(known):
        strange = sorted(values.keys() - set(known))
        raise InvalidInputError(f"category {name!r} has the elements {known}, got {strange}")
    total = sum(values.values())
    is_fit = bool(values) and min(values.values()) >= 0 and abs(total - 1.0) <= SUM_TOLERANCE
    if not is_fit:
        raise InvalidInputError(
            f"the values of category {name!r} must be >= 0 and sum to 1, got {dict(values)}"
        )


def _check_sources(flavors: Sequence[Flavor]) -> None:
    sources = sorted({flavor.source for flavor in flavors})
    if len(sources) > 1:
        raise InvalidInputError(
            f"flavors of one source can be compared, got {', '.join(map(repr, sources))}"
        )


def _first_difference(values: Distribution, others: Distribution) -> float:
    """Squared difference of one value of a pair; either gives the same, as both sum to 1."""
    element = min(values)
    return float((values[element] - others[element]) ** 2)


def _is_user_pair(name: str, flavor: Flavor, other: Flavor) -> bool:
    """True for a category of the user's own that has the same two elements in both."""
    elements = flavor.categories[name].keys()
    same = elements == other.categories[name].keys()
    return name.startswith(USER_PREFIX) and same and len(elements) == 2


def _mean_difference(values: Distribution, others: Distribution) -> float | None:
    shared = values.keys() & others.keys()
    if not shared:
        return None
    return sum((values[name] - others[name]) ** 2 for name in shared) / len(shared)


def _hellinger(values: Distribution, others: Distribution) -> float:
    names = values.keys() | others.keys()
    total = sum((values.get(n, 0.0) ** 0.5 - others.get(n, 0.0) ** 0.5) ** 2 for n in names)
    return float((total / 2.0) ** 0.5)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else WORST
