"""Imports in a real kernel: the stop button cancels, and a session is found again in mid-run."""

import ast
import contextlib
import os
import time

import psutil
import pytest
from jupyter_client.manager import KernelManager
from support import audio_factory

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX are sent"),
]

N_FILES = 24
ANSWER_S = 60.0
"""What a kernel may take for a cell on a busy machine."""
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


class Kernel:
    """A kernel of its own, asked cell by cell."""

    def __init__(self, manager, client):
        self.manager, self._client = manager, client
        self._pid = self.ask("__import__('os').getpid()")

    def send(self, code):
        """Begin a cell; returns what its answer is known by."""
        return self._client.execute(code)

    def finish(self, sent):
        """How a cell ended: ``ok``, or the name of its error."""
        until_s = time.monotonic() + ANSWER_S
        while time.monotonic() < until_s:
            reply = self._client.get_shell_msg(timeout=ANSWER_S)
            if reply["parent_header"]["msg_id"] == sent:
                return reply["content"].get("ename", "ok")
        raise TimeoutError(sent)

    def run(self, code):
        assert self.finish(self.send(code)) == "ok", code

    def ask(self, expression):
        """The value of an expression, through its repr."""
        sent = self._client.execute("", user_expressions={"it": expression})
        while True:
            reply = self._client.get_shell_msg(timeout=ANSWER_S)
            if reply["parent_header"]["msg_id"] == sent:
                told = reply["content"]["user_expressions"]["it"]
                assert told["status"] == "ok", told
                return ast.literal_eval(told["data"]["text/plain"])

    def find_workers(self):
        """The worker processes of this kernel."""
        found = []
        for child in psutil.Process(self._pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if any("LokyProcess" in word for word in child.cmdline()):
                    found.append(child)
        return found


@pytest.fixture
def start_kernel(music, tmp_path, monkeypatch):
    """Starts kernels that know the folder of music and one store."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with contextlib.ExitStack() as running:

        def start():
            manager = KernelManager(kernel_name="python3")
            manager.start_kernel()
            running.callback(manager.shutdown_kernel, now=True)
            client = manager.blocking_client()
            running.callback(client.stop_channels)
            client.start_channels()
            client.wait_for_ready(timeout=ANSWER_S)
            kernel = Kernel(manager, client)
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
