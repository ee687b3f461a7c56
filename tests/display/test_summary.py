"""Static summaries: unusual things first, texts as text, plain without styles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.figure import Figure
from support.example_results import make_failure, make_hostile, make_library, make_result
from support.fake_session import make_snapshot

from wkmp_lab.display.numbers import MAX_ROWS, format_clock, read_clock
from wkmp_lab.display.summary import (
    format_headline,
    format_result_html,
    format_session_html,
    format_snapshot_html,
)
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import FileResult
from wkmp_lab.model.reasons import KEY_PAGE, Silence, WhyUnidentified
from wkmp_lab.notebook.progress.display import register_reprs
from wkmp_lab.plots.timeline import plot_timeline


@pytest.mark.parametrize("result", make_library(), ids=lambda result: result.status)
def test_every_result_has_a_summary_without_scripts(result):
    html = format_result_html(result)
    assert result.status in html
    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html


def test_a_file_tells_its_passages_and_why_it_was_cut():
    html = format_result_html(make_result())
    for words in ("Rain", "-14.0 LUFS", "120 bpm ?", "F# minor", "high", "deep and long"):
        assert words in html
    assert html.index("truncated: a bit") < html.index("-14.0 LUFS")


def test_a_failure_tells_phase_and_reason():
    assert "failed in DECODING: no audio stream" in format_result_html(make_failure())


def test_a_session_shows_unusual_files():
    html = format_session_html(make_snapshot(state="completed"), make_library())
    assert "Worth a look" in html
    assert "duplicate" in html
    assert "How it was made" in html
    assert "measured</td>" in html
    assert html.index("Failed") < html.index("Worth a look") < html.index("match high")


def test_a_summary_of_many_files_stays_short():
    many = [make_result(f"/music/{index}.flac") for index in range(500)]
    html = format_session_html(make_snapshot(), many)
    assert f"and {500 - MAX_ROWS} more" in html
    assert len(html) < 60_000


def test_a_failed_import_tells_why():
    now = make_snapshot(state="failed", log=("failed: the store is locked",))
    assert "the store is locked" in format_headline(now)
    assert "the store is locked" in format_snapshot_html(now)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.6, "1:00"), (3599.6, "1:00:00"), (90_061, "25:01:01")]
)
def test_a_clock_carries(seconds, shown):
    assert format_clock(seconds) == shown


def test_a_shell_shows_results_as_summaries(monkeypatch):
    shell = InteractiveShell()
    register_reprs(shell)
    bundle, _ = shell.display_formatter.format(make_hostile())
    assert bundle["text/html"] == format_result_html(make_hostile())
    assert bundle["text/plain"].startswith("/music/")
    assert FileResult.__repr__(make_hostile()) != bundle["text/plain"]


def test_a_shell_shows_axes_as_pictures_with_words():
    shell = InteractiveShell()
    register_reprs(shell)
    timeline = plot_timeline([make_result("/music/a.flac")])
    bundle, notes = shell.display_formatter.format(timeline)
    assert notes["image/png"]["alt"] == timeline.get_label()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert bundle["text/plain"].startswith("[picture: ")


def test_axes_of_pyplot_are_left_to_pyplot():
    shell = InteractiveShell()
    register_reprs(shell)
    figure = Figure()
    figure.canvas.manager = FigureManagerBase(figure.canvas, 1)
    bundle, _ = shell.display_formatter.format(figure.add_subplot())
    assert set(bundle) == {"text/plain"}
    assert bundle["text/plain"].startswith("Axes(")


@given(st.integers(0, 999_999))
def test_what_a_clock_shows_is_read_back(n_seconds):
    assert read_clock(format_clock(n_seconds)) == n_seconds


@pytest.mark.parametrize(
    "typed", ["", "soon", "1:75", "1:60:00", "-3", "1:2:3:4", "nan", "1e3", ":30", "٣", "9" * 99]
)
def test_what_is_no_time_is_refused_with_what_came(typed):
    with pytest.raises(InvalidInputError, match="expected a time such as") as told:
        read_clock(typed)
    assert repr(typed) in str(told.value)


def test_failed_files_are_grouped_by_cause():
    failures = (
        ("/music/a.mp3", "no audio"),
        ("/music/b.mp3", "cut off"),
        ("/music/c.mp3", "no audio"),
    )
    html = format_snapshot_html(make_snapshot(failures=failures, n_failed=5))
    assert html.count("no audio (2 files)") == 1
    assert "and 2 more in session.failures" in html
    assert html.index("a.mp3") < html.index("c.mp3") < html.index("b.mp3")


def test_the_address_that_gives_keys_can_be_followed_and_no_other():
    told = Silence(WhyUnidentified.NOT_ASKED, "acoustid: no key").sentence
    html = format_snapshot_html(make_snapshot(remarks=(told, "see https://elsewhere.example/x")))
    assert f'<a href="{KEY_PAGE}" target="_blank" rel="noopener">{KEY_PAGE}</a>' in html
    assert html.count("<a ") == 1
