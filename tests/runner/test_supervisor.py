"""The gate in real runs: closed and opened by evidence that is put in, not by the machine."""

import functools
import threading

import numpy as np
import pytest
from support import audio_factory
from support.cluster_runs import make_task

from wkmp_lab.io.fault_injection import VARIABLE
from wkmp_lab.io.machine import Machine, read_cgroup_mb, read_machine
from wkmp_lab.library.session import open_session, start_import
from wkmp_lab.model import FileResult, Phase, SourceFile, Span
from wkmp_lab.progress.board import Board, Control, FileProgress, FileState
from wkmp_lab.runner.runner import Runner
from wkmp_lab.runner.supervisor import Watch
from wkmp_lab.runner.throttle import WORKER_MB, estimate_file_mb
from wkmp_lab.runner.worker import Task
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

pytestmark = pytest.mark.slow
N_SONGS = 8
SHORT_MB, PLENTY_MB = 10.0, 20_000.0


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    for k in range(N_SONGS):
        samples = audio_factory.music_like(seed=k, seconds=20.0 + k, sr=44_100)
        # So long that a file that is held is seen held twice.
        audio_factory.write_audio(folder / f"song{k:02d}.flac", np.tile(samples, 6), 44_100)
    return folder


class Evidence:
    """A machine whose memory is short until ``is_over`` says otherwise; its clock runs fast."""

    def __init__(self, is_over=lambda: False):
        self.n_looks = 0
        self._is_over = is_over

    def __call__(self):
        self.n_looks += 1
        available_mb = PLENTY_MB if self.n_looks <= 2 or self._is_over() else SHORT_MB
        return Machine(10.0 * self.n_looks, available_mb, PLENTY_MB, idle=0.0)


class GatedRun:
    """A run of two workers, with what its watch has said and seen."""

    def __init__(self, music, is_over=lambda run: False, **running):
        self.tasks = [make_task(k, path) for k, path in enumerate(sorted(music.iterdir()))]
        self.board = Board.create(len(self.tasks))
        self.told = []
        self.held = []
        settings = Settings(running=RunSettings(n_jobs=2, **running))
        evidence = Evidence(lambda: self.see() or is_over(self))
        self.runner = Runner(settings, look=evidence, on_change=lambda *now: self.told.append(now))
        self.runner.start()

    def see(self):
        """Note which files wait, and how far they are."""
        records = self.board.read()
        waiting = (records["state"] == FileState.IN_FLIGHT) & (records["is_held"] == 1)
        self.held.append(
            {
                int(i): (int(records["phase"][i]), float(records["fraction"][i]))
                for i in waiting.nonzero()[0]
            }
        )

    def outcomes(self):
        yield from self.runner.run(self.tasks, self.board)

    def finish(self):
        try:
            return list(self.outcomes())
        finally:
            self.board.remove()


def statuses(outcomes):
    return {index: result and result.status for index, _, result in outcomes}


ALL_DONE = dict.fromkeys(range(N_SONGS), "done")


def test_the_gate_closes_to_one_file_and_opens_again_and_all_files_are_done(music):
    run = GatedRun(music, is_over=lambda run: sum(bool(held) for held in run.held) >= 4)
    assert statuses(run.finish()) == ALL_DONE
    assert run.told == [
        (1, "memory is short (10 MB free)", None),
        (2, "there is memory again (20000 MB free)", None),
        (2, "", None),
    ]
    pairs = [
        (before[index], after[index])
        for before, after in zip(run.held, run.held[1:], strict=False)
        for index in before.keys() & after.keys()
    ]
    assert pairs, "no file was held from one look to the next"
    # One block may be under way when a file is told to wait.
    assert sum(before == after for before, after in pairs) >= len(pairs) - 2


def test_a_gate_that_stays_closed_finishes_every_file(music):
    run = GatedRun(music)
    assert statuses(run.finish()) == ALL_DONE
    assert [n for n, *_ in run.told] == [1, 2]
    assert max(len(held) for held in run.held) == 1


def test_a_cancel_is_heard_by_a_file_that_is_held(music):
    run = GatedRun(music, is_over=lambda run: run.held[-1] and cancel(run))

    def cancel(run):
        run.board.control = Control.CANCEL

    outcomes = run.finish()
    assert any(run.held)
    assert None in statuses(outcomes).values()
    assert set(statuses(outcomes).values()) <= {"done", None}


def test_a_pause_while_gated_ends_with_every_file_done(music):
    pauses = []

    def go_on(run):
        run.board.control = Control.RUN

    def pause_once(run):
        if run.held[-1] and not pauses:
            pauses.append(run.held[-1])
            run.board.control = Control.PAUSE
            threading.Timer(1.0, go_on, [run]).start()

    run = GatedRun(music, is_over=pause_once)
    assert statuses(run.finish()) == ALL_DONE
    assert pauses


