"""How many look-ups go on at once: the decision, and look-ups that obey it."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lookup_runs import at, file_of, make_settings
from support.standin import KEY

from wkmp_lab.errors import StoreError
from wkmp_lab.io.web.transport import Tally
from wkmp_lab.lookup import services
from wkmp_lab.lookup.askers import Askers, decide_askers
from wkmp_lab.lookup.lookup_thread import LookupThread
from wkmp_lab.settings import RunSettings

FOUR = Askers(4, 4)


def test_a_trouble_halves_the_number_and_says_why():
    changed = decide_askers(FOUR, Tally(10, 2, 1.0))
    assert changed.n_allowed == 2
    assert changed.reason == "2 of the latest 10 requests were refused or broken"


def test_answers_without_trouble_bring_them_back_one_by_one():
    askers, seen = replace(FOUR, n_allowed=1), Tally()
    numbers = []
    for _ in range(4):
        seen += Tally(4, 0, 0.4)
        askers = decide_askers(askers, seen)
        numbers.append(askers.n_allowed)
    assert numbers == [2, 3, 4, 4]


def test_replies_that_take_longer_than_at_best_cost_one():
    quick = decide_askers(FOUR, Tally(4, 0, 0.4))
    slow = decide_askers(quick, Tally(8, 0, 1.6))
    assert slow.n_allowed == 3
    assert slow.reason == "a reply takes 300 ms, at best it took 100 ms"


def test_a_few_requests_tell_nothing():
    assert decide_askers(FOUR, Tally(3, 0, 30.0)) is FOUR


@given(
    looks=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(0.0, 9.0))),
    n_most=st.integers(1, 8),
)
def test_the_number_stays_between_one_and_the_limit(looks, n_most):
    askers, tally = Askers(n_most, n_most), Tally()
    for n_requests, n_troubles, waited_s in looks:
        tally += Tally(n_requests, min(n_troubles, n_requests), waited_s)
        askers = decide_askers(askers, tally)
        assert 1 <= askers.n_allowed <= n_most


@pytest.fixture(autouse=True)
def key(monkeypatch, tmp_path):
    monkeypatch.setenv("WKMP_LAB_ACOUSTID_KEY", KEY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def look_up(files, settings, *, limit, on_identified=None):
    """Identified files by path, changes of the number, requests."""
    settings = replace(settings, running=RunSettings(limits={"IDENTIFYING": limit}))
    identified, changes = {}, []
    with LookupThread(
        settings,
        folder="/music",
        on_identified=on_identified or (lambda result: identified.update({result.path: result})),
        on_revised=lambda _: None,
        is_cancelled=lambda: False,
        on_change=lambda *change: changes.append(change),
    ) as lookup_thread:
        for file in files:
            lookup_thread.put(file)
        lookup_thread.finish()
    return identified, changes, lookup_thread.n_requests


def many_files(standin, n):
    recordings = itertools.islice(itertools.cycle(standin.world.recordings.values()), n)
    return [at(f"/music/{k:02}", file_of(recording)) for k, recording in enumerate(recordings)]


def test_several_look_ups_find_what_one_finds_and_ask_each_service_once_at_a_time(
    standin, tmp_path
):
    standin.latency_s = 0.05
    files = many_files(standin, 40)
    one, _, n_requests = look_up(files, make_settings(standin, tmp_path / "a"), limit=1)
    assert n_requests == len(standin.ledger)
    four, changes, _ = look_up(files, make_settings(standin, tmp_path / "b"), limit=4)
    assert {path: r.passages for path, r in four.items()} == {
        path: r.passages for path, r in one.items()
    }
    assert len(four) == 40
    assert standin.max_in_flight("acoustid") == standin.max_in_flight("musicbrainz") == 1
    assert all(1 <= n_now < 4 for n_now, _ in changes)


def test_a_service_that_refuses_is_asked_by_fewer(standin, tmp_path):
    standin.faults["acoustid"].extend(["503"])
    _, changes, _ = look_up(many_files(standin, 20), make_settings(standin, tmp_path), limit=4)
    assert changes[0][0] == 2
    assert changes[0][1].endswith("requests were refused or broken")


@pytest.mark.parametrize("which", ["the first", "a helper"])
def test_what_ends_one_look_up_is_told_at_the_end(standin, tmp_path, monkeypatch, which):
    whole = services.open_services
    n_opened = itertools.count()

    def open_some(*args, **named):
        if (next(n_opened) == 0) == (which == "the first"):
            raise StoreError("no place for answers")
        return whole(*args, **named)

    monkeypatch.setattr(services, "open_services", open_some)
    with pytest.raises(StoreError, match="no place for answers"):
        look_up(many_files(standin, 4), make_settings(standin, tmp_path), limit=2)
