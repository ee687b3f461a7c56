"""Measures of one's own in real workers: whatever dies of one costs its cells, not the file."""

import os

import pytest
from support import cluster_runs
from support.own_measures import crossings, endless, fatal

from wkmp_lab.runner.one_file import measure_apart
from wkmp_lab.settings import RunSettings, Settings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX are sent")


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    return cluster_runs.make_tasks(tmp_path_factory.mktemp("songs"), n_songs=5)


def cells_of(result):
    return {name: value for p in result.passages for m in p.measured for name, value in m.cells}


def errors_of(results):
    """(file, measure) to error."""
    return {
        (name, m.measure): m.error
        for name, result in results.items()
        for p in result.passages
        for m in p.measured
        if m.error
    }


@pytest.mark.slow
@pytest.mark.timeout(900)  # the pool is made anew four times, on a machine that does other work
def test_a_measure_that_kills_its_worker_costs_its_cells_of_that_file(tasks):
    running = RunSettings(n_jobs=2, worker_memory_mb=3970)
    results = cluster_runs.run(tasks, Settings(measures=[crossings, fatal], running=running))
    cluster_runs.check_every_row_is_done(tasks, results)
    assert errors_of(results) == {("song1.wav", "fatal"): "worker died (signal 11)"}
    assert all("crossings_hz" in cells_of(result) for result in results.values())
    bare = cluster_runs.run(tasks, Settings(running=RunSettings(backend="sequential")))
    assert cluster_runs.measured(results) == cluster_runs.measured(bare)


def test_a_measure_that_hangs_costs_its_cells_of_that_file(tasks):
    running = RunSettings(n_jobs=1, worker_memory_mb=3971, stall_s=3.0)
    settings = Settings(measures=[endless, fatal, crossings], running=running)
    results = cluster_runs.run(tasks[:3], settings)
    cluster_runs.check_every_row_is_done(tasks[:3], results)
    assert errors_of(results) == {
        ("song1.wav", "fatal"): "worker died (signal 11)",
        ("song2.wav", "endless"): "no progress for 3 s: its worker was ended",
    }
    assert set(cells_of(results["song2.wav"])) == {"fatal", "crossings_hz"}


def test_a_single_file_survives_a_measure_that_kills(tasks):
    result = measure_apart(tasks[1], Settings(measures=[fatal, crossings]))
    assert result.status == "done"
    assert errors_of({"song1.wav": result}) == {("song1.wav", "fatal"): "worker died (signal 11)"}
    assert set(cells_of(result)) == {"crossings_hz"}


def test_threads_run_measures_too(tasks):
    running = RunSettings(n_jobs=2, backend="threading")
    results = cluster_runs.run(tasks[:3], Settings(measures=[crossings], running=running))
    assert all(cells_of(result)["crossings_hz"] > 100 for result in results.values())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_on_dask_a_measure_that_kills_its_workers_costs_the_measures_of_that_file(tasks):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as made,
        distributed.Client(made),
    ):
        running = RunSettings(n_jobs=2, backend="dask")
        settings = Settings(measures=[crossings, fatal], running=running)
        results = cluster_runs.run(tasks[:3], settings)
    cluster_runs.check_every_row_is_done(tasks[:3], results)
    left_out = "worker died, of this measure or another"
    assert errors_of(results) == {
        ("song1.wav", "crossings"): left_out,
        ("song1.wav", "fatal"): left_out,
    }
    assert cells_of(results["song0.wav"])["crossings_hz"] > 100
