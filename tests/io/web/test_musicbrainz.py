"""MusicBrainz: recordings, releases, ISRCs and search."""

import contextlib
import dataclasses
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.standin import Standin
from support.standin_world import make_id

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.web.http_cache import HttpCache
from wkmp_lab.io.web.musicbrainz import (
    MusicbrainzClient,
    check_includes,
    escape_lucene,
    make_query,
    read_body,
    read_recording,
    read_release,
)
from wkmp_lab.io.web.transport import Host, Patience, Transport
from wkmp_lab.model.reasons import OutcomeKind

HOST = Host("musicbrainz", 0.02, Patience(pause_s=0.01, linger_s=0.01))


@pytest.fixture
def client(standin, tmp_path):
    with open_client(standin, tmp_path) as client:
        yield client


@contextlib.contextmanager
def open_client(standin: Standin, folder) -> Iterator[MusicbrainzClient]:
    transport = Transport(folder, user_agent="wkmp_lab/test", is_cancelled=lambda: False)
    with HttpCache(folder / "answers.sqlite") as cache:
        yield MusicbrainzClient(transport, cache, host=HOST, base_url=standin.url)


def test_a_recording_comes_with_artist_work_and_releases(standin, client):
    known = standin.world.recordings[make_id("recording", 1, 2)]
    found = client.fetch_recording(known.mbid).found
    assert (found.title, found.artist, found.work_mbid) == (
        known.title,
        known.artist,
        known.work_mbid,
    )
    assert found.duration_s == known.duration_s
    assert [release.n_tracks for release in found.releases] == [10, 11]


def test_a_release_brings_all_its_tracks_in_one_request(standin, client):
    known = standin.world.releases[make_id("release", 0, 0)]
    found = client.fetch_release(known.mbid).found
    assert [track.recording.mbid for track in found.tracks] == list(known.tracks)
    assert [track.position for track in found.tracks] == list(range(1, 11))
    assert found.tracks[3].recording.work_mbid == make_id("work", 0, 3)
    assert standin.count("musicbrainz") == 1


def test_a_merged_recording_is_followed_and_both_ids_are_kept(standin, client):
    old, new = next(iter(standin.world.merged.items()))
    found = client.fetch_recording(old).found
    assert (found.mbid, found.asked_mbid) == (new, old)
    assert [entry.status for entry in standin.entries("musicbrainz")] == [301, 200]


def test_an_unknown_id_is_no_match_and_is_remembered(standin, client, tmp_path):
    assert client.fetch_recording(make_id("nothing")).kind is OutcomeKind.NO_MATCH
    with open_client(standin, tmp_path) as second:
        assert second.fetch_recording(make_id("nothing")).kind is OutcomeKind.NO_MATCH
    assert standin.count("musicbrainz") == 1


def test_the_same_question_is_asked_once(standin, client):
    mbid = make_id("recording", 0, 0)
    assert client.fetch_recording(mbid) == client.fetch_recording(mbid)
    assert standin.count("musicbrainz") == 1


@pytest.mark.parametrize("fault", ["html200", "empty200", "list200"])
def test_a_page_that_is_no_answer_is_malformed_and_not_kept(standin, client, fault):
    standin.faults["musicbrainz"].append(fault)
    mbid = make_id("recording", 0, 0)
    assert client.fetch_recording(mbid).kind is not OutcomeKind.MATCH
    assert client.fetch_recording(mbid).kind is OutcomeKind.MATCH


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><p>busy",
        b'<?xml version="1.0" encoding="UTF-0"?><metadata/>',  # a LookupError of the parser
        b"<metadata xmlns='http://musicbrainz.org/ns/mmd-2.0#'/>",
    ],
)
def test_bodies_that_cannot_be_read_are_malformed(body):
    outcome = read_body(body, read_recording)
    assert (outcome.kind, outcome.found) == (OutcomeKind.MALFORMED, None)


def track_xml(position, number, name):
    numbers = f"<position>{position}</position><number>{number}</number><length>60000</length>"
    return f"{numbers}<recording id='{name}'><title>{name}</title></recording>"


