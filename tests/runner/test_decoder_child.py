"""The child that opens audio for this process, with real deaths."""

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
from support import child_work as work

from wkmp_lab.errors import DecodeError, InvalidInputError, WkmpLabError
from wkmp_lab.runner import serving
from wkmp_lab.runner.decoder_child import (
    DecoderChild,
    WorkerDiedError,
    keep_child,
    run_in_child,
)

needs_posix = pytest.mark.skipif(os.name == "nt", reason="needs signals")


@pytest.fixture
def child():
    made = DecoderChild()
    yield made
    made.close()


def test_the_work_is_done_elsewhere_and_by_the_same_process_again(child):
    pids = {child.call(work.tell_pid) for _ in range(3)}
    assert len(pids) == 1
    assert os.getpid() not in pids
    assert child.call(partial(work.add, 1, b=2)) == 3


def test_large_results_come_whole(child):
    assert child.call(partial(work.make_array, 50_000_000)).nbytes == 50_000_000


def test_it_works_in_the_folder_of_the_caller(child, tmp_path, monkeypatch):
    child.call(work.tell_pid)
    monkeypatch.chdir(tmp_path)
    assert Path(child.call(work.tell_folder)) == tmp_path.resolve()


def test_what_is_printed_over_there_is_no_answer(child):
    assert child.call(work.tell_first_word) == ""


@pytest.mark.parametrize(
    "error",
    [InvalidInputError("no such file"), FileNotFoundError(2, "gone", "a.mp3"), MemoryError()],
)
def test_errors_over_there_are_raised_here(child, error):
    with pytest.raises(type(error)) as caught:
        child.call(partial(work.fail, error))
    assert str(caught.value) == str(error)


def test_an_error_that_does_not_travel_is_told_in_words(child):
    with pytest.raises(WkmpLabError, match="OddError: one and two"):
        child.call(work.fail_oddly)


@needs_posix
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGBUS, signal.SIGTERM])
def test_a_death_is_an_error_and_the_next_call_has_another_process(child, number):
    before = child.call(work.tell_pid)
    with pytest.raises(WorkerDiedError, match=rf"worker died \(signal {number:d}\)"):
        child.call(partial(work.die, number))
    assert child.call(work.tell_pid) != before


def test_an_exit_is_a_death(child):
    with pytest.raises(WorkerDiedError, match=r"worker died \(exit status 3\)"):
        child.call(partial(work.leave, 3))


def test_a_process_that_died_at_rest_is_made_again_without_a_word(child):
    pid = child.call(work.tell_pid)
    psutil.Process(pid).kill()
    while child._process.poll() is None:
        time.sleep(0.01)
    assert child.call(work.tell_pid) != pid


IDLE = """
import os, sys
from wkmp_lab.runner import serving
serving.IDLE_S = 0.2
serving.serve(os.getppid(), 4096)
"""


def test_a_process_that_nobody_asks_leaves():
    with subprocess.Popen([sys.executable, "-c", IDLE], stdin=-1, stdout=-1) as process:
        assert process.wait(30.0) == serving.LEFT


def test_threads_get_each_its_own_answer(child):
    found = {}

    def ask(number):
        found[number] = [child.call(partial(work.add, number, k)) for k in range(50)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(0, 8000, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [number + k for k in range(50)] for number in range(0, 8000, 1000)}


def test_who_asks_while_a_child_is_at_work_is_given_another(tmp_path):
    mark = tmp_path / "may end"
    at_work = keep_child(memory_mb=4095)
    thread = threading.Thread(target=at_work.call, args=(partial(work.wait_for, mark),))
    thread.start()
    while not at_work.is_busy:
        time.sleep(0.01)

    other = keep_child(memory_mb=4095)
    try:
        assert other is not at_work
        assert other.call(partial(work.add, 1, 2)) == 3
    finally:
        mark.touch()
        thread.join()
        other.close()

    assert keep_child(memory_mb=4095) is at_work
    at_work.close()


@needs_posix
@pytest.mark.parametrize(
    "interrupt",
    [partial(os.kill, os.getpid(), signal.SIGINT), partial(signal.raise_signal, signal.SIGINT)],
)
def test_an_interrupt_ends_the_wait_and_the_next_answer_is_the_right_one(child, interrupt):
    child.call(work.tell_pid)
    threading.Timer(0.3, interrupt).start()
    start_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        child.call(work.hang)
    assert time.monotonic() - start_s < 10.0
    assert child.call(partial(work.add, 1, 1)) == 2


@needs_posix
def test_it_does_not_hear_an_interrupt(child):
    pid = child.call(work.tell_pid)
    os.kill(pid, signal.SIGINT)
    time.sleep(0.2)
    assert child.call(work.tell_pid) == pid
    assert os.getpgid(pid) != os.getpgid(0)


PARENT = """
import os, sys
from wkmp_lab.runner.decoder_child import keep_child
from support import child_work
print(keep_child().call(child_work.tell_pid), flush=True)
if sys.argv[1] == "killed":
    import threading
    threading.Timer(0.3, os.kill, (os.getpid(), 9)).start()
    keep_child().call(child_work.hang)
"""


@pytest.mark.parametrize("how", ["ended", "killed"])
def test_it_ends_with_its_parent(how):
    path = os.pathsep.join(sys.path)
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", PARENT, how],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    pid = int(told.stdout)
    until = time.monotonic() + 10.0
    while psutil.pid_exists(pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not psutil.pid_exists(pid)
    assert told.stderr == ""


@needs_posix
def test_a_fork_has_a_child_of_its_own_and_leaves_its_parents_alone():
    pid = keep_child().call(work.tell_pid)
    forked = os.fork()
    if forked == 0:
        is_other = keep_child().call(work.tell_pid) != pid
        keep_child().close()
        os._exit(0 if is_other else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 0
    assert keep_child().call(work.tell_pid) == pid


@needs_posix
def test_one_death_is_put_down_to_the_machine_and_two_to_the_file(tmp_path):
    assert run_in_child(partial(work.die_once, tmp_path / "mark"), path="a.mp3") != os.getpid()
    with pytest.raises(DecodeError, match=r"worker died \(signal 11\): 'a\.mp3'"):
        run_in_child(partial(work.die, signal.SIGSEGV), path="a.mp3")


@needs_posix
def test_a_crash_prints_no_dump(child, capfd):
    with pytest.raises(WorkerDiedError):
        child.call(work.abort_in_a_thread)
    assert capfd.readouterr() == ("", "")
