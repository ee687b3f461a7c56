import os
import sqlite3
import stat
import subprocess
import sys

import pytest
from support.broken_off import break_off_store

from wkmp_lab.cli.commands import main
from wkmp_lab.errors import StoreError
from wkmp_lab.library.plan import plan
from wkmp_lab.library.session import import_folder, open_session, start_import
from wkmp_lab.library.store import Store, StoredRun, find_store_path
from wkmp_lab.model import Failure, FileResult, Passage, Phase, SourceFile, Span
from wkmp_lab.settings import SegmentSettings, Settings


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path, music):
    with Store(tmp_path / "kept.wkmp.db", folder=music) as opened:
        yield opened


def result_of(path, *, sha256="ab" * 32, status="done"):
    return FileResult(
        source=SourceFile(path, 10, 20, (1, 2)),
        status=status,
        sha256=sha256,
        passages=(Passage(0, 0, 28_224_000),) if status == "done" else (),
        failure=Failure(Phase.DECODING, "no audio stream") if status == "failed" else None,
        duplicate_of="/m/original.flac" if status == "duplicate" else None,
        spans=(Span(Phase.DECODING, 1.5, 2.5, "77", 0.9),),
        provenance=(("measured", "1-aa"),),
    )


@pytest.mark.parametrize(
    "path", ["/m/a.flac", "/m/caf\udce9.mp3", "/m/\u65e5\u672c \U0001f3b5\n.ogg"]
)
@pytest.mark.parametrize("status", ["done", "failed", "duplicate"])
def test_a_result_comes_back_as_it_was(store, path, status):
    result = result_of(path, status=status)
    store.put(result)
    assert list(store.read_results()) == [result]
    assert store.find_by_path(path) == result


def test_results_survive_a_new_process(tmp_path, music, store):
    store.put(result_of("/m/a.flac"))
    store.close()
    code = (
        "import sys; from pathlib import Path; from wkmp_lab.library.store import Store;"
        "s = Store(Path(sys.argv[1]), folder=Path(sys.argv[2]), is_writer=False);"
        "print([r.path for r in s.read_results()])"
    )
    args = [sys.executable, "-c", code, str(store.path), str(music)]
    done = subprocess.run(args, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['/m/a.flac']"


def test_content_is_found_under_any_path(store):
    store.put(result_of("/m/old.flac"))
    found = store.find_by_content("ab" * 32)
    assert found is not None
    assert found.path == "/m/old.flac"
    assert store.find_by_content("00") is None


def test_files_that_are_gone_are_kept_but_not_shown(store):
    store.put_many([result_of("/m/a.flac"), result_of("/m/b.flac")])
    store.mark_missing(["/m/b.flac"])
    assert [result.path for result in store.read_results()] == ["/m/b.flac"]
    assert store.find_by_path("/m/a.flac") is not None


def test_the_last_run_tells_its_settings(store):
    settings = Settings(segmenting=SegmentSettings(medium="vinyl"))
    store.put_run(StoredRun("one", 1.0, None, "running", 2, Settings()), version="0")
    store.put_run(StoredRun("two", 2.0, 3.0, "completed", 2, settings), version="0")
    last = store.read_last_run()
    assert last is not None
    assert (last.id, last.settings) == ("two", settings)


def test_only_one_import_writes(tmp_path, music, store):
    with pytest.raises(StoreError, match="in use by another import"):
        Store(store.path, folder=music)
    store.close()
    Store(store.path, folder=music).close()


def test_reading_is_possible_while_another_writes(store, music):
    store.put(result_of("/m/a.flac"))
    with Store(store.path, folder=music, is_writer=False) as reader:
        assert len(list(reader.read_results())) == 1


def test_a_store_that_is_not_there_is_not_made_by_reading(tmp_path, music):
    path = tmp_path / "none.db"
    with pytest.raises(StoreError, match="there is no store"):
        Store(path, folder=music, is_writer=False)
    assert not path.exists()


@pytest.mark.parametrize("n_statements", range(1, 21))
def test_a_store_whose_making_was_broken_off_is_made_again(tmp_path, music, n_statements):
    path = tmp_path / "kept.db"
    break_off_store(path, folder=music, n_statements=n_statements)
    with Store(path, folder=music) as store:
        store.put(result_of("/m/a.flac"))


def test_a_foreign_file_is_refused_and_left_alone(tmp_path, music):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE recipes(name)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is not a store of wkmp_lab"):
        Store(path, folder=music)
    assert path.read_bytes() == before


def test_a_text_file_is_refused_and_left_alone(tmp_path, music):
    path = tmp_path / "notes.db"
    path.write_text("these are my notes, not a database, and they are long enough" * 20)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(path, folder=music)
    assert path.read_text().startswith("these are my notes")


def test_a_newer_store_is_refused(store, music):
    store.close()
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(StoreError, match="newer wkmp_lab"):
        Store(store.path, folder=music)


def test_a_store_of_another_folder_is_refused(tmp_path, store):
    store.close()
    other = tmp_path / "other"
    with pytest.raises(StoreError, match="belongs to"):
        Store(store.path, folder=other)


def test_a_store_inside_the_music_folder_is_refused(music):
    with pytest.raises(StoreError, match="never lies inside the music folder"):
        Store(music / "kept.db", folder=music)
    assert not list(music.iterdir())


def test_each_folder_has_its_own_store(tmp_path, music):
    assert find_store_path(music) != find_store_path(tmp_path)
    assert find_store_path(music) == find_store_path(music / ".." / "music")


@pytest.mark.skipif(sys.platform != "linux", reason="makes special files")
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("a folder", lambda path: path.mkdir()),
        ("a pipe", lambda path: os.mkfifo(path)),
        ("a device", lambda path: path.symlink_to("/dev/zero")),
        ("a socket", lambda path: os.mknod(path, stat.S_IFSOCK | 0o600)),
    ],
)
def test_a_store_that_is_no_file_is_refused_before_anything(music, kind, make):
    path = music.parent / "odd"
    make(path)
    before = sorted(music.parent.iterdir())
    told = f"expected a store, got {kind}: '.*odd'"
    for act in (import_folder, open_session, start_import, plan):
        with pytest.raises(StoreError, match=told):
            act(music, store=path)
    with pytest.raises(StoreError, match=told):
        Store(path, folder=music, is_writer=False)
    assert main(["import", str(music), "--store", str(path)]) == 2
    assert sorted(music.parent.iterdir()) == before
