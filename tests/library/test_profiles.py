"""Level profiles in an import: kept beside the store, used for what changes, or kept by nobody."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.audio_factory import music_like, write_audio
from support.retagging import list_decoded

from wkmp_lab.cli import main
from wkmp_lab.library.session import import_folder
from wkmp_lab.library.store import find_profiles
from wkmp_lab.settings import (
    AnalyzeSettings,
    IdentifySettings,
    RunSettings,
    Settings,
)

SR = 16_000
SETTINGS = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
)
CLASSICAL = replace(SETTINGS, analyzing=AnalyzeSettings("classical"))


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for seed in range(2):
        write_audio(folder / f"{seed}.flac", music_like(seed=seed, seconds=6.0, sr=SR), SR)
    return folder


def import_it(folder, settings, store="kept.wkmp.db"):
    return import_folder(folder, settings=settings, store=folder.parent / store)


def profiles_of(session):
    return find_profiles(session.store_path, folder=Path(session.folder))


def test_an_import_after_a_changed_setting_decodes_nothing(music):
    first = import_it(music, SETTINGS)
    assert 0 < profiles_of(first).read_size() < 100_000
    again = import_it(music, CLASSICAL)
    fresh = import_it(music, CLASSICAL, store="fresh.wkmp.db")
    assert list_decoded(again) == []
    assert [each.passages for each in again.results] == [each.passages for each in fresh.results]


def test_where_no_profiles_are_wanted_none_are_kept_nor_left(music):
    first = import_it(music, SETTINGS)
    none = replace(CLASSICAL.running, has_profiles=False)
    again = import_it(music, replace(CLASSICAL, running=none))
    assert len(list_decoded(again)) == 2
    assert not profiles_of(first).path.exists()
    assert [each.passages for each in again.results] == [
        each.passages for each in import_it(music, CLASSICAL, store="fresh.wkmp.db").results
    ]


def test_the_command_keeps_none_where_it_is_told_so(music, tmp_path):
    store = tmp_path / "kept.wkmp.db"
    options = ["--offline", "--backend", "sequential", "--store", str(store)]
    assert main(["import", str(music), *options, "--no-profiles"]) == 0
    assert not find_profiles(store, folder=music).path.exists()


def test_profiles_go_where_their_store_goes(music, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(music.parent / "data"))
    import_folder(music, settings=SETTINGS).relocate(music.rename(music.parent / "new"))
    again = import_folder(music.parent / "new", settings=CLASSICAL)
    assert list_decoded(again) == []
