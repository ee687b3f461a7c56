"""A store that is deleted, moved or replaced under an import ends it, and it is told."""

import os
import shutil
import signal
import subprocess

import pytest
from support import audio_factory
from support.other_process import stopped_import

from wkmp_lab.errors import StoreError
from wkmp_lab.identifying.decisions import CutDecision
from wkmp_lab.library.session import open_session
from wkmp_lab.library.store import Store

pytestmark = pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted there")

N_FILES = 24


def delete(store):
    subprocess.run(["rm", str(store)], check=True)


def delete_all(store):
    for path in store.parent.glob(f"{store.name}*"):
        path.unlink()


def move(store):
    subprocess.run(["mv", str(store), str(store.with_name("elsewhere.db"))], check=True)


def replace(store):
    other = store.with_name("other.db")
    other.write_bytes(b"another file")
    subprocess.run(["mv", str(other), str(store)], check=True)


WAYS = {"deleted": delete, "deleted with what SQLite keeps beside": delete_all, "moved": move}


@pytest.fixture
def music(tmp_path):
    (tmp_path / "music").mkdir()
    return tmp_path / "music"


@pytest.fixture
def store(tmp_path):
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept" / "a.wkmp.db"


@pytest.mark.parametrize("way", WAYS)
def test_what_was_written_is_kept_beside_and_the_next_write_says_where(music, store, way):
    with Store(store, folder=music) as opened:
        opened.put_decisions([CutDecision("ab", (1,))])
        WAYS[way](store)
        told = "is not the file any more that was opened: it is gone; what had come is kept in"
        for _ in range(2):
            with pytest.raises(StoreError, match=told):
                opened.put_decisions([CutDecision("cd", None)])
    rescued = store.with_name("a.rescued.wkmp.db")
    assert sorted(path.name for path in store.parent.glob("*rescued*")) == [rescued.name]
    with Store(rescued, folder=music, is_writer=False) as opened:
        assert [made.content for _, made in opened.read_decisions()] == ["ab", "cd"]
        assert opened.find_damage() == ()


def test_a_store_that_was_moved_has_all_of_it_too(music, store):
    with Store(store, folder=music) as opened:
        opened.put_decisions([CutDecision("ab", (1,))])
        move(store)
        with pytest.raises(StoreError):
            opened.put_decisions([CutDecision("cd", None)])
    with Store(store.with_name("elsewhere.db"), folder=music, is_writer=False) as opened:
        assert len(opened.read_decisions()) == 2


def test_another_file_in_its_place_is_left_alone(music, store):
    with Store(store, folder=music) as opened:
        opened.put_decisions([CutDecision("ab", (1,))])
        replace(store)
        with pytest.raises(StoreError, match="another file lies there"):
            opened.put_decisions([CutDecision("cd", None)])
    assert store.read_bytes() == b"another file"


def test_where_the_folder_is_gone_too_it_is_kept_with_the_other_stores(
    music, store, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "data" / "wkmp_lab" / "libraries").mkdir(parents=True)
    with Store(store, folder=music) as opened:
        shutil.rmtree(store.parent)
        with pytest.raises(StoreError, match=r"is kept in .*libraries/a\.rescued\.wkmp\.db"):
            opened.put_decisions([CutDecision("ab", None)])
    with Store(store, folder=music) as opened:
        shutil.rmtree(store.parent)
        shutil.rmtree(tmp_path / "data")
        with pytest.raises(StoreError, match="could not be kept elsewhere"):
            opened.put_decisions([CutDecision("ab", None)])


@pytest.mark.slow
@pytest.mark.parametrize("way", [delete, move, replace])
def test_an_import_whose_store_is_lost_ends_with_status_2_and_one_sentence(music, store, way):
    audio_factory.write_songs(music, N_FILES)
    with stopped_import(music, store) as process:
        way(store)
        process.send_signal(signal.SIGCONT)
        told = process.communicate(timeout=120)[1].splitlines()
    assert process.returncode == 2, told
    sentences = [line for line in told if line.startswith("wkmp-lab: ")]
    assert len(sentences) == 1, told
    assert "is not the file any more that was opened" in sentences[0]
    rescued = store.with_name("a.rescued.wkmp.db")
    assert str(rescued) in sentences[0]
    assert 3 <= len(open_session(music, store=rescued).results) < N_FILES
