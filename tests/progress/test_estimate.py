import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.model import Phase, SourceFile
from wkmp_lab.progress.board import PHASES, RECORD, FileState
from wkmp_lab.progress.costs import PHASE_SHARES, Expected, expect_by_size, expect_measuring_s
from wkmp_lab.progress.estimate import read_board


def records_of(n_files):
    return np.zeros(n_files, RECORD)


NOW_S = 1000.0
ALL = (1 << len(PHASES)) - 1


def estimate_of(records, costs_s=None, *, identifying_s=0.0, n_jobs=1):
    paths = [f"{i}.flac" for i in range(len(records))]
    costs_s = np.full(len(records), 1.0) if costs_s is None else np.array(costs_s, float)
    expected = Expected(costs_s, np.full(len(records), identifying_s))
    return read_board(records, paths=paths, expected=expected, now_s=NOW_S, n_jobs=n_jobs)


def put_done(records, index, *, from_s, to_s):
    records[index]["state"] = FileState.DONE
    records[index]["phases_left"] = ALL
    records[index]["started"], records[index]["alive"] = NOW_S + from_s, NOW_S + to_s


def test_the_shares_of_the_phases_are_a_whole():
    assert sum(PHASE_SHARES.values()) == pytest.approx(1.0)


def test_nothing_is_done_at_the_start_and_all_at_the_end():
    records = records_of(4)
    assert estimate_of(records).fraction == 0.0
    records["phases_left"] = (1 << len(PHASES)) - 1
    records["state"] = FileState.DONE
    reading = estimate_of(records)
    assert reading.fraction == pytest.approx(1.0, abs=1e-3)
    assert reading.n_finished == 4
    assert reading.n_by_phase == (4,) * len(PHASES)


def test_no_files_are_no_error():
    assert estimate_of(records_of(0)).fraction == 0.0


def test_a_large_file_weighs_more_than_a_small_one():
    records = records_of(2)
    records[0]["phases_left"] = (1 << len(PHASES)) - 1
    assert (
        estimate_of(records, [9000, 1000]).fraction > estimate_of(records, [1000, 9000]).fraction
    )


def test_a_file_in_flight_is_shown_with_phase_and_seconds():
    records = records_of(2)
    records[1]["state"] = FileState.IN_FLIGHT
    records[1]["phase"] = 2
    records[1]["started"] = NOW_S - 4.0
    (file,) = estimate_of(records).in_flight
    assert (file.path, file.phase, file.elapsed_s) == ("1.flac", "DECODING", 4.0)


def test_passages_are_counted_one_by_one_within_a_phase():
    records = records_of(2)
    records["n_cut"] = (8, 3)
    records[0]["state"] = FileState.IN_FLIGHT
    records[0]["phase"] = 4
    records[0]["phases_left"] = 0b00001111
    records[0]["fraction"] = 0.25
    records[1]["phases_left"] = 0b111111111
    assert estimate_of(records).n_passages_by_phase == (0, 0, 0, 11, 5, 3, 3, 3, 3)
    records[0]["phases_left"] = 0b00011111
    assert estimate_of(records).n_passages_by_phase == (0, 0, 0, 11, 11, 3, 3, 3, 3)


@given(st.integers(0, len(PHASES) - 1), st.floats(0, 1), st.floats(0, 1))
def test_more_progress_never_reads_as_less(phase, one, other):
    records = records_of(3)
    records[0]["state"] = FileState.IN_FLIGHT
    records[0]["phase"] = phase
    records[0]["phase_started"] = NOW_S
    records[0]["phases_left"] = (1 << phase) - 1
    fractions = []
    for fraction in sorted((one, other)):
        records[0]["fraction"] = fraction
        fractions.append(estimate_of(records).fraction)
    assert fractions[0] <= fractions[1]


