"""What is asked of an import reaches the workers, and a cancel is final."""

import asyncio
import threading

import pytest

from wkmp_lab.errors import StoreError
from wkmp_lab.library.run.control import RunControl, await_end, wait_for_end
from wkmp_lab.progress.board import Board, Control


@pytest.fixture
def board():
    made = Board.create(1)
    yield made
    made.remove()


def test_what_was_asked_before_the_board_was_there_reaches_it(board):
    control = RunControl()
    control.ask(Control.PAUSE)
    control.attach(board)
    assert board.control is Control.PAUSE
    control.ask(Control.RUN)
    assert board.control is Control.RUN


def test_a_cancel_is_final_and_nothing_is_asked_of_what_has_ended(board):
    control = RunControl()
    control.attach(board)
    control.ask(Control.CANCEL)
    control.ask(Control.RUN)
    assert control.is_cancelled
    assert board.control is Control.CANCEL
    over = RunControl()
    over.end()
    over.ask(Control.CANCEL)
    assert not over.is_cancelled


def test_only_a_running_import_is_paused():
    control = RunControl()
    control.ask(Control.PAUSE)
    assert control.state == "scanning"
    control.enter("running")
    assert control.state == "paused"
    control.enter("completed")
    assert control.state == "completed"


def test_whoever_waits_is_told_what_ended_the_import():
    control = RunControl()
    control.fail(StoreError("in use"))
    control.end()
    assert control.state == "failed"
    with pytest.raises(StoreError, match="in use"):
        wait_for_end(control)
    with pytest.raises(StoreError, match="in use"):
        asyncio.run(await_end(control))


def test_a_wait_that_is_given_up_cancels_nothing():
    control = RunControl()
    with pytest.raises(TimeoutError, match=r"still runs after 0.0 s"):
        wait_for_end(control, timeout_s=0.0)
    assert not control.is_cancelled


def test_an_awaiting_task_that_is_cancelled_cancels_the_import():
    control = RunControl()

    def end_once_cancelled():
        while not control.is_cancelled:
            control.wait(0.01)
        control.end()

    async def give_up():
        task = asyncio.create_task(await_end(control))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    thread = threading.Thread(target=end_once_cancelled)
    thread.start()
    asyncio.run(give_up())
    thread.join()
    assert control.is_cancelled
