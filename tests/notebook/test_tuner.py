"""The tuner without a browser: what it tells follows the settings, and is kept when asked for."""

import time

import pytest
from support.audio_factory import music_like, write_audio, write_side

from wkmp_lab.collection.recuts import CutChange, Recut
from wkmp_lab.notebook.session import NotebookSession
from wkmp_lab.notebook.tuner.words import format_tuning_html, format_tuning_text
from wkmp_lab.settings import (
    IdentifySettings,
    RunSettings,
    SegmentSettings,
    Settings,
)

SR = 16_000
SETTINGS = Settings(
    segmenting=SegmentSettings(min_passage_s=3.0, n_passages=2),
    identifying=IdentifySettings(is_offline=True),
    running=RunSettings(backend="sequential"),
)


@pytest.fixture(scope="module")
def tuner(tmp_path_factory):
    """Of a side that is cut in two and a song."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "music"
    folder.mkdir()
    write_side(folder / "side.flac", seed=3, sr=SR)
    write_audio(folder / "song.flac", music_like(seed=8, seconds=6.0, sr=SR), SR)
    session = NotebookSession.start(folder, settings=SETTINGS, store=home / "kept.wkmp.db")
    made = session.wait().tune()
    yield made
    made.close()


def wait_until(is_so):
    end_s = time.monotonic() + 60.0
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_a_tuner_begins_where_the_library_is_and_follows_its_controls(tuner):
    assert "0 of 2 files would change" in tuner.state.value
    assert tuner.files.value == ""
    tuner.sliders.min_passage.value = 9.0
    wait_until(lambda: "1 of 2 files would change" in tuner.state.value)
    assert tuner.segmenting == SegmentSettings(min_passage_s=9.0, n_passages=2)
    assert "2 passages instead of 3, 1 to be heard anew" in repr(tuner)
    assert "side.flac" in tuner.files.value
    assert "a piece would be under 9 s" in tuner.files.value
    tuner.preset.value = "electronic"
    wait_until(lambda: "with other leads" in tuner.state.value)
    tuner.sliders.min_passage.value = 3.0
    tuner.preset.value = "default"
    wait_until(lambda: "0 of 2 files" in tuner.state.value)


def test_what_a_saved_notebook_keeps_tells_the_same(tuner):
    bundle = tuner._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "would change" in bundle["text/html"]
    assert bundle["text/plain"] == repr(tuner)
    assert "session.retune(segmenting=wl.SegmentSettings(" in bundle["text/plain"]


def test_nothing_is_kept_before_it_is_asked_for(tuner):
    before = tuner.session
    tuner.preset.value = "classical"
    wait_until(lambda: "with other leads" in tuner.state.value)
    assert before.results == NotebookSession.open(before.folder, store=before.store_path).results
    tuner._requests.put("keep")
    wait_until(lambda: "cut and levelled anew; it is tuner.session now" in tuner.message.value)
    wait_until(lambda: "0 of 2 files would change" in tuner.state.value)
    assert tuner.session is not before
    assert tuner.session.settings.analyzing.preset == "classical"


def test_what_goes_wrong_is_told(tuner, monkeypatch):
    monkeypatch.setattr(
        tuner.session._run.control, "_ended", type(tuner.session._run.control)()._ended
    )
    tuner.show()
    wait_until(lambda: "still runs: wait or cancel" in tuner.message.value)


def test_words_tell_of_cuts_that_come_go_and_move_and_of_files_without_a_profile():
    cuts = (
        CutChange(60.0, 61.5, "taken: long"),
        CutChange(None, 90.0, "taken: deep"),
        CutChange(120.0, None, "not taken, <too near>"),
    )
    recuts = [
        Recut("/m/a.flac", "changed", 3, n_after=3, n_new=3, cuts=cuts),
        Recut("/m/b.flac", "unchanged", 1, n_after=1),
        Recut("/m/c.flac", "no profile", 2),
    ]
    text = format_tuning_text(recuts, code="code")
    assert text.splitlines() == [
        "1 of 3 files would change: 3 to be heard anew, 1 file without a profile",
        "  a.flac: 3 -> 3; 60.0 to 61.5 s, new at 90.0 s, without 120.0 s; "
        "taken: long; taken: deep; not taken, <too near>",
        "  c.flac: 2; no profile is kept: the next import decodes it",
        "code",
    ]
    html = format_tuning_html(recuts, folder="/m", code="code")
    assert "&lt;too near&gt;" in html
    assert "b.flac" not in html
