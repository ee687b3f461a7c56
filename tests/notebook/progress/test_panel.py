"""The live panel, without a browser: trait values, clicks, and what stays at the end."""

import subprocess
import sys
import threading
import time

import pytest
from support.displays import Handle
from support.fake_session import HOSTILE_NAMES, FakeSession, make_snapshot

from wkmp_lab.display.palette import PHASE_COLORS
from wkmp_lab.display.summary import format_snapshot_html, format_snapshot_text
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import Phase
from wkmp_lab.notebook.environment import find_ui
from wkmp_lab.notebook.progress import display
from wkmp_lab.notebook.progress import panel as progress
from wkmp_lab.notebook.progress.panel import Panel
from wkmp_lab.notebook.showing import show_session
from wkmp_lab.progress.snapshot import InFlight

CLICK = {"content": {"data": {"method": "custom", "content": {"event": "click"}}}, "buffers": []}


def html_of(panel):
    return "".join(part.value for part in panel._parts.values())


def test_the_panel_tells_what_the_snapshot_tells():
    panel = Panel(FakeSession())
    panel.paint(make_snapshot())
    html = html_of(panel)
    for words in ("12 of 40 files", "1:15 elapsed", "about 3:00 left", "MusicBrainz limit: 2 min"):
        assert words in html
    for phase, count in zip(
        make_snapshot().phases, make_snapshot().n_files_by_phase, strict=False
    ):
        assert phase.title() in html
        assert f"{count} / 40" in html
    for words in ("21 passages", "19 passages", "15 passages", "17 passages", "16 passages"):
        assert words in html
    for words in ("high <b>6", "medium <b>4", "low <b>3", "unidentified <b>2", "no audio stream"):
        assert words in html


def test_a_scan_has_a_count_and_no_bar():
    now = make_snapshot(state="scanning", n_files=1234)
    assert progress.format_whole(now) == '<div class="wk-soft">1234 audio files found</div>'


def test_a_file_in_flight_is_not_shown_as_identified():
    flight = InFlight("/music/a.flac", Phase.FLAVORING, 0.5, 1.0, "1")
    html = progress.format_files(make_snapshot(in_flight=(flight,)))
    assert f"width:0%;background:{PHASE_COLORS[Phase.IDENTIFYING]}" in html
    assert f"width:100%;background:{PHASE_COLORS[Phase.ANALYZING]}" in html


def test_a_file_that_waits_for_a_place_and_the_files_that_come_next_are_named():
    held = InFlight("/music/b.flac", Phase.EXTRACTING, 1.0, 1.0, "2", Phase.DECODING)
    html = progress.format_files(make_snapshot(in_flight=(held,), coming=("/music/c.flac",)))
    assert "waiting for DECODING" in html
    assert html.index("Next:") < html.index("c.flac")


def test_the_panel_says_what_it_waits_for():
    files = (40,) + (0,) * (len(Phase) - 1)
    begun = make_snapshot(in_flight=(), n_finished=0, n_files_by_phase=files)
    assert "The workers are starting" in progress.format_files(begun)
    last = make_snapshot(in_flight=(), n_finished=38, n_files_by_phase=(40,) * len(Phase))
    assert "2 files measured, waiting to be identified" in progress.format_files(last)


def test_the_same_snapshot_sends_nothing_again():
    panel = Panel(FakeSession())
    panel.paint(make_snapshot())
    sent = []
    for part in (*panel._parts.values(), panel._pause, panel._cancel):
        part.observe(sent.append)
    panel.paint(make_snapshot())
    assert sent == []


def test_one_update_is_small():
    panel = Panel(FakeSession())
    panel.paint(make_snapshot())
    assert max(len(part.value) for part in panel._parts.values()) < 8000


def test_buttons_pause_resume_and_cancel():
    session = FakeSession()
    panel = Panel(session)
    panel.paint(session.snapshot())
    panel._pause._handle_msg(CLICK)
    panel.paint(session.snapshot())
    assert panel._pause.description == "Resume"
    panel._pause._handle_msg(CLICK)
    panel._cancel._handle_msg(CLICK)
    panel.paint(session.snapshot())
    assert session.requests == ["pause", "resume", "cancel"]
    assert panel._cancel.disabled


def test_closing_leaves_no_widget_behind():
    panel = Panel(FakeSession())
    panel.close()
    assert all(part.comm is None for part in panel._parts.values())
    assert panel._pause.comm is None


def test_at_the_end_the_card_tells_it_to_pages_that_were_loaded_anew():
    panel = Panel(FakeSession())
    panel.paint(make_snapshot())
    panel.end(make_snapshot(state="completed", in_flight=()))
    _, told = panel.card.children
    assert "Import completed" in told.value
    assert panel._pause.comm is None
    assert panel._parts["files"].comm is None


