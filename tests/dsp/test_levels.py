"""The level profile against known signals, and against itself."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wkmp_lab.dsp.level_kernels import (
    count_clipped,
    count_silent,
    filter_pair,
    measure_spectra,
    raise_bends,
    sum_pair,
)
from wkmp_lab.dsp.levels import LevelMeter, measure_levels, warm_up
from wkmp_lab.dsp.true_peak import compute_interpolator, raise_true_peaks
from wkmp_lab.dsp.weighting import (
    compute_a_gain,
    compute_channel_weights,
    compute_k_filter,
)
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.signals import BAND_EDGES_HZ, LevelProfile, Signal

RATES = (8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 384_000)


def make_sine(hz, *, sr, seconds=1.0, amplitude=1.0, n_channels=1, phase=0.0):
    t = np.arange(round(sr * seconds)) / sr
    wave = amplitude * np.sin(2 * np.pi * hz * t + phase)
    return Signal(samples=np.tile(wave.astype(np.float32), (n_channels, 1)), sr=sr)


def make_noise(seconds=2.0, *, sr=8_000, n_channels=2, seed=0):
    noise = 0.1 * np.random.default_rng(seed).standard_normal((n_channels, round(sr * seconds)))
    return Signal(samples=noise.astype(np.float32), sr=sr)


def db(power):
    return 10.0 * np.log10(power)


def assert_profiles_equal(one: LevelProfile, other: LevelProfile):
    for field in fields(LevelProfile):
        np.testing.assert_array_equal(
            getattr(one, field.name), getattr(other, field.name), err_msg=field.name
        )


NOISE = make_noise(4.0)
NOISE_PROFILE = measure_levels(NOISE)


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, NOISE.n_samples), max_size=12))
def test_the_profile_does_not_depend_on_how_the_file_is_cut_into_blocks(cuts):
    meter = LevelMeter(sr=NOISE.sr, n_channels=NOISE.n_channels)
    blocks = np.split(NOISE.samples, sorted(cuts), axis=1)

    mono = [meter.feed(block) for block in blocks]

    assert_profiles_equal(meter.finish(), NOISE_PROFILE)
    np.testing.assert_array_equal(np.concatenate(mono), NOISE.samples.mean(axis=0))


@pytest.mark.parametrize("sr", RATES)
def test_a_full_scale_sine_reads_minus_3_dbfs_at_any_rate(sr):
    profile = measure_levels(make_sine(1000.0, sr=sr, seconds=0.5))

    assert profile.duration_s == pytest.approx(0.5, abs=1e-4)
    assert profile.hop_s == pytest.approx(0.01, rel=0.003)
    assert profile.power.size == np.ceil(0.5 / profile.hop_s)
    np.testing.assert_allclose(db(profile.power), -3.01, atol=0.25)  # about 10 periods a frame
    assert profile.peak.max() == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("hz", [40.0, 63.0, 125.0, 1000.0, 3150.0])
def test_a_weighting_agrees_with_the_table_of_the_standard(sr, hz):
    table_db = {40.0: -34.6, 63.0: -26.2, 125.0: -16.1, 1000.0: 0.0, 3150.0: 1.2}
    profile = measure_levels(make_sine(hz, sr=sr, amplitude=0.5))

    level = db(profile.a_power[2:-2].mean()) - db(0.125)

    assert level == pytest.approx(table_db[hz], abs=0.1 if hz > 60 else 1.0)  # class 1: 1 dB


@pytest.mark.parametrize(("hz", "expected_db"), [(8000.0, -1.1), (12500.0, -4.3), (20000.0, -9.3)])
def test_a_weighting_holds_close_to_the_nyquist_frequency(hz, expected_db):
    profile = measure_levels(make_sine(hz, sr=44_100))

    assert db(profile.a_power[2:-2].mean()) + 3.01 == pytest.approx(expected_db, abs=0.1)


def test_bass_does_not_leak_into_the_upper_bands():
    profile = measure_levels(make_sine(47.3, sr=44_100))

    inner = db(profile.band_power[2:-2].mean(axis=0) + 1e-20)

    assert inner[0] == pytest.approx(-3.01, abs=0.1)
    assert np.all(inner[2:] < [-35.0, -50.0, -60.0, -75.0, -85.0, -95.0, -100.0])  # 12 dB/octave


@pytest.mark.parametrize("sr", [8_000, 44_100, 96_000])
def test_band_powers_and_spectrum_add_up_to_the_power_of_the_channel_mean(sr):
    signal = make_noise(1.234, sr=sr)
    profile = measure_levels(signal)

    total = np.mean(np.square(signal.samples.mean(axis=0)))

    assert profile.band_power.shape == (profile.a_power.size, len(BAND_EDGES_HZ))
    assert profile.mean_spectrum.sum() == pytest.approx(total, rel=0.01)  # edges are tapered
    assert profile.band_power.mean() * len(BAND_EDGES_HZ) == pytest.approx(total, rel=0.02)
    assert profile.bin_hz == pytest.approx(16.67, rel=0.03)


def test_each_tone_lies_in_its_own_band():
    for band, (low, high) in enumerate(
        zip(BAND_EDGES_HZ, (*BAND_EDGES_HZ[1:], 22_050.0), strict=True)
    ):
        profile = measure_levels(make_sine((low + high) / 2, sr=44_100, seconds=0.3))
        assert profile.band_power.mean(axis=0).argmax() == band


def test_the_last_partial_frame_is_kept_and_weighed_by_its_length():
    signal = make_noise(0.5 + 0.0033)
    profile = measure_levels(signal)

    assert profile.power.size == 51
    assert profile.a_power.size == 11
    assert profile.power[-1] == pytest.approx(np.mean(signal.samples[:, 4000:] ** 2), rel=1e-5)
    lengths = np.full(51, 80.0)
    lengths[-1] = signal.n_samples - 4000
    mean = np.average(profile.power, weights=lengths)
    assert mean == pytest.approx(np.mean(np.square(signal.samples)), rel=1e-5)


def test_nothing_fed_gives_an_empty_profile():
    profile = LevelMeter(sr=44_100, n_channels=2).finish()

    assert profile.duration_s == 0.0
    assert profile.power.shape == profile.a_power.shape == (0,)
    assert profile.band_power.shape == (0, len(BAND_EDGES_HZ))
    assert profile.channel_power.shape == (2, 0)
    assert not profile.mean_spectrum.any()


def test_channel_figures_tell_balance_offset_and_side():
    left = make_sine(500.0, sr=8_000, amplitude=0.8).samples[0] + np.float32(0.1)
    profile = measure_levels(Signal(samples=np.stack([left, -0.5 * left]), sr=8_000))

    np.testing.assert_allclose(profile.channel_mean[0], 0.1, atol=1e-6)
    np.testing.assert_allclose(profile.channel_mean[1], -0.05, atol=1e-6)
    np.testing.assert_allclose(profile.channel_power[0] / profile.channel_power[1], 4, rtol=1e-5)
    np.testing.assert_allclose(profile.side_power, 0.75**2 * profile.channel_power[0], rtol=1e-5)


def test_identical_channels_have_no_side_and_mono_has_none_either():
    stereo = measure_levels(make_sine(500.0, sr=8_000, n_channels=2))
    mono = measure_levels(make_sine(500.0, sr=8_000))

    assert not stereo.side_power.any()
    assert not mono.side_power.any()
    np.testing.assert_allclose(stereo.power, mono.power, rtol=1e-6)
    np.testing.assert_allclose(db(stereo.k_power / mono.k_power), 3.01, atol=0.01)


def test_clipped_runs_of_three_count_once_and_wherever_they_lie():
    samples = np.zeros((2, 16_000), dtype=np.float32)
    samples[0, 100:103] = 1.0
    samples[0, 200:202] = 1.0  # two are a peak that just fits
    samples[1, 478:484] = -1.5  # over the edge of two fine frames
    batch = 32 * 5 * 80
    samples[1, batch - 1 : batch + 4] = 1.0  # over the edge of two batches

    profile = measure_levels(Signal(samples=samples, sr=8_000))

    assert profile.n_clipped.sum() == 3 + 6 + 5
    assert profile.n_clipped_runs.sum() == 3
    assert profile.n_clipped[1] == 3
    assert profile.n_clipped_runs[6] == 1


@pytest.mark.parametrize("phase", np.linspace(0.0, np.pi / 2, 5))
@pytest.mark.parametrize("ratio", [0.01, 0.1, 0.25, 0.3, 0.4])
def test_true_peak_of_a_sine_is_found_at_any_phase(ratio, phase):
    sr = 48_000
    profile = measure_levels(make_sine(ratio * sr, sr=sr, seconds=0.2, amplitude=0.5, phase=phase))

    # Between the points of 4x interpolation up to 20 log10(cos(pi ratio / 4)) is missed
    # (BS.1770-4, attachment 1 to annex 2); the interpolator adds 0.05 dB.
    missed = -20.0 * np.log10(np.cos(np.pi * ratio / 4)) + 0.05
    inner = 20.0 * np.log10(profile.true_peak[2:-2] / 0.5)
    assert inner.max() < 0.05
    assert inner.min() > -missed - (0.1 if ratio == 0.01 else 0.0)
    assert np.all(profile.true_peak >= profile.peak)


@pytest.mark.parametrize("n_frames", [100, 160, 320])  # 160 are a batch
def test_true_peak_of_every_frame_equals_plain_interpolation_of_the_whole(n_frames):
    signal = make_noise(n_frames / 100, n_channels=3)
    taps = compute_interpolator()
    padded = np.pad(signal.samples, ((0, 0), (15, 16)))

    points = [np.convolve(padded[c], taps[p][::-1], "valid") for c in range(3) for p in range(3)]

    whole = np.abs(points).max(axis=0)
    starts = range(0, 80 * n_frames, 80)
    frames = [whole[i : i + (80 if i < starts[-1] else 97)].max() for i in starts]
    profile = measure_levels(signal)
    np.testing.assert_allclose(profile.true_peak, np.maximum(frames, profile.peak), rtol=1e-5)


def test_k_filter_is_that_of_the_standard_at_48_khz():
    # BS.1770-4, tables 1 and 2.
    shelf = (1.53512485958697, -2.69169618940638, 1.19839281085285)
    np.testing.assert_allclose(compute_k_filter(48_000)[0, :3], shelf, atol=1e-12)
    np.testing.assert_allclose(
        compute_k_filter(48_000)[:, 3:],
        [[-1.69065929318241, 0.73248077421585], [-1.99004745483398, 0.99007225036621]],
        atol=1e-12,
    )


def test_silence_after_music_leaves_no_trace():
    loud = make_noise(1.0).samples
    profile = measure_levels(Signal(samples=np.pad(loud, ((0, 0), (0, 80_000))), sr=8_000))

    assert not profile.k_power[400:].any()
    assert not profile.power[101:].any()
    assert not profile.a_power[22:].any()


def test_channel_weights_and_a_gain_have_their_fixed_points():
    assert compute_channel_weights(1).tolist() == [1.0]
    assert compute_channel_weights(6)[3] == 0.0
    assert compute_channel_weights(24).tolist() == [1.0] * 24


@pytest.mark.parametrize(
    ("channels", "weights"),
    [
        ("FC", [1.0]),
        ("FL FR LFE", [1.0, 1.0, 0.0]),
        ("FL FR FC", [1.0, 1.0, 1.0]),
        ("FL FR FC BC", [1.0, 1.0, 1.0, 1.0]),
        ("FL FR BL BR", [1.0, 1.0, 1.41, 1.41]),
        ("FL FR SL SR", [1.0, 1.0, 1.41, 1.41]),
        ("FL FR FC LFE BL BR", [1.0, 1.0, 1.0, 0.0, 1.41, 1.41]),
        ("FL FR FC LFE SL SR", [1.0, 1.0, 1.0, 0.0, 1.41, 1.41]),
        ("FL FR FC LFE BC SL SR", [1.0, 1.0, 1.0, 0.0, 1.0, 1.41, 1.41]),
        ("FL FR FC LFE BL BR SL SR", [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.41, 1.41]),
    ],
)
def test_channels_weigh_by_what_they_are_and_not_by_how_many(channels, weights):
    names = tuple(channels.split())
    assert compute_channel_weights(len(names), names).tolist() == weights


def test_names_of_channels_must_be_as_many_as_the_channels():
    with pytest.raises(InvalidInputError, match="2 channels need as many names"):
        compute_channel_weights(2, ("FL",))
    assert compute_a_gain([0.0, 1000.0]).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("n_channels", [1, 2, 3, 6, 8])
def test_every_channel_count_is_measured(n_channels):
    signal = make_noise(0.3, n_channels=n_channels)
    profile = measure_levels(signal)

    assert profile.channel_power.shape == (n_channels, 6)
    mean_squares = np.mean(np.square(signal.samples), axis=1)
    np.testing.assert_allclose(profile.channel_power.mean(axis=1), mean_squares, rtol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_audio_are_refused(bad):
    samples = np.zeros((2, 1000), dtype=np.float32)
    samples[1, 500] = bad

    with pytest.raises(InvalidInputError, match="must be finite"):
        measure_levels(Signal(samples=samples, sr=8_000))


def test_blocks_that_do_not_fit_are_refused():
    meter = LevelMeter(sr=8_000, n_channels=2)

    with pytest.raises(InvalidInputError, match=r"float32 of shape \(2, n\), got float64"):
        meter.feed(np.zeros((2, 10)))
    with pytest.raises(InvalidInputError, match="got float32 of shape"):
        meter.feed(np.zeros((1, 10), dtype=np.float32))
    with pytest.raises(InvalidInputError, match="sr > 0"):
        LevelMeter(sr=0, n_channels=2)
    meter.finish()
    with pytest.raises(InvalidInputError, match="finished"):
        meter.feed(np.zeros((2, 10), dtype=np.float32))


def test_the_profile_of_two_hours_takes_less_than_30_mb():
    profile = measure_levels(make_noise(2.0, sr=44_100))

    arrays = [getattr(profile, field.name) for field in fields(LevelProfile)]
    n_bytes = sum(a.nbytes for a in arrays if isinstance(a, np.ndarray))

    assert (n_bytes - profile.mean_spectrum.nbytes) * 3600 < 30e6


def test_after_the_warm_up_no_layout_compiles_anything():
    warm_up()

    for n_channels in (1, 2, 6):
        measure_levels(make_noise(0.3, n_channels=n_channels))

    kernels = (filter_pair, sum_pair, count_clipped, measure_spectra, raise_true_peaks)
    kernels += (count_silent, raise_bends)
    assert [len(kernel.compile().signatures) for kernel in kernels] == [1] * 7
