"""Whether a silent worker stalls is decided by the time that its watch was awake."""

import pytest

from wkmp_lab.progress.stalls import StallClock

STALL_S = 8.0


def look_on(clock, start_s, end_s, alive_s):
    """Four looks a second; what the last one has found."""
    found = {}
    for k in range(int((end_s - start_s) * 4) + 1):
        found = clock.look(start_s + k / 4, {0: alive_s})
    return found


def test_a_worker_that_is_silent_while_watched_stalls_by_its_file():
    clock = StallClock(stall_s=STALL_S)
    assert look_on(clock, 100.0, 108.0, alive_s=100.0) == {}
    assert look_on(clock, 108.25, 108.5, alive_s=100.0) == {0: "file"}


@pytest.mark.parametrize("asleep_s", [12.0, 200.0, 86_400.0])
def test_a_stop_of_all_processes_is_no_stall(asleep_s):
    clock = StallClock(stall_s=STALL_S)
    look_on(clock, 100.0, 104.0, alive_s=104.0)
    awake_s = 104.0 + asleep_s
    assert look_on(clock, awake_s, awake_s + 7.0, alive_s=104.0) == {}
    assert look_on(clock, awake_s + 7.25, awake_s + 15.0, alive_s=awake_s + 7.0) == {}


def test_a_worker_that_never_wakes_up_stalls_by_the_machine():
    clock = StallClock(stall_s=STALL_S)
    look_on(clock, 100.0, 104.0, alive_s=104.0)
    assert look_on(clock, 116.0, 125.0, alive_s=104.0) == {0: "machine"}


def test_what_stalls_after_a_sign_of_life_since_the_sleep_stalls_by_its_file():
    clock = StallClock(stall_s=STALL_S)
    look_on(clock, 100.0, 104.0, alive_s=104.0)
    look_on(clock, 116.0, 117.0, alive_s=117.0)
    assert look_on(clock, 117.25, 126.0, alive_s=117.0) == {0: "file"}


def test_a_clock_that_is_set_back_stalls_nobody():
    clock = StallClock(stall_s=STALL_S)
    look_on(clock, 100.0, 104.0, alive_s=104.0)
    assert look_on(clock, 50.0, 53.0, alive_s=104.0) == {}
