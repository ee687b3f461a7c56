"""The local catalogue: whole pieces, parts, clips, other encodings; and what is not in it."""

import dataclasses
import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.standin_world import distort, make_id, make_items

from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.io.catalogue import catalogue as catalogue_module
from wkmp_lab.io.catalogue.catalogue import Catalogue
from wkmp_lab.io.catalogue.index import (
    SILENT_ITEM,
    choose_stride,
    find_votes,
    make_keys,
    measure_overlap,
)
from wkmp_lab.io.web.answers import Recording

N_PIECES = 40


def make_pieces(n_pieces: int = N_PIECES, *, seed: int = 7) -> list[tuple[Recording, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [
        (
            Recording(make_id(seed, index), f"Piece {index}", "Nobody", 120.0),
            make_items(rng, duration_s=120.0),
        )
        for index in range(n_pieces)
    ]


PIECES = make_pieces()


@pytest.fixture(scope="module")
def catalogue():
    with Catalogue(":memory:") as catalogue:
        catalogue.add_many((recording, items, "test") for recording, items in PIECES)
        yield catalogue


@settings(max_examples=40)
@given(
    index=st.integers(0, N_PIECES - 1),
    start=st.integers(0, 700),
    length=st.integers(59, 250),
    seed=st.integers(0, 99),
)
def test_a_clip_of_ten_seconds_or_more_is_found_where_it_lies(
    catalogue, index, start, length, seed
):
    recording, items = PIECES[index]
    clip = distort(items[start : start + length], bit_error=0.05, seed=seed)
    match = catalogue.query(clip)[0]
    assert match.recording == recording
    assert match.offset_s == pytest.approx(start * 1365 / 11025, abs=0.3)
    assert match.bit_error < 0.1
    assert match.coverage > 0.9


def test_a_longer_file_that_begins_before_the_piece_is_found_with_a_negative_offset(catalogue):
    recording, items = PIECES[3]
    other = make_items(np.random.default_rng(99), duration_s=15.0)
    match = catalogue.query(np.concatenate([other, items]))[0]
    assert match.recording == recording
    assert match.offset_s == pytest.approx(-other.size * 1365 / 11025)


def test_unknown_music_is_not_found(catalogue):
    rng = np.random.default_rng(1234)
    assert all(catalogue.query(make_items(rng, duration_s=60.0)) == [] for _ in range(20))


def test_silence_finds_nothing_even_where_a_piece_ends_in_it():
    _, items = PIECES[0]
    silence = np.full(200, SILENT_ITEM, np.uint32)
    with Catalogue(":memory:") as catalogue:
        catalogue.add(PIECES[0][0], np.concatenate([items, silence]))
        assert catalogue.query(silence) == []
        tail = np.concatenate([make_items(np.random.default_rng(5), duration_s=20.0), silence])
        assert catalogue.query(tail) == []


def test_the_nearest_other_song_is_told_and_the_same_song_twice_is_no_other():
    recording, items = PIECES[0]
    remaster = dataclasses.replace(recording, mbid=make_id("remaster"))
    related = Recording(make_id("related"), "A relative", "Nobody", 120.0)
    with Catalogue(":memory:") as catalogue:
        catalogue.add(recording, items)
        catalogue.add(remaster, distort(items, bit_error=0.03))
        catalogue.add(related, distort(items, bit_error=0.20))
        matches = catalogue.query(items)
    assert [match.recording for match in matches] == [recording, remaster, related]
    assert matches[0].next_bit_error == pytest.approx(0.20, abs=0.01)
    assert matches[0].margin == pytest.approx(0.20, abs=0.01)


def test_adding_again_changes_nothing_and_what_is_added_is_found_at_once(tmp_path):
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        assert catalogue.add(*PIECES[0])
        assert not catalogue.add(*PIECES[0])
        assert catalogue.query(PIECES[0][1])[0].bit_error == 0.0
        assert catalogue.query(PIECES[1][1]) == []
        assert catalogue.add(*PIECES[1])
        assert catalogue.query(PIECES[1][1])[0].recording == PIECES[1][0]
        assert len(catalogue) == 2


def test_a_catalogue_keeps_what_was_added(tmp_path):
    path = tmp_path / "new folder" / "c.sqlite"
    with Catalogue(path) as catalogue:
        catalogue.add_many((recording, items, "x.flac") for recording, items in PIECES[:3])
    with Catalogue(path) as catalogue:
        listed = catalogue.list_recordings()
        assert [entry.recording for entry in listed] == [recording for recording, _ in PIECES[:3]]
        assert {entry.origin for entry in listed} == {"x.flac"}
        assert catalogue.query(PIECES[2][1])[0].recording == PIECES[2][0]


def test_a_large_catalogue_answers_from_its_sidecar_as_from_memory(tmp_path, monkeypatch):
    path = tmp_path / "c.sqlite"
    with Catalogue(path) as catalogue:
        catalogue.add_many((recording, items, None) for recording, items in PIECES[:30])
        from_memory = [catalogue.query(items) for _, items in PIECES]
    monkeypatch.setattr(catalogue_module, "MAX_IN_MEMORY", 10)
    with Catalogue(path) as catalogue:
        assert [catalogue.query(items) for _, items in PIECES] == from_memory
        assert (tmp_path / "c.sqlite.index").exists()
    with Catalogue(path) as catalogue:
        catalogue.add(*PIECES[35])
        assert catalogue.query(PIECES[35][1])[0].recording == PIECES[35][0]
        assert catalogue.query(PIECES[5][1])[0].recording == PIECES[5][0]


@pytest.mark.parametrize("damage", ["cut", "foreign", "gone"])
def test_a_sidecar_that_does_not_fit_is_made_anew(tmp_path, monkeypatch, damage):
    monkeypatch.setattr(catalogue_module, "MAX_IN_MEMORY", 10)
    path, index = tmp_path / "c.sqlite", tmp_path / "c.sqlite.index"
    with Catalogue(path) as catalogue:
        catalogue.add_many((recording, items, None) for recording, items in PIECES)
        catalogue.query(PIECES[0][1])
    whole = index.read_bytes()
    if damage == "gone":
        index.unlink()
    else:
        index.write_bytes(whole[:-8] if damage == "cut" else whole[:8] + bytes(16) + whole[24:])
    with Catalogue(path) as catalogue:
        assert catalogue.query(PIECES[9][1])[0].recording == PIECES[9][0]
    assert index.read_bytes() == whole


def test_a_file_that_is_no_catalogue_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE something(x)")
    other.close()
    with pytest.raises(StoreError, match="no catalogue"):
        Catalogue(path)
    text = tmp_path / "text"
    text.write_text("not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(StoreError, match="cannot be used"):
        Catalogue(text)
    assert text.read_text().startswith("not a database")


def test_a_newer_catalogue_is_refused(tmp_path):
    path = tmp_path / "c.sqlite"
    Catalogue(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreError, match="newer"):
        Catalogue(path)


def test_a_recording_without_name_and_id_is_refused():
    with Catalogue(":memory:") as catalogue, pytest.raises(InvalidInputError, match="needs an id"):
        catalogue.add(Recording(None), PIECES[0][1])


def test_a_fingerprint_of_many_hours_is_stored_in_parts():
    rng = np.random.default_rng(3)
    items = rng.integers(0, 2**32, 150_000, dtype=np.uint32)
    with Catalogue(":memory:") as catalogue:
        catalogue.add(Recording(None, "A long night"), items)
        match = catalogue.query(items[140_000:140_200])[0]
        assert match.offset_s == pytest.approx(140_000 * 1365 / 11025, abs=0.2)


def test_the_most_telling_offset_wins_in_a_loop():
    loop = make_items(np.random.default_rng(11), duration_s=14.0)
    items = np.concatenate([distort(loop, bit_error=0.1, seed=i) for i in range(6)])
    exact = items[2 * loop.size : 3 * loop.size + 30]
    keys = np.sort(make_keys(items, slot=5))
    votes = find_votes(keys, exact, n_offsets=4)
    assert {vote.slot for vote in votes} == {5}
    best = min(
        (measure_overlap(exact, items, offset=vote.offset) for vote in votes),
        key=lambda overlap: overlap.bit_error,
    )
    assert (best.offset, best.bit_error) == (2 * loop.size, 0.0)


def test_large_catalogues_index_fewer_items():
    assert [choose_stride(n) for n in (1, 20_000, 20_001, 100_001)] == [1, 1, 2, 4]


def test_too_short_an_overlap_proves_nothing():
    _, items = PIECES[0]
    assert measure_overlap(items[:29], items, offset=0) is None
    assert measure_overlap(items[:35], items, offset=0).bit_error == 0.0
