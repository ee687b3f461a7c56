"""Full disks, damaged stores and folders that cannot be written: a named error, nothing lost."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support import audio_factory as factory

from wkmp_lab.errors import StoreError, WkmpLabError
from wkmp_lab.library.session import import_folder, open_session
from wkmp_lab.model import SourceFile
from wkmp_lab.pipeline import measure
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SR = 22_050
SETTINGS = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
)
needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="needs limits of the process")
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, which is read-only")

# A limit on the size of files is what a full disk looks like to whoever writes.
FULL_DISK = """
import resource, sys
from wkmp_lab.errors import WkmpLabError
from wkmp_lab.library.session import import_folder, open_session
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings
settings = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
)
session = open_session(sys.argv[1], store=sys.argv[2]) if sys.argv[3] == "export" else None
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[5]), resource.RLIM_INFINITY))
try:
    if session is not None:
        session.export(sys.argv[4], formats=["csv", "xlsx", "wkmp"])
    else:
        import_folder(sys.argv[1], settings=settings, store=sys.argv[2])
except (WkmpLabError, OSError) as error:
    print(f"{type(error).__name__}: {error}")
"""


@pytest.fixture
def library(tmp_path):
    """Two songs, imported and exported; returns their folder, with the store beside it."""
    music = tmp_path / "music"
    music.mkdir()
    for seed in range(2):
        song = factory.music_like(seed=seed, seconds=5, sr=SR)
        factory.write_audio(music / f"{seed}.flac", song, SR)
    session = import_folder(music, settings=SETTINGS, store=tmp_path / "kept.wkmp.db")
    session.export(tmp_path / "out", formats=["csv", "xlsx", "wkmp"])
    return music


def run_on_full_disk(music, act, limit):
    store, out = music.parent / "kept.wkmp.db", music.parent / "out"
    command = [sys.executable, "-c", FULL_DISK, str(music), str(store), act, str(out), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@needs_limits
def test_an_export_on_a_full_disk_leaves_the_old_one_and_no_rubbish(library):
    out = library.parent / "out"
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    told = run_on_full_disk(library, "export", 300)
    assert str(out) in told
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


@needs_limits
def test_an_import_on_a_full_disk_names_the_store_and_keeps_what_it_had(library):
    store = library.parent / "kept.wkmp.db"
    for seed in range(2, 6):
        song = factory.music_like(seed=seed, seconds=5, sr=SR)
        factory.write_audio(library / f"{seed}.flac", song, SR)
    told = run_on_full_disk(library, "import", store.stat().st_size)
    assert "StoreError" in told
    assert str(store) in told
    known = {Path(result.path).name for result in open_session(library, store=store).results}
    assert {"0.flac", "1.flac"} <= known
    again = import_folder(library, settings=SETTINGS, store=store)
    assert len(again.results) == 6


@pytest.mark.parametrize("place", [0, 30])
def test_a_damaged_store_is_named_and_never_made_anew(library, place):
    store = library.parent / "kept.wkmp.db"
    content = bytearray(store.read_bytes())
    content[place : place + 3000] = b"\x55" * 3000
    store.write_bytes(content)
    with pytest.raises(StoreError, match=r"kept\.wkmp\.db"):
        open_session(library, store=store)
    with pytest.raises(WkmpLabError, match=r"kept\.wkmp\.db"):
        import_folder(library, settings=SETTINGS, store=store)
    assert store.read_bytes() == bytes(content)


@pytest.mark.parametrize("place", range(5000, 60_000, 11_000))
def test_damage_inside_a_store_is_told_or_does_no_harm(library, place):
    store = library.parent / "kept.wkmp.db"
    before = open_session(library, store=store).results
    content = bytearray(store.read_bytes())
    content[place : place + 3000] = b"\x55" * 3000
    store.write_bytes(content)
    try:
        session, told = open_session(library, store=store), ""
    except StoreError as error:
        session, told = None, str(error)
    if session is None:
        assert "kept.wkmp.db" in told
    elif any("damaged in the store" in line for line in session.snapshot().remarks):
        # Where the settings of the import are lost, all is stale against the defaults.
        shown = [replace(result, stale=()) for result in session.results]
        assert all(result in before for result in shown)
    else:
        assert session.results == before


def test_an_empty_file_is_no_store_of_an_import(library):
    store = library.parent / "empty.wkmp.db"
    store.touch()
    with pytest.raises(StoreError, match=r"empty\.wkmp\.db"):
        open_session(library, store=store)


def test_a_file_that_changes_while_it_is_measured_is_done_again(library):
    song = library / "0.flac"
    stat = song.stat()
    seen = SourceFile(str(song), stat.st_size - 1, stat.st_mtime_ns, (stat.st_dev, stat.st_ino))
    result = measure.measure_file(seen)
    assert result.status == "failed"
    assert "changed during the run" in result.failure.reason
    assert measure.measure_file(replace(seen, size_bytes=stat.st_size)).status == "done"


@needs_proc
def test_a_folder_that_takes_no_store_or_export_is_named(library):
    with pytest.raises((WkmpLabError, OSError), match="/proc/kept"):
        import_folder(library, settings=SETTINGS, store="/proc/kept.wkmp.db")
    session = open_session(library, store=library.parent / "kept.wkmp.db")
    with pytest.raises((WkmpLabError, OSError), match="/proc/out"):
        session.export("/proc/out")
