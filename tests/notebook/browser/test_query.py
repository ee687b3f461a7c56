"""Sorting, filtering and searching: relations that hold for whatever is asked of a library."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.example_results import make_passage, make_result

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import MATCH_LEVELS, Tags, Tempo
from wkmp_lab.notebook.browser.listing import make_listing
from wkmp_lab.notebook.browser.query import find_places, read_query
from wkmp_lab.notebook.browser.record import describe_query

TITLES = ("Rain", "rain on tin", "Ñandú", "Émile", "zero", "10 Days", "Aß", None)


def make_song(n, *, title, bpm, level):
    passage = make_passage(0, title=title, level=level, end_s=60.0 + n)
    tempo = None if bpm is None else Tempo(bpm, 0.8, is_octave_uncertain=False)
    passage = replace(passage, descriptors=replace(passage.descriptors, tempo=tempo))
    return make_result(f"/music/{n:02d}.flac", passages=(passage,), tags=Tags())


@pytest.fixture(scope="module")
def listing():
    songs = [
        make_song(
            n,
            title=TITLES[n % len(TITLES)],
            bpm=None if n % 5 == 0 else 60.0 + 7 * n,
            level=("high", "unidentified", "medium")[n % 3],
        )
        for n in range(24)
    ]
    return make_listing(songs)


COLUMNS = ("title", "artist", "duration_s", "tempo_bpm", "match", "key", "path", "passage")
ASKED = st.fixed_dictionaries(
    {
        "search": st.sampled_from(["", "rain", "nandu", "music", "RAIN tin", "nothing"]),
        "sort": st.sampled_from(["", "gone", *COLUMNS]),
        "is_descending": st.booleans(),
        "filters": st.fixed_dictionaries(
            {},
            optional={
                "title": st.sampled_from(["", "e", "ß", "DAYS"]),
                "tempo_bpm": st.tuples(
                    st.sampled_from(["", "60", "100,5"]), st.sampled_from(["", "150"])
                ).map(list),
                "duration_s": st.sampled_from([["1:05", ""], ["", "1:10"], ["", ""]]),
                "match": st.lists(st.sampled_from(MATCH_LEVELS), unique=True),
            },
        ),
    }
)


def ask(listing, asked):
    return find_places(listing, read_query(asked, listing.columns))


@given(ASKED)
def test_an_order_changes_no_answer_and_a_filter_no_order(listing, asked):
    found = ask(listing, asked)
    assert len(set(found.tolist())) == len(found)
    unsorted = ask(listing, {**asked, "sort": ""})
    assert unsorted.tolist() == sorted(found.tolist())
    unfiltered = ask(listing, {**asked, "filters": {}, "search": ""})
    assert [at for at in unfiltered.tolist() if at in set(found.tolist())] == found.tolist()


@given(st.sampled_from(COLUMNS), st.booleans())
def test_rows_without_a_value_come_last_in_either_order(listing, sort, is_descending):
    found = ask(listing, {"sort": sort, "is_descending": is_descending})
    column = next(each for each in listing.columns if each.name == sort)
    is_missing = [column.read(listing.rows[at]) is None for at in found]
    assert is_missing == sorted(is_missing)


@given(ASKED, ASKED)
def test_two_filters_find_what_both_find(listing, asked, other):
    both = {**asked, "filters": {**other["filters"], **asked["filters"]}}
    rest = {name: each for name, each in other["filters"].items() if name not in asked["filters"]}
    alone = set(ask(listing, asked).tolist()) & set(ask(listing, {"filters": rest}).tolist())
    assert set(ask(listing, both).tolist()) == alone


def test_numbers_are_ordered_as_numbers_and_levels_by_what_they_say(listing):
    tempi = listing.numbers("tempo_bpm")[ask(listing, {"sort": "tempo_bpm"})]
    known = tempi[~np.isnan(tempi)]
    assert known.tolist() == sorted(known)
    found = ask(listing, {"sort": "match"})
    levels = [listing.rows[at].passage.identity.level for at in found]
    assert levels == sorted(levels, key=MATCH_LEVELS.index)


def test_accents_and_case_are_no_obstacle(listing):
    found = ask(listing, {"search": "nandu"})
    assert len(found)
    assert {listing.rows[at].passage.identity.chosen.title for at in found} == {"Ñandú"}
    assert ask(listing, {"filters": {"title": "ASS"}}).tolist()


def test_a_bound_that_is_no_number_is_refused_by_its_heading(listing):
    with pytest.raises(InvalidInputError, match="tempo: expected a number, got 'fast'"):
        read_query({"filters": {"tempo_bpm": ["fast", ""]}}, listing.columns)
    with pytest.raises(InvalidInputError, match="length: expected a number, got '1:99'"):
        read_query({"filters": {"duration_s": ["", "1:99"]}}, listing.columns)
    with pytest.raises(InvalidInputError, match="expected a number, got 'nan'"):
        read_query({"filters": {"tempo_bpm": ["nan", ""]}}, listing.columns)


def test_a_minus_sign_of_print_is_a_minus(listing):
    query = read_query({"filters": {"loudness_lufs": ["\u221220", "-10"]}}, listing.columns)
    assert (query.filters[0].low, query.filters[0].high) == (-20.0, -10.0)


def test_what_was_asked_is_told_in_words(listing):
    asked = {
        "search": "rain",
        "filters": {
            "title": "tin",
            "tempo_bpm": ["60", "150"],
            "duration_s": ["1:00", ""],
            "match": ["high", "low"],
        },
        "sort": "duration_s",
    }
    words = describe_query(read_query(asked, listing.columns), listing.columns)
    assert words == (
        '"rain", title with "tin", tempo from 60 to 150, length from 60, match high or low, '
        "by length"
    )
