"""A measure that is written in a cell of a real kernel, and changed there."""

import os

import pytest
from support import audio_factory
from support.kernels import run_kernel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="kernels are driven by signals"),
]
SETUP = """
import wkmp_lab as wl

HOP = 2

def take(y):
    return y[::HOP]

@wl.measure(version=1, columns={{"own": "1"}})
def own(y, *, sr, passage):
    return {{"own": len(take(y)) / len(y)}}

def run():
    settings = wl.Settings(
        measures=[own],
        identifying=wl.IdentifySettings(is_offline=True),
        running=wl.RunSettings(n_jobs={n_jobs}),
    )
    return wl.import_folder({music!r}, settings=settings, store={store!r}, ui="none")
"""


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_measure_of_a_cell_runs_in_workers_and_again_when_what_it_names_changes(
    tmp_path, n_jobs
):
    music = tmp_path / "music"
    music.mkdir()
    audio_factory.write_songs(music, 3)
    store = str(tmp_path / "kept.wkmp.db")
    with run_kernel(tmp_path) as kernel:
        kernel.run(SETUP.format(music=str(music), store=store, n_jobs=n_jobs))
        kernel.run("session = run()")
        assert kernel.ask("session.passages['own'].round(3).tolist()") == [0.5] * 3
        workers = kernel.ask("[s.worker for r in session.results for s in r.spans][0]")
        assert workers != str(kernel.ask("__import__('os').getpid()"))
        kernel.run("HOP = 4\nagain = run()")
        assert kernel.ask("again.passages['own'].round(3).tolist()") == [0.25] * 3
        kernel.run("seen = [path async for _, path, _ in run().completed()]")
        assert kernel.ask("len(seen)") == 3
