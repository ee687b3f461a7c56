"""The import's store is lent for a moment, never opened twice nor closed under a borrower."""

import threading

import pytest
from support import example_results as example

from wkmp_lab.errors import StoreError
from wkmp_lab.library.run.shared_store import SharedStore
from wkmp_lab.library.store import Store


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


@pytest.fixture
def shared(music, tmp_path):
    return SharedStore(tmp_path / "kept.wkmp.db", folder=music)


def test_a_borrower_is_lent_the_store_that_is_kept_open(shared):
    with (
        shared.keep_open() as kept,
        shared.borrow() as lent,
        shared.borrow(is_writer=False) as too,
    ):
        assert lent is kept
        assert too is kept
    with shared.borrow() as own:
        assert own is not kept


def test_the_store_is_not_closed_under_a_borrower(shared):
    is_lent, may_go_on, seen = threading.Event(), threading.Event(), []

    def borrow():
        with shared.borrow() as store:
            is_lent.set()
            may_go_on.wait(10.0)
            seen.extend(store.read_results())

    with shared.keep_open() as store:
        store.put(example.make_result())
        thread = threading.Thread(target=borrow)
        thread.start()
        assert is_lent.wait(10.0)
        threading.Timer(0.1, may_go_on.set).start()
    thread.join()
    assert seen == [example.make_result()]


def test_threads_that_write_at_once_wait_for_each_other(shared):
    def write(k):
        with shared.borrow() as store:
            store.put(example.make_result(f"/music/{k}.flac"))

    threads = [threading.Thread(target=write, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with shared.borrow(is_writer=False) as store:
        assert len(list(store.read_results())) == 4


def test_what_another_holds_is_refused_and_can_be_had_afterwards(shared, music):
    with Store(shared.path, folder=music):
        with pytest.raises(StoreError, match="in use by another import"), shared.keep_open():
            pass
        with pytest.raises(StoreError, match="in use by another import"), shared.borrow():
            pass
    with shared.keep_open():
        pass
