"""What is left of a level profile that was packed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.support.audio_factory import music_like
from wkmp_lab.analyzing.amplitude import measure_amplitude
from wkmp_lab.analyzing.quality import find_clicks
from wkmp_lab.dsp import profile_packing
from wkmp_lab.dsp.byte_codes import (
    pack_counts,
    pack_numbers,
    pack_steps,
    unpack_counts,
    unpack_numbers,
    unpack_steps,
)
from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.dsp.profile_packing import pack_profile, unpack_profile
from wkmp_lab.dsp.speech import measure_speech
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.segmenting.passages import find_passages
from wkmp_lab.settings import SegmentSettings
from wkmp_lab.signals import Signal

SR = 22_050


def make_side(n_channels=2):
    """Two songs with hiss and three clicks between and before them, and a faded end."""
    rng = np.random.default_rng(4)
    songs = [music_like(seed=seed, seconds=15.0, sr=SR, n_channels=2) for seed in (1, 2)]
    silence = np.zeros((2, 2 * SR), np.float32)
    samples = np.concatenate([silence, songs[0], silence, songs[1]], axis=1)
    samples[:, -6 * SR :] *= np.linspace(1.0, 0.0, 6 * SR, dtype=np.float32)
    samples += (1e-3 * rng.standard_normal(samples.shape)).astype(np.float32)
    samples[:, [SR, 18 * SR, 18 * SR + 9_000]] = 0.7
    samples[1] *= 0.5
    return Signal(np.resize(samples, (n_channels, samples.shape[1])), SR)


SIDE = measure_levels(make_side())
LEFT = unpack_profile(pack_profile(SIDE))


def db(power):
    return 10.0 * np.log10(np.maximum(power, 1e-15))


@pytest.mark.parametrize(
    ("name", "most_db"),
    [
        *(("power", 0.13), ("k_power", 0.13), ("a_power", 0.13), ("mean_spectrum", 0.13)),
        *(("band_power", 0.26), ("channel_power", 0.26), ("side_power", 0.26)),
    ],
)
def test_levels_are_rounded_to_steps_and_no_more(name, most_db):
    was, left = getattr(SIDE, name), getattr(LEFT, name)
    assert left.dtype == was.dtype
    assert left.shape == was.shape
    heard = db(was) > -149.0
    assert np.abs(db(left) - db(was))[heard].max() <= most_db


def test_the_largest_peaks_are_exact_and_no_other_is_larger():
    for was, left in ((SIDE.peak, LEFT.peak), (SIDE.true_peak, LEFT.true_peak)):
        assert left[:500].max() == was[:500].max()
        assert left.max() == was.max()
        assert np.all(left <= was)
    assert np.all(LEFT.peak >= 0.89 * SIDE.peak)  # 1 dB
    assert np.all(LEFT.true_peak >= LEFT.peak)


def test_means_counts_and_lengths_are_as_they_were():
    off = np.abs(LEFT.channel_mean - SIDE.channel_mean)
    assert np.all(off <= 0.091 * np.abs(SIDE.channel_mean) + 1e-6)
    for name in ("n_clipped", "n_clipped_runs", "n_silent"):
        np.testing.assert_array_equal(getattr(LEFT, name), getattr(SIDE, name))
    for name in ("duration_s", "sr", "n_channels", "hop_s", "coarse_factor", "coding_traces"):
        assert getattr(LEFT, name) == getattr(SIDE, name)


def test_clicks_stay_and_none_comes():
    frames = slice(0, SIDE.power.size)
    clicks = find_clicks(SIDE, frames)
    assert np.count_nonzero(clicks) >= 3
    np.testing.assert_array_equal(find_clicks(LEFT, frames), clicks)


def test_the_odds_of_speech_go_along_until_they_would_be_others(monkeypatch):
    measured = measure_speech(SIDE)
    kept = measure_speech(LEFT)
    np.testing.assert_allclose(kept.log_odds, measured.log_odds, rtol=1e-6)
    assert kept.starts_s.tolist() == measured.starts_s.tolist()
    of_part = measure_speech(LEFT, start_s=5.0).log_odds
    assert of_part.size < kept.log_odds.size
    packed = pack_profile(SIDE)
    monkeypatch.setattr(profile_packing, "SPEECH_VERSION", 99)
    assert unpack_profile(packed).speech_log_odds is None


def test_it_is_cut_at_the_same_places():
    by_count = SegmentSettings(n_passages=2)
    was, left = (find_passages(profile, settings=by_count) for profile in (SIDE, LEFT))
    assert len(was.spans_ticks) == 2
    assert left.spans_ticks == was.spans_ticks
    assert [gap.is_boundary for gap in left.gaps] == [gap.is_boundary for gap in was.gaps]


def test_what_is_measured_of_it_stays_within_the_stated_tolerance():
    was, left = measure_amplitude(SIDE), measure_amplitude(LEFT)
    assert left.peak_dbfs == was.peak_dbfs
    assert left.true_peak_dbtp == was.true_peak_dbtp
    assert left.loudness_lufs == pytest.approx(was.loudness_lufs, abs=0.01)
    assert left.loudness_range_lu == pytest.approx(was.loudness_range_lu, abs=0.05)
    assert left.momentary_max_lufs == pytest.approx(was.momentary_max_lufs, abs=0.05)
    for name in ("lead_in_ticks", "lead_out_ticks", "first_sound_ticks", "last_sound_ticks"):
        assert getattr(left, name) == pytest.approx(getattr(was, name), abs=0.05 * 28_224_000)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_an_hour_takes_one_and_a_half_megabytes_at_most(n_channels):
    profile = measure_levels(make_side(n_channels))
    # The mean spectrum is one for a file, be it long or short.
    n_bytes = len(pack_profile(profile)) - profile.mean_spectrum.size
    assert n_bytes / profile.duration_s * 3600.0 < (1.5e6 if n_channels <= 2 else 1.7e6)


@pytest.mark.parametrize("n_samples", [0, 1, 100, 3_000])
def test_short_and_empty_profiles_come_back(n_samples):
    profile = measure_levels(Signal(np.full((2, n_samples), 0.25, np.float32), 8_000))
    left = unpack_profile(pack_profile(profile))
    assert left.power.shape == profile.power.shape
    assert left.band_power.shape == profile.band_power.shape
    assert left.channel_mean.shape == profile.channel_mean.shape
    assert left.peak.max(initial=0.0) == profile.peak.max(initial=0.0)


def test_silence_stays_silent_and_noise_of_absurd_strength_loud():
    for amplitude in (0.0, 1e6):
        profile = measure_levels(Signal(np.full((1, 8_000), amplitude, np.float32), 8_000))
        left = unpack_profile(pack_profile(profile))
        np.testing.assert_allclose(left.power, profile.power, rtol=0.03)
        np.testing.assert_allclose(left.k_power, profile.k_power, rtol=0.03, atol=1e-14)


def test_what_is_no_packed_profile_is_refused():
    packed = pack_profile(SIDE)
    with pytest.raises(InvalidInputError, match="must be of version 1, got b'WKLP"):
        unpack_profile(packed[:4] + b"\xff\xff" + packed[6:])
    with pytest.raises(InvalidInputError, match="must be of version"):
        unpack_profile(b"WKLP")


def test_k_power_is_told_in_whatever_way_is_shortest():
    steady, apart = np.ones(500, np.float32), np.tile(np.float32([1e-6, 1.0]), 250)
    for power, k_power in ((steady, apart), (apart, apart), (apart, steady)):
        profile = replace(
            SIDE,
            power=np.resize(power, SIDE.power.size),
            k_power=np.resize(k_power, SIDE.k_power.size),
        )
        left = unpack_profile(pack_profile(profile))
        np.testing.assert_allclose(left.k_power, profile.k_power, rtol=0.03)


@given(
    arrays(
        np.int32,
        st.tuples(st.integers(1, 3), st.integers(0, 40)),
        elements=st.integers(-9_999, 9_999),
    )
)
def test_numbers_come_back_however_far_apart_they_are(numbers):
    for pack, unpack in ((pack_steps, unpack_steps), (pack_numbers, unpack_numbers)):
        np.testing.assert_array_equal(unpack(pack(numbers), numbers.shape), numbers)


@given(arrays(np.uint16, st.integers(0, 40)))
def test_counts_come_back(counts):
    np.testing.assert_array_equal(unpack_counts(pack_counts(counts)), counts)
