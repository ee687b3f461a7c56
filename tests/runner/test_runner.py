"""The supervisor, with real processes and real deaths."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from support import audio_factory

from wkmp_lab.io.fault_injection import VARIABLE
from wkmp_lab.io.machine import Machine
from wkmp_lab.model import SourceFile
from wkmp_lab.progress.board import Board, Control
from wkmp_lab.runner.runner import Runner, count_jobs, describe_death
from wkmp_lab.runner.task_queue import order_tasks
from wkmp_lab.runner.worker import Task, measure_task
from wkmp_lab.settings import RunSettings, Settings


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    paths = []
    for k in range(6):
        path = folder / f"song{k}.wav"
        samples = audio_factory.music_like(seed=k, seconds=4.0 + k, sr=22050)
        audio_factory.write_audio(path, samples, 22050)
        paths.append(path)
    return paths


def tasks_of(paths):
    tasks = []
    for index, path in enumerate(paths):
        stat = path.stat()
        tasks.append(Task(index, SourceFile(str(path), stat.st_size, stat.st_mtime_ns)))
    return tasks


def run(paths, *, memory_mb=4096, **running):
    """Outcomes by file name, in the order of their coming."""
    settings = Settings(running=RunSettings(worker_memory_mb=memory_mb, **running))
    board = Board.create(len(paths))
    runner = Runner(settings)
    runner.start()
    try:
        tasks = order_tasks(tasks_of(paths), settings.running.order)
        return {Path(path).name: result for _, path, result in runner.run(tasks, board)}
    finally:
        board.remove()


def measured(result):
    """What does not depend on when and where a file was measured."""
    return [(p.start_ticks, p.end_ticks, p.amplitude, p.descriptors) for p in result.passages]


def test_every_backend_gives_the_same_results(songs):
    found = [
        run(songs, n_jobs=2, backend="loky"),
        run(songs, n_jobs=2, backend="threading"),
        run(songs, backend="sequential"),
        run(songs, n_jobs=1),
    ]
    for results in found[1:]:
        assert {n: measured(r) for n, r in results.items()} == {
            n: measured(r) for n, r in found[0].items()
        }
    assert all(result.status == "done" for result in found[0].values())


def test_one_job_works_in_one_process_that_is_not_the_calling_one(songs):
    results = run(songs[:3], n_jobs=1)
    workers = {span.worker for result in results.values() for span in result.spans}
    assert len(workers) == 1
    assert str(os.getpid()) not in workers


def test_one_job_that_hangs_costs_one_file_which_is_named(songs, monkeypatch):
    monkeypatch.setenv(VARIABLE, "ANALYZING:hang:song1")
    results = run(songs[:3], n_jobs=1, memory_mb=3950, stall_s=3.0)
    failed = {name: r.failure.reason for name, r in results.items() if r.status == "failed"}
    assert failed == {"song1.wav": "no progress for 3 s: its worker was ended"}


def test_two_jobs_keep_two_files_in_flight_until_the_queue_is_empty(songs):
    results = run(songs * 1, n_jobs=2)
    starts = sorted(min(s.start_s for s in r.spans) for r in results.values())
    ends = sorted(max(s.end_s for s in r.spans) for r in results.values())
    for k in range(2, len(starts)):
        in_flight = sum(e > starts[k] for e in ends) - (len(starts) - k)
        assert in_flight <= 1, "a third file was started while two were in flight"
        assert starts[k] - ends[k - 2] < 0.5, "a worker stood idle with files waiting"


def test_a_worker_that_dies_costs_one_file_which_is_named(songs, monkeypatch):
    reasons = {
        "segfault": "worker died (signal 11)",
        "kill": "worker died (signal 9)",
        "exit": "worker died (exit status 3)",
        "raise": "unexpected RuntimeError: a fault was asked for",
    }
    faults = [f"FINGERPRINTING:{action}:song{k}" for k, action in enumerate(reasons, start=1)]
    monkeypatch.setenv(VARIABLE, " ".join(faults))
    results = run(songs, n_jobs=2, memory_mb=4001)  # another number makes another pool, which sees
    assert len(results) == len(songs)
    failed = {name: r.failure.reason for name, r in results.items() if r.status == "failed"}
    assert failed == {f"song{k}.wav": told for k, told in enumerate(reasons.values(), start=1)}
    assert {r.failure.phase for r in results.values() if r.failure} == {"FINGERPRINTING"}


def test_a_worker_that_hangs_costs_one_file_which_is_named(songs, monkeypatch):
    monkeypatch.setenv(VARIABLE, "ANALYZING:hang:song1")
    results = run(songs, n_jobs=2, memory_mb=3990, stall_s=3.0)
    failed = {name: r.failure.reason for name, r in results.items() if r.status == "failed"}
    assert failed == {"song1.wav": "no progress for 3 s: its worker was ended"}
    assert len(results) == len(songs)


@pytest.mark.skipif(os.name == "nt", reason="address space is not limited on Windows")
def test_a_worker_that_eats_memory_costs_one_file_which_is_named(songs, monkeypatch):
    monkeypatch.setenv(VARIABLE, "DECODING:memory:song2")
    results = run(songs, n_jobs=2, memory_mb=3000)
    failed = {name: r.failure.reason for name, r in results.items() if r.status == "failed"}
    assert list(failed) == ["song2.wav"]
    assert "MemoryError" in failed["song2.wav"] or "worker died" in failed["song2.wav"]


def test_cancel_ends_even_a_worker_that_does_not_listen(songs, monkeypatch):
    monkeypatch.setenv(VARIABLE, "DECODING:hang:song")
    settings = Settings(running=RunSettings(n_jobs=2, worker_memory_mb=3980))
    board = Board.create(len(songs))
    runner = Runner(settings)
    runner.start()
    outcomes = runner.run(tasks_of(songs), board)
    asked = []

    def cancel_when_in_flight():
        while (board.read()["state"] == 1).sum() != 2:
            time.sleep(0.02)
        asked.append(time.monotonic())
        board.control = Control.CANCEL

    thread = threading.Thread(target=cancel_when_in_flight)
    thread.start()
    assert all(result is None for _, _, result in outcomes)
    thread.join()
    assert time.monotonic() - asked[0] < 30.0, "it hangs for ever unless it is ended"
    board.remove()


def test_workers_do_not_hear_an_interrupt(songs):
    results = run(songs[:2], n_jobs=2)
    workers = {int(span.worker) for r in results.values() for span in r.spans}
    for pid in workers - {os.getpid()}:
        os.kill(pid, signal.SIGINT)
    time.sleep(0.2)
    again = run(songs[:2], n_jobs=2)
    assert workers & {int(s.worker) for r in again.values() for s in r.spans}


def test_a_task_never_raises(songs, tmp_path):
    board = Board.create(1)
    task = Task(0, SourceFile(str(tmp_path / "gone.flac"), 1, 1))
    _, _, result = measure_task(task, Settings(), board)
    assert result is not None
    assert result.failure is not None
    assert result.failure.reason.startswith("vanished")
    board.remove()


def test_small_files_first_gives_first_results_soonest_and_long_first_starts_the_long_one(
    songs, tmp_path
):
    samples = audio_factory.music_like(seed=9, seconds=90.0, sr=44_100)
    side = audio_factory.write_audio(tmp_path / "side.wav", samples, 44_100)
    small, long = (
        run([side, *songs], n_jobs=2, order=order) for order in ("small_first", "long_first")
    )
    assert list(small)[-1] == "side.wav"
    assert set(list(small)[:2]) <= {"song0.wav", "song1.wav", "song2.wav"}
    begun = sorted(long, key=lambda name: long[name].spans[0].start_s)
    assert "side.wav" in begun[:2]


def test_the_number_of_jobs_is_clamped_and_fits_the_memory():
    roomy = Machine(0.0, available_mb=64_000.0, total_mb=64_000.0, idle=1.0)
    assert 2 <= count_jobs(RunSettings(), roomy) <= 8
    assert count_jobs(RunSettings(n_jobs=12), roomy) == 12
    assert count_jobs(RunSettings(n_jobs=12, memory_mb=1000), roomy) == 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("exit codes of the workers are {SIGKILL(-9)}", "worker died (signal 9)"),
        ("{EXIT(1), SIGSEGV(-11)}", "worker died (signal 11)"),
        ("no codes at all", "worker died"),
    ],
)
def test_deaths_are_told_in_words(text, reason):
    assert describe_death(text) == reason
