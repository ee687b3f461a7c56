"""What is the same for all clusters, with a cluster that is this very process."""

import pytest
from support import cluster_runs

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.progress.board import Board, Control
from wkmp_lab.runner.remote import (
    QUEUED_PER_WORKER,
    TakenBackError,
    load_engine,
    run_far,
)
from wkmp_lab.runner.task_queue import TaskQueue
from wkmp_lab.runner.worker import measure_far
from wkmp_lab.settings import Settings

N_HELD = 1 + QUEUED_PER_WORKER


class Here:
    """Measures the oldest task when it is waited for."""

    n_slots = 1

    def __init__(self, *, on_empty=lambda: None, lost=()):
        self.submitted = []
        self.taken_back = set()
        self._lost = lost
        self._on_empty = on_empty

    def submit(self, task):
        self.submitted.append(task)
        return task.index

    def wait(self, tickets):
        if not tickets:
            self._on_empty()
        return tickets[:1]

    def read(self, ticket):
        if ticket in self.taken_back or ticket in self._lost:
            raise TakenBackError("cancelled")
        return measure_far(self.submitted[ticket], Settings())

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


def test_a_missing_engine_is_named_with_the_way_to_get_it():
    with pytest.raises(InvalidInputError, match="backend 'ray' needs the package no_such_engine"):
        load_engine("no_such_engine", backend="ray")
