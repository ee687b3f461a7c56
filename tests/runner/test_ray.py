"""The same tasks on a local Ray of two processes."""

import os
import threading
import time

import psutil
import pytest
from support import cluster_runs

from wkmp_lab.errors import WkmpLabError
from wkmp_lab.io.fault_injection import VARIABLE
from wkmp_lab.runner.ray import connect
from wkmp_lab.settings import RunSettings, Settings

ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'wkmp-lab[scale]'")
pytestmark = pytest.mark.slow
SETTINGS = Settings(running=RunSettings(backend="ray", n_jobs=2))


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    return cluster_runs.make_tasks(tmp_path_factory.mktemp("songs"))


@pytest.fixture(scope="module")
def cluster():
    """The local cluster of an import, kept for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "FINGERPRINTING:segfault:poison")
        try:
            with connect(ray, None, 2):
                yield
        except WkmpLabError as error:
            pytest.skip(f"Ray does not start here: {error}")


def find_workers():
    """Processes of this test that work on a file."""
    children = psutil.Process().children(recursive=True)
    return [each for each in children if "measure_far" in each.name()]


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
        while not (workers := find_workers()):
            time.sleep(0.02)
        workers[0].kill()
        killed.append(workers[0].pid)

    thread = threading.Thread(target=kill_one)
    thread.start()
    results = cluster_runs.run(tasks, SETTINGS)
    thread.join()
    cluster_runs.check_every_row_is_done(tasks, results)
    assert killed


def test_a_file_that_kills_every_worker_is_named(tasks, cluster, tmp_path):
    cluster_runs.check_a_file_that_kills_every_worker_is_named(tasks, SETTINGS, tmp_path)


def test_cancel_takes_back_what_has_not_begun(tasks, cluster):
    cluster_runs.check_cancel_ends_a_run_early(tasks, SETTINGS)


def test_a_local_cluster_reports_to_nobody_and_is_no_orphan(cluster):
    for child in psutil.Process().children(recursive=True):
        if "ray" in child.name() or "gcs" in child.name():
            assert child.environ().get("RAY_USAGE_STATS_ENABLED", "0") == "0"
    assert "RAY_USAGE_STATS_ENABLED" not in os.environ