def release_xml(*media):
    listed = "".join(f"<medium>{medium}</medium>" for medium in media)
    inner = f"<release id='r'><title>R</title><medium-list>{listed}</medium-list></release>"
    return f"<metadata xmlns='http://musicbrainz.org/ns/mmd-2.0#'>{inner}</metadata>".encode()


def list_xml(tracks, *, name="track"):
    inner = "".join(f"<track>{track_xml(*track)}</track>" for track in tracks)
    return f"<{name}-list count='{len(tracks)}'>{inner}</{name}-list>"


def places_of(*media):
    tracks = read_body(release_xml(*media), read_release).found.tracks
    return [(t.recording.mbid, t.disc, t.position, t.number, t.is_extra) for t in tracks]


def test_a_track_that_is_hidden_before_the_first_is_read_and_not_counted():
    pregap = f"<position>1</position><pregap>{track_xml(0, 0, 'hidden')}</pregap>"
    places = places_of(pregap + list_xml([(1, 1, "first"), (2, 2, "second")]))
    assert places == [
        ("hidden", 1, 0, "0", True),
        ("first", 1, 1, "1", False),
        ("second", 1, 2, "2", False),
    ]


def test_a_disc_of_data_alone_is_its_music_and_data_behind_music_is_extra():
    data = list_xml([(1, 1, "song"), (2, 2, "other")], name="data-track")
    empty = "<position>1</position><track-list count='0' offset='0'/>"
    assert [place[0] for place in places_of(empty + data)] == ["song", "other"]
    assert not any(place[-1] for place in places_of(empty + data))
    film = list_xml([(2, 2, "film")], name="data-track")
    places = places_of(f"<position>1</position>{list_xml([(1, 1, 'song')])}{film}")
    assert places == [("song", 1, 1, "1", False), ("film", 1, 2, "2", True)]


def test_discs_positions_and_numbers_are_read_as_they_are_told():
    sides = list_xml([(1, "A", "front"), (2, "B", "back")])
    last = list_xml([(4, "", "late")])
    places = places_of(f"<position>2</position>{sides}", f"<position>5</position>{last}", last)
    assert places == [
        ("front", 2, 1, "A", False),
        ("back", 2, 2, "B", False),
        ("late", 5, 4, None, False),
        ("late", 3, 4, None, False),
    ]


def test_a_release_of_a_recording_tells_its_disc_and_place(standin, client):
    album = standin.world.releases[make_id("release", 0, 0)]
    twice = dataclasses.replace(album, disc_ends=(6,))
    standin.world.releases[album.mbid] = twice
    found = client.fetch_recording(album.tracks[7]).found
    places = [(each.disc, each.position, each.n_disc_tracks) for each in found.releases]
    assert places == [(2, 2, 4), (1, 8, 11)]
    discs = [track.disc for track in client.fetch_release(album.mbid).found.tracks]
    assert discs == [1] * 6 + [2] * 4


def test_an_isrc_leads_to_its_recording(standin, client):
    found = client.fetch_isrc("XXWKM2601003").found
    assert [recording.mbid for recording in found] == [make_id("recording", 1, 3)]


def test_a_name_is_found_by_search(standin, client):
    known = standin.world.recordings[make_id("recording", 2, 4)]
    found = client.search_recordings(known.title, known.artist, known.duration_s).found
    assert [recording.mbid for recording in found] == [known.mbid]


def test_includes_that_the_service_does_not_have_are_refused():
    with pytest.raises(InvalidInputError, match="genres"):
        check_includes("recording", ["genres"])


@given(st.text())
def test_no_text_is_an_operator_of_the_search(text):
    escaped = escape_lucene(text)
    bare = escaped.replace("\\\\", "")
    assert all(bare[at - 1] == "\\" for at, sign in enumerate(bare) if sign in '"():[]{}^~*?/')
    assert "AND" not in escaped
    assert "\0" not in escaped


def test_a_query_bounds_the_length():
    assert make_query("A", None, 3.0) == 'recording:"a" AND dur:[0 TO 10000]'
