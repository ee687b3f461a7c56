"""The flight of an import: what is counted, over which time, and by whom."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.example_results import make_result

from wkmp_lab.collection.flight import measure_cover, measure_load, read_flight
from wkmp_lab.model import LOOKUP_WORKER, FlightRecord, LimitChange, Phase, Span

RECORD = FlightRecord("abcd1234", 98.0, worker="9", n_jobs=2, ended_s=108.0)


def make_file(path, *spans):
    return make_result(path, spans=spans)


def decode(start_s, end_s, worker="1", cpu_s=0.0, waited_s=0.0):
    return Span(Phase.DECODING, start_s, end_s, worker, cpu_s, waited_s)


def look_up(start_s, end_s):
    return Span(Phase.IDENTIFYING, start_s, end_s, LOOKUP_WORKER)


def test_what_is_in_flight_and_busy_is_told_over_the_whole_time_of_the_import():
    files = [
        make_file("/a", decode(100.0, 104.0, "1", cpu_s=3.0)),
        make_file("/b", decode(100.0, 106.0, "2", cpu_s=4.0), look_up(106.0, 107.0)),
    ]
    flight = read_flight(files, RECORD)
    assert (flight.passed_s, flight.start_up_s) == (10.0, 2.0)
    assert flight.n_in_flight == pytest.approx(1.0), "a look-up holds no file up"
    assert flight.cores_busy == pytest.approx(0.7)


def test_without_a_record_an_import_begins_after_a_rest():
    files = [make_file("/a", decode(10.0, 12.0)), make_file("/b", decode(9000.0, 9002.0))]
    flight = read_flight(files)
    assert flight.paths == ("/b",)
    assert (flight.n_earlier, flight.passed_s, flight.n_jobs) == (1, 2.0, 0)


def test_with_a_record_only_what_began_within_it_counts():
    files = [
        make_file("/a", decode(97.0, 97.5), decode(100.0, 101.0)),
        make_file("/b", decode(120.0, 121.0)),
    ]
    flight = read_flight(files, RECORD)
    assert flight.paths == ("/a",)
    assert flight.start_s.tolist() == [2.0]
    assert flight.n_earlier == 1


def test_nothing_measured_is_no_error():
    for record in (None, RECORD):
        flight = read_flight([], record)
        load = measure_load(flight, n_bins=4)
        assert not flight.paths
        assert flight.n_in_flight == flight.cores_busy == flight.start_up_s == 0.0
        assert load.n_in_flight.tolist() == [0.0] * 4


def test_a_file_that_waits_for_a_place_is_in_flight():
    flight = read_flight([make_file("/a", decode(103.0, 108.0, waited_s=5.0))], RECORD)
    assert flight.n_in_flight == pytest.approx(1.0)
    assert flight.start_up_s == 0.0


def test_the_work_of_the_leading_process_counts_once():
    record = FlightRecord(
        "x", 100.0, "9", n_jobs=1, ended_s=110.0, cpu=((105.0, 3.0), (110.0, 6.0))
    )
    apart = read_flight([make_file("/a", decode(100.0, 110.0, "1", cpu_s=4.0))], record)
    assert apart.cores_busy == pytest.approx(1.0)
    within = read_flight([make_file("/a", decode(100.0, 110.0, "9", cpu_s=4.0))], record)
    assert within.cores_busy == pytest.approx(0.6), "threads are part of that process"
    load = measure_load(within, n_bins=2)
    assert load.cores_busy == pytest.approx([0.6, 0.6])


def test_the_queue_is_what_is_measured_and_not_looked_up():
    files = [
        make_file("/a", decode(100.0, 102.0), look_up(102.0, 103.0)),
        make_file("/b", decode(100.0, 102.0, "2"), look_up(104.0, 105.0), look_up(106.0, 107.0)),
        make_file("/known", look_up(103.0, 104.0)),
    ]
    load = measure_load(read_flight(files, RECORD), n_bins=10)
    assert load.n_queued == pytest.approx([1, 1, 1, 1, 2, 1, 0, 0, 0, 0])


def test_limits_are_those_of_the_record():
    change = LimitChange(101.0, 1, "memory is short")
    record = FlightRecord("x", 100.0, "9", n_jobs=2, ended_s=110.0, changes=(change,))
    flight = read_flight([make_file("/a", decode(100.0, 110.0))], record)
    assert (flight.n_jobs, flight.changes, flight.origin_s) == (2, (change,), 100.0)


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(0, 3)), max_size=20),
    st.integers(1, 40),
)
def test_bins_hold_all_of_the_time_and_no_more(spans, n_bins):
    start_s = np.array([min(one, other) for one, other, _ in spans])
    end_s = np.array([max(one, other) for one, other, _ in spans])
    weights = np.array([weight for _, _, weight in spans])
    edges_s = np.linspace(0.0, 100.0, n_bins + 1)
    cover = measure_cover(start_s, end_s, edges_s, weights=weights)
    assert (cover >= 0.0).all()
    whole = (weights * (end_s - start_s)).sum()
    assert cover.sum() * 100.0 / n_bins == pytest.approx(whole, abs=1e-6)
