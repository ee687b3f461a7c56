"""The same tasks on a Dask cluster of two processes."""

import os
import signal
import threading
import time
from pathlib import Path

import audio_factory
import pytest

from wkmp_lab.board import Board, Control
from wkmp_lab.faults import VARIABLE
from wkmp_lab.model import SourceFile
from wkmp_lab.runner import Runner
from wkmp_lab.settings import RunSettings, Settings
from wkmp_lab.worker import Task

distributed = pytest.importorskip("distributed", reason="distributed is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
SETTINGS = Settings(running=RunSettings(backend="dask", n_jobs=2))


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    made = []
    for k in range(8):
        samples = audio_factory.music_like(seed=k, seconds=4.0 + k, sr=22050)
        path = audio_factory.write_audio(folder / f"song{k}.wav", samples, 22050)
        stat = path.stat()
        made.append(Task(k, SourceFile(str(path), stat.st_size, stat.st_mtime_ns)))
    return made


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setenv(VARIABLE, "FINGERPRINTING:segfault:poison")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as made,
        distributed.Client(made) as client,
    ):
        yield client


def run(tasks, settings=SETTINGS):
    board = Board.create(len(tasks))
    try:
        outcomes = Runner(settings).run(tasks, board)
        return {Path(path).name: result for _, path, result in outcomes}
    finally:
        board.remove()


def measured(result):
    return [(p.start_ticks, p.end_ticks, p.amplitude, p.descriptors) for p in result.passages]


def test_results_are_those_of_the_calling_process(tasks, cluster):
    here = run(tasks, Settings(running=RunSettings(backend="sequential")))
    there = run(tasks)
    assert {name: measured(r) for name, r in there.items()} == {
        name: measured(r) for name, r in here.items()
    }
    workers = {span.worker for result in there.values() for span in result.spans}
    assert str(os.getpid()) not in workers


def test_a_worker_killed_in_mid_run_costs_no_row(tasks, cluster):
    pids = list(cluster.run(os.getpid).values())

    def kill_one():
        time.sleep(1.0)
        os.kill(pids[0], signal.SIGKILL)

    thread = threading.Thread(target=kill_one)
    thread.start()
    results = run(tasks * 1)
    thread.join()
    assert len(results) == len(tasks)
    assert all(result.status == "done" for result in results.values())


def test_a_file_that_kills_every_worker_is_named(tasks, cluster, tmp_path):
    path = tmp_path / "poison.wav"
    path.write_bytes(Path(tasks[0].source.path).read_bytes())
    stat = path.stat()
    poison = Task(len(tasks), SourceFile(str(path), stat.st_size, stat.st_mtime_ns))
    results = run([*tasks, poison])
    assert len(results) == len(tasks) + 1
    failed = {name: r.failure.reason for name, r in results.items() if r.status == "failed"}
    assert failed == {"poison.wav": "worker died"}


def test_cancel_takes_back_what_has_not_begun(tasks, cluster):
    board = Board.create(len(tasks))
    seen = []
    for _, _, result in Runner(SETTINGS).run(tasks, board):
        seen.append(result)
        board.control = Control.CANCEL
    assert seen[0] is not None
    assert len([result for result in seen if result is not None]) < len(tasks)
    board.remove()