def test_a_worker_that_dies_while_gated_costs_one_file_which_is_named(music, monkeypatch):
    monkeypatch.setenv(VARIABLE, "FINGERPRINTING:kill:song05")
    run = GatedRun(music, worker_memory_mb=4321)  # another number makes another pool, which sees
    outcomes = run.finish()
    assert statuses(outcomes) == {**ALL_DONE, 5: "failed"}
    assert any(run.held)


def test_files_that_are_too_large_together_go_on_one_by_one(music, tmp_path):
    for path in list(music.iterdir())[:4]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tasks = [make_task(k, path) for k, path in enumerate(sorted(tmp_path.iterdir()))]
    costs_mb = [estimate_file_mb(task.source, max_duration_s=43_200.0) for task in tasks[:2]]
    budget_mb = 2 * WORKER_MB + 0.95 * sum(costs_mb)
    told = []
    board = Board.create(4)
    watch = Watch(
        board,
        tasks,
        settings=Settings(),
        n_jobs=2,
        budget_mb=budget_mb,
        look=read_machine,
        on_change=lambda *now: told.append(now),
    )
    for index in range(2):
        progress = FileProgress(board, index)
        progress.begin()
        progress.enter(Phase.DECODING)
    watch._watch()
    assert board.read()["is_held"].tolist() == [0, 1, 0, 0]
    assert told[0][0] == 1
    assert "may take" in told[0][1]
    board.mark(0, FileState.MEASURED)
    watch._watch()
    assert board.read()["is_held"].tolist() == [0, 0, 0, 0]
    board.remove()


def test_a_crowded_disk_lets_fewer_files_be_read_and_all_else_go_on():
    """The files tell of a disk that answers slowly; none such is at hand."""
    sources = [SourceFile(f"song{k}.flac", 2_000_000, 0) for k in range(4)]
    tasks = [Task(k, source) for k, source in enumerate(sources)]
    board = Board.create(4)
    told = []
    watch = Watch(
        board,
        tasks,
        settings=Settings(),
        n_jobs=2,
        budget_mb=4000.0,
        look=lambda: Machine(100.0, PLENTY_MB, PLENTY_MB, idle=0.9),
        on_change=lambda *now: told.append(now),
    )
    for task in tasks:
        spans = (
            Span(Phase.EXTRACTING, 1.0, 2.0, "1", 0.1),
            Span(Phase.DECODING, 2.0, 4.0, "1", 0.2),
        )
        watch.note((task.index, task.source.path, FileResult(task.source, "done", spans=spans)))
    watch._watch()
    assert told == [(1, "the disk is crowded (90% of the reading is waiting)", Phase.DECODING)]
    assert board.n_readers == 1
    assert not board.read()["is_held"].any()
    board.remove()


def test_fewer_workers_than_wanted_are_told_with_the_reason():
    told = []
    settings = Settings(running=RunSettings(n_jobs=8, memory_mb=600))
    assert Runner(settings, on_change=lambda *now: told.append(now)).n_jobs == 2
    assert told == [(2, "600 MB hold no more workers", None)]


def test_an_import_shows_how_many_files_go_on_and_why(music, tmp_path, monkeypatch):
    shown = []
    evidence = Evidence(lambda: len(shown) > 3)
    monkeypatch.setattr("wkmp_lab.runner.runner.Runner", functools.partial(Runner, look=evidence))
    settings = Settings(
        identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=2)
    )
    session = start_import(music, settings=settings, store=tmp_path / "a.db")
    while not session.is_ended:
        now = session.snapshot()
        if now.n_jobs == 1:
            shown.append(now)
        session._run.control.wait(0.05)
    assert session.state == "completed"
    assert shown, "the closed gate was never to be seen"
    log = "\n".join(session.snapshot().log)
    assert "now 1 at a time: memory is short (10 MB free)" in log
    assert "now 2 at a time: there is memory again" in log
    kept = open_session(music, store=tmp_path / "a.db").record
    assert kept == session.record
    assert [change.n for change in kept.changes][:2] == [1, 2]
    assert kept.changes[0].reason == "memory is short (10 MB free)"
    assert kept.started_s < kept.changes[0].at_s < kept.changes[1].at_s < kept.ended_s
    assert session.n_jobs == 2


def test_a_container_tells_its_own_limit(tmp_path):
    (tmp_path / "memory.max").write_text("1048576000\n")
    (tmp_path / "memory.current").write_text("943718400\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 209715200\nslab 7\n")
    assert read_cgroup_mb(tmp_path) == (300.0, 1000.0)


@pytest.mark.parametrize("words", [None, "max\n"])
def test_a_container_without_a_limit_tells_none(tmp_path, words):
    if words is not None:
        (tmp_path / "memory.max").write_text(words)
    assert read_cgroup_mb(tmp_path) is None


def test_the_machine_tells_plausible_figures():
    seen = read_machine()
    assert 0.0 < seen.available_mb <= seen.total_mb
    assert 0.0 <= seen.idle <= 1.0
