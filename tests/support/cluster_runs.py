"""What the tests of both cluster engines do alike."""

import os
from pathlib import Path

import psutil

from support import audio_factory
from wkmp_lab.model import SourceFile
from wkmp_lab.progress.board import Board, Control
from wkmp_lab.runner.runner import Runner
from wkmp_lab.runner.worker import Task
from wkmp_lab.settings import RunSettings, Settings

POISON = "poison.wav"
"""The file that a fault point is set for."""


def make_task(index, path):
    stat = path.stat()
    return Task(index, SourceFile(str(path), stat.st_size, stat.st_mtime_ns))


def make_tasks(folder, *, n_songs=8):
    """Songs of 4 s and more."""
    paths = [
        audio_factory.write_audio(
            folder / f"song{k}.wav",
            audio_factory.music_like(seed=k, seconds=4.0 + k, sr=22050),
            22050,
        )
        for k in range(n_songs)
    ]
    return [make_task(k, path) for k, path in enumerate(paths)]


def add_poison(tasks, folder):
    path = folder / POISON
    path.write_bytes(Path(tasks[0].source.path).read_bytes())
    return [*tasks, make_task(len(tasks), path)]


def find_open_addresses():
    """Addresses that this process and its children listen on."""
    me = psutil.Process()
    ports = [
        port
        for each in (me, *me.children(recursive=True))
        for port in each.net_connections("inet")
    ]
    return {port.laddr.ip for port in ports if port.status == psutil.CONN_LISTEN}


def check_it_listens_on_loopback_alone():
    opened = find_open_addresses()
    assert opened
    assert opened <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def run(tasks, settings):
    """Results by file name."""
    board = Board.create(len(tasks))
    try:
        outcomes = Runner(settings).run(tasks, board)
        return {Path(path).name: result for _, path, result in outcomes}
    finally:
        board.remove()


def measured(results):
    """What does not depend on when and where files were measured, by name."""
    return {
        name: [(p.start_ticks, p.end_ticks, p.amplitude, p.descriptors) for p in result.passages]
        for name, result in results.items()
    }


def check_results_are_those_of_the_calling_process(tasks, settings):
    here = run(tasks, Settings(running=RunSettings(backend="sequential")))
    there = run(tasks, settings)
    assert all(result.passages for result in here.values())
    assert measured(there) == measured(here)
    workers = {span.worker for result in there.values() for span in result.spans}
    assert str(os.getpid()) not in workers


def check_every_row_is_done(tasks, results):
    assert len(results) == len(tasks)
    assert {result.status for result in results.values()} == {"done"}


def check_a_file_that_kills_every_worker_is_named(tasks, settings, folder):
    poisoned = add_poison(tasks, folder)
    results = run(poisoned, settings)
    assert len(results) == len(poisoned)
    failed = {name: r.failure.reason for name, r in results.items() if r.status == "failed"}
    assert failed == {POISON: "worker died"}


def check_cancel_ends_a_run_early(tasks, settings):
    board = Board.create(len(tasks))
    seen = []
    for _, _, result in Runner(settings).run(tasks, board):
        seen.append(result)
        board.control = Control.CANCEL
    assert seen[0] is not None
    assert len([result for result in seen if result is not None]) < len(tasks)
    board.remove()
