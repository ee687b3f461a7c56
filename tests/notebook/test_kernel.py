"""Imports in a real kernel: the stop button cancels, and a session is found again in mid-run."""

import contextlib
import os
import time

import psutil
import pytest
from support import audio_factory
from support.kernels import ANSWER_S, run_kernel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX are sent"),
]

N_FILES = 24
LEAVE_S = 10.0
"""What workers may take to see that their kernel is gone, on a busy machine."""
SETUP = '''
import time
import wkmp_lab as wl
from dataclasses import replace
offline = wl.Settings()
offline = replace(
    offline,
    identifying=replace(offline.identifying, is_offline=True),
    running=replace(offline.running, n_jobs=2),
)
music, store = {music!r}, {store!r}

def measured(session):
    """When each phase of each file was, but the looking up, which may go on with the folder."""
    spans = [(r.path, s.phase.value, s.start_s) for r in session.results for s in r.spans]
    return set(span for span in spans if span[1] != "IDENTIFYING")

def count_finished():
    try:
        return len(wl.open_session(music, store=store).results)
    except wl.WkmpLabError:
        return 0
'''
WAIT_FOR_SOME = """
while not 2 <= session.snapshot().n_finished < session.snapshot().n_files:
    assert not session.is_ended
    time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    audio_factory.write_songs(folder, N_FILES)
    return folder


@pytest.fixture
def start_kernel(music, tmp_path):
    """Starts kernels that know the folder of music and one store."""
    with contextlib.ExitStack() as running:

        def start():
            kernel = running.enter_context(run_kernel(tmp_path))
            kernel.run(SETUP.format(music=str(music), store=str(tmp_path / "kept.wkmp.db")))
            return kernel

        yield start


def wait_until(is_so):
    until_s = time.monotonic() + ANSWER_S
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.05)


def test_the_stop_button_cancels_keeps_what_is_finished_and_leaves_no_worker(start_kernel):
    kernel, other = start_kernel(), start_kernel()
    sent = kernel.send("wl.import_folder(music, settings=offline, store=store)")
    wait_until(lambda: other.ask("count_finished()") >= 2)
    workers = kernel.find_workers()
    assert len(workers) == 2
    kernel.manager.interrupt_kernel()
    assert kernel.finish(sent) == "KeyboardInterrupt"

    kernel.run("session = wl.open_session(music, store=store)")
    n_kept = kernel.ask("len(session.results)")
    assert 2 <= n_kept < N_FILES
    assert kernel.ask("(session.state, len(session.files))") == ("cancelled", n_kept)

    kernel.run("again = wl.import_folder(music, settings=offline, store=store)")
    assert kernel.ask("(again.state, len(again.results))") == ("completed", N_FILES)
    assert kernel.ask("measured(session) <= measured(again)"), "nothing is measured again"

    # Workers wait for the next import, and go with their kernel.
    workers += kernel.find_workers()
    kernel.manager.shutdown_kernel()
    _, alive = psutil.wait_procs(workers, timeout=LEAVE_S)
    assert not alive


def test_in_mid_run_the_kernel_finds_its_session_and_another_what_has_come_so_far(start_kernel):
    kernel, other = start_kernel(), start_kernel()
    kernel.run("session = wl.start_import(music, settings=offline, store=store)")
    kernel.run(WAIT_FOR_SOME)
    kernel.run("session.pause()")
    assert kernel.ask("wl.open_session(music, store=store) is session")
    assert kernel.ask("wl.last_session() is session")
    assert kernel.ask("session.state") == "paused"

    n_there = other.ask("count_finished()")
    assert 2 <= n_there < N_FILES
    other.run("far = wl.open_session(music, store=store)")
    assert other.ask("len(far.passages)") >= n_there
    assert other.ask("'<ImportSession' in repr(far)")

    kernel.run("session.resume(); session.wait()")
    assert kernel.ask("(session.state, len(session.results))") == ("completed", N_FILES)
    assert other.ask("count_finished()") == N_FILES
