"""The rows of a browser: what each column shows, where names come from, what is read when."""

from dataclasses import replace

import numpy as np
import pytest
from support.example_results import make_hostile, make_measured, make_result

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import Tags
from wkmp_lab.model.declared import DeclaredPiece
from wkmp_lab.notebook.browser.columns import name_row, read_artist, read_title
from wkmp_lab.notebook.browser.listing import fold, make_listing
from wkmp_lab.notebook.browser.pages import make_head, make_rows, pack_points
from wkmp_lab.notebook.browser.planes import MAP, find_plane
from wkmp_lab.tables.columns import PassageRow


def make_row(*, is_identified, declared=None, n_passages=1, tags=None):
    whole = make_result(tags=tags or Tags(title="Mist", artist="Fog"))
    passage = replace(whole.passages[0 if is_identified else 1], declared=declared)
    return PassageRow(replace(whole, passages=(passage,) * n_passages), passage)


def test_a_title_is_that_of_the_recording_then_what_the_file_says():
    piece = DeclaredPiece(0, title="Hail", performer="The Sheets")
    identified = make_row(is_identified=True, declared=piece)
    assert (read_title(identified), read_artist(identified)) == ("Rain", "The Drops")
    told = make_row(is_identified=False, declared=piece)
    assert (read_title(told), read_artist(told)) == ("Hail", "The Sheets")
    tagged = make_row(is_identified=False)
    assert (read_title(tagged), read_artist(tagged)) == ("Mist", "Fog")
    assert name_row(tagged) == "Mist - Fog"


def test_the_tags_of_a_side_name_none_of_its_pieces():
    side = make_row(is_identified=False, n_passages=2)
    assert read_title(side) is None
    assert read_artist(side) is None
    assert name_row(side) == "side a.flac #1"


def test_rows_travel_as_short_texts_without_hidden_signs():
    listing = make_listing([make_hostile(), make_result()])
    hostile, *_ = make_rows(listing, np.arange(len(listing)), [7, 8, 9], folder="/music/")
    cells = dict(zip([c.name for c in listing.columns], hostile["cells"], strict=True))
    assert hostile["row"] == 7
    assert cells["title"] == "=1+1<script>alert('x')</script> End �"
    assert cells["path"].startswith("<img src=x onerror=y>")
    assert cells["duration_s"] == "1:40"
    assert cells["loudness_lufs"] == "-14.0"
    assert not any(sign in "".join(hostile["cells"]) for sign in "\u202e\x00\n")
    assert not hostile["is_told"]
    assert not hostile["has_cover"]


def test_own_measures_are_the_last_columns_and_numbers_among_them_axes():
    listing = make_listing([make_measured()])
    names = [column["name"] for column in make_head(listing)["columns"]]
    assert names[-2:] == ["zcr_hz", "mood"]
    assert "zcr_hz" in listing.axes
    assert "mood" not in listing.axes
    assert {"loudness_lufs", "centroid_hz"} <= set(listing.axes)


def test_nothing_of_a_column_is_read_before_it_is_asked_for():
    listing = make_listing([make_result()] * 2)
    assert listing.numbers("tempo_bpm") is listing.numbers("tempo_bpm")
    columns = {column.name: column for column in listing.columns}
    assert listing.order(columns["title"]) is listing.order(columns["title"])


def test_texts_are_compared_without_case_and_accents():
    assert fold("Ágætis BYRJUN") == "agætis byrjun"


def test_points_without_a_number_are_left_out():
    numbers, xs, ys, flags = pack_points(
        np.array([1.0, np.nan, 3.0]),
        np.array([4.0, 5.0, np.inf]),
        np.array([10, 11, 12]),
        np.array([False, True, True]),
    )
    assert np.frombuffer(numbers, "<i4").tolist() == [10]
    assert np.frombuffer(xs, "<f4").tolist() == [1.0]
    assert np.frombuffer(ys, "<f4").tolist() == [4.0]
    assert np.frombuffer(flags, "u1").tolist() == [0]


def test_a_plane_is_that_of_two_numbers_or_of_all_descriptors():
    listing = make_listing([make_result("/music/a.flac"), make_result("/music/b.flac")])
    xs, ys, _ = find_plane(listing, "tempo_bpm", "centroid_hz")
    assert xs.tolist() == [120.0] * 4
    assert ys.tolist() == [1500.0] * 4
    xs, ys, words = find_plane(listing, MAP, MAP)
    assert np.isfinite([xs, ys]).all()
    assert "of their variety" in words
    with pytest.raises(InvalidInputError, match="a number of a passage, got 'title'"):
        find_plane(listing, "title", "tempo_bpm")


def test_an_empty_library_has_columns_and_no_rows():
    listing = make_listing([])
    assert len(listing) == 0
    assert [column.name for column in listing.columns][:2] == ["path", "passage"]
    assert find_plane(listing, MAP, MAP)[0].tolist() == []
