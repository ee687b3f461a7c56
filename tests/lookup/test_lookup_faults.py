"""Nothing that goes wrong while one file is looked up ends the lookup thread."""

import pytest
from support.lookup_runs import at, file_of, make_settings
from support.standin import KEY
from support.standin_world import make_id

from wkmp_lab.io.keys import KEY_VARIABLE
from wkmp_lab.lookup import lookup_thread, lookups
from wkmp_lab.lookup.freshness import needs_identity
from wkmp_lab.lookup.lookup_thread import LookupThread
from wkmp_lab.lookup.services import name_sources


@pytest.fixture(autouse=True)
def key(monkeypatch, tmp_path):
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def run(files, settings, folder="/music"):
    """Identified files by path, and the remarks of the run."""
    found = {}
    with LookupThread(
        settings,
        folder=folder,
        on_identified=lambda result: found.update({result.path: result}),
        on_revised=lambda result: found.update({result.path: result}),
        is_cancelled=lambda: False,
    ) as thread:
        for file in files:
            thread.put(file)
        thread.finish()
    return found, thread.remarks


def album_of(world):
    tracks = world.releases[make_id("release", 1, 0)].tracks
    return [at(f"/music/{n}.flac", file_of(world.recordings[m])) for n, m in enumerate(tracks)]


def level_of(result):
    return result.passages[0].identity.level


def test_an_unexpected_error_is_the_failed_lookup_of_its_file_alone(
    standin, tmp_path, monkeypatch
):
    files, settings = album_of(standin.world)[:3], make_settings(standin, tmp_path)
    ask = lookups._ask_musicbrainz

    def fail_for_one(lookup, *others):
        if lookup.passage.fingerprint == files[1].passages[0].fingerprint:
            raise ZeroDivisionError("by nought")
        ask(lookup, *others)

    monkeypatch.setattr(lookups, "_ask_musicbrainz", fail_for_one)
    found, remarks = run(files, settings)
    assert [level_of(found[each.path]) for each in files] == ["high", "unidentified", "high"]
    why = "lookup_failed(lookups, ZeroDivisionError: by nought)"
    assert found["/music/1.flac"].passages[0].identity.reason == why
    assert [str(each) for each in found["/music/1.flac"].failed_lookups] == [why]
    assert remarks[0] == (
        "1 file without an answer: the look-up broke off (ZeroDivisionError: by nought); "
        "session.identify() asks again"
    )
    sources = name_sources(settings.identifying)
    asked_again = [path for path in found if needs_identity(found[path], settings, sources)]
    assert asked_again == ["/music/1.flac"]


@pytest.mark.parametrize("part", ["identify_folder", "add_flavors"])
def test_albums_and_flavors_that_break_off_leave_the_identities(
    standin, tmp_path, monkeypatch, part
):
    def fail(*_, **__):
        raise RecursionError("too deep")

    monkeypatch.setattr(lookups if part == "identify_folder" else lookup_thread, part, fail)
    files = album_of(standin.world)[:5]
    found, remarks = run(files, make_settings(standin, tmp_path))
    assert {level_of(result) for result in found.values()} == {"high"}
    assert len(found) == len(files)
    assert any("RecursionError: too deep" in remark for remark in remarks)


@pytest.mark.parametrize("place", ["file", "/proc/self/cache", "music"])
def test_a_cache_that_cannot_be_had_is_switched_off_with_one_remark(standin, tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "music").mkdir()
    cache = place if place.startswith("/") else str(tmp_path / place)
    files = album_of(standin.world)
    settings = make_settings(standin, tmp_path, cache=cache)
    found, remarks = run(files, settings, folder=tmp_path / "music")
    assert {level_of(result) for result in found.values()} == {"high"}
    (remark,) = remarks
    assert remark.startswith("answers are not kept, and the next import asks again: ")
    assert standin.n_duplicates("acoustid") == standin.n_duplicates("musicbrainz") == 0
    assert not list((tmp_path / "music").iterdir())


def test_an_empty_catalogue_in_the_music_is_told_and_left_alone(standin, tmp_path):
    (tmp_path / "known").touch()
    settings = make_settings(standin, tmp_path.parent, catalogue=str(tmp_path / "known"))
    _, remarks = run(album_of(standin.world), settings, folder=tmp_path)
    assert any("nothing is written into the music folder" in remark for remark in remarks)
    assert [path.name for path in tmp_path.iterdir()] == ["known"]
