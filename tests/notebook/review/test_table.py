"""The table of a review: what is ticked is decided on together, and undone together."""

from dataclasses import replace

import pytest
from support import example_results as example

from wkmp_lab.library.store import Store
from wkmp_lab.model import Identity
from wkmp_lab.notebook.review.table import PAGE_ROWS
from wkmp_lab.notebook.session import NotebookSession

N_FILES = 2 * PAGE_ROWS + 3


def make_file(folder, number):
    """One passage: every third has no candidate, the others one of two levels."""
    level = ("medium", "low", "unidentified")[number % 3]
    passage = example.make_passage(level=level, title=f"Song {number}")
    best, other = passage.identity.candidates
    candidates = () if level == "unidentified" else (replace(best, score=number / 100), other)
    chosen = candidates[0] if candidates else None
    identity = Identity(level, "agree", chosen, candidates, "")
    path = str(folder / f"{number:03d} {example.HOSTILE.replace('/', ' ')}.flac")
    passages = (replace(passage, identity=identity),)
    return example.make_result(path, passages=passages, sha256=f"{number:064x}")


@pytest.fixture
def session(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    with Store(tmp_path / "kept.wkmp.db", folder=folder) as store:
        store.put_many(make_file(folder, number) for number in range(N_FILES))
    return NotebookSession.open(folder, store=tmp_path / "kept.wkmp.db")


@pytest.fixture
def review(session):
    made = session.review()
    made.show("table")
    return made


def rows_of(review):
    return [row for row in review.table._rows if row.box in review.table._body.children]


def test_the_table_shows_one_page_and_its_widgets_serve_all(review):
    table = review.table
    assert "1 to 25 of 53" in table._place.value
    first = [row._name.description for row in rows_of(review)]
    for _ in range(5):
        table._next.click()
    assert "51 to 53 of 53" in table._place.value
    assert table._next.disabled
    assert len(rows_of(review)) == 3
    assert len(table._rows) == PAGE_ROWS
    for _ in range(2):
        table._previous.click()
    assert [row._name.description for row in rows_of(review)] == first


def test_one_view_is_shown_at_a_time(review):
    assert review._single.layout.display == "none"
    review.show("one by one")
    assert review._single.layout.display == ""
    assert review.table.box.layout.display == "none"


def test_what_is_ticked_is_taken_together_and_undone_by_one_press(session, review):
    for row in rows_of(review)[:3]:
        row._check.value = True
    assert review.table.take.description == "Take the best for 3 ticked"
    keys = list(review.keys[:3])
    review.table.take.click()
    assert "2 taken; 1 without a candidate stay open" in review._message.value
    assert session.decisions["verdict"].tolist() == ["accept", "accept"]
    assert session.passages["match"].tolist()[:3] == ["high", "high", "unidentified"]
    assert "2 of 53 decided" in review._state.value
    assert review.find_open()[0] == keys[2]
    assert review.table.ticked == {keys[2]}
    review._undo.click()
    assert "2 decisions undone" in review._message.value
    assert session.decisions.empty
    assert review.n_open == N_FILES
    review._undo.click()
    assert "nothing to undo" in review._message.value


def test_all_pages_can_be_ticked_and_rejected(session, review):
    review.table._next.click()
    review.table._tick_page.click()
    assert len(review.table.ticked) == PAGE_ROWS
    review.table._tick_all.click()
    assert len(review.table.ticked) == N_FILES
    assert all(row._check.value for row in rows_of(review))
    review.table.reject.click()
    assert review.n_open == 0
    assert set(session.decisions["verdict"]) == {"reject"}
    assert "nothing to show" in review.table._place.value
    assert review.table.take.disabled
    review._undo.click()
    assert review.n_open == N_FILES


def test_what_the_filter_hides_is_no_longer_ticked(review):
    review.table._tick_all.click()
    review.table.level.value = ("medium",)
    shown = review.find_open(["medium"])
    assert review.table.ticked == set(shown)
    review.table.least.value = 0.3
    assert review.table.ticked == set(review.find_open(["medium"], least_score=0.3))
    assert 0 < len(review.table.ticked) < len(shown)
    review.table.level.value = ("high", "medium", "low", "unidentified")
    assert 0 < len(review.table.ticked) < len(shown)
    review.table._untick.click()
    assert not review.table.ticked


def test_ticks_follow_their_passages_when_the_order_changes(review):
    rows_of(review)[1]._check.value = True
    (key,) = review.table.ticked
    review.table.order.value = "score"
    ticked = [row._key for row in rows_of(review) if row._check.value]
    assert review.table.ticked == {key}
    assert ticked == []  # of a lower score, and so on a later page
    review.table._next.click()
    assert [row._key for row in rows_of(review) if row._check.value] == [key]


def test_a_name_opens_its_passage_by_itself(review):
    review.table._next.click()
    row = rows_of(review)[4]
    row._name.click()
    assert review.item.key == row._key == review.keys[PAGE_ROWS + 4]
    assert review._single.layout.display == ""
    review._reject.click()
    review.show("table")
    assert "26 to 50 of 52" in review.table._place.value


def test_a_passage_that_is_gone_is_told_and_not_opened(session, review, monkeypatch):
    gone, *rest = session.results
    row = rows_of(review)[0]
    assert row._key[0] == gone.path
    monkeypatch.setattr(type(session), "results", tuple(rest))
    row._name.click()
    assert "expected a passage that is to be reviewed" in review._message.value
    assert review._single.layout.display == "none"


def test_a_script_does_the_same_without_the_table(session):
    review = session.review()
    sure = review.find_open(["medium"], least_score=0.2, order="lowest score")
    assert sure == sorted(sure)
    review.take_best(sure)
    assert set(session.decisions["verdict"]) == {"accept"}
    review.reject_all(review.find_open(["unidentified"]))
    n_decided = len(session.decisions)
    review.undo()
    assert len(session.decisions) == len(sure) < n_decided


def test_what_outside_words_say_is_text_in_the_table(review):
    row = rows_of(review)[0]
    assert "<script" not in row._facts.value
    assert "\u202e" not in row._check.description + row._name.description
    assert "alert" in row._name.description
    assert row._check.description_allow_html is False


def test_a_box_to_tick_is_named_for_those_who_hear_the_page(review):
    for row in rows_of(review):
        assert row._check.description == f"Tick {row._name.description}"
    assert 'role="status"' in review.table._count.value
    assert ">score <" in rows_of(review)[0]._facts.value
