"""What is known of music, and decided about it, stays with the audio: tagged, renamed or moved."""

import os
import shutil
from dataclasses import replace
from functools import partial

import mutagen
import pytest
from support.audio_factory import music_like, write_audio
from support.retagging import keep_times, list_decoded, retag

from wkmp_lab.identifying.decisions import make_candidate
from wkmp_lab.library.session import import_folder
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SR = 44_100
KINDS = (".mp3", ".flac", ".m4a", ".ogg", ".opus", ".wav", ".aiff", ".wv", ".wma", ".mka")
SETTINGS = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
)
MINE = make_candidate("b1a9c0e9-d987-4042-ae91-78d6a3267d69", title="Rain", artist="The Drops")


def import_it(folder, **options):
    return import_folder(
        folder, settings=SETTINGS, store=folder.parent / "kept.wkmp.db", **options
    )


def decide_on(session, name):
    session.recut(name, [4.0])
    session.decide(name, 0, "choose", candidate=MINE)


def has_decisions(session, name):
    found = session.get_result(name)
    assert [round(passage.start_s, 3) for passage in found.passages] == [0.0, 4.0], name
    assert found.passages[0].recording_mbid == MINE.recording_mbid, name
    return True


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """A song in every format, imported, and decided on by hand."""
    folder = tmp_path_factory.mktemp("songs") / "music"
    folder.mkdir()
    for seed, kind in enumerate(KINDS):
        samples = music_like(seed=seed, seconds=8.0, sr=SR, n_channels=2)
        codec = "flac" if kind == ".mka" else None
        write_audio(folder / f"song{kind}", samples, SR, codec=codec, tags={"title": "Before"})
    session = import_it(folder)
    for kind in KINDS:
        decide_on(session, f"song{kind}")
    return folder


@pytest.fixture
def music(songs, tmp_path):
    """The same once more: the library has moved with its store, and that is told to the store."""
    folder = tmp_path / "music"
    shutil.copytree(songs.parent, tmp_path, dirs_exist_ok=True)
    import_folder(songs, settings=SETTINGS, store=tmp_path / "kept.wkmp.db").relocate(folder)
    return folder


def test_other_tags_keep_cut_and_recording_in_every_format_and_decode_nothing(music):
    for kind in KINDS:
        retag(music / f"song{kind}", title="After")
    session = import_it(music)
    assert list_decoded(session) == []
    assert set(session.files["tag_title"]) == {"After"}
    assert session.files["status"].tolist() == ["done"] * len(KINDS)
    assert all(has_decisions(session, f"song{kind}") for kind in KINDS)


def test_renamed_moved_and_tagged_files_keep_them_too(music):
    (music / "song.mp3").rename(music / "rain.mp3")
    (music / "disc").mkdir()
    for kind in (".flac", ".ogg"):
        shutil.move(music / f"song{kind}", music / "disc" / f"song{kind}")
    retag(music / "disc" / "song.ogg", title="After")
    session = import_it(music)
    assert list_decoded(session) == []
    assert session.get_result("disc/song.ogg").tags.title == "After"
    for name in ("rain.mp3", "disc/song.flac", "disc/song.ogg"):
        assert has_decisions(session, name)


def test_two_files_that_change_places_change_what_is_known(music):
    (music / "song.wav").rename(music / "other")
    (music / "song.flac").rename(music / "song.wav")
    (music / "other").rename(music / "song.flac")
    session = import_it(music)
    assert session.get_result("song.wav").audio.container == "flac"
    assert has_decisions(session, "song.wav")
    assert has_decisions(session, "song.flac")


def test_other_audio_under_an_old_name_has_nothing_of_the_old(music):
    write_audio(music / "song.flac", music_like(seed=77, seconds=8.0, sr=SR, n_channels=2), SR)
    session = import_it(music)
    assert list_decoded(session) == ["song.flac"]
    assert len(session.get_result("song.flac").passages) == 1
    assert session.decisions["path"].isna().sum() == 2, "kept, and listed"
    assert any("find no file" in line for line in session.snapshot().remarks)


def change_title(path):
    content = path.read_bytes()
    assert b"Before" in content
    path.write_bytes(content.replace(b"Before", b"Behind"))


def test_a_change_that_keeps_size_and_time_is_seen(music):
    path = music / "song.flac"
    keep_times(path, partial(change_title, path))
    session = import_it(music)
    assert session.get_result("song.flac").tags.title == "Behind"
    assert list_decoded(session) == []
    assert has_decisions(session, "song.flac")


def test_a_rescan_sees_a_change_that_no_time_tells_of(music):
    path = music / "song.flac"
    session = import_it(music)
    keep_times(path, partial(change_title, path))
    forget_change_times(session)
    assert import_it(music).get_result("song.flac").tags.title == "Before"
    again = import_it(music, rescan=True)
    assert again.get_result("song.flac").tags.title == "Behind"
    assert list_decoded(again) == []
    assert has_decisions(again, "song.flac")


def forget_change_times(session):
    """Keep a file as a system does that knows no time but those that tools set."""
    with session._run.store.borrow() as store:
        for result in session.results:
            store.put(replace(result, source=replace(result.source, ctime_ns=None)))


def test_files_of_equal_audio_are_measured_once_and_each_has_its_row(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    write_audio(folder / "a.flac", music_like(seed=3, seconds=6.0, sr=SR), SR)
    for name in ("b.flac", "c.flac"):
        shutil.copy(folder / "a.flac", folder / name)
    retag(folder / "b.flac", title="Another")
    session = import_it(folder)
    assert len(list_decoded(session)) == 1
    assert session.files["status"].tolist() == ["done", "done", "duplicate"]
    assert session.files["tag_title"].tolist()[1] == "Another"
    assert session.passages["path"].str[-6:].tolist() == ["a.flac", "b.flac"]
    assert session.files["audio_hash"].nunique() == 1


def test_tags_that_tell_how_a_file_is_cut_have_it_cut_again_from_its_profile(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    path = write_audio(folder / "a.flac", music_like(seed=3, seconds=6.0, sr=SR), SR)
    import_it(folder)
    file = mutagen.File(path)
    file.tags["tracknumber"] = ["3/12"]
    file.save()
    session = import_it(folder)
    assert list_decoded(session) == []
    assert session.get_result("a.flac").tags.track == 3


def test_an_import_in_several_processes_recalls_as_well(music):
    for kind in KINDS:
        os.rename(music / f"song{kind}", music / f"moved{kind}")  # noqa: PTH104
        retag(music / f"moved{kind}", title="After")
    settings = replace(SETTINGS, running=RunSettings(n_jobs=2))
    session = import_folder(music, settings=settings, store=music.parent / "kept.wkmp.db")
    assert list_decoded(session) == []
    assert all(has_decisions(session, f"moved{kind}") for kind in KINDS)
