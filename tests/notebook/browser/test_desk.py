"""The desk of a browser, asked as a page asks it: rows, sounds, covers and points come back."""

import io
import queue
import threading
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from support.example_results import make_measured, make_result
from support.fake_session import Growing

from wkmp_lab.notebook.browser import desk as desks
from wkmp_lab.notebook.browser.desk import Desk
from wkmp_lab.notebook.browser.shelf import Shelf

LONG_S = 60.0
OPEN = {"search": "", "filters": {}, "sort": "", "is_descending": False}


class Asker:
    """A page: what it asks, and what comes back."""

    def __init__(self, session):
        self.session, self.shelf = session, Shelf(session)
        self.heard, self.has_changed = queue.Queue(), threading.Event()
        self.desk = Desk(
            session,
            self.shelf,
            send=lambda said, buffers: self.heard.put((said, buffers)),
            on_change=self.has_changed.set,
        )
        self.token = 0

    def ask(self, what, *, buffers=(), **values):
        self.token += 1
        self.desk.take({"do": what, "me": "a", "token": self.token, **values}, buffers)

    def hear(self, kind):
        """The next message, which is of that kind."""
        said, buffers = self.heard.get(timeout=LONG_S)
        assert said["is"] == kind, said
        return said, buffers

    def rows(self, *, first=0, n=50, anchor=None, lead=None, **asked):
        self.ask("rows", query={**OPEN, **asked}, first=first, n=n, anchor=anchor, lead=lead)
        return self.hear("rows")[0]


@pytest.fixture
def page(session):
    return Asker(session)


@pytest.fixture
def grown():
    """A page on forty made files of two passages each."""
    return Asker(Growing(make_result(f"/music/{n:02d}.flac") for n in range(40)))


def test_a_page_begins_with_columns_axes_and_what_is_selected(page):
    page.ask("begin")
    said, buffers = page.hear("begin")
    assert (said["to"], said["token"]) == ("a", 1)
    assert [column["label"] for column in said["columns"]][:4] == ["file", "#", "title", "artist"]
    assert said["has_covers"]
    assert "tempo_bpm" in said["axes"]
    assert np.frombuffer(buffers[0], "<i4").tolist() == []


def test_rows_come_in_pages_that_tell_how_many_there_are(grown):
    said = grown.rows(first=10, n=5)
    assert (said["n_found"], said["n_all"], said["first"]) == (80, 80, 10)
    assert [row["cells"][:2] for row in said["rows"][:2]] == [["05.flac", "0"], ["05.flac", "1"]]
    assert len(grown.rows(n=100_000)["rows"]) == 80
    assert grown.rows(search="nothing")["n_found"] == 0
    assert grown.rows(search="07.flac", first=60)["rows"][-1]["cells"][0] == "07.flac"


def test_a_row_that_is_to_stay_is_found_in_another_order(grown):
    row = grown.rows(first=3, n=1)["rows"][0]["row"]
    said = grown.rows(first=0, n=10, anchor=row, lead=2, sort="path", is_descending=True)
    at = said["anchor_at"]
    assert said["first"] == at - 2
    assert said["rows"][2]["row"] == row
    assert grown.rows(anchor=row, lead=2, search="07.flac")["anchor_at"] is None
    assert grown.rows(anchor=10_000, lead=2)["anchor_at"] is None


def test_what_is_asked_amiss_is_answered_in_words(page):
    page.ask("rows", query={**OPEN, "filters": {"tempo_bpm": ["fast", ""]}}, first=0, n=5)
    assert page.hear("error")[0]["words"] == "tempo: expected a number, got 'fast'"
    page.ask("points", query=OPEN, x="title", y="tempo_bpm")
    assert "got 'title'" in page.hear("error")[0]["words"]
    page.ask("nonsense")
    page.ask("name", row=77)
    assert "no such passage" in page.hear("error")[0]["words"]


def test_a_click_is_answered_by_the_first_seconds_and_then_by_the_whole_clip(page):
    row = page.rows()["rows"][1]
    page.ask("play", row=row["row"])
    lengths_s = []
    for is_whole in (False, True):
        said, (clip,) = page.hear("clip")
        assert (said["name"], said["is_whole"]) == (row["name"], is_whole)
        with av.open(io.BytesIO(clip)) as container:
            lengths_s.append(container.duration / av.time_base)
    assert lengths_s[0] == pytest.approx(desks.FIRST_S, abs=0.1)
    assert lengths_s[1] == pytest.approx(8.0, abs=0.5)


