"""Neighbours and the map, on libraries made by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.example_flavors import DERIVED, describe, make_file, make_library

from wkmp_lab.collection.neighbours import (
    NAMES,
    Neighbour,
    compute_flavor_map,
    find_neighbours,
    vector_of,
)
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.flavoring.descriptors import DESCRIPTORS


def test_every_number_of_an_aspect_is_measured():
    assert set(NAMES) - DERIVED <= {descriptor.name for descriptor in DESCRIPTORS}
    assert len(set(NAMES)) == len(NAMES)


def test_a_copy_is_the_first_neighbour_at_no_distance():
    library = make_library()
    copy = make_file("copy.flac", library[7].passages[0].descriptors)
    first, second = find_neighbours([*library, copy], "07.flac", n=2)
    assert (first.path, first.passage, first.distance) == ("copy.flac", 0, 0.0)
    assert len(first.reasons) == 3
    assert second.distance > 0.0


def test_reasons_name_the_aspects_that_are_alike():
    rng = np.random.default_rng(3)
    plain = {"centroid_hz_mean": 1500.0, "dynamic_complexity_db": 3.0}
    pieces = [
        describe(
            {
                "centroid_hz_mean": rng.uniform(800, 4000),
                "dynamic_complexity_db": rng.uniform(1, 9),
            },
            bpm=float(rng.uniform(60, 180)),
        )
        for _ in range(30)
    ]
    twin = describe({**plain, "dynamic_complexity_db": 9.0}, bpm=100.0)
    library = [make_file("own.flac", describe(plain, bpm=100.0)), make_file("side.flac", *pieces)]
    found = find_neighbours([*library, make_file("twin.flac", twin)], "own.flac", n=31)
    reasons = next(neighbour.reasons for neighbour in found if neighbour.path == "twin.flac")
    assert set(reasons) == {"tempo", "brightness"}


def test_reasons_read_as_a_sentence():
    assert Neighbour("a", 0, 0.1, ("tempo", "key")).sentence == "near because: tempo, key"
    assert Neighbour("a", 0, 0.1, ()).sentence == "near on the whole, in nothing specially"


def test_relative_keys_stand_together_and_differ_in_mode():
    major, minor, far = (
        dict(zip(NAMES, vector_of(describe({}, key=key)), strict=True))
        for key in ("C major", "A minor", "F# major")
    )
    assert major["fifths_cos"] == pytest.approx(minor["fifths_cos"])
    assert major["is_major"] != minor["is_major"]
    assert far["fifths_cos"] == pytest.approx(-major["fifths_cos"])


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_distance_is_symmetric_and_ordered(seed, n):
    library = make_library(n, seed=seed)
    found = find_neighbours(library, "00.flac", n=n)
    assert len(found) == n - 1
    distances = [neighbour.distance for neighbour in found]
    assert distances == sorted(distances)
    back = find_neighbours(library, found[0].path, n=n)
    mirrored = next(neighbour for neighbour in back if neighbour.path == "00.flac")
    assert mirrored.distance == pytest.approx(found[0].distance)


def test_units_do_not_matter():
    library = make_library()
    scaled = [
        make_file(
            file.path,
            describe(
                {k: 1000.0 * v - 5.0 for k, v in file.passages[0].descriptors.as_dict().items()},
                bpm=file.passages[0].descriptors.tempo.bpm,
                key=file.passages[0].descriptors.key.name,
            ),
        )
        for file in library
    ]
    for a, b in zip(
        find_neighbours(library, "00.flac"), find_neighbours(scaled, "00.flac"), strict=True
    ):
        assert a.path == b.path
        assert a.distance == pytest.approx(b.distance)


def test_a_lonely_passage_has_no_neighbours():
    assert find_neighbours(make_library(1), "00.flac") == ()


def test_missing_numbers_and_constant_ones_do_no_harm():
    library = [make_file("a", describe({})), make_file("b", describe({"flatness_mean": 1.0}))]
    (found,) = find_neighbours(library, "a")
    assert found.distance == 0.0
    assert found.reasons == ()


@pytest.mark.parametrize(("path", "passage"), [("nowhere.flac", 0), ("00.flac", 1)])
def test_an_unknown_passage_is_refused(path, passage):
    with pytest.raises(InvalidInputError, match="no described passage"):
        find_neighbours(make_library(), path, passage)


def test_none_wanted_is_refused():
    with pytest.raises(InvalidInputError, match="n must be >= 1, got 0"):
        find_neighbours(make_library(), "00.flac", n=0)


def test_the_map_keeps_copies_together_and_every_passage():
    library = make_library()
    copy = make_file("copy.flac", library[7].passages[0].descriptors)
    places = compute_flavor_map([*library, copy]).places
    assert len(places) == 21
    assert places["copy.flac", 0] == pytest.approx(places["07.flac", 0])
    assert places == compute_flavor_map([*library, copy]).places


@pytest.mark.parametrize("n", [0, 1, 2])
def test_the_map_of_next_to_nothing_is_finite(n):
    places = compute_flavor_map(make_library(n)).places
    assert len(places) == n
    assert all(math.isfinite(value) for place in places.values() for value in place)
