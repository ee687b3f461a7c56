"""Which passages are shown to a person, and what is said of them."""

from dataclasses import replace

import pytest
from support import example_results as example

from wkmp_lab.collection.review_queue import (
    arrange_items,
    find_items,
    find_open,
    read_recording_id,
)
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.identifying.decisions import apply_decisions, make_identity_decision
from wkmp_lab.model import Candidate, DeclaredPiece, Evidence, Identity
from wkmp_lab.notebook.review.html import (
    MAX_CANDIDATES,
    format_item_html,
    format_review_html,
    name_candidate,
    name_item,
)

LEVELS = ("high", "medium", "low", "unidentified")


def file_of(path, *levels):
    passages = tuple(
        example.make_passage(index, start_s=100.0 * index, end_s=100.0 * index + 99.0, level=level)
        for index, level in enumerate(levels)
    )
    return example.make_result(path, passages=passages, sha256="ab" * 32)


def test_what_is_not_sure_is_open_in_the_order_of_the_library():
    files = [file_of("/b.flac", *LEVELS), file_of("/a.flac", "low")]
    keys = [item.key for item in find_open(files)]
    assert keys == [("/a.flac", 0), ("/b.flac", 1), ("/b.flac", 2), ("/b.flac", 3)]
    assert [item.key for item in find_open(files, ["medium"])] == [("/b.flac", 1)]


def test_what_was_decided_is_no_longer_open_but_still_there():
    file = file_of("/a.flac", "low", "medium")
    decided = apply_decisions(file, [make_identity_decision(file, 0, "reject")])
    assert [item.key for item in find_open([decided])] == [("/a.flac", 1)]
    (item,) = find_items([decided], [("/a.flac", 0)])
    assert item.is_decided
    assert name_item(item).endswith(": decided")
    assert find_items([decided], [("/a.flac", 9)]) == ()
    assert find_items([], [("/a.flac", 0)]) == ()


def item_of(path, level, *scores):
    """A passage with one candidate for each score."""
    candidates = tuple(
        Candidate(None, f"Song {number}", None, score, "low")
        for number, score in enumerate(scores)
    )
    chosen = None if level == "unidentified" else candidates[0]
    identity = Identity(level, "agree", chosen, candidates, "")
    passage = replace(example.make_passage(0), identity=identity)
    (item,) = find_items([example.make_result(path, passages=(passage,))], [(path, 0)])
    return item


ITEMS = [
    item_of("/a", "low", 0.9, 0.8),
    item_of("/b", "medium", 0.6, 0.1),
    item_of("/c", "unidentified"),
    item_of("/d", "medium", 0.7),
]


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("file", "abcd"),
        ("level", "dbac"),
        ("score", "adbc"),
        ("lowest score", "cbda"),
        ("margin", "bacd"),
    ],
)
def test_items_are_put_in_order_by_what_is_known_of_them(order, wanted):
    assert "".join(i.result.path[1] for i in arrange_items(ITEMS[::-1], order=order)) == wanted


def test_items_are_left_out_by_level_and_by_score():
    assert [i.result.path for i in arrange_items(ITEMS, levels=["medium"])] == ["/b", "/d"]
    assert [i.result.path for i in arrange_items(ITEMS, least_score=0.7)] == ["/a", "/d"]


def test_the_margin_is_known_where_there_is_a_runner_up():
    assert [item.margin for item in ITEMS] == [
        pytest.approx(0.1),
        pytest.approx(0.5),
        None,
        None,
    ]
    twins = item_of("/e", "unidentified", 0.5, 0.5)
    assert twins.margin == 0.0


def test_what_nobody_has_looked_for_is_not_to_be_reviewed():
    passage = replace(example.make_passage(0), identity=None)
    assert find_open([example.make_result(passages=(passage,))]) == ()


@pytest.mark.parametrize(
    "typed",
    [
        example.MBID,
        f"  {example.MBID.upper()}\n",
        f"https://musicbrainz.org/recording/{example.MBID}",
        f"https://musicbrainz.org/recording/{example.MBID}/?tport=8000",
    ],
)
def test_ids_and_addresses_of_recordings_are_read(typed):
    assert read_recording_id(typed) == example.MBID


@pytest.mark.parametrize(
    "typed", ["", "rain", f"https://musicbrainz.org/release/{example.MBID}", example.MBID[:-1]]
)
def test_what_is_no_recording_is_refused_with_what_came(typed):
    with pytest.raises(InvalidInputError, match=r"expected the id of a recording .* got"):
        read_recording_id(typed)


def test_hostile_candidates_are_shown_as_text():
    hostile = Candidate(
        None, example.HOSTILE, example.HOSTILE, 0.5, "low", (Evidence("tags", 1, -0.2, "<img>"),)
    )
    identity = Identity("unidentified", "ambiguous", None, (hostile,) * 20, example.HOSTILE)
    passage = replace(example.make_passage(0), identity=identity)
    file = example.make_result(passages=(passage,))
    (item,) = find_open([file])
    html = format_item_html(item)
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("<tr>") == 1 + MAX_CANDIDATES
    assert f"and {20 - MAX_CANDIDATES} more" in html
    assert "\u202e" not in name_candidate(hostile) + name_item(item)


def test_a_passage_shows_what_its_sheet_declares_and_not_what_the_tags_say_of_the_whole_file():
    piece = DeclaredPiece(0, "Declared", "Band")
    passage = replace(example.make_passage(level="unidentified"), declared=piece)
    (item,) = find_open([example.make_result(passages=(passage,))])
    assert "Band - Weather - Declared" in format_item_html(item)


def test_the_record_of_a_review_needs_no_widgets():
    file = file_of("/a.flac", "low", "medium")
    decided = [(1.0, make_identity_decision(file, 0, "accept"))]
    html = format_review_html(decided, find_open([apply_decisions(file, [decided[0][1]])]))
    assert "a.flac #1" in html
    assert "Review: 1 passage to decide on, 1 decision made" in html
    assert "accept" in html
    assert "<style" not in html
