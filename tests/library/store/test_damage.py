"""One bit of a store that turns gives an error or a remark, and never other figures."""

import collections
import re
import sqlite3

import pytest
from hypothesis import settings
from support.damage import choose_bits, import_it, judge_flip, make_library, read_figures

from wkmp_lab.errors import StoreError
from wkmp_lab.library.session import open_session
from wkmp_lab.library.store import Store
from wkmp_lab.library.store.rows import compute_checksum, record_from_text, text_from_record
from wkmp_lab.model import FlightRecord

N_FLIPS = 300 if settings.default.max_examples > 1000 else 60
"""Bits that are turned; ``make torture`` tries more."""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return make_library(tmp_path_factory.mktemp("damage"))


@pytest.fixture
def damaged(library, tmp_path):
    """The music, a copy of its store, and SQL on that."""
    music, store = library
    path = tmp_path / "kept.wkmp.db"
    path.write_bytes(store.read_bytes())

    def change(statement):
        with sqlite3.connect(path) as db:
            db.execute(statement)
        db.close()

    return music, path, change


def remarks_of(session):
    return " | ".join(session.snapshot().remarks)


@pytest.mark.slow
def test_no_bit_of_a_store_gives_other_figures_without_a_word(library, tmp_path):
    music, store = library
    flips = choose_bits(store, N_FLIPS, seed=1)
    found = collections.Counter(judge_flip(music, store, place, tmp_path) for place in flips)
    # Of two files little of a store is rows: most of its pages are empty.
    assert found["told"] + found["mended"] >= N_FLIPS // 20, found
    assert found["named"], found


def test_a_damaged_row_is_named_left_out_and_measured_anew(damaged):
    music, store, change = damaged
    expected = read_figures(open_session(music, store=store))
    change("UPDATE file SET document = zeroblob(length(document)), size_bytes = 1")
    opened = open_session(music, store=store)
    assert opened.results == ()
    assert "the row of 'song.wav' is damaged: expected checksum " in remarks_of(opened)
    assert "left out until the next import mends it" in remarks_of(opened)
    session = import_it(music, store)
    assert read_figures(session) == expected
    assert "damaged in the store, and taken out: the row of 'song.wav'" in remarks_of(session)
    assert not remarks_of(import_it(music, store))


def test_a_copy_of_the_damaged_store_is_kept(damaged):
    music, store, change = damaged
    for number in ("", "1"):
        change("UPDATE file SET size_bytes = 1")
        assert f"kept.damaged{number}.wkmp.db" in remarks_of(import_it(music, store))
    kept = store.with_name("kept.damaged.wkmp.db")
    assert "song.wav" in remarks_of(open_session(music, store=kept))


def test_a_damaged_decision_is_told_by_name_and_never_applied(damaged):
    music, store, change = damaged
    change("UPDATE decision SET document = replace(document, 'reject', 'accept')")
    told = remarks_of(open_session(music, store=store))
    assert "a decision by hand (identity, number 3, on 'side.wav')" in told
    session = import_it(music, store)
    assert session.decisions["verdict"].tolist() == ["cut", "accept"]
    assert "a decision by hand (identity, number 3, on 'side.wav')" in remarks_of(session)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM file WHERE path = CAST('song.wav' AS BLOB)", "2 rows of files were written"),
        ("DELETE FROM decision WHERE id = 1", "3 rows of decisions by hand were written"),
        ("DELETE FROM run", "2 rows of imports were written, 0 are there"),
        ("UPDATE run SET state = 'cancelled'", "the row of the import"),
        ("DELETE FROM seal", "an unknown number rows of files were written"),
        ("UPDATE seal SET total = total + 1", "the rows of files are others than were written"),
    ],
)
def test_rows_that_are_gone_or_others_are_told(damaged, statement, told):
    music, store, change = damaged
    for event in ("insert", "delete", "update"):
        for table in ("file", "decision", "run"):
            change(f"DROP TRIGGER {table}_{event}")
    change(statement)
    assert told in remarks_of(open_session(music, store=store))
    assert told in remarks_of(import_it(music, store))
    assert not remarks_of(import_it(music, store))


def test_an_index_that_leads_astray_is_made_anew(library, tmp_path):
    music, store = library
    expected = read_figures(open_session(music, store=store))
    content, store = store.read_bytes(), tmp_path / "kept.wkmp.db"
    digest = next(iter(expected.values()))[2].encode()
    places = [found.start() for found in re.finditer(digest, content)]
    told = []
    for place in places:
        store.write_bytes(content[:place] + b"0123" + content[place + 4 :])
        session = import_it(music, store)
        assert read_figures(session) == expected
        told.append(remarks_of(session))
        assert not remarks_of(import_it(music, store))
    assert all(told)
    assert any("SQLite finds: " in line for line in told), "one of them lies in the index"


def test_what_cannot_be_mended_is_named_and_left_as_it_is(damaged):
    music, store, _change = damaged
    with sqlite3.connect(store) as db:
        db.execute("PRAGMA writable_schema = 1")
        changed = "replace(sql, 'value TEXT', 'value TEXT CHECK(length(value) < 2)')"
        db.execute(f"UPDATE sqlite_master SET sql = {changed} WHERE name = 'library'")
    db.close()
    content = store.read_bytes()
    with pytest.raises(StoreError, match=r"kept\.wkmp\.db.*it is damaged, and cannot be mended"):
        import_it(music, store)
    assert store.read_bytes() == content
    assert len(open_session(music, store=store).results) == 2


@pytest.mark.parametrize("version", [0, 1, 2, 3, 4, -5])
def test_a_header_that_tells_another_schema_is_refused(damaged, version):
    music, store, change = damaged
    change(f"PRAGMA user_version = {version}")
    with pytest.raises(StoreError, match="it is damaged: schema"):
        open_session(music, store=store)


def test_a_store_without_its_folder_is_refused(damaged):
    music, store, change = damaged
    change("UPDATE library SET key = 'holder' WHERE key = 'folder'")
    with pytest.raises(StoreError, match="it is damaged: it tells no folder"):
        open_session(music, store=store)


def test_files_that_go_and_come_keep_their_checksums(library):
    music, store = library
    with Store(store, folder=music) as opened:
        names = [result.path for result in opened.read_results()]
        opened.mark_missing(names[:1])
        assert [result.path for result in opened.read_results()] == names[:1]
        assert opened.find_damage() == ()
        opened.mark_missing(names)
        assert [result.path for result in opened.read_results()] == names
        assert opened.find_damage() == ()
        assert opened.mend() == ()


def test_a_checksum_tells_kinds_lengths_and_every_bit_apart():
    rows = [("a", "bc"), ("ab", "c"), (1, 2), (12, None), ("1", 2), (1.0, 2), ("None",), (None,)]
    assert len({compute_checksum(*row) for row in rows}) == len(rows)
    content = b"results of a file"
    flipped = {bytes([content[0] ^ 1 << bit]) + content[1:] for bit in range(8)}
    assert len({compute_checksum(each) for each in {content, *flipped}}) == 9
    assert compute_checksum("caf\u00e9") == compute_checksum("caf\u00e9".encode())


def test_how_an_import_ran_is_told_whole_or_not_at_all():
    record = FlightRecord("abcd1234", 98.0, worker="9", n_jobs=2, ended_s=108.5)
    text = text_from_record(record)

    assert record_from_text(text) == record
    assert record_from_text(text.replace("108.5", "108.6")) is None
    assert record_from_text("") is None
