"""Blocks give the tables that the results would give, and nothing of a row that is another now."""

import contextlib
import shutil
import sqlite3
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import settings
from support.damage import choose_bits, flip_bit
from support.example_results import make_library, make_measured, make_result
from support.generated import OFFLINE, generate_results, make_sources

from wkmp_lab.errors import StoreError
from wkmp_lab.identifying.decisions import group_by_content, make_identity_decision
from wkmp_lab.library import changes
from wkmp_lab.library.run.shared_store import SharedStore
from wkmp_lab.library.run.stored import StoredResults
from wkmp_lab.library.store import Store, packed
from wkmp_lab.library.store.blocks import find_known
from wkmp_lab.settings import SegmentSettings
from wkmp_lab.tables import tables
from wkmp_lab.tables.packing import OF_TABLE

NAMES = tuple(OF_TABLE)
N_FLIPS = 300 if settings.default.max_examples > 1000 else 60
"""Bits that are turned; ``make torture`` tries more."""


@pytest.fixture(scope="module")
def results():
    """Songs and every status, odd names among them, each with a hash of its own."""
    plain, broken, hostile, copy, silent = make_library()
    # Tags are cleaned before they are kept; paths are as they are.
    odd = replace(plain, source=hostile.source)
    made = [
        replace(result, sha256=f"{k:064x}" if result.sha256 else None)
        for k, result in enumerate((plain, broken, odd, copy, silent), 900)
    ]
    return [*generate_results(make_sources(30)), *made]


@pytest.fixture
def store(tmp_path, results):
    with Store(tmp_path / "kept.wkmp.db", folder=tmp_path / "music") as opened:
        opened.put_many(results)
        packed.pack(opened)
    return SharedStore(opened.path, folder=tmp_path / "music")


def change(store, statement):
    with contextlib.closing(sqlite3.connect(store.path)) as db, db:
        db.execute(statement)


def read_all(store):
    """Two tables, what is counted, and all that is told of damage."""
    told = []
    stored = StoredResults(store, OFFLINE, on_damage=told.append)
    with store.borrow(is_writer=False) as opened:
        told += opened.find_damage(has_rows=False)
    found = [stored.make_table(name, {}) for name in ("files", "passages")]
    return found, stored.count({}, n_failures=20), told


def require_same(stored, results, *, names=NAMES, decisions=None):
    for name in names:
        table = stored.make_table(name, decisions or {})
        # What stands first in one row of another version, and in which order, is all one.
        pd.testing.assert_frame_equal(table, tables.TABLES[name](results), check_like=True)


def test_columns_stand_as_the_results_have_them(tmp_path):
    songs = list(generate_results(make_sources(4)))
    music = tmp_path / "music"
    with Store(tmp_path / "kept.wkmp.db", folder=music) as opened:
        opened.put_many(songs)
        packed.pack(opened)
    stored = StoredResults(SharedStore(opened.path, folder=music), OFFLINE)
    for name in NAMES:
        assert stored.make_table(name, {}).columns.tolist() == list(tables.TABLES[name](songs))


def note(results, settings=OFFLINE):
    return changes.note_stale(results, settings)


def read_others(store):
    with store.borrow(is_writer=False) as opened:
        return len(packed.find_known(opened).others)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_of_blocks_is_that_of_the_results(store, results, name):
    assert read_others(store) == 0
    require_same(StoredResults(store, OFFLINE), note(results), names=[name])


def test_what_has_come_since_and_what_has_changed_stands_in_the_table(store, results):
    new, (first, *others) = make_result("/music/a new one.flac", sha256="ee" * 32), results
    changed = replace(first, notes=("another note",))
    with store.borrow() as opened:
        opened.put_many([new, changed])
    assert read_others(store) == 2
    require_same(StoredResults(store, OFFLINE), note([*others, changed, new]))


def test_files_that_are_gone_are_not_in_the_table(store, results):
    with store.borrow() as opened:
        opened.mark_missing(result.path for result in results[5:])
    require_same(StoredResults(store, OFFLINE), note(results[5:]))


def test_decisions_lie_over_what_blocks_tell(store, results):
    decisions = group_by_content([make_identity_decision(results[1], 0, "reject")])
    stored = StoredResults(store, OFFLINE)
    decided = stored.find(results[1].path, decisions)
    assert decided.passages[0].identity.is_by_hand
    require_same(stored, stored.read(decisions), decisions=decisions)


def test_other_settings_make_notes_of_what_is_stale(store, results):
    other = replace(OFFLINE, segmenting=SegmentSettings(medium="vinyl"))
    stored = StoredResults(store, other)
    assert stored.make_table("files", {})["notes"].str.contains("stale: SEGMENTING").sum() == 30
    require_same(stored, note(results, other), names=["files"])


@pytest.mark.parametrize("name", ["index", "passages"])
def test_a_damaged_block_is_as_good_as_none_and_made_anew(store, results, name):
    change(store, f"UPDATE block SET content = zeroblob(length(content)) WHERE name = '{name}'")
    require_same(StoredResults(store, OFFLINE), note(results), names=["passages"])
    with store.borrow() as opened:
        packed.pack(opened)
        with opened.reading() as db:
            assert db.execute("SELECT count(DISTINCT id) FROM block").fetchone() == (1,)
            assert find_known(db).others == ()
    require_same(StoredResults(store, OFFLINE), note(results), names=["passages"])


def test_blocks_that_mostly_tell_of_other_rows_are_made_anew(store, results):
    with store.borrow() as opened:
        opened.put_many(replace(result, notes=("again",)) for result in results[:20])
        packed.pack(opened)
        with opened.reading() as db:
            found = [len(index.paths) for index in find_known(db).indexes.values()]
    assert found == [len(results)]


def test_files_that_own_measures_have_measured_bring_their_results(store):
    with store.borrow() as opened:
        opened.put(make_measured())
        packed.pack(opened)
    assert read_others(store) == 1
    assert StoredResults(store, OFFLINE).make_table("passages", {}) is None


def test_what_is_counted_is_counted_of_all(store, results):
    counts = StoredResults(store, OFFLINE).count({}, n_failures=20)
    assert counts.paths == tuple(sorted(result.path for result in results))
    assert sum(counts.n_of_kind.values()) == len(results)
    n_passages = sum(kind.n_passages * n for kind, n in counts.n_of_kind.items())
    assert n_passages == sum(len(result.passages) for result in results)
    assert counts.failures == (("/music/broken.mp3", "DECODING: no audio stream"),)


def test_no_bit_of_a_store_with_blocks_gives_other_tables_without_a_word(store, tmp_path):
    with store.borrow() as opened, opened.reading() as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (files, passages), counts, told = read_all(store)
    assert not told
    damaged = SharedStore(tmp_path / "damaged.wkmp.db", folder=tmp_path / "music")
    n_same = 0
    for place in choose_bits(store.path, N_FLIPS, seed=2):
        shutil.copy(store.path, damaged.path)
        flip_bit(damaged.path, place)
        with contextlib.suppress(StoreError):
            found, counted, told = read_all(damaged)
            is_same = found[0].equals(files) and found[1].equals(passages) and counted == counts
            assert is_same or told, place
            n_same += is_same
    assert n_same >= N_FLIPS // 4