def test_what_costs_nothing_counts_nothing():
    records = records_of(4)
    put_done(records, 0, from_s=0.0, to_s=0.0)
    assert estimate_of(records, [0.0, 1.0, 1.0, 1.0]).fraction == 0.0
    assert estimate_of(records, [0.0] * 4).fraction == 0.25


def test_a_phase_that_tells_nothing_of_itself_goes_on_by_its_time():
    records = records_of(2)
    put_done(records, 0, from_s=-20.0, to_s=-10.0)
    records[1]["state"], records[1]["phase"] = FileState.IN_FLIGHT, PHASES.index(Phase.FLAVORING)
    records[1]["phases_left"] = ALL - (1 << PHASES.index(Phase.FLAVORING))
    records[1]["started"] = NOW_S - 10.0
    seen = []
    for spent_s in (0.0, 1.0, 3.0, 100.0):
        records[1]["phase_started"] = NOW_S - spent_s
        seen.append(estimate_of(records).fraction)
    assert seen == sorted(set(seen))
    assert seen[-1] < 1.0


def test_the_time_left_is_not_told_before_a_twentieth_is_done():
    records = records_of(50)
    put_done(records, 0, from_s=-10.0, to_s=-5.0)
    assert estimate_of(records).remaining_s is None
    for index in (1, 2):
        put_done(records, index, from_s=-10.0, to_s=-5.0)
    assert estimate_of(records).remaining_s == pytest.approx(47 * 5.0)


def test_the_time_left_is_that_of_the_work_over_the_workers_but_of_no_file_over_two():
    records = records_of(4)
    put_done(records, 0, from_s=-10.0, to_s=0.0)
    assert estimate_of(records, n_jobs=1).remaining_s == pytest.approx(30.0)
    assert estimate_of(records, n_jobs=3).remaining_s == pytest.approx(10.0)
    assert estimate_of(records, n_jobs=8).remaining_s == pytest.approx(10.0)
    assert estimate_of(records, [1, 1, 1, 6], n_jobs=3).remaining_s == pytest.approx(60.0)


def test_a_file_in_flight_tells_its_own_pace_the_better_the_further_it_is():
    records = records_of(2)
    put_done(records, 0, from_s=-10.0, to_s=0.0)
    records[1]["state"], records[1]["phase"] = FileState.IN_FLIGHT, PHASES.index(Phase.DECODING)
    records[1]["started"], records[1]["fraction"] = NOW_S - 40.0, 0.7
    left_s = estimate_of(records).remaining_s
    assert 0.5 * 10.0 < left_s < 0.5 * 80.0


def test_what_was_done_lately_counts_most():
    records = records_of(4)
    put_done(records, 0, from_s=-100.0, to_s=-99.0)
    put_done(records, 1, from_s=-10.0, to_s=0.0)
    assert estimate_of(records).remaining_s > 1.5 * 5.5 * 2


def test_who_identifies_works_beside_the_workers():
    records = records_of(4)
    put_done(records, 0, from_s=-10.0, to_s=0.0)
    assert estimate_of(records, identifying_s=20.0).remaining_s == pytest.approx(60.0)


def test_a_standstill_gives_no_remaining_time():
    records = records_of(2)
    records[0]["state"] = FileState.MEASURED
    assert estimate_of(records).fraction == 0.5
    assert estimate_of(records).remaining_s is None


def test_the_cost_of_a_file_follows_from_its_length_and_else_from_size_and_kind():
    wav, flac = (SourceFile(f"a.{kind}", 17_640_000, 0) for kind in ("wav", "flac"))
    assert expect_measuring_s(wav) < expect_measuring_s(flac)
    assert expect_measuring_s(wav) == pytest.approx(expect_measuring_s(flac, duration_s=100.0))
    one = expect_measuring_s(wav, phases=[Phase.DECODING])
    assert one < expect_measuring_s(wav)
    assert expect_by_size([wav, flac]).measuring_s.tolist() == [
        expect_measuring_s(wav),
        expect_measuring_s(flac),
    ]
