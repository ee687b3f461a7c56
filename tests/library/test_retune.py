"""A library that is cut and levelled anew: as a fresh import would do it, and without a decode."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.audio_factory import music_like, write_audio, write_side
from support.retagging import list_decoded

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.identifying.decisions import make_candidate
from wkmp_lab.library import retuning
from wkmp_lab.library.session import ImportSession, import_folder, open_session
from wkmp_lab.library.store import find_profiles
from wkmp_lab.model import Phase
from wkmp_lab.settings import (
    AnalyzeSettings,
    IdentifySettings,
    RunSettings,
    SegmentSettings,
    Settings,
)

SR = 16_000
TWO, ONE = (SegmentSettings(min_passage_s=3.0, n_passages=n) for n in (2, 1))
CLASSICAL = AnalyzeSettings("classical")
SETTINGS = Settings(
    segmenting=TWO,
    identifying=IdentifySettings(is_offline=True),
    running=RunSettings(backend="sequential"),
)
MINE = make_candidate("b1a9c0e9-d987-4042-ae91-78d6a3267d69", title="Rain", artist="The Drops")


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A side that is cut in two and a song, imported once for all tests."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "music"
    folder.mkdir()
    write_side(folder / "side.flac", seed=3, sr=SR)
    write_audio(folder / "song.flac", music_like(seed=8, seconds=6.0, sr=SR), SR)
    import_it(folder, SETTINGS)
    return folder


@pytest.fixture
def session(imported, tmp_path):
    """The same with a store that a test may change."""
    for file in imported.parent.glob("kept.*"):
        shutil.copy(file, tmp_path / file.name)
    return open_session(imported, store=tmp_path / "kept.wkmp.db")


def import_it(folder, settings, store=None):
    store = store or folder.parent / "kept.wkmp.db"
    return import_folder(folder, settings=settings, store=store)


def all_of(session):
    """All that a session knows, without when it was found."""
    return [replace(each, spans=()) for each in session.results]


def cut_into(session, name):
    return [round(each.start_s, 1) for each in session.get_result(name).passages]


def test_other_leads_are_those_of_a_fresh_import_and_leave_nothing_stale(session, tmp_path):
    again = session.retune(analyzing=CLASSICAL)
    fresh = import_it(
        Path(session.folder), replace(SETTINGS, analyzing=CLASSICAL), tmp_path / "fresh.wkmp.db"
    )
    assert all_of(again) == all_of(fresh)
    assert again.settings.analyzing == CLASSICAL
    assert again.session_id != session.session_id
    assert "2 files cut and levelled anew" in again.snapshot().remarks
    levels = [[each.amplitude for each in r.passages] for r in (*session.results, *again.results)]
    assert levels[:2] != levels[2:]


def test_other_cuts_leave_new_passages_to_the_next_import(session, tmp_path):
    settings = replace(SETTINGS, segmenting=ONE)
    again = session.retune(segmenting=ONE)
    assert cut_into(again, "side.flac") == [0.0]
    side, song = again.get_result("side.flac"), again.get_result("song.flac")
    assert side.stale == (Phase.FINGERPRINTING, Phase.IDENTIFYING, Phase.FLAVORING)
    assert side.passages[0].amplitude
    assert side.passages[0].fingerprint is None
    assert song.stale == ()
    assert song.passages == session.get_result("song.flac").passages
    later = import_it(Path(session.folder), settings, again.store_path)
    fresh = import_it(Path(session.folder), settings, tmp_path / "fresh.wkmp.db")
    assert list_decoded(later) == ["side.flac"]
    assert all_of(later) == all_of(fresh)


def test_at_once_is_an_import_with_the_other_settings(session):
    again = session.retune(segmenting=ONE, redo=True).wait()
    assert isinstance(again, ImportSession)
    assert list_decoded(again) == ["side.flac"]
    assert again.get_result("side.flac").passages[0].fingerprint


def test_what_was_decided_by_hand_stays(session):
    session.recut("side.flac", [5.0])
    session.decide("side.flac", 0, "choose", candidate=MINE)
    again = session.retune(segmenting=ONE, analyzing=CLASSICAL)
    assert cut_into(again, "side.flac") == [0.0, 5.0]
    side = again.get_result("side.flac")
    assert side.passages[0].recording_mbid == MINE.recording_mbid
    assert side.stale == ()


def test_a_preview_tells_what_would_change_and_why_and_keeps_nothing(session):
    table = session.preview_retune(segmenting=ONE)
    assert [path.rsplit("/", 1)[-1] for path in table["path"]] == ["side.flac"]
    row = table.iloc[0]
    assert (row["kind"], row["n_before"], row["n_after"], row["n_new"]) == ("changed", 2, 1, 1)
    assert row["cuts"].startswith("without ")
    assert row["why"].startswith("not taken, not among the best")
    leads = session.preview_retune(analyzing=CLASSICAL)
    assert leads["n_new"].sum() == 0
    assert leads["n_levels"].sum() == 3
    assert leads["cuts"].isna().all()
    assert session.preview_retune().empty
    assert open_session(session.folder, store=session.store_path).results == session.results


def test_a_file_without_a_profile_is_left_to_the_next_import(session):
    find_profiles(session.store_path, folder=Path(session.folder)).delete()
    table = session.preview_retune(segmenting=ONE)
    assert table["kind"].tolist() == ["no profile"] * 2
    assert table["n_after"].isna().all()
    again = session.retune(segmenting=ONE)
    assert all_of(again) != all_of(session), "they are stale"
    assert cut_into(again, "side.flac") == cut_into(session, "side.flac")
    assert "2 files have no profile" in again.snapshot().remarks[-1]


def test_several_workers_find_the_same(session, monkeypatch):
    monkeypatch.setattr(retuning, "BATCH", 1)
    running = RunSettings(n_jobs=2)
    session.settings = replace(session.settings, running=running)
    assert session.preview_retune(segmenting=ONE)["n_new"].tolist() == [1]


def test_a_running_import_cannot_be_retuned(imported, tmp_path):
    running = ImportSession.start(imported, settings=SETTINGS, store=tmp_path / "new.wkmp.db")
    try:
        with pytest.raises(InvalidInputError, match="still runs: wait or cancel"):
            running.retune(segmenting=ONE)
    finally:
        running.wait()
