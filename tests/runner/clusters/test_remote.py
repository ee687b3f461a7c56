"""What is the same for all clusters, with a cluster that is this very process."""

import pytest
from support import cluster_runs

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.progress.board import Board, Control
from wkmp_lab.runner.clusters.remote import (
    QUEUED_PER_WORKER,
    TakenBackError,
    load_engine,
    read_limits,
    run_far,
)
from wkmp_lab.runner.decoder_child import WorkerDiedError
from wkmp_lab.runner.task_queue import TaskQueue
from wkmp_lab.runner.worker import measure_far
from wkmp_lab.settings import RunSettings, Settings

N_HELD = 1 + QUEUED_PER_WORKER


class Unheard:
    """A channel to nobody."""

    def tell(self, news):
        pass

    def is_cancelled(self):
        return False


class Here:
    """Measures the oldest task when it is waited for."""

    n_slots = 1

    def __init__(self, *, on_empty=lambda: None, lost=(), deadly=(), n_retries=0):
        self.n_retries = n_retries
        self.submitted = []
        self.taken_back = set()
        self._lost = lost
        self._deadly = deadly
        self._on_empty = on_empty

    def submit(self, task):
        self.submitted.append(task)
        return len(self.submitted) - 1

    def wait(self, tickets):
        if not tickets:
            self._on_empty()
        return tickets[:1]

    def read(self, ticket):
        if ticket in self.taken_back or ticket in self._lost:
            raise TakenBackError("cancelled")
        task = self.submitted[ticket]
        if task.index in self._deadly:
            raise WorkerDiedError("killed")
        return measure_far(task, Settings(), {}, Unheard())

    def take_back(self, tickets):
        self.taken_back |= set(tickets)


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    return cluster_runs.make_tasks(tmp_path_factory.mktemp("songs"), n_songs=6)


@pytest.fixture
def board(tasks):
    made = Board.create(len(tasks))
    yield made
    made.remove()


def queue_of(tasks, board):
    queue = TaskQueue()
    queue.fill(tasks, board)
    return queue


def test_a_pause_hands_out_no_more_until_it_is_over(tasks, board):
    n_when_empty = []

    def go_on():
        n_when_empty.append(len(engine.submitted))
        board.control = Control.RUN

    engine = Here(on_empty=go_on)
    outcomes = run_far(engine, queue_of(tasks, board), settings=Settings(), board=board)
    seen = [next(outcomes)]
    board.control = Control.PAUSE
    seen += outcomes
    assert n_when_empty == [N_HELD]
    assert [index for index, _, result in seen if result.status == "done"] == list(range(6))


def test_a_cancel_takes_back_all_that_is_held(tasks, board):
    engine = Here()
    outcomes = run_far(engine, queue_of(tasks, board), settings=Settings(), board=board)
    first = next(outcomes)
    board.control = Control.CANCEL
    rest = list(outcomes)
    assert first[2].status == "done"
    assert engine.taken_back == set(range(1, N_HELD))
    assert [result for _, _, result in rest] == [None] * (N_HELD - 1)


def test_what_the_cluster_gives_up_by_itself_is_a_failure(tasks, board):
    outcomes = list(
        run_far(Here(lost=(2,)), queue_of(tasks, board), settings=Settings(), board=board)
    )
    failed = {index: r.failure.reason for index, _, r in outcomes if r.status == "failed"}
    assert failed == {2: "the cluster gave it up"}
    assert len(outcomes) == len(tasks)


@pytest.mark.parametrize("n_retries", [0, 2])
def test_a_file_whose_worker_died_is_handed_out_again_as_often_as_the_engine_asks(
    tasks, board, n_retries
):
    engine = Here(deadly=(2,), n_retries=n_retries)
    outcomes = list(run_far(engine, queue_of(tasks, board), settings=Settings(), board=board))
    failed = {index: r.failure.reason for index, _, r in outcomes if r.status == "failed"}
    assert failed == {2: "worker died"}
    assert [task.index for task in engine.submitted].count(2) == 1 + n_retries
    assert len(outcomes) == len(tasks)


def test_limits_of_workers_are_those_of_the_phases_they_go_through():
    limits = {"IDENTIFYING": 4, "DECODING": 1, "FLAVORING": 2}
    settings = Settings(running=RunSettings(limits=limits))
    assert read_limits(settings) == {"DECODING": 1, "FLAVORING": 2}


def test_a_missing_engine_is_named_with_the_way_to_get_it():
    with pytest.raises(InvalidInputError, match="backend 'ray' needs the package no_such_engine"):
        load_engine("no_such_engine", backend="ray")
