"""Profiles beside a store: what is written is read, and nothing that goes wrong is an error."""

import sqlite3
from contextlib import closing

import pytest

from wkmp_lab.library.store import ProfileStore, find_profiles

PACKED = bytes(range(256)) * 200


@pytest.fixture
def profiles(tmp_path):
    return find_profiles(tmp_path / "home.wkmp.db", folder=tmp_path / "music")


def test_they_lie_beside_the_store_and_never_in_the_music(tmp_path, profiles):
    assert profiles.path == tmp_path / "home.wkmp-profiles.db"
    music = tmp_path / "music"
    music.mkdir()
    assert find_profiles(music / "home.wkmp.db", folder=music) is None
    profiles.path.symlink_to(music / "inside.db")
    assert find_profiles(tmp_path / "home.wkmp.db", folder=music) is None


def test_what_is_written_is_read_by_what_made_it_alone(profiles):
    assert profiles.read("abc", made_by="1") is None
    profiles.write("abc", PACKED, made_by="1")
    assert profiles.read("abc", made_by="1") == PACKED
    assert profiles.read("abc", made_by="2") is None
    assert profiles.read("other", made_by="1") is None
    profiles.write("abc", b"newer", made_by="2")
    assert profiles.read("abc", made_by="2") == b"newer"


def test_what_is_damaged_is_not_read(profiles):
    profiles.write("abc", PACKED, made_by="1")
    with closing(sqlite3.connect(profiles.path)) as db, db:
        db.execute("UPDATE profile SET packed = ?", (PACKED[:-1] + b"!",))
    assert profiles.read("abc", made_by="1") is None


def test_a_file_that_is_kept_open_is_read_and_written_and_need_not_be_there(profiles):
    with profiles.keep_open():
        profiles.write("abc", PACKED, made_by="1")
    with profiles.keep_open():
        assert profiles.read("abc", made_by="1") == PACKED
        profiles.write("def", PACKED, made_by="1")
    assert profiles.read("def", made_by="1") == PACKED


def test_a_damaged_file_is_made_anew(profiles):
    profiles.path.write_bytes(b"no database, but as long as the header of one" * 10)
    assert profiles.read("abc", made_by="1") is None
    profiles.write("abc", PACKED, made_by="1")
    assert profiles.read("abc", made_by="1") == PACKED


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path):
    nowhere = ProfileStore(tmp_path / "missing" / "home.wkmp-profiles.db")
    nowhere.write("abc", PACKED, made_by="1")
    assert nowhere.read("abc", made_by="1") is None
    assert nowhere.read_size() == 0
    nowhere.delete()
    nowhere.move_to(ProfileStore(tmp_path / "there.db"))


def test_they_move_along_and_can_be_deleted(tmp_path, profiles):
    profiles.write("abc", PACKED, made_by="1")
    assert profiles.read_size() > len(PACKED)
    other = ProfileStore(tmp_path / "there.wkmp-profiles.db")
    other.write("old", PACKED, made_by="1")
    profiles.move_to(other)
    assert not profiles.path.exists()
    assert other.read("abc", made_by="1") == PACKED
    assert other.read("old", made_by="1") is None
    other.delete()
    assert list(tmp_path.iterdir()) == []
