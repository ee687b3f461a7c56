"""A browser as it is shown: a widget, a table that stays, lines in a terminal."""

import queue

import numpy as np
import pytest
from support.displays import Handle
from support.example_results import make_hostile, make_result
from support.fake_session import Growing

from wkmp_lab.notebook import standing
from wkmp_lab.notebook.browser import browser as browsers
from wkmp_lab.notebook.browser import desk as desks
from wkmp_lab.notebook.browser.browser import Browser
from wkmp_lab.notebook.browser.page import BrowserPage
from wkmp_lab.notebook.browser.record import MAX_KEPT

LONG_S = 30.0
XSS = "<img src=x onerror=window.__xss=1>"


@pytest.fixture
def handles(monkeypatch):
    """What a cell shows, as it comes."""
    made = []

    def make():
        made.append(Handle())
        return made[-1]

    monkeypatch.setattr(standing, "DisplayHandle", make)
    return made


@pytest.fixture
def shown(session, handles, monkeypatch):
    """A browser that is shown as a widget; what its page is sent, in a queue."""
    monkeypatch.setenv("WKMP_LAB_UI", "widgets")
    monkeypatch.setattr(desks, "CALM_S", 0.0)
    sent = queue.Queue()
    monkeypatch.setattr(BrowserPage, "send", lambda _page, said, _buffers: sent.put(said))
    browser = session.browse()
    browser._ipython_display_()
    yield browser, handles, sent
    browser.close()


def test_a_cell_shows_the_widget_and_below_it_what_stays(shown):
    _, (live, kept), _ = shown
    assert "application/vnd.jupyter.widget-view+json" in live.bundles[0]
    (form,) = kept.bundles
    assert "<details>" in form["text/html"]
    assert "Library: 3 passages" in form["text/html"]
    assert XSS not in form["text/html"]
    assert "&lt;img src=x onerror=window.__xss=1&gt;" in form["text/html"]


def test_the_widget_itself_holds_no_rows(shown):
    browser, _, _ = shown
    state = browser._page.get_state()
    assert not any("Night Bus" in str(value) for value in state.values())
    assert len(str(state)) < 100_000


def test_what_the_page_selects_is_the_selection_and_stays_in_what_is_kept(shown):
    browser, (_, kept), sent = shown
    assert browser.selection.empty
    query = {"search": "bus"}
    browser._page._handle_custom_msg(
        {"do": "rows", "me": "a", "token": 1, "query": query, "first": 0, "n": 5}, []
    )
    (row,) = sent.get(timeout=LONG_S)["rows"]
    numbers = np.array([row["row"]], "<i4").tobytes()
    browser._page._handle_custom_msg({"do": "select", "me": "a", "token": 2}, [numbers])
    while sent.get(timeout=LONG_S)["is"] != "selected":
        """What comes before."""
    assert browser.selection["path"].str.endswith("1.flac").all()
    assert len(browser.selection) == 1
    browser._keep()
    assert "1 of them shown, 1 selected" in kept.bundles[-1]["text/html"]
    assert "shown: &#34;bus&#34;" in kept.bundles[-1]["text/html"]


def test_the_end_leaves_tables_in_place_of_the_widget(shown):
    browser, (live, kept), _ = shown
    browser.close()
    assert set(live.bundles[-1]) == {"text/html", "text/plain"}
    assert kept.bundles[-1]["text/html"] == ""
    browser._keep()  # what comes too late does nothing
    assert kept.bundles[-1]["text/html"] == ""


def test_shown_twice_it_is_one_page(shown):
    browser, handles, _ = shown
    page = browser._page
    browser._ipython_display_()
    assert browser._page is page
    assert len(handles) == 4


def test_where_nobody_looks_it_is_a_table_alone(session, handles, monkeypatch):
    monkeypatch.setenv("WKMP_LAB_UI", "html")
    browser = session.browse()
    browser._ipython_display_()
    (form,) = handles[0].bundles
    assert set(form) == {"text/html", "text/plain"}
    assert browser._page is None


def test_in_a_terminal_it_is_a_line_a_passage(session):
    lines = repr(session.browse()).splitlines()
    assert lines[0] == "Library: 3 passages"
    assert lines[1].split()[:5] == ["file", "#", "title", "artist", "length"]
    assert len(lines) == 5
    assert any("Night Bus" in line for line in lines)
    assert "\u202e" not in repr(session.browse())


def test_rows_are_shown_as_an_import_brings_them(handles, monkeypatch):
    monkeypatch.setenv("WKMP_LAB_UI", "widgets")
    monkeypatch.setattr(browsers, "LOOK_S", 0.01)
    sent = queue.Queue()
    monkeypatch.setattr(BrowserPage, "send", lambda _page, said, _buffers: sent.put(said))
    growing = Growing()
    browser = browsers.browse(growing)
    browser._ipython_display_()
    for n in range(1, 4):
        growing.results = tuple(make_result(f"/music/{k}.flac") for k in range(n))
        assert sent.get(timeout=LONG_S)["version"] == n
    growing.end()
    browser.close()


def test_many_rows_are_cut_short_wherever_they_stay(handles, monkeypatch):
    monkeypatch.setenv("WKMP_LAB_UI", "html")
    results = [make_result(f"/music/{n:03d}.flac") for n in range(100)]
    browser = Browser(Growing([*results, make_hostile()]))
    assert repr(browser).splitlines()[-1] == "... and 181 more"
    browser._ipython_display_()
    html = handles[0].bundles[0]["text/html"]
    assert f"{MAX_KEPT} rows" in html
    assert len(html) < 60_000
    assert browsers.browse(browser._session).selection.empty
