import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab import units
from wkmp_lab.errors import InvalidInputError

USUAL_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192000)


@pytest.mark.parametrize("sr", USUAL_RATES)
def test_a_second_of_samples_is_a_second_of_ticks_at_usual_rates(sr):
    assert units.TICKS_PER_SECOND % sr == 0
    assert units.ticks_from_samples(sr, sr=sr) == units.TICKS_PER_SECOND


@given(st.integers(0, 10**10), st.sampled_from((*USUAL_RATES, 37800, 384000)))
def test_samples_survive_the_way_through_ticks(n_samples, sr):
    ticks = units.ticks_from_samples(n_samples, sr=sr)
    assert units.samples_from_ticks(ticks, sr=sr) == n_samples


@given(st.floats(1e-9, 10.0))
def test_amplitude_survives_the_way_through_decibels(amplitude):
    level_dbfs = units.dbfs_from_amplitude(amplitude)
    assert units.amplitude_from_dbfs(level_dbfs) == pytest.approx(amplitude)


def test_digital_silence_has_a_finite_level():
    assert units.dbfs_from_amplitude(0.0) == units.SILENCE_DBFS


def test_a_rate_of_zero_is_refused():
    with pytest.raises(InvalidInputError, match="sr must be positive, got 0"):
        units.ticks_from_samples(1, sr=0)