def test_a_file_that_is_gone_says_so_where_it_was_to_be_played(session, tmp_path):
    moved = [
        replace(each, source=replace(each.source, path=str(tmp_path / Path(each.path).name)))
        for each in session.results
    ]
    page = Asker(Growing(moved))
    page.rows()
    page.ask("play", row=0)
    assert "No such file" in page.hear("unheard")[0]["words"]
    page.ask("covers", rows=[0])
    assert page.hear("cover")[1] == []


def test_covers_come_one_by_one_and_a_click_comes_before_those_that_wait(page):
    rows = {row["cells"][0]: row for row in page.rows()["rows"]}
    assert [row["has_cover"] for row in rows.values()] == [True, False, False]
    numbers = [row["row"] for row in rows.values()]
    page.ask("covers", rows=numbers)
    page.ask("play", row=numbers[0])
    heard = [page.heard.get(timeout=LONG_S) for _ in range(5)]
    kinds = [said["is"] for said, _ in heard]
    assert kinds.count("clip") == 2
    assert "clip" in kinds[:2]
    pictures = {said["row"]: buffers for said, buffers in heard if said["is"] == "cover"}
    assert [bool(pictures[number]) for number in numbers] == [True, False, False]
    page.ask("covers", rows=[])


def test_what_a_page_selects_is_a_table_with_the_rows_and_the_index_of_passages(page):
    rows = page.rows()["rows"]
    page.ask("select", buffers=[np.array([rows[2]["row"], rows[0]["row"]], "<i4").tobytes()])
    said, _ = page.hear("selected")
    assert said["by"] == "a"
    chosen, passages = page.shelf.make_selection(), page.session.passages
    assert chosen.index.tolist() == [0, 2]
    assert chosen.equals(passages.loc[[0, 2]])
    assert chosen.attrs == passages.attrs
    page.ask("begin")
    assert len(np.frombuffer(page.hear("begin")[1][0], "<i4")) == 2
    page.ask("select")
    page.hear("selected")
    assert page.shelf.make_selection().empty


def test_a_range_that_was_never_seen_can_be_selected(grown):
    grown.ask("ids", query={**OPEN, "search": "3", "sort": "path"}, first=1, last=3)
    _, (numbers,) = grown.hear("ids")
    keys = grown.shelf.numbers.find(np.frombuffer(numbers, "<i4").tolist())
    assert keys == [("/music/03.flac", 1), ("/music/13.flac", 0), ("/music/13.flac", 1)]


def test_points_tell_which_of_them_answer_to_the_question(grown):
    grown.ask("points", query={**OPEN, "search": "07.flac"}, x="tempo_bpm", y="start_s")
    said, (numbers, xs, ys, flags) = grown.hear("points")
    assert len(numbers) == len(xs) == len(ys) == 4 * 80
    assert np.frombuffer(flags, "u1").sum() == 2
    grown.ask("map", query=OPEN, x="map", y="map")
    said, (*_, flags) = grown.hear("map")
    assert "variety" in said["words"]
    assert np.frombuffer(flags, "u1").sum() == 80


def test_a_name_is_told_on_demand(page):
    page.rows()
    page.ask("name", row=0)
    assert page.hear("name")[0]["words"].startswith("<img src=x onerror=window.__xss=1> $x$")


def test_rows_that_come_later_are_told_and_numbers_stay(grown):
    before = {row["cells"][0]: row["row"] for row in grown.rows(n=80)["rows"]}
    grown.desk.renew()
    assert grown.heard.empty()
    grown.session.results = (make_result("/music/!.flac"), *grown.session.results)
    grown.desk.renew()
    said, _ = grown.hear("changed")
    assert said["version"] == 1
    after = grown.rows(n=82)
    assert (after["version"], after["n_all"]) == (1, 82)
    found = {row["cells"][0]: row["row"] for row in after["rows"]}
    assert found["!.flac"] == 81
    assert before.items() <= found.items()
    grown.session.results += (make_measured("/music/z.flac"),)
    grown.ask("look")
    said, _ = grown.hear("changed")
    assert "zcr_hz" in [column["name"] for column in said["head"]["columns"]]


def test_a_row_that_is_gone_leaves_the_selection(grown):
    grown.rows()
    grown.ask("select", buffers=[np.array([0, 3], "<i4").tobytes()])
    grown.hear("selected")
    grown.session.results = grown.session.results[1:]
    assert grown.shelf.make_selection()["path"].tolist() == ["/music/01.flac"]


def test_what_stays_is_renewed_when_something_has_changed(grown, monkeypatch):
    monkeypatch.setattr(desks, "CALM_S", 0.0)
    grown.rows(sort="title")
    assert grown.has_changed.wait(LONG_S)
