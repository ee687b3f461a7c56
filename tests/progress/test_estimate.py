import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.progress.board import PHASES, RECORD, FileState
from wkmp_lab.progress.estimate import (
    PHASE_SHARES,
    estimate_remaining_s,
    read_board,
)


def records_of(n_files):
    return np.zeros(n_files, RECORD)


def estimate_of(records, sizes=None):
    paths = [f"{i}.flac" for i in range(len(records))]
    sizes = np.full(len(records), 1000) if sizes is None else np.array(sizes)
    return read_board(records, paths=paths, sizes=sizes, now_s=100.0)


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
    records[1]["started"] = 96.0
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
    records[0]["phases_left"] = (1 << phase) - 1
    fractions = []
    for fraction in sorted((one, other)):
        records[0]["fraction"] = fraction
        fractions.append(estimate_of(records).fraction)
    assert fractions[0] <= fractions[1]


def test_the_remaining_time_is_not_told_before_the_fifth_file():
    marks = [(0.0, 0.1), (10.0, 0.2)]
    assert estimate_remaining_s(marks, fraction=0.2, n_finished=4) is None
    assert estimate_remaining_s(marks, fraction=0.2, n_finished=5) == pytest.approx(80.0)


def test_the_remaining_time_follows_the_recent_rate_not_the_mean():
    slow_then_fast = [(100.0, 0.4), (110.0, 0.6)]
    assert estimate_remaining_s(slow_then_fast, fraction=0.6, n_finished=9) == pytest.approx(20.0)


def test_a_standstill_gives_no_remaining_time():
    assert estimate_remaining_s([(0, 0.5), (9, 0.5)], fraction=0.5, n_finished=9) is None
