"""Results as they come: in their order, from another thread or task, to the end."""

import asyncio
import threading
import time

import pytest
from support import audio_factory
from support import example_results as example

import wkmp_lab as wl
from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.library.run.completed import Completed, Finished
from wkmp_lab.library.run.control import RunControl
from wkmp_lab.library.run.log import RunLog
from wkmp_lab.library.run.results import Results
from wkmp_lab.library.session import import_folder, open_session, start_import
from wkmp_lab.library.store.store import Store
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

OFFLINE = Settings(
    identifying=IdentifySettings(is_offline=True), running=RunSettings(backend="sequential")
)
N_SONGS = 4


class Import:
    """The parts of an import that completed results are made of, moved by hand."""

    def __init__(self):
        self.finished, self.results = Finished(), Results(since_s=0.0)
        self.control, self.log = RunControl(), RunLog("abcd")

    def finish(self, index, path):
        self.results.put(example.make_result(path), is_finished=True, is_new=True)
        self.finished.add(index, path)

    def end(self, error=None):
        if error is not None:
            self.control.fail(error)
        self.control.end()
        self.finished.end()

    def completed(self, since="start"):
        return Completed(self.finished, self.results, self.control, self.log, since=since)


@pytest.fixture
def moved():
    return Import()


def test_they_come_in_the_order_of_their_end_and_stop_with_the_import(moved):
    moved.finish(2, "/c")
    moved.finish(0, "/a")
    late = moved.completed("now")
    moved.finish(1, "/b")
    moved.end()
    assert [(index, path) for index, path, _ in moved.completed()] == [
        (2, "/c"),
        (0, "/a"),
        (1, "/b"),
    ]
    assert [result.path for _, _, result in late] == ["/b"]
    assert list(moved.completed("now")) == []
    with pytest.raises(InvalidInputError, match="since must be 'start' or 'now', got 'later'"):
        moved.completed("later")


def test_who_waits_is_woken_by_the_next_one(moved):
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(p for _, p, _ in moved.completed()))
    thread.start()
    for index, path in enumerate("abc"):
        moved.finish(index, f"/{path}")
        while len(seen) <= 0 and thread.is_alive() and moved.finished.count() < 1:
            time.sleep(0.01)
    moved.end()
    thread.join(10)
    assert seen == ["/a", "/b", "/c"]


def test_what_ended_the_import_is_raised_at_the_end(moved):
    moved.finish(0, "/a")
    moved.end(StoreError("in use"))
    completed = moved.completed()
    assert next(completed)[:2] == (0, "/a")
    with pytest.raises(StoreError, match="in use"):
        next(completed)

    async def wait():
        return [path async for _, path, _ in moved.completed()]

    with pytest.raises(StoreError, match="in use"):
        asyncio.run(wait())


def test_a_task_that_waits_leaves_the_loop_free_and_does_not_poll(moved):
    async def work():
        seen, n_turns = [], 0

        async def follow():
            async for _, path, _ in moved.completed():
                seen.append(path)

        waiting = asyncio.create_task(follow())
        for index, path in enumerate(["/a", "/b"]):
            await asyncio.sleep(0.01)
            threading.Thread(target=moved.finish, args=(index, path)).start()
            while len(seen) <= index:
                await asyncio.sleep(0.001)
        select = asyncio.get_running_loop()._selector.select

        def count(timeout=None):
            nonlocal n_turns
            n_turns += 1
            return select(timeout)

        asyncio.get_running_loop()._selector.select = count
        await asyncio.sleep(0.3)
        assert n_turns < 5, "nobody looks whether something has come"
        threading.Thread(target=moved.end).start()
        await waiting
        return seen

    assert asyncio.run(work()) == ["/a", "/b"]


def test_a_loop_that_was_closed_in_mid_wait_does_no_harm(moved):
    async def give_up():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(aiter(moved.completed())), 0.05)

    asyncio.run(give_up())
    loop = asyncio.new_event_loop()
    loop.close()
    with moved.finished.calling(lambda: loop.call_soon_threadsafe(print)):
        moved.finish(0, "/a")
    moved.end()
    assert len(list(moved.completed())) == 1


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    audio_factory.write_songs(folder, N_SONGS)
    return folder


def test_a_running_import_gives_each_file_once_with_its_place_in_the_scan(music, tmp_path):
    session = start_import(music, settings=OFFLINE, store=tmp_path / "kept.wkmp.db")
    found = list(session.completed())
    assert session.is_ended
    paths = [result.path for result in session.results]
    assert sorted((index, path) for index, path, _ in found) == list(enumerate(paths))
    assert [result for _, _, result in found] == [session.get_result(p) for _, p, _ in found]
    lines = [line for line in session.snapshot().log if line.startswith("Processing")]
    told = [f"Processing file {index + 1} of {N_SONGS} " for index, _, _ in found]
    assert [line.partition("(")[0] for line in lines] == told
    assert f"({N_SONGS} finished): done" in lines[-1]

    opened = open_session(music, store=session.store_path)
    assert [path for _, path, _ in opened.completed()] == paths
    again = import_folder(music, settings=OFFLINE, store=session.store_path)
    assert sorted(path for _, path, _ in again.completed()) == paths


def test_a_store_in_use_is_told_by_the_loop(music, tmp_path):
    with Store(tmp_path / "kept.wkmp.db", folder=music):
        session = start_import(music, settings=OFFLINE, store=tmp_path / "kept.wkmp.db")
        with pytest.raises(StoreError, match="in use"):
            list(session.completed())


def test_on_result_is_called_with_each_before_the_import_returns(music, tmp_path):
    seen = []
    session = wl.import_folder(
        music,
        settings=OFFLINE,
        store=tmp_path / "kept.wkmp.db",
        ui="none",
        on_result=lambda index, path, result: seen.append((index, path, result.status)),
    )
    expected = [(k, r.path, "done") for k, r in enumerate(session.results)]
    assert sorted(seen) == expected


def test_what_on_result_raises_cancels_the_import_and_is_raised(music, tmp_path):
    def stop(index, path, result):
        raise ZeroDivisionError(path)

    with pytest.raises(ZeroDivisionError):
        wl.import_folder(
            music, settings=OFFLINE, store=tmp_path / "a.wkmp.db", ui="none", on_result=stop
        )
    assert wl.last_session().is_ended


def test_in_the_background_an_error_of_on_result_is_told_and_the_import_goes_on(music, tmp_path):
    calls = []

    def fail(index, path, result):
        calls.append(path)
        raise ZeroDivisionError("not this one")

    session = wl.start_import(
        music, settings=OFFLINE, store=tmp_path / "a.wkmp.db", ui="none", on_result=fail
    )
    session.wait(60)
    while not session.snapshot().remarks:
        time.sleep(0.01)
    words = "on_result is not called any more: ZeroDivisionError: not this one"
    assert session.snapshot().remarks == (words,)
    assert (session.state, len(calls)) == ("completed", 1)

    seen = []
    session = wl.start_import(
        music,
        settings=OFFLINE,
        store=tmp_path / "a.wkmp.db",
        ui="none",
        on_result=lambda index, path, result: seen.append(path),
    )
    session.wait(60)
    while len(seen) < N_SONGS:
        time.sleep(0.01)
