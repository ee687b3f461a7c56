"""An import on a real Ray: a head that was started by command, reached by its client's address."""

import pytest
from support import cluster_runs
from support.ray_commands import await_busy, await_idle, run_cluster

from wkmp_lab.library.session import start_import

pytest.importorskip("ray", reason="ray is not installed: make test-ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with run_cluster(tmp_path_factory.mktemp("ray"), n_workers=2) as found:
        yield found


def test_an_import_outlives_a_killed_worker_and_exports_what_a_local_one_does(cluster, tmp_path):
    address, head = cluster
    killed = []

    def kill_one():
        worker = await_busy(head.pid)
        worker.kill()
        killed.append(worker)

    cluster_runs.check_an_import_outlives_a_killed_worker(address, kill_one, tmp_path)
    assert killed
    assert not killed[0].is_running()
    assert head.poll() is None


def test_a_cancel_reaches_workers_and_phases_are_seen_before(cluster, tmp_path):
    address, head = cluster
    music = tmp_path / "music"
    music.mkdir()
    cluster_runs.make_tasks(music)
    settings = cluster_runs.make_settings(cluster=address, limits={"DECODING": 1})
    session = start_import(music, settings=settings, store=tmp_path / "library.db")
    seen = set()
    for _ in session.completed():
        seen |= {each.phase for each in session.snapshot().in_flight}
        if len(seen) > 1:
            session.cancel()
    session.wait()
    await_idle(head.pid, limit_s=10.0)
    assert session.state == "cancelled"
