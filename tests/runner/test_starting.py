"""Workers that die or cannot be made while an import begins: it goes on, or is one sentence."""

import os
import shutil
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import settings
from support import audio_factory
from support.cluster_runs import make_task
from support.mounts import needs_mounts, run_mounted

from wkmp_lab.dsp.compiling import find_cache_folder
from wkmp_lab.errors import WkmpLabError
from wkmp_lab.progress.board import Board
from wkmp_lab.runner import runner as runner_module
from wkmp_lab.runner.runner import Runner, find_pool_fault
from wkmp_lab.settings import RunSettings, Settings

needs_posix = pytest.mark.skipif(os.name == "nt", reason="needs signals")
PACKAGE = Path(__file__).parents[2] / "wkmp_lab"


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    paths = []
    for seed in range(3):
        song = audio_factory.music_like(seed=seed, seconds=4.0, sr=22_050)
        paths.append(audio_factory.write_audio(folder / f"{seed}.wav", song, 22_050))
    return [make_task(k, path) for k, path in enumerate(paths)]


def folder_of(songs):
    return Path(songs[0].source.path).parent


def find_workers(known):
    """Processes that were started since, but for the one that tracks the resources of all."""
    found = []
    for process in psutil.Process().children(recursive=True):
        if process.pid not in known:
            words = " ".join(process.cmdline())
            if "resource_tracker" not in words:
                found.append(process)
    return found


def kill_after(delay_s, known, killed):
    until = time.monotonic() + 30.0
    while not (workers := find_workers(known)) and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(delay_s)
    for worker in workers[:1]:
        worker.kill()
        killed.append(worker.pid)


def run(songs, *, n_jobs, memory_mb, interfere=lambda: None):
    settings = Settings(running=RunSettings(n_jobs=n_jobs, worker_memory_mb=memory_mb))
    board = Board.create(len(songs))
    try:
        with Runner(settings) as runner:
            interfere()
            return [result.status for _, _, result in runner.run(songs, board)]
    finally:
        board.remove()


MOMENTS_S = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0)
if settings.default.max_examples < 1000:  # all of them in the profile torture
    MOMENTS_S = MOMENTS_S[::3]


@needs_posix
@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("delay_s", MOMENTS_S)
def test_a_worker_that_is_killed_while_it_starts_costs_nothing(songs, n_jobs, delay_s):
    known = {process.pid for process in psutil.Process().children(recursive=True)}
    killed = []
    killer = threading.Thread(target=kill_after, args=(delay_s, known, killed))
    killer.start()
    memory_mb = 4100 + 10 * MOMENTS_S.index(delay_s) + n_jobs  # a pool of its own
    found = run(songs, n_jobs=n_jobs, memory_mb=memory_mb)
    killer.join()
    assert found == ["done"] * 3
    assert killed


@needs_posix
def test_workers_that_never_live_end_the_import_with_one_sentence(songs, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setattr(sys, "path", ["/nowhere"])
    with pytest.raises(WkmpLabError, match="no worker lives to begin a file: worker died"):
        run(songs, n_jobs=1, memory_mb=4301)


def test_where_no_pool_can_be_made_one_process_does_the_work_and_it_is_told(songs, monkeypatch):
    assert find_pool_fault() == ""
    monkeypatch.setattr(runner_module, "find_pool_fault", lambda: "No space left on device")
    told = []
    settings = Settings(running=RunSettings(n_jobs=2))
    board = Board.create(len(songs))
    with Runner(settings, on_change=lambda *now: told.append(now)) as runner:
        assert runner.n_jobs == 1
        assert [result.status for _, _, result in runner.run(songs, board)] == ["done"] * 3
    board.remove()
    assert told[0] == (1, "no pool of processes can be made: No space left on device", None)


@needs_mounts
@pytest.mark.slow
def test_an_import_goes_on_without_room_for_shared_memory(songs, tmp_path):
    full = (
        "mount -t tmpfs -o size=4k tmpfs /dev/shm && "
        "dd if=/dev/zero of=/dev/shm/full bs=4096 count=1 2>&1"
    )
    done = run_mounted(full, folder_of(songs), tmp_path)
    assert done.stdout.splitlines()[-1:] == ["done done done"], done.stderr
    assert "Traceback" not in done.stderr


@needs_mounts
@pytest.mark.slow
def test_an_import_goes_on_without_a_home_on_an_installation_that_cannot_be_written(
    songs, tmp_path
):
    shutil.copytree(
        PACKAGE, tmp_path / "lib/wkmp_lab", ignore=shutil.ignore_patterns("__pycache__")
    )
    lib = tmp_path / "lib"
    sealed = f"mount --bind {lib} {lib} && mount -o remount,bind,ro {lib}"
    (tmp_path / "tmp").mkdir()
    path = os.pathsep.join([str(lib), *sys.path])
    done = run_mounted(
        sealed,
        folder_of(songs),
        tmp_path,
        PYTHONPATH=path,
        HOME="/proc/nobody",
        XDG_CACHE_HOME="/proc/nobody",
        TMPDIR=str(tmp_path / "tmp"),
    )
    assert done.stdout == "done done done\n", done.stderr
    assert any((tmp_path / "tmp").glob("wkmp-lab-numba-*/*/*.nbi"))


def test_a_home_that_can_be_written_is_left_to_numba(tmp_path):
    assert find_cache_folder(tmp_path / "not/there/yet", tmp_path) is None


@needs_posix
def test_a_folder_that_others_may_write_is_never_taken_for_compiled_code(tmp_path):
    home = Path("/proc/nobody")
    first = find_cache_folder(home, tmp_path)
    assert find_cache_folder(home, tmp_path) == first
    assert first.stat().st_mode & 0o777 == 0o700
    first.chmod(0o777)
    other = find_cache_folder(home, tmp_path)
    assert other != first
    assert np.bitwise_and(other.stat().st_mode, 0o777) == 0o700
