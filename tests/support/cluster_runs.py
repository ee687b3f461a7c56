"""What the tests of both cluster engines do alike."""

import os
from dataclasses import replace
from pathlib import Path

import psutil

from support import audio_factory
from support.timeline_reading import count_at_once
from wkmp_lab.export import export
from wkmp_lab.library.session import import_folder, start_import
from wkmp_lab.model import Phase, SourceFile
from wkmp_lab.progress.board import PHASES, Board, Control, FileState
from wkmp_lab.runner.runner import Runner
from wkmp_lab.runner.worker import Task
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

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


def check_the_board_shows_phases_of_files_in_flight(tasks, settings):
    board = Board.create(len(tasks))
    seen = []
    for _ in Runner(settings).run(tasks, board):
        records = board.read()
        seen += records["phase"][records["state"] == FileState.IN_FLIGHT].tolist()
    records = board.read()
    board.remove()
    assert max(seen) > PHASES.index(Phase.EXTRACTING)
    assert set(records["state"]) == {FileState.MEASURED}
    assert (records["started"] > 0).all()
    assert ((records["phases_left"] >> PHASES.index(Phase.DECODING)) & 1).all()


def check_no_limit_is_ever_exceeded(tasks, backend):
    limits = {"DECODING": 1, "FLAVORING": 1}
    running = RunSettings(backend=backend, n_jobs=2, limits=limits)
    results = run(tasks, Settings(running=running))
    check_every_row_is_done(tasks, results)
    assert {phase: count_at_once(results.values(), Phase(phase)) for phase in limits} == limits


def cancel_a_run(tasks, settings):
    board = Board.create(len(tasks))
    for _ in Runner(settings).run(tasks, board):
        board.control = Control.CANCEL
    board.remove()


def make_settings(**running):
    return Settings(identifying=IdentifySettings(is_offline=True), running=RunSettings(**running))


def export_bytes(session, folder):
    """What is exported, by file name, without the clocks."""
    timeless = [replace(each, spans=()) for each in session.results]
    paths = export.export_results(
        timeless, folder, formats=["csv", "json"], music_folder=session.folder
    )
    return {path.name: path.read_bytes() for path in paths}


def check_an_import_outlives_a_killed_worker(address, kill_one, folder):
    """What a cluster exports one of whose workers was killed is what a local import does."""
    music = folder / "music"
    music.mkdir()
    make_tasks(music)
    there = start_import(music, settings=make_settings(cluster=address), store=folder / "there.db")
    for _ in there.completed():
        kill_one()
        break
    there.wait()
    assert there.state == "completed"
    assert [result.status for result in there.results] == ["done"] * 8
    here = import_folder(
        music, settings=make_settings(backend="sequential"), store=folder / "here.db"
    )
    ours = export_bytes(here, folder / "ours")
    assert export_bytes(there, folder / "theirs") == ours
    assert len(ours) > 6


def check_cancel_ends_a_run_early(tasks, settings):
    board = Board.create(len(tasks))
    seen = []
    for _, _, result in Runner(settings).run(tasks, board):
        seen.append(result)
        board.control = Control.CANCEL
    assert seen[0] is not None
    assert len([result for result in seen if result is not None]) < len(tasks)
    board.remove()
