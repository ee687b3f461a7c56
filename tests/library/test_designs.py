"""Both designs on the same files and services: the same results, by another order of work."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.audio_factory import music_like, write_audio
from support.standin import KEY, run_standin
from support.standin_world import make_known_world
from support.timeline_reading import count_at_once

from wkmp_lab.errors import StoreError
from wkmp_lab.export import export
from wkmp_lab.library.run import import_thread
from wkmp_lab.library.session import import_folder, start_import
from wkmp_lab.model import Phase
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    for k in range(6):
        samples = music_like(seed=k, seconds=16.0 + k, sr=22050)
        write_audio(folder / f"song{k}.wav", samples, 22050)
    return folder


@pytest.fixture(scope="module")
def world(music, tmp_path_factory):
    """A world that knows every file."""
    offline = Settings(
        identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
    )
    store = tmp_path_factory.mktemp("world") / "known.db"
    return make_known_world(import_folder(music, settings=offline, store=store).results)


@pytest.fixture
def standin(world, monkeypatch, tmp_path):
    monkeypatch.setenv("WKMP_LAB_ACOUSTID_KEY", KEY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    with run_standin(world) as made:
        yield made


def run(music, standin, folder, **running):
    identifying = IdentifySettings(
        acoustid_url=standin.acoustid_url,
        musicbrainz_url=standin.url,
        contact="someone@example.org",
        cache=str(folder.parent / "cache"),
        catalogue=str(folder.parent / "catalogue.sqlite"),
        acoustid_interval_s=0.02,
        musicbrainz_interval_s=0.02,
    )
    settings = Settings(identifying=identifying, running=RunSettings(**running))
    folder.mkdir()
    shutil.rmtree(folder.parent / "cache", ignore_errors=True)  # no design asks for the other
    return import_folder(music, settings=settings, store=folder / "kept.db")


def export_bytes(session, folder):
    """What is exported, by file name, without the clocks."""
    timeless = [replace(each, spans=()) for each in session.results]
    paths = export.export_results(
        timeless, folder, formats=list(export.FORMATS), music_folder=session.folder
    )
    return {path.relative_to(folder): path.read_bytes() for path in paths}


def count_with_places(results):
    """The most files that were begun and not identified at the same time."""
    kept = [(min(s.start_s for s in r.spans), max(s.end_s for s in r.spans)) for r in results]
    return max(sum(a <= start < b for a, b in kept) for start, _ in kept)


@pytest.mark.parametrize(("backend", "n_jobs"), [("loky", 2), ("loky", 1), ("threading", 2)])
def test_both_designs_export_the_same_bytes(music, standin, tmp_path, backend, n_jobs):
    running = {"backend": backend, "n_jobs": n_jobs}
    lanes = run(music, standin, tmp_path / "lanes", **running)
    files = run(music, standin, tmp_path / "files", design="files", **running)
    assert {result.passages[0].identity.level for result in files.results} == {"high"}
    ours = export_bytes(lanes, tmp_path / "lanes/out")
    assert export_bytes(files, tmp_path / "files/out") == ours
    assert len(ours) > 12
    assert count_with_places(files.results) <= n_jobs


def test_a_file_keeps_its_place_until_it_is_identified(music, standin, tmp_path):
    """With slow answers the lanes go on to the next files, and the files do not."""
    standin.latency_s = 0.4
    lanes = run(music, standin, tmp_path / "lanes", backend="threading", n_jobs=2)
    files = run(music, standin, tmp_path / "files", backend="threading", n_jobs=2, design="files")
    assert count_with_places(files.results) == 2
    assert count_with_places(lanes.results) > 2
    assert files.snapshot().n_requests >= lanes.snapshot().n_requests > 0


def test_a_cancel_reaches_files_that_wait_for_places(music, standin, tmp_path):
    standin.latency_s = 0.5
    settings = Settings(
        identifying=IdentifySettings(
            acoustid_url=standin.acoustid_url, cache=str(tmp_path / "cache")
        ),
        running=RunSettings(backend="threading", n_jobs=2, design="files"),
    )
    session = start_import(music, settings=settings, store=tmp_path / "kept.db")
    while not session.snapshot().n_finished:
        time.sleep(0.01)
    session.cancel()
    session.wait()
    assert session.state == "cancelled"
    assert 0 < len(session.results) < 6


def test_look_ups_that_break_off_end_an_import_whose_files_wait_for_them(
    music, standin, tmp_path, monkeypatch
):
    def break_off(*_):
        raise StoreError("the disk is full")

    monkeypatch.setattr(import_thread.ImportThread, "_finish", break_off)
    with pytest.raises(StoreError, match="the disk is full"):
        run(music, standin, tmp_path / "x", backend="threading", n_jobs=2, design="files")


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_look_ups_go_on_at_once_than_their_limit(music, standin, tmp_path, limit):
    running = {"backend": "threading", "n_jobs": 4, "design": "files", "memory_mb": 4000}
    session = run(music, standin, tmp_path / "a", limits={"IDENTIFYING": limit}, **running)
    assert count_at_once(session.results, Phase.IDENTIFYING) <= limit
    assert standin.max_in_flight("acoustid") == standin.max_in_flight("musicbrainz") == 1
    assert {Path(r.path).name for r in session.results if r.passages[0].recording_mbid} == {
        f"song{k}.wav" for k in range(6)
    }
