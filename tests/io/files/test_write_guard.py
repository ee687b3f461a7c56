"""Whatever way leads into the music folder, nothing is written there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support import example_results as example

from wkmp_lab.cli.commands import main
from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.export import export
from wkmp_lab.io.catalogue.jsonl import compute_generation, open_catalogue
from wkmp_lab.io.files.write_guard import require_outside
from wkmp_lab.library.store import Store, find_store_path


@pytest.fixture
def music(tmp_path, monkeypatch):
    folder = tmp_path / "Music"
    (folder / "album").mkdir(parents=True)
    (folder / "album" / "song.flac").write_bytes(b"fLaC")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(folder)
    return folder


def _linked(place: Path, target: Path) -> Path:
    place.symlink_to(target)
    return place


TRICKS: dict[str, Callable[[Path], Path]] = {
    "itself": lambda music: music,
    "within": lambda music: music / "album" / "new" / "files.csv",
    "dots": lambda music: music.parent / "out" / ".." / "Music" / "files.csv",
    "a link to the folder": lambda music: (
        _linked(music.parent / "out" / "labels", music / "album") / "song.txt"
    ),
    "a chain of links": lambda music: (
        _linked(music.parent / "b", _linked(music.parent / "a", music)) / "files.csv"
    ),
    "a link that leads nowhere yet": lambda music: _linked(
        music.parent / "out" / "store.db", music / "not_there" / "store.db"
    ),
    "a link to a file": lambda music: _linked(
        music.parent / "out" / "files.csv", music / "album" / "song.flac"
    ),
    "a link out of the music": lambda music: _linked(music / "out.csv", music.parent / "out.csv"),
    "relative": lambda music: Path("files.csv"),
    "relative, with dots": lambda music: Path("album/../files.csv"),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_no_way_leads_into_the_music(music, trick):
    path = TRICKS[trick](music)
    with pytest.raises(InvalidInputError, match="nothing is written into"):
        require_outside(path, music_folder=music)


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs /proc")
def test_no_way_through_proc_leads_into_the_music(music):
    descriptor = os.open(music, os.O_RDONLY)
    try:
        for way in ("/proc/self/cwd", f"/proc/self/fd/{descriptor}", f"/proc/self/root{music}"):
            with pytest.raises(InvalidInputError, match="nothing is written"):
                require_outside(Path(way, "files.csv"), music_folder=music)
    finally:
        os.close(descriptor)


def test_a_folder_by_another_name_is_known_by_what_it_is(music, monkeypatch):
    other = music.parent / "MUSIC"
    other.mkdir(exist_ok=True)  # one and the same where the system ignores case
    is_same = os.path.samefile
    monkeypatch.setattr(
        "os.path.samefile",
        lambda a, b: is_same(a, b) or {str(a), str(b)} <= {str(music), str(other)},
    )
    with pytest.raises(InvalidInputError, match="nothing is written"):
        require_outside(other / "album" / "files.csv", music_folder=music)


def test_a_link_to_the_music_protects_what_it_points_to(music):
    link = _linked(music.parent / "by_link", music)
    with pytest.raises(InvalidInputError, match="nothing is written"):
        require_outside(music / "files.csv", music_folder=link)


def test_beside_and_above_the_music_is_outside(music):
    beside = music.parent / "Music of others" / "files.csv"
    assert require_outside(beside, music_folder=music) == beside
    assert require_outside(music.parent / "x.csv", music_folder=music) == music.parent / "x.csv"
    assert require_outside(music / "x.csv", music_folder=None) == music / "x.csv"


def test_the_folder_of_a_format_may_not_be_the_music(tmp_path):
    for name in ("cue", "labels"):
        music = tmp_path / name
        music.mkdir()
        with pytest.raises(InvalidInputError, match="nothing is written"):
            export.export_results(
                [example.make_result()], tmp_path, formats=[name], music_folder=music
            )
        assert not list(music.iterdir())


@pytest.mark.parametrize("name", ["cue", "labels"])
def test_a_link_in_the_place_of_a_formats_folder_is_not_followed_into_the_music(music, name):
    out = music.parent / "out"
    for target in (music / "album", music / "not_there"):
        link = _linked(out / name, target)
        with pytest.raises(InvalidInputError, match="nothing is written"):
            export.export_results([example.make_result()], out, formats=[name], music_folder=music)
        link.unlink()
    assert [path.name for path in music.rglob("*")] == ["album", "song.flac"]


@pytest.mark.parametrize("name", sorted(export.FORMATS))
def test_every_format_asks_as_it_writes(music, name):
    with pytest.raises(InvalidInputError, match="nothing is written"):
        export.FORMATS[name]([example.make_result()], music, music_folder=music)
    assert [path.name for path in music.rglob("*")] == ["album", "song.flac"]


def test_an_empty_catalogue_in_the_music_stays_an_empty_file(music):
    catalogue = music / "known.sqlite"
    catalogue.touch()
    linked = _linked(music.parent / "out" / "known.sqlite", catalogue)
    for path in (catalogue, linked, Path("/proc/self/cwd/known.sqlite")):
        with pytest.raises(StoreError, match=r"a catalogue in the music is a \.jsonl text"):
            open_catalogue(path, music_folder=music)
    assert compute_generation(catalogue, music_folder=music) == "unreadable"
    assert catalogue.read_bytes() == b""
    assert sorted(path.name for path in music.iterdir()) == ["album", "known.sqlite"]


@pytest.mark.parametrize("trick", ["a link that leads nowhere yet", "a link out of the music"])
def test_a_store_is_not_led_into_the_music(music, trick):
    before = sorted(music.rglob("*"))
    path = TRICKS[trick](music)
    with pytest.raises(StoreError, match="a store never lies inside the music folder"):
        Store(path, folder=music)
    assert [each for each in sorted(music.rglob("*")) if each not in before] in ([], [path])


@pytest.mark.parametrize("name", ["cue", "labels"])
def test_a_command_refuses_before_the_import_what_its_export_would_write_into_the_music(
    music, tmp_path, capsys, name
):
    out, store = tmp_path / "out", tmp_path / "kept.wkmp.db"
    _linked(out / name, music / "album")
    options = ["--out", str(out), "--format", f"csv,{name}", "--store", str(store), "--offline"]
    assert main(["import", str(music), *options]) == 2
    assert "nothing is written into the music folder" in capsys.readouterr().err
    assert not store.exists()


def test_flavors_are_kept_in_no_library_that_is_known(music, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("platformdirs.user_data_path", lambda _: tmp_path / "data")
    Store(find_store_path(music), folder=music).close()
    find_store_path(tmp_path).write_bytes(b"no store at all, and passed over")
    command = ["flavors", "add", str(tmp_path / "dump"), "--flavors"]
    assert main([*command, str(_linked(tmp_path / "kept.db", music / "kept.db"))]) == 2
    assert "nothing is written into the music folder" in capsys.readouterr().err
    assert not (music / "kept.db").exists()
