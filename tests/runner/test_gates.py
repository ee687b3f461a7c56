"""Limits per phase, read off the spans of real runs; places whose holders die."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support import cluster_runs
from support.timeline_reading import count_at_once

from wkmp_lab.errors import CancelledError
from wkmp_lab.io.fault_injection import VARIABLE
from wkmp_lab.model import Phase
from wkmp_lab.progress.board import PHASES, Board, Control, FileProgress
from wkmp_lab.progress.far import TELL_S, FarProgress
from wkmp_lab.runner.gates import LeasedGates, LocalGates
from wkmp_lab.settings import RunSettings, Settings

LIMITS = {"EXTRACTING": 2, "DECODING": 1, "FINGERPRINTING": 1, "FLAVORING": 2}


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    return cluster_runs.make_tasks(tmp_path_factory.mktemp("songs"))


@pytest.fixture
def board():
    made = Board.create(3)
    yield made
    made.remove()


def gates_of(board, index, **limits):
    progress = FileProgress(board, index)
    progress.begin()
    return LocalGates(progress, board=board, settings=RunSettings(limits=limits))


def test_where_the_disk_is_crowded_a_file_waits_to_be_read_until_another_is_or_it_is_free(board):
    board.n_readers = 1
    first, second = gates_of(board, 0), gates_of(board, 1)
    entered = threading.Event()

    def read():
        with second.hold_place(Phase.DECODING):
            entered.set()

    with first.hold_place(Phase.EXTRACTING), first.hold_place(Phase.FLAVORING):
        thread = threading.Thread(target=read)
        thread.start()
        while board.read()["waits_for"][1] != PHASES.index(Phase.DECODING) + 1:
            time.sleep(0.005)
        assert not entered.is_set()
    thread.join(timeout=30)
    assert entered.is_set()
    entered.clear()
    with first.hold_place(Phase.DECODING):
        thread = threading.Thread(target=read)
        thread.start()
        board.n_readers = 0
        thread.join(timeout=30)
        assert entered.is_set()


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_no_limit_is_ever_exceeded(tasks, backend):
    running = RunSettings(backend=backend, n_jobs=3, limits=LIMITS, memory_mb=4000)
    results = cluster_runs.run(tasks, Settings(running=running))
    cluster_runs.check_every_row_is_done(tasks, results)
    most = {phase: count_at_once(results.values(), Phase(phase)) for phase in LIMITS}
    assert all(most[phase] <= limit for phase, limit in LIMITS.items()), most
    assert sum(span.waited_s for result in results.values() for span in result.spans) > 0.0


def test_without_a_limit_nobody_waits(tasks):
    results = cluster_runs.run(tasks, Settings(running=RunSettings(n_jobs=2)))
    assert max(span.waited_s for result in results.values() for span in result.spans) < 0.5


def test_one_job_needs_no_place_of_another(tasks):
    running = RunSettings(n_jobs=1, limits=dict.fromkeys(LIMITS, 1))
    results = cluster_runs.run(tasks[:2], Settings(running=running))
    cluster_runs.check_every_row_is_done(tasks[:2], results)


def test_a_file_that_waits_says_for_what_and_shows_that_it_lives(board):
    waiting = gates_of(board, 1, DECODING=1)
    with gates_of(board, 0, DECODING=1).hold_place(Phase.DECODING):
        thread = threading.Thread(target=lambda: _enter(waiting, board))
        thread.start()
        while not board.read()[1]["waits_for"]:
            time.sleep(0.005)
        first = board.read()[1]
        time.sleep(0.1)
        later = board.read()[1]
        assert list(Phase)[first["waits_for"] - 1] is Phase.DECODING
        assert later["alive"] > first["alive"]
    thread.join(5.0)
    assert not thread.is_alive()
    assert not board.read()[1]["waits_for"]


def _enter(gates, board):
    with gates.hold_place(Phase.DECODING):
        FileProgress(board, 1).enter(Phase.DECODING)


def test_places_of_one_phase_are_none_of_another(board):
    held = gates_of(board, 0, DECODING=1, FLAVORING=1)
    other = gates_of(board, 1, DECODING=1, FLAVORING=1)
    with held.hold_place(Phase.DECODING), other.hold_place(Phase.FLAVORING):
        pass


def test_a_cancel_reaches_a_file_that_waits(board):
    with gates_of(board, 0, DECODING=1).hold_place(Phase.DECODING):
        board.control = Control.CANCEL
        with (
            pytest.raises(CancelledError),
            gates_of(board, 1, DECODING=1).hold_place(Phase.DECODING),
        ):
            pass


class Far:
    """A channel, and a lease that is free when it is asked for the third time."""

    def __init__(self):
        self.told = []
        self.asked = []

    def tell(self, news):
        self.told.append(news)

    def is_cancelled(self):
        return False

    def acquire(self, *, timeout):
        self.asked.append(timeout)
        return len(self.asked) == 3

    def release(self):
        self.asked.append("back")


def test_on_a_cluster_a_file_waits_for_its_lease_and_says_so():
    far = Far()
    progress = FarProgress(far, 0)
    with LeasedGates({"DECODING": far}, progress).hold_place(Phase.DECODING):
        progress.enter(Phase.DECODING)
    place = list(Phase).index(Phase.DECODING) + 1
    assert far.asked == [TELL_S] * 3 + ["back"]
    assert [news.waits_for for news in far.told] == [place, place, 0]


HOLD = """
import pickle, sys, time
from wkmp_lab.model import Phase
gates = pickle.loads(bytes.fromhex(sys.argv[1]))
with gates.hold_place(Phase.DECODING):
    print("held", flush=True)
    time.sleep(60.0)
"""


def test_the_place_of_a_killed_process_is_free_at_once(board):
    state = pickle.dumps(gates_of(board, 0, DECODING=1)).hex()
    command = [sys.executable, "-c", HOLD, state]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with gates_of(board, 1, DECODING=1).hold_place(Phase.DECODING):
            pass


def test_a_worker_killed_in_its_place_costs_one_file(tasks, monkeypatch):
    monkeypatch.setenv(VARIABLE, "DECODING:kill:song3")
    running = RunSettings(n_jobs=2, limits={"DECODING": 1}, worker_memory_mb=4017)
    results = cluster_runs.run(tasks, Settings(running=running))
    failed = {name: r.failure.reason for name, r in results.items() if r.failure}
    assert failed == {"song3.wav": "worker died (signal 9)"}
    assert len(results) == len(tasks)


def test_a_file_that_waits_does_not_stall(tasks, monkeypatch):
    """One file hangs in its place until it is ended; the one that waits for it is not."""
    monkeypatch.setenv(VARIABLE, "DECODING:hang:song7")
    running = RunSettings(n_jobs=2, limits={"DECODING": 1}, stall_s=3.0, worker_memory_mb=4018)
    results = cluster_runs.run(tasks, Settings(running=running))
    failed = {name: r.failure.reason for name, r in results.items() if r.failure}
    assert failed == {"song7.wav": "no progress for 3 s: its worker was ended"}
    assert {"done", "failed"} == {result.status for result in results.values()}


def test_nothing_is_left_beside_the_board(tasks):
    running = RunSettings(n_jobs=2, limits={"DECODING": 1})
    board = Board.create(len(tasks))
    gates = gates_of(board, 0, **dict(running.limits))
    with gates.hold_place(Phase.DECODING):
        pass
    left = list(Path(board.path).parent.glob(f"{Path(board.path).name}*"))
    assert len(left) == 2
    board.remove()
    assert not [path for path in left if path.exists()]
