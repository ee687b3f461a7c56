"""A library that has moved goes on with what is known of it, and is offered to."""

import shutil

import pytest
from support import example_results as example

from wkmp_lab.cli import main
from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.identifying.decisions import CutDecision
from wkmp_lab.library import plan as planning
from wkmp_lab.library.relocate import relocate
from wkmp_lab.library.session import import_folder, open_session
from wkmp_lab.library.store import Store, find_store_path
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SETTINGS = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
)
NAMES = ("a.flac", "disc 2/b.flac", "c.flac")


@pytest.fixture(autouse=True)
def _data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def old(tmp_path):
    """A library of files that cannot be decoded, imported into the store of its own, and decided
    on once.
    """
    folder = tmp_path / "old music"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * 50)
    import_folder(folder, settings=SETTINGS)
    with Store(find_store_path(folder), folder=folder) as store:
        store.put_decisions([CutDecision("ab", None)])
    return folder


def names_of(session):
    return [path.removeprefix(session.folder) for path in session.files["path"]]


def test_results_and_decisions_are_those_of_the_new_place(old, tmp_path):
    new = old.rename(tmp_path / "new")
    place = relocate(old, new)
    assert place == find_store_path(new)
    session = open_session(new)
    assert names_of(session) == ["/a.flac", "/c.flac", "/disc 2/b.flac"]
    assert len(session.decisions) == 1
    with pytest.raises(StoreError, match="there is no store"):
        open_session(old)


def test_a_store_with_a_name_of_its_own_stays_where_it_is(old, tmp_path):
    store = tmp_path / "kept.db"
    import_folder(old, settings=SETTINGS, store=store)
    new = old.rename(tmp_path / "new")
    with pytest.raises(StoreError, match="wkmp-lab relocate"):
        open_session(new, store=store)
    assert main(["relocate", str(old), str(new), "--store", str(store)]) == 0
    assert names_of(open_session(new, store=store)) == ["/a.flac", "/c.flac", "/disc 2/b.flac"]


def test_a_session_is_relocated_too(old, tmp_path):
    session = open_session(old)
    new = old.rename(tmp_path / "new")
    assert session.relocate(new).folder == str(new)
    with pytest.raises(InvalidInputError, match="does not exist"):
        session.relocate(tmp_path / "nowhere")


def test_a_moved_library_is_offered_by_import_and_plan(old, tmp_path):
    new = old.rename(tmp_path / "new")
    (new / "c.flac").unlink()
    (new / "d.flac").write_bytes(b"another one")
    offer = f"wkmp-lab relocate '{old}' {new}"
    made = planning.plan(new, settings=SETTINGS)
    assert made.former_folder == str(old)
    assert offer in planning.format_plan(made)
    remarks = import_folder(new, settings=SETTINGS).snapshot().remarks
    assert any(offer in line for line in remarks)
    assert main(["relocate", str(old), str(new)]) == 0, "what was begun meanwhile gives way"
    assert len(open_session(new).decisions) == 1


def test_nothing_is_offered_where_the_old_folder_is_there_or_the_files_are_others(old, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(old, copy)
    assert planning.plan(copy, settings=SETTINGS).former_folder is None
    shutil.rmtree(old)
    for name in ("a.flac", "c.flac"):
        (copy / name).rename(copy / f"other {name}")
    assert planning.plan(copy, settings=SETTINGS).former_folder is None


def test_decisions_at_the_new_place_are_never_written_over(old, tmp_path):
    new = old.rename(tmp_path / "new")
    with Store(find_store_path(new), folder=new) as store:
        store.put_decisions([CutDecision("cd", None)])
    with pytest.raises(StoreError, match="decisions of its own"):
        relocate(old, new)
    assert find_store_path(old).exists()


def test_odd_names_are_relocated_as_they_are(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    new.mkdir()
    odd = "caf\udce9/\u65e5\u672c.ogg"
    store = tmp_path / "kept.db"
    with Store(store, folder=old) as opened:
        opened.put(example.make_result(f"{old}/{odd}"))
    relocate(old, new, store=store)
    with Store(store, folder=new, is_writer=False) as opened:
        assert [result.path for result in opened.read_results()] == [f"{new}/{odd}"]
