"""An import on a real Dask: a scheduler and two workers that were started by command."""

from dataclasses import replace

import pytest
from support import cluster_runs
from support.dask_commands import START_S, run_cluster

from wkmp_lab.export import export
from wkmp_lab.library.session import import_folder, start_import
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

distributed = pytest.importorskip("distributed", reason="distributed is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def cluster(tmp_path):
    with run_cluster(tmp_path, n_workers=2) as (address, workers):
        with distributed.Client(address) as client:
            client.wait_for_workers(2, timeout=START_S)
        yield address, workers


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    cluster_runs.make_tasks(folder)
    return folder


def make_settings(**running):
    return Settings(identifying=IdentifySettings(is_offline=True), running=RunSettings(**running))


def export_bytes(session, folder):
    """What is exported, by file name, without the clocks."""
    timeless = [replace(each, spans=()) for each in session.results]
    paths = export.export_results(
        timeless, folder, formats=["csv", "json"], music_folder=session.folder
    )
    return {path.name: path.read_bytes() for path in paths}


def test_an_import_outlives_a_killed_worker_and_exports_what_a_local_one_does(
    cluster, music, tmp_path
):
    address, workers = cluster
    there = start_import(
        music, settings=make_settings(cluster=address), store=tmp_path / "there.db"
    )
    for _ in there.completed():
        workers[0].kill()
        break
    there.wait()
    assert workers[0].wait() != 0
    assert workers[1].poll() is None
    assert there.state == "completed"
    assert [result.status for result in there.results] == ["done"] * 8
    here = import_folder(
        music, settings=make_settings(backend="sequential"), store=tmp_path / "here.db"
    )
    ours = export_bytes(here, tmp_path / "ours")
    assert export_bytes(there, tmp_path / "theirs") == ours
    assert len(ours) > 6
