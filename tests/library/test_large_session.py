"""A session of many files holds no results: it reads what is asked for, and tells the same."""

import contextlib
import sqlite3

import pandas as pd
import pytest
from support.generated import OFFLINE, generate_results, make_sources

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.library.run.stored import MAX_HELD
from wkmp_lab.library.session import open_session
from wkmp_lab.library.store import Store, StoredRun, packed
from wkmp_lab.tables import tables

FOLDER = "/music"
N_FILES = MAX_HELD + 10


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The store of more files than a session holds."""
    path = tmp_path_factory.mktemp("large") / "kept.wkmp.db"
    with Store(path, folder=path.with_name("music")) as opened:
        sources = make_sources(N_FILES, folder=str(path.with_name("music")))
        opened.put_many(generate_results(sources))
        opened.put_run(StoredRun("one", 1.0, 2.0, "completed", 2, OFFLINE), version="0")
        packed.pack(opened)
    return path


@pytest.fixture
def store(made, tmp_path):
    """A copy of it, for those who change it."""
    with Store(made, folder=made.with_name("music")) as opened:
        opened.copy_to(tmp_path / "copy.wkmp.db", folder=tmp_path / "music")
    return tmp_path / "copy.wkmp.db"


def open_it(path):
    return open_session(path.with_name("music"), store=path)


def test_its_tables_and_counts_are_those_of_its_results(made):
    session = open_it(made)
    results = session.results
    for name in ("files", "passages", "measures"):
        pd.testing.assert_frame_equal(getattr(session, name), tables.TABLES[name](results))
    now = session.snapshot()
    assert (now.n_files, now.n_finished, now.n_passages, now.n_failed) == (N_FILES,) * 3 + (0,)
    high, _, _, unidentified = now.n_passages_by_level
    assert (high, unidentified) == tuple(
        session.passages["match"].value_counts()[["high", "unidentified"]]
    )
    assert session.state == "completed"


def test_a_file_is_found_by_part_of_its_path_and_decided_on(store):
    session = open_it(store)
    path = session.get_result("album 0000003/04").path
    assert path.endswith("04 song.flac")
    session.decide(path, 0, "reject")
    assert session.get_result(path).passages[0].identity.is_by_hand
    row = session.passages["path"] == path
    assert session.passages.loc[row, "match_reason"].tolist() == ["by_hand"]
    session.undo()
    assert not session.get_result(path).passages[0].identity.is_by_hand


def test_a_row_that_is_damaged_is_told_when_it_is_read_and_its_table_is_whole(store):
    with contextlib.closing(sqlite3.connect(store)) as db, db:
        db.execute(
            "UPDATE file SET document = zeroblob(9) WHERE CAST(path AS TEXT) LIKE '%0000003/04%'"
        )
    session = open_it(store)
    assert len(session.passages) == N_FILES, "what tables show of it is sound"
    assert not session.snapshot().remarks
    with pytest.raises(InvalidInputError, match="damaged in the store: import again"):
        session.get_result("album 0000003/04")
    assert len(session.results) == N_FILES - 1
    (remark,) = session.snapshot().remarks
    assert "04 song.flac' is damaged: expected checksum" in remark


def test_results_come_one_by_one(made):
    session = open_it(made)
    index, path, result = next(session.completed())
    assert (index, path) == (0, session.files["path"][0])
    assert result.path == path
