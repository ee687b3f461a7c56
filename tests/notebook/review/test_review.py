"""The review of a real import: what its buttons do is kept, and can be undone."""

import shutil
from pathlib import Path

import pytest
from support.displays import Handle
from support.example_results import MBID

from wkmp_lab.library.session import import_folder
from wkmp_lab.notebook import standing
from wkmp_lab.notebook.session import NotebookSession
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
NAMES = ("low-water/03 Night Bus.m4a", "pocket/Blue Lantern.mp3", "pocket/recital.wav")


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Three songs that only their tags tell of; returns music folder and store."""
    folder = tmp_path_factory.mktemp("reviewed")
    (folder / "music").mkdir()
    for name in NAMES:
        shutil.copy(SAMPLE / name, folder / "music")
    identifying = IdentifySettings(is_offline=True, catalogue=str(folder / "none.sqlite"))
    settings = Settings(identifying=identifying, running=RunSettings(backend="sequential"))
    import_folder(folder / "music", settings=settings, store=folder / "kept.wkmp.db")
    return folder


@pytest.fixture
def session(imported, tmp_path):
    shutil.copy(imported / "kept.wkmp.db", tmp_path / "kept.wkmp.db")
    return NotebookSession.open(imported / "music", store=tmp_path / "kept.wkmp.db")


def matched(session, key):
    table = session.passages.set_index(["path", "passage"])
    return table.loc[key, "match"], table.loc[key, "recording_mbid"]


def test_every_open_passage_is_gone_through_and_told_as_decided(session):
    review = session.review()
    assert review.n_open == len(review.keys) == 3
    assert "0 of 3 decided" in review._state.value
    keys = list(review.keys)
    for _ in keys:
        review.reject()
    assert review.n_open == 0
    assert "3 of 3 decided" in review._state.value
    assert set(session.decisions["verdict"]) == {"reject"}
    assert session.review().keys == []


def test_a_button_takes_the_candidate_that_is_marked(session):
    review = session.review()
    while not review.item.candidates:
        review._skip.click()
    key = review.item.key
    assert review._candidates.value == 0
    wanted = review.item.candidates[0]
    review._choose.click()
    assert matched(session, key)[0] == "high"
    assert session.get_result(key[0]).passages[0].identity.chosen.title == wanted.title
    assert review.item.key != key


def test_without_a_candidate_nothing_is_offered_to_be_taken_but_what_is_typed(session):
    review = session.review()
    while review.item.candidates:
        assert not review._choose.disabled
        review._skip.click()
    assert review._choose.disabled
    assert review._candidates.layout.display == "none"
    assert "unidentified</b>: nothing here knows it" in review._item.value
    review._typed.value = MBID
    assert not review._choose.disabled


def test_a_typed_id_is_taken_and_undone(session):
    review = session.review()
    key, before = review.item.key, matched(session, review.item.key)
    review._typed.value = f"https://musicbrainz.org/recording/{MBID}"
    review._choose.click()
    assert matched(session, key) == ("high", MBID)
    assert review._typed.value == ""
    review._undo.click()
    assert matched(session, key)[0] == before[0]
    assert review.item.key == key


def test_what_is_no_id_changes_nothing_and_is_told(session):
    review = session.review()
    review._typed.value = "<b>rain</b>"
    review._choose.click()
    assert "expected the id of a recording" in review._message.value
    assert "<b>" not in review._message.value
    assert session.decisions.empty
    review._undo.click()
    assert "nothing to undo" in review._message.value


def test_decisions_hold_after_everything_is_identified_anew(session):
    review = session.review()
    key = review.item.key
    review._reject.click()
    settings = IdentifySettings(is_offline=True)
    session.identify(settings).wait()
    again = NotebookSession.open(session.folder, store=session.store_path)
    assert matched(again, key)[0] == "unidentified"


def test_a_passage_is_played_in_short_clips(session):
    review = session.review()
    review._play_start.click()
    first = review._audio.value
    review._play_end.click()
    assert bytes(first).startswith(b"OggS")
    assert bytes(review._audio.value).startswith(b"OggS")
    assert len(first) < 400_000


def test_the_end_leaves_a_record_without_widgets(session, monkeypatch):
    handle = Handle()
    shown = handle.bundles
    monkeypatch.setattr(standing, "DisplayHandle", lambda: handle)
    review = session.review()
    review._ipython_display_()
    live, folded = shown
    assert "application/vnd.jupyter.widget-view+json" in live
    assert "<summary>What a saved notebook keeps: Review: 3 passages" in folded["text/html"]
    review.reject()
    assert "Review: 2 passages" in shown[-1]["text/html"]
    n_shown = len(shown)
    review.show("one by one")
    assert len(shown) == n_shown, "the same form is not sent again"
    review._done.click()
    end, nothing = shown[-2:]
    assert set(end) == {"text/html", "text/plain"}
    assert end["text/plain"] == "Review: 2 passages to decide on, 1 decision made"
    assert nothing["text/html"] == ""
    review._undo.click()
    assert len(shown) == n_shown + 2


def test_a_terminal_lists_what_is_open(session):
    lines = repr(session.review()).splitlines()
    assert lines[0] == "Review: 3 passages to decide on, 0 decisions made"
    assert len(lines) == 4


def test_a_side_that_is_cut_through_a_song_is_merged_and_parted_again_by_buttons(tmp_path):
    (tmp_path / "music").mkdir()
    shutil.copy(SAMPLE / "sides" / "Side A.ogg", tmp_path / "music")
    known = str(SAMPLE / "wkmp_catalogue.jsonl")
    settings = Settings(
        identifying=IdentifySettings(is_offline=True, catalogue=known),
        running=RunSettings(backend="sequential"),
    )
    session = NotebookSession.start(
        tmp_path / "music", settings=settings, store=tmp_path / "s.wkmp.db"
    ).wait()
    found = session.passages["start_s"].tolist()
    session.recut("Side A.ogg", [15.0, *found[1:]])

    review = session.review()
    assert [passage for _, passage in review.keys] == [0, 1]
    assert review._merge.layout.display == ""
    assert "#0 and #1 may be one passage: both are &#39;Switchyard&#39;" in review._item.value
    review.show("table")
    facts = [row._facts.value for row in review.table._rows]
    assert ["may be one passage: both are" in each for each in facts] == [True, False]
    review.show("one by one")
    review._skip.click()
    assert review._merge.layout.display == "none"
    review._pick.value = 0
    review._merge.click()
    assert session.passages["start_s"].tolist() == found
    assert review.keys == []
    review._undo.click()
    assert session.passages["start_s"].tolist() == [0.0, 15.0, *found[1:]]
