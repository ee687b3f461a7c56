"""The same tasks on a Dask cluster of two processes."""

import contextlib
import os
import signal
import threading
import time

import pytest
from support import cluster_runs

from wkmp_lab.errors import WkmpLabError
from wkmp_lab.io.fault_injection import VARIABLE
from wkmp_lab.progress.board import Board
from wkmp_lab.runner.runner import Runner
from wkmp_lab.settings import RunSettings, Settings

distributed = pytest.importorskip("distributed", reason="distributed is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
SETTINGS = Settings(running=RunSettings(backend="dask", n_jobs=2))


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    return cluster_runs.make_tasks(tmp_path_factory.mktemp("songs"))


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


def test_a_cluster_that_is_made_for_a_run_listens_on_loopback_alone(tasks):
    settings = Settings(running=RunSettings(cluster="auto", n_jobs=1))
    board = Board.create(len(tasks))
    outcomes = Runner(settings).run(tasks, board)
    with contextlib.closing(outcomes):
        next(outcomes)
        cluster_runs.check_it_listens_on_loopback_alone()
    board.remove()


def test_an_address_that_nobody_answers_at_is_a_sentence(tasks):
    settings = Settings(running=RunSettings(cluster="tcp://127.0.0.1:9"))
    with pytest.raises(WkmpLabError, match="no Dask scheduler answers at 'tcp:"):
        cluster_runs.run(tasks, settings)


def test_a_scheduler_without_workers_is_a_sentence(tasks):
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty:
        settings = Settings(running=RunSettings(cluster=empty.scheduler_address))
        with pytest.raises(WkmpLabError, match="has no workers: start some with 'dask worker"):
            cluster_runs.run(tasks, settings)


def test_results_are_those_of_the_calling_process(tasks, cluster):
    cluster_runs.check_results_are_those_of_the_calling_process(tasks, SETTINGS)


def test_a_worker_killed_in_mid_run_costs_no_row(tasks, cluster):
    pids = list(cluster.run(os.getpid).values())

    def kill_one():
        time.sleep(1.0)
        os.kill(pids[0], signal.SIGKILL)

    thread = threading.Thread(target=kill_one)
    thread.start()
    results = cluster_runs.run(tasks, SETTINGS)
    thread.join()
    cluster_runs.check_every_row_is_done(tasks, results)


def test_a_file_that_kills_every_worker_is_named(tasks, cluster, tmp_path):
    cluster_runs.check_a_file_that_kills_every_worker_is_named(tasks, SETTINGS, tmp_path)


def test_the_board_shows_phases_of_files_in_flight(tasks, cluster):
    cluster_runs.check_the_board_shows_phases_of_files_in_flight(tasks, SETTINGS)


def test_after_a_cancel_workers_leave_what_they_have_begun(tasks, cluster):
    cluster_runs.cancel_a_run(tasks, SETTINGS)
    deadline_s = time.monotonic() + 10.0
    while any(cluster.run(count_executing).values()):
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def count_executing(dask_worker):
    return len(dask_worker.state.executing)


def test_no_limit_is_ever_exceeded(tasks, cluster):
    cluster_runs.check_no_limit_is_ever_exceeded(tasks, "dask")


def test_cancel_takes_back_what_has_not_begun(tasks, cluster):
    cluster_runs.check_cancel_ends_a_run_early(tasks, SETTINGS)
