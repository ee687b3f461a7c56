"""Whose fault a failure is: only what kills its worker alone, twice, is to blame."""

import os
import signal
import threading
import time

import pytest
from support import audio_factory
from support.cluster_runs import make_task

from wkmp_lab.io.fault_injection import VARIABLE
from wkmp_lab.progress.board import Board, FileState
from wkmp_lab.runner.runner import Runner
from wkmp_lab.settings import RunSettings, Settings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX are sent")


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    made = []
    for k in range(3):
        path = folder / f"song{k}.wav"
        samples = audio_factory.music_like(seed=k, seconds=30.0, sr=22050)
        audio_factory.write_audio(path, samples, 22050)
        made.append(make_task(k, path))
    return made


def run(tasks, *, interfere=lambda _board: None, **running):
    """The failures by index, and the statuses."""
    board = Board.create(len(tasks))
    try:
        with Runner(Settings(running=RunSettings(**running))) as runner:
            interfere(board)
            results = {index: result for index, _, result in runner.run(tasks, board)}
    finally:
        board.remove()
    return {index: each.failure for index, each in results.items() if each.failure}


def test_what_a_file_does_twice_is_its_own_and_what_is_done_to_it_is_not(monkeypatch, tmp_path):
    causes = {"term": "machine", "full": "machine", "kill": "file", "segfault": "file"}
    samples = audio_factory.music_like(seed=9, seconds=4.0, sr=22050)
    short = []
    for k, action in enumerate(("good", *causes)):
        path = audio_factory.write_audio(tmp_path / f"{action}.wav", samples, 22050)
        short.append(make_task(k, path))
    faults = [f"FINGERPRINTING:{action}:{action}" for action in causes]
    monkeypatch.setenv(VARIABLE, " ".join(faults))
    failures = run(short, n_jobs=1, worker_memory_mb=4400)
    assert {index: each.cause for index, each in failures.items()} == dict(
        enumerate(causes.values(), start=1)
    )


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_file_whose_worker_is_killed_once_while_it_is_alone_is_tried_once_more(tasks, n_jobs):
    killed = []

    def kill_twice(board):
        until = time.monotonic() + 60.0
        while len(killed) < 2 and time.monotonic() < until:
            record = board.read()[0]
            pid = int(record["pid"])
            if record["state"] == FileState.IN_FLIGHT and pid not in killed:
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)

    def interfere(board):
        threading.Thread(target=kill_twice, args=(board,), daemon=True).start()

    failures = run(tasks, interfere=interfere, n_jobs=n_jobs, worker_memory_mb=4500 + n_jobs)
    assert failures == {}
    assert len(killed) == 2
