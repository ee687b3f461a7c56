"""A lane does one thing after the other, and forgets what was asked anew meanwhile."""

import threading

import pytest

from wkmp_lab.notebook.browser import lane
from wkmp_lab.notebook.browser.lane import Lane

LONG_S = 10.0


@pytest.fixture
def held():
    """A lane that is at work until the event is set."""
    made, is_free, has_begun = Lane("test-lane", ("play", "covers")), threading.Event(), None
    has_begun = threading.Event()

    def work():
        has_begun.set()
        is_free.wait(LONG_S)

    made.put("play", work)
    assert has_begun.wait(LONG_S)
    yield made, is_free
    is_free.set()


def finish(made, is_free):
    """Let the lane go on, and wait for the last of what it was given."""
    done = threading.Event()
    made.put("covers", done.set, who="the last")
    is_free.set()
    assert done.wait(LONG_S)


def test_of_each_kind_the_newest_is_done_for_each_asker_the_first_kind_first(held):
    made, is_free = held
    heard = []
    made.put("covers", lambda: heard.append("covers"))
    made.put("play", lambda: heard.append("old"))
    made.put("play", lambda: heard.append("new"))
    made.put("play", lambda: heard.append("other page"), who="b")
    assert made.is_waiting("covers")
    assert not made.is_waiting("covers", who="b")
    finish(made, is_free)
    assert heard == ["new", "other page", "covers"]


def test_a_thread_that_nobody_asks_ends_and_is_made_again(monkeypatch):
    monkeypatch.setattr(lane, "IDLE_S", 0.0)
    made = Lane("test-idle", ("play",))
    for _ in range(2):
        done = threading.Event()
        made.put("play", done.set)
        assert done.wait(LONG_S)
        for thread in threading.enumerate():
            if thread.name == "test-idle":
                thread.join(LONG_S)
                assert not thread.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_ends_the_thread_and_the_next_request_makes_another():
    made, done = Lane("test-fault", ("play",)), threading.Event()

    def fail():
        raise RuntimeError("a fault of ours")

    made.put("play", fail)
    for thread in threading.enumerate():
        if thread.name == "test-fault":
            thread.join(LONG_S)
    made.put("play", done.set)
    assert done.wait(LONG_S)
