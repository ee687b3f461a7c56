"""What is asked again and what is not, folders as albums, files cut by their release."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.lookup_runs import at, file_of, make_settings, run_lookup_thread, tagged
from support.standin import KEY, run_standin
from support.standin_world import World, WorldRecording, WorldRelease, make_id

from wkmp_lab.fingerprinting.fingerprint import find_fingerprint_tool
from wkmp_lab.io.catalogue.catalogue import Catalogue
from wkmp_lab.io.catalogue.jsonl import read_catalogue_file
from wkmp_lab.io.web.answers import Recording
from wkmp_lab.library.session import import_folder
from wkmp_lab.lookup import services
from wkmp_lab.lookup.freshness import needs_identity
from wkmp_lab.lookup.services import find_catalogue, name_sources
from wkmp_lab.model import Tags
from wkmp_lab.pipeline import cache_keys, measure
from wkmp_lab.settings import (
    IdentifySettings,
    RunSettings,
    SegmentHints,
    SegmentSettings,
    Settings,
)

DATA = Path(__file__).parents[2] / "data"
SIDE = "sides/Side A.ogg"


@pytest.fixture(autouse=True)
def key(monkeypatch, tmp_path):
    monkeypatch.setenv("WKMP_LAB_ACOUSTID_KEY", KEY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def folder_of(world, release, **tags):
    """A folder with the tracks of a release, in files that bear their names alone."""
    tracks = [world.recordings[mbid] for mbid in world.releases[release].tracks]
    return [
        at(f"/music/album/{n:02}.flac", file_of(r, tags=tagged(r, **tags)))
        for n, r in enumerate(tracks, 1)
    ]


def test_what_was_matched_is_not_asked_again_when_a_key_comes_or_the_catalogue_grows(
    standin, tmp_path, monkeypatch
):
    heard, other = list(standin.world.recordings.values())[:2]
    settings = make_settings(standin, tmp_path, contact=None)
    monkeypatch.delenv("WKMP_LAB_ACOUSTID_KEY")
    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        catalogue.add(Recording(heard.mbid, heard.title, heard.artist, 120.0), heard.items)
    files = [at("/music/a", file_of(heard)), at("/music/b", file_of(other))]
    first, _ = run_lookup_thread(files, settings)
    assert run_lookup_thread(first.values(), settings) == ({}, {})

    monkeypatch.setenv("WKMP_LAB_ACOUSTID_KEY", KEY)
    again, _ = run_lookup_thread(first.values(), settings)
    assert list(again) == ["/music/b"]
    assert again["/music/b"].passages[0].identity.chosen.recording_mbid == other.mbid
    assert run_lookup_thread(again.values(), settings) == ({}, {})

    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        catalogue.add(Recording(None, "Another", None, 120.0), other.items[::-1].copy())
    sources = name_sources(settings.identifying)
    wanted = [path for path, r in first.items() if needs_identity(r, settings, sources)]
    assert wanted == ["/music/b"]


def test_a_folder_is_one_release_and_its_unheard_files_are_named_by_it(standin, tmp_path):
    files = folder_of(standin.world, make_id("release", 1, 0))
    mute = dataclasses.replace(files[4], file_fingerprint=None, tags=Tags())
    files[4] = mute
    _, revised = run_lookup_thread(files, make_settings(standin, tmp_path))
    chosen = [revised[file.path].passages[0].identity.chosen for file in files]
    assert {each.release_title for each in chosen} == {"Album Brook 1"}
    assert [each.recording_mbid for each in chosen] == list(
        standin.world.releases[make_id("release", 1, 0)].tracks
    )
    assert [each.level for each in chosen] == ["high"] * 4 + ["low"] + ["high"] * 5
    details = {e.detail for each in chosen for e in each.evidence if e.source == "album"}
    assert all("holds 9 of 9 known pieces; next 'Album Brook 1 (Deluxe)'" in d for d in details)
    assert standin.n_duplicates("musicbrainz") == standin.n_duplicates("acoustid") == 0


def test_a_longer_edition_is_taken_where_the_folder_holds_all_of_it(standin, tmp_path):
    files = folder_of(standin.world, make_id("release", 1, 1))
    _, revised = run_lookup_thread(files, make_settings(standin, tmp_path))
    titles = {r.passages[0].identity.chosen.release_title for r in revised.values()}
    assert titles == {"Album Brook 1 (Deluxe)"}


def test_folders_that_agree_cost_no_further_question(standin, tmp_path):
    files = folder_of(standin.world, make_id("release", 1, 0))
    identified, revised = run_lookup_thread(files, make_settings(standin, tmp_path))
    assert len(identified) == 10
    assert revised == {}
    assert (standin.count("acoustid"), standin.count("musicbrainz")) == (1, 1)


def test_a_file_that_was_added_later_is_seen_among_its_neighbours(standin, tmp_path):
    files = folder_of(standin.world, make_id("release", 1, 0))
    late = dataclasses.replace(files.pop(), file_fingerprint=None, tags=Tags())
    settings = make_settings(standin, tmp_path)
    known, _ = run_lookup_thread(files, settings)
    identified, revised = run_lookup_thread([*known.values(), late], settings)
    assert list(identified) == [late.path]
    assert revised[late.path].passages[0].identity.level == "low"


def test_a_cancelled_lane_leaves_folders_as_they_are(standin, tmp_path):
    files = folder_of(standin.world, make_id("release", 1, 0))
    assert run_lookup_thread(files, make_settings(standin, tmp_path), cancelled=True) == ({}, {})


def test_a_release_that_asks_for_other_cuts_is_noted_once(standin, tmp_path):
    known = [
        standin.world.recordings[m]
        for m in standin.world.releases[make_id("release", 0, 0)].tracks
    ]
    joined = dataclasses.replace(
        known[1],
        duration_s=known[1].duration_s + known[2].duration_s,
        items=np.concatenate([known[1].items, known[2].items]),
    )
    settings = make_settings(standin, tmp_path)
    with Catalogue(find_catalogue(settings.identifying)) as catalogue:
        for r in known[3:]:
            catalogue.add(Recording(r.mbid, r.title, r.artist, r.duration_s), r.items)
    file = file_of(known[0], joined, *known[3:8])
    (side,) = run_lookup_thread([file], settings)[0].values()
    assert cache_keys.is_to_be_cut_again(side)
    assert side.track_lengths_s == tuple(r.duration_s for r in known[:8])

    by_hand = dataclasses.replace(file, provenance=((cache_keys.HINTS, "cut:0123"),))
    (kept,) = run_lookup_thread([by_hand], settings)[0].values()
    assert not cache_keys.is_to_be_cut_again(kept)


@pytest.mark.slow
def test_a_side_is_cut_again_by_the_lengths_of_its_release(tmp_path):
    if find_fingerprint_tool() is None:
        pytest.skip("needs Chromaprint: libchromaprint or an ffmpeg with its muxer")
    music = tmp_path / "music"
    music.mkdir()
    shutil.copy(DATA / "sample" / SIDE, music)
    with run_standin(make_side_world()) as standin:
        settings = make_settings(
            standin, tmp_path, catalogue=str(DATA / "sample" / "wkmp_catalogue.jsonl")
        )
        # The gap of 1.4 s after the first piece is too short for this setting.
        settings = dataclasses.replace(
            settings,
            segmenting=SegmentSettings(min_silence_s=1.9),
            running=RunSettings(backend="sequential"),
        )
        session = import_folder(music, settings=settings, store=tmp_path / "store.sqlite")
        (side,) = session.results
        assert [p.identity.chosen.title for p in side.passages] == list(SIDE_TITLES)
        assert {p.identity.chosen.release_title for p in side.passages} == {"The Other Side"}
        assert not cache_keys.is_to_be_cut_again(side)
        fresh = measure.measure_file(
            side.source,
            settings=settings,
            hints=SegmentHints(durations_s=side.track_lengths_s),
        )
        assert [strip(passage) for passage in side.passages] == list(fresh.passages)
        assert session.snapshot().n_finished == 1
        n_requests = len(standin.ledger)
        again = import_folder(music, settings=settings, store=tmp_path / "store.sqlite")
        assert again.results == (side,)
        assert len(standin.ledger) == n_requests


def strip(passage):
    """What was measured of a passage."""
    return dataclasses.replace(passage, identity=None, musical_flavor=None)


SIDE_TITLES = ("Switchyard", "The Long Breath", "Relay", "Last Carousel")


def make_side_world() -> World:
    """One release, which holds the pieces of the sample's album side."""
    stored = {
        f.recording.title: f for f in read_catalogue_file(DATA / "sample" / "wkmp_catalogue.jsonl")
    }
    recordings = {}
    for title in SIDE_TITLES:
        known = stored[title].recording
        recordings[known.mbid] = WorldRecording(
            known.mbid, title, known.artist, known.duration_s, make_id(title), stored[title].items
        )
    release = WorldRelease(
        make_id("side"), make_id("group"), "The Other Side", 2026, tuple(recordings)
    )
    return World(recordings, {release.mbid: release}, {})


def test_a_music_folder_may_bring_a_catalogue(tmp_path):
    own, brought = tmp_path / "own.sqlite", tmp_path / services.FOLDER_CATALOGUE
    asked, chosen = IdentifySettings(), IdentifySettings(catalogue=str(own))
    before = find_catalogue(asked, tmp_path)
    assert before == find_catalogue(asked)
    assert services.find_library(tmp_path / "artist" / "album" / "song.flac").name == "album"
    shutil.copy(DATA / "sample" / services.FOLDER_CATALOGUE, brought)
    assert find_catalogue(asked, tmp_path) == brought
    assert find_catalogue(chosen, tmp_path) == own
    assert services.find_library(tmp_path / "artist" / "album" / "song.flac") == tmp_path
    assert name_sources(asked, tmp_path) != name_sources(asked)


def test_without_a_key_or_a_catalogue_there_are_no_sources(monkeypatch, tmp_path, standin):
    monkeypatch.delenv("WKMP_LAB_ACOUSTID_KEY")
    settings = make_settings(standin, tmp_path)
    assert services.name_sources(settings.identifying) == ("", "")
    assert Settings().identifying.catalogue is None