@pytest.mark.parametrize("n_in_flight", [0, 1, 3])
def test_rows_for_as_many_files_as_go_on_at_once_are_reserved(n_in_flight):
    now = make_snapshot()
    html = progress.format_files(make_snapshot(in_flight=now.in_flight[:n_in_flight], n_jobs=4))
    assert 'style="min-height:135px"' in html


@pytest.mark.parametrize("make", [format_snapshot_html, lambda now: html_of(painted(now))])
def test_hostile_names_are_shown_as_text(make):
    html = make(make_snapshot(failures=tuple((name, name) for name in HOSTILE_NAMES)))
    assert "<img" not in html
    assert "</script" not in html
    assert "\u202e" not in html
    assert "&lt;img src=x" in html
    assert len(html) < 40_000


def painted(now):
    panel = Panel(FakeSession())
    panel.paint(now)
    return panel


def test_the_static_summary_needs_no_styles_or_scripts():
    html = format_snapshot_html(make_snapshot(state="completed"))
    for word in ("<style", "<svg", "<script", "var(", 'class="wk'):
        assert word not in html
    assert "mathjax_ignore" in html
    assert "12 of 40 files" in html
    text = format_snapshot_text(make_snapshot(state="completed"))
    assert "Import ab12cd34 completed: 12 of 40 files" in text
    assert "high 6, medium 4, low 3, unidentified 2" in text


@pytest.mark.parametrize("ui", ["widgets", "html"])
def test_the_end_leaves_a_summary_without_widgets(monkeypatch, ui):
    handle = Handle()
    monkeypatch.setattr(display, "DisplayHandle", lambda: handle)
    session = FakeSession()
    thread = show_session(session, ui=ui)
    session.end()
    thread.join(5)
    assert not thread.is_alive()
    has_view = ["application/vnd.jupyter.widget-view+json" in bundle for bundle in handle.bundles]
    assert has_view[0] is (ui == "widgets")
    assert set(handle.bundles[-1]) == {"text/html", "text/plain"}
    assert "completed" in handle.bundles[-1]["text/plain"]


def test_on_a_page_of_voila_the_panel_stays_with_its_last_state(monkeypatch):
    handle = Handle()
    monkeypatch.setattr(display, "DisplayHandle", lambda: handle)
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    painted, closed = [], []
    monkeypatch.setattr(Panel, "paint", lambda self, now: painted.append(now.state))
    monkeypatch.setattr(Panel, "close", lambda self: closed.append(self))
    session = FakeSession()
    thread = show_session(session, ui="widgets")
    session.end()
    thread.join(5)
    assert (painted[-1], closed, len(handle.bundles)) == ("completed", [], 1)


def test_the_panel_follows_a_session_at_most_eight_times_a_second(monkeypatch):
    monkeypatch.setattr(display, "DisplayHandle", Handle)
    times = []
    monkeypatch.setattr(Panel, "paint", lambda self, now: times.append(time.monotonic()))
    session = FakeSession()
    thread = show_session(session, ui="widgets")
    time.sleep(0.6)
    session.end()
    thread.join(5)
    assert 2 <= len(times) <= 7


class Shell:
    def __init__(self, kernel):
        self.kernel = kernel


class Kernel:
    def __init__(self, *, allow_stdin):
        self._allow_stdin = allow_stdin


@pytest.mark.parametrize(
    ("shell", "environment", "is_terminal", "ui"),
    [
        (None, {}, True, "text"),
        (None, {}, False, "log"),
        (Shell(None), {}, True, "text"),
        (Shell(Kernel(allow_stdin=True)), {}, False, "widgets"),
        (Shell(Kernel(allow_stdin=False)), {}, False, "html"),
        (Shell(Kernel(allow_stdin=False)), {"SERVER_SOFTWARE": "voila/0.5"}, False, "widgets"),
        (Shell(Kernel(allow_stdin=True)), {"WKMP_LAB_UI": "log"}, False, "log"),
    ],
)
def test_the_place_decides_how_progress_is_shown(shell, environment, is_terminal, ui):
    found = find_ui(shell=shell, environment=environment, is_terminal=is_terminal)
    assert found == ui


def test_an_unknown_display_is_refused():
    with pytest.raises(InvalidInputError, match=r"ui must be one of widgets, .* got 'gui'"):
        find_ui(shell=None, environment={}, is_terminal=False, chosen="gui")


def test_a_script_loads_neither_widgets_nor_ipython():
    code = (
        "import sys, wkmp_lab; wkmp_lab.start_import; "
        "print({'ipywidgets', 'IPython', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_no_thread_is_left_when_nothing_is_shown():
    thread = show_session(FakeSession(), ui="none")
    thread.join(5)
    assert thread not in threading.enumerate()


def test_failed_files_are_grouped_by_cause_in_the_panel():
    failures = tuple((f"/music/{n}.mp3", "no audio") for n in range(5))
    html = progress.format_failures(make_snapshot(failures=failures, n_failed=7))
    assert html.count("no audio") == 1
    assert "and 2 more</li>" in html.replace("\n", "")
    assert "and 2 more" in html
