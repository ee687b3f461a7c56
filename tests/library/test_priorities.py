"""Orders of one's own, files moved to the front while it runs, and what is kept of that."""

import re
import time
from pathlib import Path

import pytest
from support import audio_factory

from wkmp_lab.library.session import open_session, start_import
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    for k, where in enumerate(("a", "a", "b", "b", "new", "new")):
        (folder / where).mkdir(exist_ok=True)
        samples = audio_factory.music_like(seed=k, seconds=4.0 + k / 2, sr=22050)
        audio_factory.write_audio(folder / where / f"song{k}.wav", samples, 22050)
    return folder


def settings_of(**running):
    return Settings(
        identifying=IdentifySettings(is_offline=True),
        running=RunSettings(backend="sequential", **running),
    )


def begun(session):
    starts = sorted(
        (result.spans[0].start_s, Path(result.path).name) for result in session.results
    )
    return "".join(name[4] for _, name in starts)


def by_name(source):
    return [-ord(letter) for letter in Path(source.path).name]


def test_a_list_tells_what_begins_first_and_is_kept_by_its_name(music, tmp_path):
    store = tmp_path / "kept.db"
    order = ["new", str(music / "a/song1.wav")]
    session = start_import(music, settings=settings_of(order=order), store=store).wait()
    assert begun(session) == "541320"
    assert session.settings.running.order == tuple(order)
    assert open_session(music, store=store).settings.running.order == "custom"


def test_a_function_tells_what_begins_first_and_is_kept_by_its_name(music, tmp_path):
    store = tmp_path / "kept.db"
    session = start_import(music, settings=settings_of(order=by_name), store=store).wait()
    assert begun(session) == "543210"
    kept = open_session(music, store=store)
    assert kept.settings.running.order == "custom by_name"
    assert set(session.compare(kept)["column"]) <= {"n_jobs"} or session.compare(kept).empty


def test_a_folder_is_moved_to_the_front_and_shown_as_what_comes_next(music, tmp_path):
    session = start_import(music, settings=settings_of(order="path"), store=tmp_path / "kept.db")
    session.pause()
    while session.state != "paused" or not session.snapshot().coming:
        time.sleep(0.01)
    n_moved = session.prioritize("new")
    coming = [Path(path).name for path in session.snapshot().coming]
    session.resume()
    session.wait()
    assert (n_moved, coming[:2]) == (2, ["song4.wav", "song5.wav"])
    assert re.fullmatch(r"0?1?45.*", begun(session))
    assert session.snapshot().coming == ()
    assert any(line == "2 files moved to the front" for line in session.snapshot().log)


def test_the_log_tells_which_file_of_all_it_is_and_how_many_are_finished(music, tmp_path):
    order = "small_first"
    session = start_import(
        music, settings=settings_of(order=order), store=tmp_path / "a.db"
    ).wait()
    lines = [line for line in session.snapshot().log if line.startswith("Processing file")]
    told = [
        re.match(r"Processing file (\d) of 6 \((\d) finished\): done, 1 pass", x) for x in lines
    ]
    assert [found.groups() for found in told] == [(str(k), str(k)) for k in range(1, 7)]
    session = start_import(
        music, settings=settings_of(order=["new"]), store=tmp_path / "b.db"
    ).wait()
    lines = [line for line in session.snapshot().log if line.startswith("Processing file")]
    assert lines[0].startswith("Processing file 6 of 6 (1 finished)")
