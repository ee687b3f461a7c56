"""Ctrl-C, SIGTERM and SIGKILL, sent to real imports in processes of their own."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from support import audio_factory
from support.mounts import needs_mounts, run_mounted

from wkmp_lab.io.fault_injection import VARIABLE
from wkmp_lab.library.session import import_folder, open_session, start_import
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX are sent"),
]

CANCEL_S = 2.0
"""What is promised between the signal and the end of the import."""
LEAVE_S = 10.0
"""What a process may take beside that to say goodbye, on a machine that does other work too."""
N_FILES = 20
OFFLINE = Settings(identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=2))


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    audio_factory.write_songs(folder, N_FILES)
    return folder


@pytest.fixture
def store(tmp_path):
    return tmp_path / "kept.wkmp.db"


SCRIPT = """
import sys
from wkmp_lab.library.session import import_folder
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings
settings = Settings(identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=2))
import_folder(sys.argv[1], settings=settings, store=sys.argv[2])
"""


def start_command(music, store):
    options = ["--store", str(store), "--jobs", "2", "--offline"]
    return start(["-m", "wkmp_lab", "import", str(music), *options])


def start_script(music, store):
    return start(["-c", SCRIPT, str(music), str(store)])


def start(arguments):
    """Python in a session of its own, as a terminal starts it."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def paths_kept(store):
    """What the store holds, looked up without disturbing its writer."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
            return {os.fsdecode(path) for (path,) in db.execute("SELECT path FROM file")}
    except sqlite3.OperationalError:  # it is not there yet
        return set()


def end(process, store, send):
    """Send signals once some files are done.

    Returns
    -------
    tuple
        Seconds until the process had ended, its exit status, the workers that outlive it by two
        seconds, and the files that were kept before the first signal.
    """
    while len(paths_kept(store)) < 3:
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.02)
    workers = psutil.Process(process.pid).children(recursive=True)
    kept = paths_kept(store)
    start_s = time.monotonic()
    send()
    process.communicate(timeout=60)
    took_s = time.monotonic() - start_s
    _, alive = psutil.wait_procs(workers, timeout=2.0)
    return took_s, process.returncode, alive, kept


def assert_whole(music, store, kept):
    """Nothing that was kept is lost or done again, and the next import completes the rest."""
    assert kept <= paths_kept(store)
    before = {result.path: result for result in open_session(music, store=store).results}
    settings = Settings(
        identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=2)
    )
    after = {r.path: r for r in import_folder(music, settings=settings, store=store).results}
    assert len(after) == N_FILES
    for path, result in before.items():
        assert after[path].passages[0].amplitude == result.passages[0].amplitude
        assert [s for s in after[path].spans if s.phase != "IDENTIFYING"] == [
            s for s in result.spans if s.phase != "IDENTIFYING"
        ], "a file that was kept was measured again"


def test_sigterm_ends_an_import_soon_and_keeps_what_is_done(music, store):
    process = start_command(music, store)
    took_s, status, alive, kept = end(process, store, process.terminate)
    assert status == 130
    assert took_s < CANCEL_S + LEAVE_S
    assert not alive
    assert len(paths_kept(store)) < N_FILES
    assert_whole(music, store, kept)


@pytest.mark.parametrize("start_import_with", [start_command, start_script])
def test_an_impatient_ctrl_c_reaches_everybody_and_is_safe(music, store, start_import_with):
    process = start_import_with(music, store)

    def press_often():
        for _ in range(4):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.1)

    took_s, status, alive, kept = end(process, store, press_often)
    assert status in (130, -signal.SIGINT)
    assert took_s < CANCEL_S + LEAVE_S
    assert not alive
    assert_whole(music, store, kept)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_script_that_is_ended_leaves_no_worker_and_loses_nothing(music, store, number):
    process = start_script(music, store)
    took_s, status, alive, kept = end(process, store, lambda: process.send_signal(number))
    assert status != 0
    assert took_s < CANCEL_S + LEAVE_S
    assert not alive
    assert_whole(music, store, kept)


DEAF_SCRIPT = "import signal; signal.signal(signal.SIGTERM, lambda *_: None)" + SCRIPT
"""As a kernel is that is restarted: it is still there when its workers are ended."""


def test_sigterm_to_the_group_leaves_no_failure_that_sticks(music, store):
    process = start(["-c", DEAF_SCRIPT, str(music), str(store)])

    def restart():
        for _ in range(16):
            os.killpg(process.pid, signal.SIGTERM)
            time.sleep(0.25)
        process.kill()

    end(process, store, restart)
    after = import_folder(music, settings=OFFLINE, store=store)
    assert [result.status for result in after.results] == ["done"] * N_FILES


def test_a_disk_that_was_full_leaves_no_failure_that_sticks(music, store, monkeypatch):
    settings = replace(OFFLINE, running=RunSettings(backend="threading", n_jobs=2))
    monkeypatch.setenv(VARIABLE, "DECODING:full:song")
    full = import_folder(music, settings=settings, store=store)
    assert [failure.reason for failure in failures_of(full)] == [
        "OSError: [Errno 28] No space left on device"
    ] * N_FILES
    monkeypatch.delenv(VARIABLE)
    after = import_folder(music, settings=settings, store=store)
    assert [result.status for result in after.results] == ["done"] * N_FILES


@needs_mounts
def test_a_temporary_folder_that_was_full_leaves_no_failure_that_sticks(tmp_path):
    """Long music is kept there between the phases: a real file system has no room for it."""
    music, store = tmp_path / "music", tmp_path / "a.wkmp.db"
    music.mkdir()
    for name, seconds in (("long.flac", 360), ("short.flac", 5)):
        audio_factory.write_audio(music / name, audio_factory.tone(440, seconds, 22_050), 22_050)
    (tmp_path / "full").mkdir()
    mounts = f"mount -t tmpfs -o size=4m tmpfs {tmp_path / 'full'}"
    done = run_mounted(mounts, music, tmp_path, TMPDIR=str(tmp_path / "full"))
    assert done.stdout.splitlines()[-1:] == ["failed done"], done.stderr
    (failure,) = failures_of(open_session(music, store=store))
    assert "No space left on device" in failure.reason
    assert failure.cause == "machine"
    after = import_folder(music, settings=OFFLINE, store=store)
    assert [result.status for result in after.results] == ["done", "done"]


SLEEPY_SCRIPT = SCRIPT.replace("n_jobs=2)", "n_jobs=2, stall_s=1.0)")


def test_a_sleep_that_is_longer_than_a_file_may_stall_is_no_failure(music, store):
    process = start(["-c", SLEEPY_SCRIPT, str(music), str(store)])

    def sleep():
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(4.0)
        os.killpg(process.pid, signal.SIGCONT)

    _, status, _, _ = end(process, store, sleep)
    assert status == 0
    session = open_session(music, store=store)
    assert [result.status for result in session.results] == ["done"] * N_FILES
    assert session.state == "completed"


def failures_of(session):
    return [result.failure for result in session.results if result.failure]


def test_a_cancel_takes_less_than_two_seconds(music, store):
    settings = Settings(
        identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=2)
    )
    session = start_import(music, settings=settings, store=store)
    while session.snapshot().n_finished < 3:
        time.sleep(0.01)
    start_s = time.monotonic()
    session.cancel()
    session.wait()
    assert time.monotonic() - start_s < CANCEL_S
    assert session.state == "cancelled"
    assert len(session.results) < N_FILES
    found = {str(Path(result.path).relative_to(music)) for result in session.results}
    assert found == paths_kept(store)
