"""What is decided about files at once, from evidence alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.io.machine import Machine
from wkmp_lab.model import FileResult, Phase, SourceFile, Span
from wkmp_lab.runner.throttle import (
    FILE_MB,
    SETTLE_S,
    WORKER_MB,
    Gate,
    Reading,
    choose_running,
    decide,
    estimate_file_mb,
    find_budget_mb,
    fit_jobs,
    measure_reading,
)

N_JOBS = 8
HOUR_S = 3600.0


def machine(now_s=100.0, *, available_mb=8000.0, idle=0.9):
    return Machine(now_s, available_mb, 16_000.0, idle)


def follow(seen, gate=None):
    """The gate after each (machine, reading)."""
    gate = gate or Gate(N_JOBS, N_JOBS)
    gates = []
    for each, reading in seen:
        gate = decide(gate, each, reading, n_jobs=N_JOBS)
        gates.append(gate)
    return gates


def test_nothing_changes_while_all_is_well():
    gate = Gate(N_JOBS, N_JOBS)
    assert decide(gate, machine(), Reading(0.95, 20.0), n_jobs=N_JOBS) is gate
    assert decide(gate, machine(), None, n_jobs=N_JOBS) is gate


def test_short_memory_halves_the_files_down_to_one_and_plenty_brings_them_back_one_by_one():
    short = [(machine(10.0 * k, available_mb=300.0), None) for k in range(5)]
    plenty = [(machine(100.0 + 10.0 * k), None) for k in range(8)]
    numbers = [gate.n_allowed for gate in follow([*short, *plenty])]
    assert numbers == [4, 2, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8]


def test_the_reason_tells_what_was_seen():
    gate = decide(Gate(2, 2), machine(available_mb=300.0), None, n_jobs=2)
    assert gate.reason == "memory is short (300 MB free)"
    gate = decide(gate, machine(200.0, available_mb=4000.0), None, n_jobs=2)
    assert gate.reason == "there is memory again (4000 MB free)"


def test_between_short_and_plenty_nothing_moves():
    gates = follow(
        [(machine(0.0, available_mb=300.0), None), (machine(9.0, available_mb=700), None)]
    )
    assert [gate.n_allowed for gate in gates] == [4, 4]


def test_a_step_is_given_time_to_show():
    gates = follow(
        [(machine(0.0, available_mb=1.0), None), (machine(SETTLE_S / 2, available_mb=1.0), None)]
    )
    assert [gate.n_allowed for gate in gates] == [4, 4]


def test_a_crowded_disk_gets_fewer_readers_while_they_read_as_much():
    slow = 10.0 / N_JOBS  # MB/s of each of 8 readers; 4 get twice that, for the disk gives 10
    gates = follow(
        [
            (machine(0.0), Reading(0.1, slow)),
            (machine(10.0), Reading(0.2, 2 * slow)),
            (machine(20.0), Reading(0.4, 4 * slow)),
            (machine(30.0), Reading(0.9, 30.0)),
        ]
    )
    assert [gate.n_readers for gate in gates] == [4, 2, 2, 3]
    assert {gate.n_allowed for gate in gates} == {N_JOBS}, "files that do not read go on"
    assert gates[0].reason == "the disk is crowded (90% of the reading is waiting)"
    assert gates[3].reason == "the disk keeps up (10% of the reading is waiting)"


def test_a_drive_that_answers_late_gets_its_readers_back_for_good():
    late = Reading(0.1, 1.0)  # as slow for each reader, however many there are
    gates = follow([(machine(10.0 * k), late) for k in range(5)])
    assert [gate.n_readers for gate in gates] == [4, 8, 8, 8, 8]
    assert gates[1].reason == "fewer read only 4.0 of 8.0 MB/s"


def test_waiting_on_a_busy_machine_is_not_the_disk():
    gate = Gate(N_JOBS, N_JOBS)
    assert decide(gate, machine(idle=0.1), Reading(0.1, 1.0), n_jobs=N_JOBS) is gate


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 16_000.0),
            st.floats(0.0, 1.0),
            st.none() | st.builds(Reading, st.floats(0.0, 1.0), st.floats(0.0, 500.0)),
        ),
        max_size=40,
    ),
    st.integers(1, 16),
)
def test_whatever_is_seen_at_least_one_file_goes_on_and_every_change_has_its_reason(seen, n_jobs):
    gate = Gate(n_jobs, n_jobs)
    for k, (available_mb, idle, reading) in enumerate(seen):
        now = Machine(5.0 * k, available_mb, 16_000.0, idle)
        after = decide(gate, now, reading, n_jobs=n_jobs)
        assert 1 <= after.n_allowed <= n_jobs
        assert 1 <= after.n_readers <= n_jobs
        if (after.n_allowed, after.n_readers) != (gate.n_allowed, gate.n_readers):
            assert after.reason
            assert after.changed_s == now.now_s
        gate = after


@given(st.integers(1, 16), st.integers(1, 16))
def test_from_any_gate_memory_that_comes_back_opens_it_whole(n_allowed, n_jobs):
    gate = Gate(min(n_allowed, n_jobs), n_jobs, is_memory_short=n_allowed < n_jobs)
    for k in range(n_jobs):
        gate = decide(gate, machine(10.0 * k), None, n_jobs=n_jobs)
    assert gate.n_allowed == n_jobs


@given(
    st.lists(st.floats(1.0, 1000.0), max_size=10), st.integers(1, 10), st.floats(-100.0, 3000.0)
)
def test_what_goes_on_holds_the_oldest_and_keeps_to_number_and_room(costs_mb, n_allowed, room_mb):
    chosen = choose_running(costs_mb, n_allowed=n_allowed, room_mb=room_mb)
    assert chosen[:1] == [0][: len(costs_mb)]
    assert len(chosen) <= n_allowed
    assert len(chosen) <= 1 or sum(costs_mb[k] for k in chosen) <= room_mb


def test_two_long_files_do_not_go_on_together_where_the_budget_holds_one():
    long_file = SourceFile("side.mp3", int(2 * HOUR_S * 24_000), 0)  # 2 hours at 192 kbit/s
    cost_mb = estimate_file_mb(long_file, max_duration_s=12 * HOUR_S)
    song_mb = estimate_file_mb(SourceFile("song.mp3", 4_000_000, 0), max_duration_s=12 * HOUR_S)
    budget_mb = 2 * WORKER_MB + 1.5 * cost_mb
    room_mb = budget_mb - 2 * WORKER_MB
    assert choose_running([cost_mb, cost_mb], n_allowed=2, room_mb=room_mb) == [0]
    assert choose_running([cost_mb, song_mb], n_allowed=2, room_mb=room_mb) == [0, 1]


@pytest.mark.parametrize(
    ("name", "megabytes", "least_mb", "most_mb"),
    [
        ("song.mp3", 5, 41.0, 70.0),  # measured: 41 MB at 2 minutes
        ("side.mp3", 84, 94.0, 300.0),  # measured: 94 MB at 59 minutes
        ("side.opus", 10.6, 58.0, 90.0),  # measured: 58 MB at 28 minutes
        ("side.flac", 400, 94.0, 300.0),
        ("endless.mp3", 1e6, 765.0, 765.0),
    ],
)
def test_a_file_is_expected_to_cost_what_it_was_seen_to_cost_or_more(
    name, megabytes, least_mb, most_mb
):
    source = SourceFile(name, int(megabytes * 1e6), 0)
    assert least_mb <= estimate_file_mb(source, max_duration_s=12 * HOUR_S) <= most_mb


def test_a_budget_is_a_share_of_what_is_there_and_tells_the_workers():
    assert find_budget_mb(None, machine(available_mb=1000.0)) == 800.0
    assert find_budget_mb(700, machine()) == 700.0
    assert fit_jobs(8, 2 * (WORKER_MB + FILE_MB)) == 2
    assert fit_jobs(8, 1.0) == 1


def result(*, cpu_s, wall_s, size_bytes=2_000_000):
    spans = (
        Span(Phase.EXTRACTING, 0.0, wall_s / 2, "1", cpu_s / 2),
        Span(Phase.DECODING, 1.0, 1.0 + wall_s / 2, "1", cpu_s / 2),
        Span(Phase.FLAVORING, 9.0, 99.0, "1", 0.0),
    )
    return FileResult(SourceFile("a", size_bytes, 0), "done", spans=spans)


def test_a_reading_is_told_from_the_phases_that_read():
    reading = measure_reading([result(cpu_s=1.0, wall_s=4.0)] * 4, n_jobs=2)
    assert reading == Reading(busy=0.25, mb_per_s=0.5)


def test_too_few_files_tell_nothing():
    assert measure_reading([result(cpu_s=1.0, wall_s=4.0)] * 3, n_jobs=1) is None
    assert measure_reading([result(cpu_s=1.0, wall_s=4.0)] * 7, n_jobs=4) is None
