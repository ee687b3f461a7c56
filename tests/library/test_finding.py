"""A file of a library is found by any part of its path that no other has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.display.safe_text import clean_path, elide
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.library.finding import find_file

PATHS = (
    "/music/low water/01 Morning Ferry.flac",
    "/music/low water/old/01 Morning Ferry.mp3",
    "/music/pocket/Morning.opus",
    "/music/pocket/caf\udce9 \u202etxt.ogg",
    "/music/sides/Side A.ogg",
)


def find(asked):
    return find_file(asked, PATHS, folder="/music")


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("/music/pocket/Morning.opus", 2),
        ("pocket/Morning.opus", 2),
        ("Morning.opus", 2),
        ("morning", 2),  # the whole name without its ending, before names that only hold it
        ("old/01", 1),
        ("SIDE", 4),
        ("01 Morning Ferry.mp3", 1),
        (clean_path(PATHS[3]), 3),
        (elide("low water/01 Morning Ferry.flac", 20), 0),
    ],
)
def test_a_file_is_found_by_what_only_it_has(asked, place):
    assert find(asked) == PATHS[place]


@given(st.sampled_from(PATHS), st.integers(0, 40))
def test_a_file_is_found_as_a_table_shows_it(path, start):
    shown = clean_path(path)
    assert find(shown) == find(shown.removeprefix("/music/")) == path
    n_same = max(len(shown) - start, len("Morning.opus"))
    assert find(elide(shown, n_same)) == path


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("ferry", "which 2 have: 'low water/01 Morning Ferry.flac', 'low water/old/01"),
        ("Sode A.ogg", "did you mean 'Side A.ogg'"),
        ("pockt/Morning.opus", "did you mean 'pocket/Morning.opus'"),
        ("nowhere at all", "got 'nowhere at all'$"),
        ("", "got ''$"),
        ("o", "which 5 have: .*, \\.\\.\\.; tell more of the path"),
    ],
)
def test_a_miss_names_who_is_near_and_who_is_meant_too(asked, message):
    with pytest.raises(InvalidInputError, match=message):
        find(asked)
