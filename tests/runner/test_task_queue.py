"""What waits: in which order, moved to the front, given back; and with real workers."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import cluster_runs

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model import SourceFile
from wkmp_lab.progress.board import Board, Control, FileProgress
from wkmp_lab.runner.runner import Runner
from wkmp_lab.runner.task_queue import TaskQueue, order_tasks
from wkmp_lab.runner.worker import Task, measure_task
from wkmp_lab.settings import RunSettings, Settings

SIZES = {"/m/a": 2, "/m/b": 3, "/m/c": 1, "/m/new/d": 1}


def tasks_of(sizes):
    return [Task(k, SourceFile(path, size, 0)) for k, (path, size) in enumerate(sizes.items())]


def names(tasks):
    return "".join(task.source.path[-1] for task in tasks)


@pytest.fixture
def board():
    made = Board.create(len(SIZES))
    yield made
    made.remove()


@pytest.fixture
def queue(board):
    made = TaskQueue()
    made.fill(tasks_of(SIZES), board)
    return made


def by_letter_backwards(source):
    return -ord(source.path[-1])


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("long_first", "bacd"),
        ("small_first", "cdab"),
        ("path", "abcd"),
        ("custom by_hand", "bacd"),
        (by_letter_backwards, "dcba"),
        (("/m/new", "/m/c"), "dcba"),
        (("/m/nowhere",), "bacd"),
    ],
)
def test_tasks_are_ordered_as_asked(order, expected):
    assert names(order_tasks(tasks_of(SIZES), order)) == expected


@pytest.mark.parametrize("order", [lambda source: source.year, lambda source: object()])
def test_an_order_of_ones_own_that_fails_is_named(order):
    with pytest.raises(InvalidInputError, match=r"order must be a function.*got (Attr|Type)\w+:"):
        order_tasks(tasks_of(SIZES), order)


@given(order=st.permutations(sorted(SIZES)))
def test_a_list_of_all_files_is_their_order(order):
    assert [task.source.path for task in order_tasks(tasks_of(SIZES), order)] == list(order)


def test_what_is_wanted_goes_first_and_the_latest_wish_before_that(queue):
    assert queue.prioritize(["/m/c"]) == 1
    assert queue.prioritize(["/m/new", "/m/b"]) == 2
    assert queue.peek(2) == ("/m/new/d", "/m/b")
    assert names(queue.take_all()) == "dbca"


def test_a_wish_holds_for_what_comes_in_later(board):
    queue = TaskQueue()
    assert queue.prioritize(["/m/c"]) == 0
    queue.fill(tasks_of(SIZES), board)
    assert names(queue.take_all()) == "cabd"


def test_nothing_is_handed_out_after_a_cancel(queue, board):
    assert queue.take() is not None
    board.control = Control.CANCEL
    assert queue.take() is None
    assert (queue.n_waiting, queue.n_open) == (3, 4)


def test_what_is_given_back_stands_where_it_stood(queue):
    first, second = queue.take(), queue.take()
    queue.finish(second.index)
    queue.give_back()
    assert queue.n_open == 3
    assert queue.take() == first


def test_a_worker_gives_back_what_it_was_handed_when_another_is_moved_before(queue, board):
    begun, handed = queue.take(), queue.take()
    FileProgress(board, begun.index).begin()
    queue.prioritize(["/m/c"])
    assert measure_task(handed, Settings(), board) == (handed.index, handed.source.path, None)
    queue.give_back(handed.index)
    assert names(queue.take_all()) == "cbd"
    assert not board.take_postponed(begun.index)


def test_a_wish_for_what_was_handed_out_moves_nothing_else(queue, board):
    handed = [queue.take() for _ in range(4)]
    assert queue.prioritize([handed[3].source.path]) == 1
    assert not any(board.take_postponed(task.index) for task in handed)


@pytest.mark.parametrize(
    "running",
    [
        RunSettings(n_jobs=2),
        RunSettings(n_jobs=1),
        RunSettings(backend="threading", n_jobs=2),
        RunSettings(backend="sequential"),
    ],
    ids=lambda running: f"{running.backend} {running.n_jobs}",
)
def test_a_file_that_is_moved_to_the_front_begins_before_what_was_handed_out(tmp_path, running):
    tasks = cluster_runs.make_tasks(tmp_path, n_songs=10)
    board, queue = Board.create(len(tasks)), TaskQueue()
    seen = []
    for _, path, result in Runner(Settings(running=running), queue=queue).run(tasks, board):
        if not seen:  # the last song of all, while two to four are with the workers
            threading.Thread(target=lambda: queue.prioritize([tasks[-1].source.path])).start()
        seen.append((result.spans[0].start_s, Path(path).name))
    board.remove()
    begun = [name for _, name in sorted(seen)]
    assert len(begun) == len(tasks)
    # In flight when it was asked for: one for each job, and one more that began meanwhile.
    assert begun.index("song9.wav") <= 1 + 2 * (running.n_jobs or 1)
