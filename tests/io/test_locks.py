"""Locks between processes and threads."""

import contextlib
import errno
import subprocess
import sys
import threading

import pytest

from wkmp_lab.errors import StoreError
from wkmp_lab.io.locks import hold_lock
from wkmp_lab.library.store import Store
from wkmp_lab.runner import worker

fcntl = pytest.importorskip("fcntl", reason="the tests speak of flock")

HOLDER = """
import sys, time
from pathlib import Path
from wkmp_lab.io.locks import hold_lock
with hold_lock(Path(sys.argv[1])) as is_held:
    print(is_held, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder" / "a.lock"


def is_free(path) -> bool:
    with hold_lock(path, timeout_s=0) as is_held:
        return is_held


def test_a_held_lock_refuses_everyone_else(path):
    answers = []
    with hold_lock(path) as is_held:
        other = threading.Thread(target=lambda: answers.append(is_free(path)))
        other.start()
        other.join()
        answers.append(is_free(path))
    assert is_held
    assert answers == [False, False]
    assert is_free(path)


def test_a_lock_is_free_when_its_holder_is_killed(path):
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "True\n"
        was_free = is_free(path)
        holder.kill()
        with hold_lock(path, timeout_s=10) as is_held:
            assert is_held
    assert not was_free


def test_a_lock_may_be_released_by_another_thread_than_took_it(path):
    opened = contextlib.ExitStack()
    opened.enter_context(hold_lock(path))
    closing = threading.Thread(target=opened.close)
    closing.start()
    closing.join()
    assert is_free(path)


def test_a_cancelled_wait_ends_without_the_lock(path):
    cancelled = threading.Event()
    threading.Timer(0.1, cancelled.set).start()
    with (
        hold_lock(path),
        hold_lock(path, timeout_s=60, is_cancelled=cancelled.is_set) as is_held,
    ):
        assert not is_held


def test_an_endless_wait_for_oneself_is_an_error(path):
    with hold_lock(path), pytest.raises(RuntimeError, match="Deadlock"), hold_lock(path):
        pass


def test_the_lock_file_stays_and_is_private(path):
    assert is_free(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_releases_of_before_and_this_one_respect_each_other(path):
    path.parent.mkdir()
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert not is_free(path)
    with hold_lock(path), path.open("w") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_link_in_the_place_of_a_lock_file_is_not_followed(path, tmp_path):
    path.parent.mkdir()
    path.symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"), hold_lock(path):
        pass
    assert not (tmp_path / "victim").exists()


@pytest.fixture
def disk_without_locks(monkeypatch):
    """Some network disks: here only the system call can be replaced."""

    def refuse(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


def test_a_disk_without_locks_is_not_taken_for_a_store_in_use(disk_without_locks, tmp_path):
    with pytest.raises(StoreError, match=r"a\.db.*No locks available"):
        Store(tmp_path / "a.db", folder=tmp_path / "music")


def test_workers_start_on_a_disk_without_locks(disk_without_locks, tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "_find_stamp", lambda: tmp_path / "stamp")
    monkeypatch.setattr(worker, "_call_kernels", lambda: None)
    worker.warm_up()
    assert (tmp_path / "stamp").exists()
