"""An import in another process is told of as running, whatever links lead to it; so is its end."""

import os
import time

import pytest
from support import audio_factory
from support.other_process import stopped_import

from wkmp_lab.cli.commands import main
from wkmp_lab.display.summary import format_session_html
from wkmp_lab.errors import StoreError
from wkmp_lab.library import plan as planning
from wkmp_lab.library.session import import_folder, open_session, start_import
from wkmp_lab.library.store import Store, is_written_elsewhere
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX are sent"),
]
SETTINGS = Settings(identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=1))
N_FILES = 24


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("there") / "music"
    folder.mkdir()
    audio_factory.write_songs(folder, N_FILES)
    return folder


@pytest.fixture
def store(tmp_path):
    return tmp_path / "kept.wkmp.db"


@pytest.fixture
def elsewhere(music, store):
    """An import by the command that stands still at its fourth file."""
    with stopped_import(music, store) as process:
        yield process


def test_it_is_neither_over_nor_cancelled_but_running_elsewhere(music, store, elsewhere):
    session = open_session(music, store=store)
    assert session.state == "running elsewhere"
    assert session.is_ended, "nothing changes here"
    n_done = len(session.results)
    assert 3 <= n_done < N_FILES
    assert f"running elsewhere: {n_done} files so far, " in repr(session)
    shown = format_session_html(session.snapshot(), session.results)
    assert f"Import running elsewhere</b>: {n_done} files so far" in shown
    assert "this import runs in another process: open it again to see" in shown
    assert session.wait().pause() is None, "who waits for it here does not hang"


def test_plan_and_command_say_so_and_nothing_is_written(music, store, elsewhere, capsys):
    assert planning.plan(music, settings=SETTINGS, store=store).is_running
    assert main(["plan", str(music), "--store", str(store)]) == 0
    assert "an import of this folder is running" in capsys.readouterr().out
    catalogue = store.with_name("known.sqlite")
    options = ["--store", str(store), "--catalogue", str(catalogue)]
    assert main(["catalogue", "add", str(music), *options]) == 0
    assert "this import runs in another process" in capsys.readouterr().out
    assert main(["import", str(music), "--store", str(store), "--offline"]) == 2
    assert capsys.readouterr().err.strip().endswith("is in use by another import")


@pytest.mark.parametrize("kind", ["a link to the store", "a link to its folder", "both"])
def test_no_link_gives_a_store_a_second_writer(music, store, elsewhere, tmp_path, kind):
    if kind != "a link to the store":
        (tmp_path / "folder").symlink_to(store.parent)
    place = tmp_path if kind == "a link to the store" else tmp_path / "folder"
    name = store.name if kind == "a link to its folder" else "by_link.db"
    if name != store.name:
        (tmp_path / name).symlink_to(store)
    link = place / name
    assert is_written_elsewhere(link)
    with pytest.raises(StoreError, match="in use by another import"):
        import_folder(music, settings=SETTINGS, store=link)
    assert open_session(music, store=link).state == "running elsewhere"
    with pytest.raises(StoreError, match="in use by another import"):
        open_session(music, store=link).undo()


def test_where_it_was_killed_the_lock_tells_that_it_runs_no_more(music, store, elsewhere):
    elsewhere.kill()
    elsewhere.wait()
    session = open_session(music, store=store)
    assert session.state == "cancelled"
    assert not session.snapshot().remarks
    assert not planning.plan(music, settings=SETTINGS, store=store).is_running


def test_who_reads_makes_no_lock_and_minds_none_that_cannot_be_had(music, store, monkeypatch):
    import_folder(music, settings=SETTINGS, store=store)
    lock = store.with_name(f"{store.name}.lock")
    lock.unlink()
    assert open_session(music, store=store).state == "completed"
    assert not lock.exists()
    lock.mkdir()  # as one of another user: it cannot be opened
    assert open_session(music, store=store).state == "completed"


def test_a_decision_by_hand_meanwhile_is_no_import(music, store):
    import_folder(music, settings=SETTINGS, store=store)
    with Store(store, folder=music):
        assert is_written_elsewhere(store)
    assert not is_written_elsewhere(store)


def test_a_second_import_here_confuses_nobody(music, store, tmp_path):
    first = start_import(music, settings=SETTINGS, store=store)
    first.pause()
    while not store.exists():
        time.sleep(0.01)
    (tmp_path / "by_link.db").symlink_to(store)
    (tmp_path / "by_link").symlink_to(music)
    for folder, place in ((music, store), (tmp_path / "by_link", tmp_path / "by_link.db")):
        second = start_import(folder, settings=SETTINGS, store=place)
        assert open_session(folder, store=place) is first
        with pytest.raises(StoreError, match="in use by another import"):
            second.wait()
        assert open_session(music, store=store) is first
    first.resume()
    first.wait(120)
    opened = open_session(music, store=store)
    assert opened.state == "completed"
    assert opened.results == first.results
