"""The same tasks on a local Ray of two processes."""

import os
import threading

import psutil
import pytest
from support import cluster_runs
from support.ray_commands import await_busy, await_idle, find_busy

from wkmp_lab.errors import WkmpLabError
from wkmp_lab.io.fault_injection import VARIABLE
from wkmp_lab.progress.board import Board
from wkmp_lab.runner.clusters.ray import connect
from wkmp_lab.runner.runner import Runner
from wkmp_lab.settings import RunSettings, Settings

ray = pytest.importorskip("ray", reason="ray is not installed: make test-ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Ray leaves files open
SETTINGS = Settings(running=RunSettings(backend="ray", n_jobs=2))


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    return cluster_runs.make_tasks(tmp_path_factory.mktemp("songs"))


@pytest.fixture(scope="module")
def cluster():
    """The local cluster of an import, kept for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "FINGERPRINTING:segfault:poison")
        with connect(ray, None, 2):
            yield


def test_a_cluster_that_is_made_for_a_run_listens_on_loopback_alone(cluster):
    cluster_runs.check_it_listens_on_loopback_alone()


def test_where_ray_is_connected_already_an_address_is_refused(cluster):
    with (
        pytest.raises(WkmpLabError, match="connected in this process already"),
        connect(ray, "ray://127.0.0.1:9", 2),
    ):
        pass


def test_results_are_those_of_the_calling_process(tasks, cluster):
    cluster_runs.check_results_are_those_of_the_calling_process(tasks, SETTINGS)


def test_a_worker_killed_in_mid_run_costs_no_row(tasks, cluster):
    killed = []

    def kill_one():
        killed.append(await_busy())
        killed[0].kill()

    thread = threading.Thread(target=kill_one)
    thread.start()
    results = cluster_runs.run(tasks, SETTINGS)
    thread.join()
    cluster_runs.check_every_row_is_done(tasks, results)
    assert killed


def test_a_file_that_kills_every_worker_is_named(tasks, cluster, tmp_path):
    cluster_runs.check_a_file_that_kills_every_worker_is_named(tasks, SETTINGS, tmp_path)


def test_the_places_of_dead_workers_come_back(tasks, cluster, tmp_path):
    """A file kills its workers where only one may be: else this would never end."""
    running = RunSettings(backend="ray", n_jobs=2, limits={"FINGERPRINTING": 1})
    settings = Settings(running=running)
    cluster_runs.check_a_file_that_kills_every_worker_is_named(tasks, settings, tmp_path)


def test_the_board_shows_phases_of_files_in_flight(tasks, cluster):
    cluster_runs.check_the_board_shows_phases_of_files_in_flight(tasks, SETTINGS)


def test_no_limit_is_ever_exceeded(tasks, cluster):
    cluster_runs.check_no_limit_is_ever_exceeded(tasks, "ray")


def test_who_waits_for_a_place_lends_his_processor_to_nobody(tasks, cluster):
    running = RunSettings(backend="ray", n_jobs=2, limits={"DECODING": 1, "FLAVORING": 1})
    board = Board.create(len(tasks))
    outcomes = Runner(Settings(running=running)).run(tasks, board)
    n_busy = [len(find_busy()) for _ in outcomes]
    board.remove()
    assert max(n_busy) <= 2


def test_cancel_takes_back_what_has_not_begun(tasks, cluster):
    cluster_runs.check_cancel_ends_a_run_early(tasks, SETTINGS)


def test_after_a_cancel_workers_leave_what_they_have_begun(tasks, cluster):
    cluster_runs.cancel_a_run(tasks, SETTINGS)
    await_idle(limit_s=10.0)


def test_a_local_cluster_reports_to_nobody_and_is_no_orphan(cluster):
    for child in psutil.Process().children(recursive=True):
        if "ray" in child.name() or "gcs" in child.name():
            assert child.environ().get("RAY_USAGE_STATS_ENABLED", "0") == "0"
    assert "RAY_USAGE_STATS_ENABLED" not in os.environ
