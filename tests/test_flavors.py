"""WKMP's flavor by its rule, worked out by hand, and by relations."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.flavoring import descriptors
from wkmp_lab.flavors import (
    BINARY_CATEGORIES,
    COMPLEX_CATEGORIES,
    Flavor,
    compute_centroid,
    compute_hellinger_distance,
    flavor_distance,
)
from wkmp_lab.io.web.acousticbrainz import flavor_from_document, read_flavor


def pair(name, value):
    first, second = BINARY_CATEGORIES[name]
    return {name: {first: value, second: 1.0 - value}}


def test_there_are_18_categories_of_71_elements():
    assert len(BINARY_CATEGORIES) == 12
    assert len(COMPLEX_CATEGORIES) == 6
    n_elements = 2 * 12 + sum(len(elements) for elements in COMPLEX_CATEGORIES.values())
    assert n_elements == 71


def test_the_distance_is_the_mean_of_its_two_parts():
    house = {"ambient": 0.1, "dnb": 0.1, "house": 0.6, "techno": 0.1, "trance": 0.1}
    techno = {"ambient": 0.1, "dnb": 0.1, "house": 0.1, "techno": 0.6, "trance": 0.1}
    one = Flavor({**pair("timbre", 0.9), **pair("mood_sad", 0.5), "genre_electronic": house}, "s")
    other = Flavor({**pair("timbre", 0.5), **pair("gender", 0.5), "genre_electronic": techno}, "s")
    binary = (0.9 - 0.5) ** 2  # timbre alone is shared
    complex_ = (0.5**2 + 0.5**2) / 5
    assert flavor_distance(one, other) == pytest.approx((binary + complex_) / 2)


def test_the_documented_example_gives_its_documented_distance():
    """SPEC003's passages A and B. What AcousticBrainz does not have is the user's own here."""
    dances = dict(zip(COMPLEX_CATEGORIES["ismir04_rhythm"], A_DANCES, strict=True))
    house, techno = (
        dict(zip(COMPLEX_CATEGORIES["genre_electronic"], values, strict=True))
        for values in ((0.11, 0.03, 0.47, 0.02, 0.37), (0.11, 0.03, 0.01, 0.82, 0.03))
    )
    passage_a = Flavor(
        {
            **pair("danceability", 0.17),
            **pair("gender", 0.90),
            **pair("mood_relaxed", 0.26),
            "user.xenophobia": {"not_xenophobic": 0.98, "xenophobic": 0.02},
            "genre_electronic": house,
            "user.rhythm": dances,
        },
        "s",
    )
    passage_b = Flavor(
        {
            **pair("danceability", 0.93),
            **pair("gender", 0.33),
            **pair("mood_relaxed", 0.22),
            "user.animal_affinity": {"bird": 0.94, "cat": 0.01, "dog": 0.05},
            "genre_electronic": techno,
            "user.rhythm": B_DANCES,
        },
        "s",
    )
    assert flavor_distance(passage_a, passage_b) == pytest.approx(0.2026475, abs=1e-7)


A_DANCES = (0.02, 0.04, 0.08, 0.16, 0.32, 0.09, 0.07, 0.05, 0.03, 0.14)
B_DANCES = {
    "ChaChaCha": 0.02,
    "Jive": 0.13,
    "Quickstep": 0.36,
    "Rumba": 0.23,
    "Samba": 0.07,
    "Tango": 0.05,
    "Waltz": 0.14,
}


def test_a_part_without_anything_shared_is_the_worst():
    moods = Flavor(pair("mood_sad", 0.5), "s")
    assert flavor_distance(moods, moods) == pytest.approx(0.5)  # no complex category: (0 + 1) / 2
    assert flavor_distance(moods, Flavor(pair("timbre", 0.5), "s")) == 1.0
    assert flavor_distance(Flavor({}, "s"), Flavor({}, "s")) == 1.0


@st.composite
def flavors(draw):
    categories = {}
    for name, elements in {**BINARY_CATEGORIES, **COMPLEX_CATEGORIES}.items():
        if draw(st.booleans()):
            raw = [draw(st.floats(0.01, 1.0)) for _ in elements]
            categories[name] = {e: v / sum(raw) for e, v in zip(elements, raw, strict=True)}
    return Flavor(categories, "s")


@given(flavors(), flavors())
def test_distances_are_symmetric_and_bounded(one, other):
    for distance in (flavor_distance, compute_hellinger_distance):
        assert 0.0 <= distance(one, other) <= 1.0
        assert distance(one, other) == pytest.approx(distance(other, one))


@given(flavors())
def test_hellinger_of_a_flavor_to_itself_is_zero(one):
    expected = 0.0 if one.categories else 1.0
    assert compute_hellinger_distance(one, one) == pytest.approx(expected)


def test_hellinger_counts_a_genre_as_much_as_a_mood():
    jazz, rock = (
        {e: float(e == name) for e in COMPLEX_CATEGORIES["genre_dortmund"]}
        for name in ("jazz", "rock")
    )
    one, other = (Flavor({"genre_dortmund": genre}, "s") for genre in (jazz, rock))
    assert compute_hellinger_distance(one, other) == pytest.approx(1.0)


def test_a_centroid_takes_the_union_and_weighs_by_runtime():
    one = Flavor(pair("timbre", 1.0), "s")
    other = Flavor({**pair("timbre", 0.0), **pair("mood_sad", 0.3)}, "s")
    middle = compute_centroid([one, other], weights=[180.0, 60.0])
    assert middle.categories["timbre"]["bright"] == pytest.approx(0.75)
    assert middle.categories["mood_sad"]["sad"] == pytest.approx(0.3)


@given(st.lists(flavors(), min_size=1, max_size=4))
def test_every_category_of_a_centroid_sums_to_one(some):
    middle = compute_centroid(some, weights=[1.0] * len(some))
    for values in middle.categories.values():
        assert sum(values.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ({"mood_grumpy": {"grumpy": 1.0}}, "one of AcousticBrainz' 18"),
        ({"timbre": {"bright": 0.5, "dull": 0.5}}, "has the elements"),
        ({"timbre": {"bright": 0.5, "dark": 0.4}}, "sum to 1"),
        ({"timbre": {"bright": 1.5, "dark": -0.5}}, ">= 0"),
        ({"user.christmas": {}}, "sum to 1"),
    ],
)
def test_what_is_no_flavor_is_refused(categories, message):
    with pytest.raises(InvalidInputError, match=message):
        Flavor(categories, "s")


def test_users_have_categories_of_their_own():
    one, other = (
        Flavor({"user.christmas": {"yes": yes, "no": 1 - yes}}, "me") for yes in (0.2, 0.7)
    )
    assert flavor_distance(one, other) == pytest.approx((0.25 + 1.0) / 2)  # a pair: binary
    middle = compute_centroid([one, other], weights=[3.0, 1.0])
    assert middle.categories["user.christmas"] == pytest.approx({"yes": 0.325, "no": 0.675})


def test_sources_are_never_mixed():
    one, other = Flavor(pair("timbre", 0.5), "acousticbrainz"), Flavor(pair("timbre", 0.5), "me")
    with pytest.raises(InvalidInputError, match="flavors of one source"):
        flavor_distance(one, other)
    with pytest.raises(InvalidInputError, match="flavors of one source"):
        compute_hellinger_distance(one, other)
    with pytest.raises(InvalidInputError, match="flavors of one source"):
        compute_centroid([one, other], weights=[1, 1])


def test_the_distance_is_public_in_its_phase():
    assert descriptors.flavor_distance is flavor_distance


def document(**classifiers):
    return {"metadata": {}, "highlevel": classifiers}


def test_a_document_gives_what_it_holds_and_leaves_out_what_is_damaged(tmp_path):
    good = {"all": {"bright": 0.7, "dark": 0.3}, "value": "bright", "probability": 0.7}
    torn = {"all": {"happy": 0.7}, "value": "happy"}
    path = tmp_path / "mbid-0.json"
    path.write_text(json.dumps(document(timbre=good, mood_happy=torn, unknown=good)))
    flavor = read_flavor(path, submission=0)
    assert flavor.categories == {"timbre": pytest.approx({"bright": 0.7, "dark": 0.3})}
    assert (flavor.source, flavor.submission) == ("acousticbrainz", 0)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["highlevel", "timbre", "all", "bright", "dark"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_document_gives_a_flavor_or_our_error(found):
    with contextlib.suppress(InvalidInputError):
        assert flavor_from_document(found).categories


def test_a_file_that_is_no_document_is_named(tmp_path):
    path = tmp_path / "page.json"
    path.write_text("<html>gone</html>")
    with pytest.raises(InvalidInputError, match=r"page\.json"):
        read_flavor(path)


def test_user_pairs_of_other_names_share_nothing():
    one = Flavor({"user.mine": {"yes": 0.2, "no": 0.8}}, "s")
    other = Flavor({"user.mine": {"on": 0.3, "off": 0.7}}, "s")
    assert flavor_distance(one, other) == flavor_distance(other, one) == 1.0


def test_a_genre_with_two_elements_is_still_complex():
    one, other = (
        Flavor({**pair("timbre", 0.5), "genre_dortmund": {"jazz": p, "rock": 1 - p}}, "s")
        for p in (0.9, 0.1)
    )
    assert flavor_distance(one, other) == pytest.approx(0.32)


def test_a_centroid_averages_an_element_over_those_that_have_it():
    one, other = (
        Flavor({"genre_dortmund": {"jazz": 0.5, name: 0.5}}, "s") for name in ("rock", "pop")
    )
    middle = compute_centroid([one, other], weights=[1.0, 1.0]).categories["genre_dortmund"]
    assert middle == pytest.approx({"jazz": 1 / 3, "rock": 1 / 3, "pop": 1 / 3})
