"""Folders that are one release, against services that know others of the same songs."""

import dataclasses

import pytest
from support.lookup_runs import at, file_of, make_settings, run_lookup_thread, tagged
from support.standin import KEY, run_standin
from support.standin_world import World, WorldRelease, make_id, make_world

N_DISC = 13


@pytest.fixture(autouse=True)
def key(monkeypatch, tmp_path):
    monkeypatch.setenv("WKMP_LAB_ACOUSTID_KEY", KEY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


@pytest.fixture(scope="module")
def songs():
    """Recordings of invented songs, those of an album with the same singer."""
    return make_world(n_albums=3, n_tracks=26)


def tracks_of(songs, album):
    return [make_id("recording", album, track) for track in range(26)]


def release(name, tracks, **more):
    return WorldRelease(
        make_id(name), make_id("group of", name), name, 1999, tuple(tracks), **more
    )


def world_of(songs, *releases):
    return World(songs.recordings, {each.mbid: each for each in releases}, {})


def titles_of(world, mbids, folder, *, n_mute=0, contact="someone@example.org", **tags):
    """Titles of the releases that the files of a folder are said to be on."""
    files = []
    for n, mbid in enumerate(mbids, 1):
        known = world.recordings[mbid]
        file = file_of(known, tags=tagged(known, track=n, **tags))
        file = dataclasses.replace(file, file_fingerprint=None) if n <= n_mute else file
        files.append(at(f"/music/album/{n:02}.flac", file))
    with run_standin(world) as standin:
        identified, revised = run_lookup_thread(
            files, make_settings(standin, folder, contact=contact)
        )
    found = {**identified, **revised}
    return [found[file.path].passages[0].identity.chosen.release_title for file in files]


@pytest.mark.parametrize("contact", ["someone@example.org", None])
@pytest.mark.parametrize("album", ["Long Way", None])
def test_a_disc_of_two_is_no_compilation_of_as_many_tracks(songs, tmp_path, album, contact):
    own, others = tracks_of(songs, 0), tracks_of(songs, 1)
    hits = [
        release(f"Hits {k}", [own[k], *others[: N_DISC - 1]], kind="Compilation")
        for k in range(N_DISC)
    ]
    world = world_of(songs, *hits, release("Long Way", own, disc_ends=(N_DISC,)))
    told = {"album": album, "n_tracks": N_DISC, "disc": 1, "contact": contact}
    assert titles_of(world, own[:N_DISC], tmp_path, **told) == ["Long Way"] * N_DISC


@pytest.mark.parametrize(
    ("tags", "title"),
    [
        ({"album": "Long Way"}, "Long Way"),
        ({"album": "The Box", "disc": 2}, "The Box"),
        ({}, "Long Way"),
    ],
)
def test_an_album_is_told_from_the_box_that_holds_it(songs, tmp_path, tags, title):
    own = tracks_of(songs, 0)[:10]
    boxed = [*tracks_of(songs, 1)[:10], *own, *tracks_of(songs, 2)[:10]]
    box = release("The Box", boxed, disc_ends=(10, 20))
    world = world_of(songs, box, release("Long Way", own))
    assert titles_of(world, own, tmp_path, **tags) == [title] * 10


def test_an_id_of_a_release_in_the_tags_counts(songs, tmp_path):
    own = tracks_of(songs, 0)[:10]
    reissue = dataclasses.replace(release("Long Way", own), mbid=make_id("reissue"), year=2020)
    again = dataclasses.replace(reissue, title="Long Way (Again)")
    world = world_of(songs, release("Long Way", own), again)
    titles = titles_of(world, own, tmp_path, album="Long Way", release_mbid=again.mbid)
    assert titles == ["Long Way (Again)"] * 10


def test_an_id_of_another_release_in_the_tags_does_not(songs, tmp_path):
    own, others = tracks_of(songs, 0)[:10], tracks_of(songs, 1)[:10]
    other = release("Other", others)
    world = world_of(songs, release("Long Way", own), other)
    titles = titles_of(world, own, tmp_path, album="Long Way", release_mbid=other.mbid)
    assert titles == ["Long Way"] * 10


@pytest.mark.parametrize("part", ["I", "II"])
def test_parts_that_share_songs_are_told_apart(songs, tmp_path, part):
    own = tracks_of(songs, 0)
    parts = {"I": own[:10], "II": [*own[:9], own[10]]}
    world = world_of(songs, *(release(f"Long Way {name}", of) for name, of in parts.items()))
    titles = titles_of(world, parts[part], tmp_path, n_mute=10, album=f"Long Way {part}")
    assert titles == [f"Long Way {part}"] * 10


def test_live_and_studio_are_told_apart_by_sound_and_by_name(songs, tmp_path):
    own, played = tracks_of(songs, 0)[:10], tracks_of(songs, 1)[:10]
    live = release("Long Way (Live)", [*played[:8], *own[8:]], kind="Live")
    world = world_of(songs, live, release("Long Way", own))
    assert titles_of(world, own, tmp_path / "own", album="Long Way") == ["Long Way"] * 10
    titles = titles_of(world, live.tracks, tmp_path / "live", album="Long Way (Live)")
    assert titles == ["Long Way (Live)"] * 10
