"""An import on a real Dask: a scheduler and two workers that were started by command."""

import pytest
from support import cluster_runs
from support.dask_commands import START_S, run_cluster

distributed = pytest.importorskip("distributed", reason="distributed is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def cluster(tmp_path):
    with run_cluster(tmp_path, n_workers=2) as (address, workers):
        with distributed.Client(address) as client:
            client.wait_for_workers(2, timeout=START_S)
        yield address, workers


def test_an_import_outlives_a_killed_worker_and_exports_what_a_local_one_does(cluster, tmp_path):
    address, workers = cluster
    cluster_runs.check_an_import_outlives_a_killed_worker(address, workers[0].kill, tmp_path)
    assert workers[0].wait() != 0
    assert workers[1].poll() is None
