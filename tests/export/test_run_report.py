"""The report of an import: what stands in it, what never does, and that it needs nothing else."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.example_results import NOW, make_failure, make_hostile, make_result

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.export.run_report import make_hider, write_run_report
from wkmp_lab.io.keys import KEY_VARIABLE
from wkmp_lab.model import (
    LOOKUP_WORKER,
    FileResult,
    FlightRecord,
    LimitChange,
    Phase,
    SourceFile,
    Span,
)
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

KEY, CONTACT = "k3yK3yk3y", "ann@example.org"
SETTINGS = Settings(
    identifying=IdentifySettings(contact=CONTACT, musicbrainz_url="https://ann:pw@mirror.example"),
    running=RunSettings(n_jobs=3),
)


class Told:
    """An import that is over."""

    def __init__(self, *results, changes=(), folder="/music", settings=SETTINGS, remarks=()):
        self.results = results
        self.record = FlightRecord("abcd1234", 998.0, "9", 2, 1010.0, tuple(changes))
        self.settings = settings
        self._now = replace(NOW, folder=folder, remarks=tuple(remarks), state="completed")

    def snapshot(self):
        return self._now


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home of ann"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return folder


def read_report(told, tmp_path):
    return write_run_report(told, tmp_path / "run.html").read_text(encoding="utf-8")


def test_no_key_contact_or_home_folder_stands_in_it(home, tmp_path):
    reason = f"OSError: {home}/Music/a.flac?client={KEY} by {CONTACT}"
    told = Told(
        make_result(f"{home}/Music/a.flac"),
        make_failure(f"{home}/Music/b.flac", reason),
        changes=[LimitChange(1000.0, 1, reason)],
        folder=f"{home}/Music",
        settings=replace(SETTINGS, identifying=replace(SETTINGS.identifying, cache=f"{home}/c")),
        remarks=[reason],
    )
    page = read_report(told, tmp_path)
    for secret in (KEY, CONTACT, str(home), "home of ann", "ann:pw"):
        assert secret not in page
    assert "~/Music" in page
    assert "~/c" in page
    assert "https://***@mirror.example" in page


def test_folders_that_only_begin_like_home_stay_as_they_are():
    hide = make_hider(Settings(), home=Path("/home/ann"))
    assert hide("/home/anna/x /home/ann /home/ann/y") == "/home/anna/x ~ ~/y"
    assert make_hider(Settings(), home=Path("/"))("/music/a") == "/music/a"


def test_names_that_try_to_be_something_else_are_shown_as_names(home, tmp_path):
    hostile = make_hostile()
    broken = FileResult(
        SourceFile("/music/<script>alert(1)</script>.mp3", 1, 1),
        "failed",
        failure=make_failure(reason="<img src=x onerror=y>").failure,
        spans=(Span(Phase.DECODING, 1000.0, 1001.0, "1", 0.5),),
    )
    page = read_report(Told(hostile, broken, remarks=["<b>bold</b>"]), tmp_path)
    assert page.count("<script") == 1  # that of the house, which sorts tables
    assert "<img src=x" not in page
    assert "<b>bold" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page


def test_the_page_needs_nothing_but_itself(home, tmp_path):
    page = read_report(Told(make_result()), tmp_path)
    sources = re.findall(r'(?:src|href)="([^"]{0,40})', page)
    assert len(sources) == 3
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "default-src 'none'" in page


def test_it_tells_failures_by_cause_changes_times_settings_and_versions(home, tmp_path):
    looked_up = Span(Phase.IDENTIFYING, 1003.0, 1004.0, LOOKUP_WORKER)
    measured = Span(Phase.DECODING, 1000.0, 1003.0, "1", 2.0, 1.5)
    told = Told(
        make_result(spans=(measured, looked_up)),
        make_failure("/music/a.mp3", "rare"),
        make_failure("/music/b.mp3", "frequent"),
        make_failure("/music/c.mp3", "frequent"),
        changes=[
            LimitChange(1000.0, 1, "memory is short"),
            LimitChange(1001.0, 2, "", Phase.DECODING),
        ],
    )
    page = read_report(told, tmp_path)
    text = re.sub(r"<[^>]+>", " ", page)
    words = " ".join(text.split())
    assert words.index("frequent") < words.index("rare")
    assert "2.0 files at once 1 memory is short" in words
    assert "3.0 DECODING 2 as asked for" in words
    assert "DECODING 1 3.0 2.0 1.5 25 %" in words
    assert "lookups 1 1.0 0.0 0.0 8 %" in words
    assert "until the first worker was at work 0.5 s" in words
    assert "running.n_jobs 3 None" in words
    assert "identifying.contact *** None" in words
    assert "Python 3." in words


def test_where_nothing_was_measured_it_says_so(home, tmp_path):
    known = make_result(spans=())
    page = read_report(Told(known), tmp_path)
    assert "nothing: all was known" in page
    assert page.count("<img ") == 1


def test_it_is_never_written_into_the_music(home, tmp_path):
    music = tmp_path / "music"
    music.mkdir()
    with pytest.raises(InvalidInputError, match="music"):
        write_run_report(Told(make_result(), folder=str(music)), music / "run.html")
    assert not list(music.iterdir())


def test_a_package_that_is_not_there_is_named_as_such(home, tmp_path, monkeypatch):
    monkeypatch.setattr("wkmp_lab.export.run_report.PACKAGES", ("no-such-package",))
    assert "not installed" in read_report(Told(make_result()), tmp_path)
