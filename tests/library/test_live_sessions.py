"""What a process has started is found again by folder and store."""

from dataclasses import dataclass

import pytest

from wkmp_lab.library.live_sessions import LiveSessions


@dataclass
class Session:
    name: str
    is_ended: bool = False


@pytest.fixture
def place(tmp_path):
    (tmp_path / "music").mkdir()
    return {"folder": tmp_path / "music", "store_path": tmp_path / "a.db"}


def find(live, place):
    return live.find_running(place["folder"], store_path=place["store_path"])


def test_a_running_session_is_that_of_its_folder_and_its_store(place, tmp_path):
    live = LiveSessions()
    session = Session("first")
    live.add(session, **place)
    assert find(live, place) is session
    assert find(live, {**place, "store_path": tmp_path / "b.db"}) is None
    assert find(live, {**place, "folder": tmp_path}) is None
    session.is_ended = True
    assert find(live, place) is None
    assert live.last is session


def test_one_place_is_one_whatever_links_lead_to_it(place, tmp_path):
    live = LiveSessions()
    session = Session("first")
    live.add(session, **place)
    (tmp_path / "link").symlink_to(tmp_path)
    linked = {name: tmp_path / "link" / path.name for name, path in place.items()}
    assert find(live, linked) is session


def test_the_last_is_the_one_that_was_started_last_also_in_a_folder_that_comes_again(
    place, tmp_path
):
    live = LiveSessions()
    assert live.last is None
    first, other, again = Session("first"), Session("other"), Session("again")
    live.add(first, **place)
    live.add(other, folder=tmp_path, store_path=tmp_path / "b.db")
    first.is_ended = True
    live.add(again, **place)
    assert live.last is again


def test_a_second_session_that_is_refused_the_store_does_not_hide_the_first(place):
    live = LiveSessions()
    first, refused = Session("first"), Session("refused")
    live.add(first, **place)
    live.add(refused, **place)
    assert find(live, place) is first
    refused.is_ended = True
    assert find(live, place) is first
    assert live.last is refused
