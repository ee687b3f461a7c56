"""What an earlier version has kept is there in this one, with every decision."""

import contextlib
import hashlib
import sqlite3

import pytest
from support.broken_off import break_off_store
from support.old_store import FOLDER, unpack_store, write_music
from support.retagging import list_decoded, retag

from wkmp_lab.library.relocate import relocate
from wkmp_lab.library.session import import_folder, open_session
from wkmp_lab.library.store import Store
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SETTINGS = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
)


VERSIONS = ("0.1.0", "0.2.0", "schema-4")


@pytest.fixture(params=VERSIONS)
def old(request, tmp_path):
    return unpack_store(request.param, tmp_path)


@pytest.fixture
def moved(old, tmp_path):
    """The music of the old stores, and such a store that was told where it lies now."""
    folder = tmp_path / "music"
    write_music(folder)
    return folder, relocate(FOLDER, folder, store=old)


def require_decisions(session):
    assert session.decisions["verdict"].tolist() == ["cut", "accept", "reject"]
    assert session.passages["start_s"].tolist() == [0.0, 21.0, 0.0]
    assert session.passages["match"].tolist() == ["unidentified", "unidentified", "high"]


def test_a_store_of_an_old_version_opens_with_its_results_and_decisions(old):
    session = open_session(FOLDER, store=old)
    assert session.files["status"].tolist() == ["done", "done"]
    assert session.passages["end_s"].tolist() == [21.0, 68.0, 30.0]
    assert session.passages["fingerprint"].notna().all()
    require_decisions(session)
    assert session.state == "completed"


def test_it_is_carried_over_in_place_with_paths_from_its_folder(moved):
    folder, store = moved
    session = open_session(folder, store=store)
    assert session.files["path"].tolist() == [str(folder / "side.wav"), str(folder / "song.wav")]
    require_decisions(session)


def test_its_decisions_move_to_the_audio_and_outlive_a_tag_from_then_on(moved):
    folder, store = moved
    session = import_folder(folder, settings=SETTINGS, store=store)
    require_decisions(session)
    assert set(session.decisions["content"].str[:2]) == {"a1"}
    assert session.decisions["path"].notna().all()
    for path in list(folder.iterdir()):
        retag(path, title="After")
    session = import_folder(folder, settings=SETTINGS, store=store)
    assert list_decoded(session) == []
    require_decisions(session)


@pytest.mark.parametrize("n_statements", range(5, 45, 2))
def test_broken_off_half_way_it_is_what_it_was(old, n_statements):
    path = old
    break_off_store(path, folder=FOLDER, n_statements=n_statements)
    require_decisions(open_session(FOLDER, store=path))
    Store(path, folder=FOLDER).close()
    require_decisions(open_session(FOLDER, store=path))


def test_the_music_of_the_old_stores_is_the_same_to_the_byte(tmp_path):
    write_music(tmp_path / "music")
    files = (tmp_path / "music").iterdir()
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in files}
    assert hashes == {"side.wav": "34c065bc935aa90a", "song.wav": "8fb9e3cb3641aa77"}
    for version in VERSIONS:
        known = open_session(FOLDER, store=unpack_store(version, tmp_path)).files
        assert known["sha256"].str[:16].tolist() == ["34c065bc935aa90a", "8fb9e3cb3641aa77"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE file SET document = replace(document, '8000', '8001')", "the row of 'side.wav'"),
        ("UPDATE file SET document = 'no JSON'", "the row of 'song.wav' is damaged"),
        ("UPDATE decision SET content = 'ab'", "a decision by hand"),
        ("UPDATE seal SET n_rows = n_rows + 1", "3 rows of files were written, 2 are there"),
        ("DELETE FROM seal", "an unknown number rows of imports"),
    ],
)
def test_what_was_damaged_before_it_was_carried_over_is_told_after_it(tmp_path, change, told):
    path = unpack_store("schema-4", tmp_path)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        for event in ("insert", "delete", "update"):
            for table in ("file", "decision", "run"):
                db.execute(f"DROP TRIGGER {table}_{event}")
        db.execute(change)
    assert any(told in line for line in open_session(FOLDER, store=path).snapshot().remarks)
    with Store(path, folder=FOLDER) as store:
        assert any(told in line for line in store.mend())
        assert store.mend() == ()
