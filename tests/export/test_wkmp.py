import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from support import example_results as example

from wkmp_lab.export.wkmp import export_wkmp, find_root
from wkmp_lab.flavors import Flavor
from wkmp_lab.model import DeclaredPiece, Tags
from wkmp_lab.units import TICKS_PER_SECOND


def export(results, folder):
    (path,) = export_wkmp(results, folder)
    return path


def select(path, query):
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(query)]


@pytest.fixture
def database(tmp_path):
    return export(example.make_library(), tmp_path)


def test_the_database_is_whole(database):
    assert select(database, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert select(database, "PRAGMA foreign_key_check") == []


def test_every_file_is_there_with_its_status(database):
    rows = select(database, "SELECT path, status FROM files ORDER BY path")
    known = {row["path"]: row["status"] for row in rows}
    assert len(rows) == 5
    assert known["side a.flac"] == "INGEST COMPLETE"
    assert known["copy.flac"] == "DUPLICATE HASH"
    assert known["silent.wav"] == "NO AUDIO"
    assert known["broken.mp3"] == "PENDING"


def test_copies_name_each_other(database):
    rows = select(database, f"SELECT * FROM files WHERE hash = '{'ab' * 32}'")
    guids = {row["guid"] for row in rows}
    for row in rows:
        assert set(json.loads(row["matching_hashes"])) == guids - {row["guid"]}


def test_times_are_whole_ticks_and_leads_are_points(tmp_path):
    path = export([example.make_result()], tmp_path)
    first, second = select(path, "SELECT * FROM passages ORDER BY start_time_ticks")
    assert first["end_time_ticks"] == second["start_time_ticks"] == 100 * TICKS_PER_SECOND
    assert first["lead_in_start_ticks"] == TICKS_PER_SECOND
    assert first["lead_out_start_ticks"] == 98 * TICKS_PER_SECOND
    assert first["fade_in_start_ticks"] is None


def test_leads_that_overlap_meet_in_their_middle(tmp_path):
    short = example.make_passage(start_s=0.0, end_s=2.0)
    path = export([example.make_result(passages=(short,))], tmp_path)
    (row,) = select(path, "SELECT * FROM passages")
    assert row["lead_in_start_ticks"] == row["lead_out_start_ticks"] == TICKS_PER_SECOND // 2


def test_an_identified_passage_has_song_artist_work_and_album(tmp_path):
    path = export([example.make_result()], tmp_path)
    (row,) = select(
        path,
        "SELECT s.recording_mbid, a.name, w.work_mbid, b.album_mbid, l.end_time_ticks"
        " FROM passages p JOIN passage_songs l ON l.passage_id = p.guid"
        " JOIN songs s ON s.guid = l.song_id JOIN song_artists sa ON sa.song_id = s.guid"
        " JOIN artists a ON a.guid = sa.artist_id JOIN works w ON w.guid = s.work_id"
        " JOIN passage_albums pa ON pa.passage_id = p.guid JOIN albums b ON b.guid = pa.album_id",
    )
    assert row == {
        "recording_mbid": example.MBID,
        "name": "The Drops",
        "work_mbid": example.WORK,
        "album_mbid": example.RELEASE,
        "end_time_ticks": 100 * TICKS_PER_SECOND,
    }


def test_a_song_in_two_files_is_one_song(tmp_path):
    results = [example.make_result(f"/music/{n}.flac") for n in range(3)]
    path = export(results, tmp_path)
    assert len(select(path, "SELECT * FROM songs")) == 1
    assert len(select(path, "SELECT * FROM passage_songs")) == 3


def test_a_player_need_not_wait_through_silence_for_a_lead(tmp_path):
    # given music from 10 s to 200 s of a piece of 500 s: a hidden track was cut off behind it
    passage = example.make_passage(start_s=0.0, end_s=500.0)
    amplitude = replace(
        passage.amplitude,
        first_sound_ticks=10 * TICKS_PER_SECOND,
        last_sound_ticks=200 * TICKS_PER_SECOND,
    )
    passage = replace(passage, amplitude=amplitude)
    (row,) = select(
        export([example.make_result(passages=(passage,))], tmp_path), "SELECT * FROM passages"
    )
    assert row["lead_in_start_ticks"] == 10 * TICKS_PER_SECOND
    assert row["lead_out_start_ticks"] == 200 * TICKS_PER_SECOND
    assert row["end_time_ticks"] == 500 * TICKS_PER_SECOND


@pytest.mark.parametrize(
    ("tags", "declared", "expected"),
    [
        (Tags(artist="A"), None, (None, None, "A", "tags")),
        (Tags(title="T", artist="A"), None, ("T", "tags", "A", "tags")),
        (Tags(), None, (None, None, None, None)),
        (Tags(), DeclaredPiece(0, "D", "P"), ("D", "declared", "P", "declared")),
    ],
)
def test_a_title_is_never_that_of_the_file(tmp_path, tags, declared, expected):
    passage = replace(example.make_passage(level="unidentified"), declared=declared)
    path = export([example.make_result(tags=tags, passages=(passage,))], tmp_path)
    (row,) = select(path, "SELECT * FROM passages")
    names = ("title", "title_source", "artist", "artist_source")
    assert tuple(row[name] for name in names) == expected


def test_the_album_of_a_sheet_counts_where_no_other_is_known(tmp_path):
    piece = DeclaredPiece(0, "D", album="Sheet's")
    passage = replace(example.make_passage(level="unidentified"), declared=piece)
    for tags, album in ((Tags(), "Sheet's"), (Tags(album="Tag's"), "Tag's")):
        path = export([example.make_result(tags=tags, passages=(passage,))], tmp_path)
        assert select(path, "SELECT album FROM passages") == [{"album": album}]


def test_a_vector_is_of_categories_that_sum_to_1_or_absent(tmp_path):
    # given shares as a service rounds them
    shares = {"happy": 0.3332, "not_happy": 0.6667}
    told = Flavor({"mood_happy": shares}, "acousticbrainz")
    passages = (
        replace(example.make_passage(), musical_flavor=told),
        replace(example.make_passage(1, start_s=100.0, end_s=180.5), musical_flavor=None),
    )
    path = export([example.make_result(passages=passages)], tmp_path)
    first, second = select(path, "SELECT * FROM passages ORDER BY start_time_ticks")
    vector = json.loads(first["musical_flavor_vector"])
    assert sum(vector["mood_happy"].values()) == pytest.approx(1.0, abs=1e-12)
    assert json.loads(first["flavor_source_blend"]) == {"acousticbrainz": 1.0}
    assert second["musical_flavor_vector"] is None
    assert second["flavor_source_blend"] is None


def test_an_unidentified_passage_has_no_song_and_no_invented_id(tmp_path):
    passage = example.make_passage(level="unidentified")
    path = export([example.make_result(passages=(passage,))], tmp_path)
    (row,) = select(path, "SELECT * FROM passages")
    assert row["recording_mbid"] is None
    assert row["title"] == "Rain"
    assert row["title_source"] == "tags"
    assert select(path, "SELECT * FROM songs") == []


def test_provenance_holds_what_was_measured_and_said(tmp_path):
    path = export([example.make_result(passages=(example.make_passage(),))], tmp_path)
    row = select(path, "SELECT * FROM passages")[0]
    analysis = json.loads(row["import_metadata"])["amplitude_analysis"]
    assert analysis["parameters_used"] == {"window_s": 0.1}
    rows = select(path, "SELECT * FROM import_provenance")
    assert {row["source_type"] for row in rows} == {"acoustid", "duration"}
    assert json.loads(rows[0]["data_extracted"])["detail"] == "fingerprint"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("lead_in_start_ticks", -1),
        ("lead_out_start_ticks", 10**15),
        ("end_time_ticks", 0),
        ("fade_in_curve", "'sudden'"),
        ("musical_flavor_vector", "'{'"),
        ("identity_confidence", 1.5),
    ],
)
def test_the_database_refuses_what_wkmp_forbids(database, column, value):
    with closing(sqlite3.connect(database)) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute(f"UPDATE passages SET {column} = {value}")


def test_paths_are_relative_with_forward_slashes(tmp_path):
    results = [example.make_result(f"/music/{name}.flac") for name in ("a/x", "b/y")]
    path = export(results, tmp_path)
    assert find_root(results) == "/music"
    assert [r["path"] for r in select(path, "SELECT path FROM files")] == ["a/x.flac", "b/y.flac"]
