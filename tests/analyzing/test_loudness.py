"""Loudness against the published recipes: EBU Tech 3341 (cases 1-6, 9-23) and Tech 3342 (1-4).

Each recipe is a row of 1 kHz tones given by (level in dBFS, seconds); ``None`` is silence. The
tolerances are those of the documents: 0.1 LU, 1 LU for the range, +0.2/-0.4 dB for true peak.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wkmp_lab.analyzing.loudness import (
    compute_momentary,
    compute_short_term,
    measure_loudness,
)
from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.signals import Signal

RATES = (44_100, 48_000, 96_000)


def make_tones(row, *, sr=48_000, gains_db=(0.0, 0.0), hz=1000.0):
    """Tones of one continuous phase; ``gains_db`` gives the level of each channel (None: off)."""
    ends = np.round(np.cumsum([seconds for _, seconds in row]) * sr).astype(int)
    amplitudes = [0.0 if level is None else 10 ** (level / 20) for level, _ in row]
    envelope = np.repeat(amplitudes, np.diff(ends, prepend=0))
    tone = envelope * np.sin(2 * np.pi * hz / sr * np.arange(envelope.size))
    gains = np.array([[0.0 if gain is None else 10 ** (gain / 20)] for gain in gains_db])
    return Signal(samples=(gains * tone).astype(np.float32), sr=sr)


def measure(row, **layout):
    return measure_loudness(measure_levels(make_tones(row, **layout)))


INTEGRATED = {
    "1": ([(-23, 20)], -23.0),
    "2": ([(-33, 20)], -33.0),
    "3": ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
    "4": ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
    "5": ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
}


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("case", INTEGRATED)
def test_tech_3341_integrated_loudness(case, sr):
    row, expected = INTEGRATED[case]

    assert measure(row, sr=sr).integrated_lufs == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("sr", RATES)
def test_tech_3341_cases_1_and_2_hold_for_momentary_and_short_term(sr):
    for level in (-23.0, -33.0):
        loudness = measure([(level, 20)], sr=sr)
        assert loudness.momentary_max_lufs == pytest.approx(level, abs=0.1)
        assert loudness.short_term_max_lufs == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize(
    "gains_db",
    [(-28, -28, -24, -30, -30), (-28, -28, -24, 0, -30, -30)],
    ids=["5.0", "5.1 with a loud LFE"],
)
def test_tech_3341_case_6_surround(gains_db, sr):
    assert measure([(0, 20)], sr=sr, gains_db=gains_db).integrated_lufs == pytest.approx(
        -23.0, abs=0.1
    )


LAYOUTS = {
    # A channel alone reads 3.01 LU less than two alike; surround ones count 1.41, the LFE not.
    "mono": ((3.01,), 0.0),
    "left of stereo": ((3.01, None), 0.0),
    "5.1": ((-28, -28, -24, 0, -30, -30), 23.0),
}


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", INTEGRATED)
def test_tech_3341_integrated_loudness_of_other_layouts(case, layout, sr):
    row, expected = INTEGRATED[case]
    gains_db, raised_db = LAYOUTS[layout]
    gains_db = [None if gain is None else gain + raised_db for gain in gains_db]

    loudness = measure(row, sr=sr, gains_db=gains_db)

    assert loudness.integrated_lufs == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", ["1", "2", "3", "4"])
def test_tech_3342_loudness_range_of_other_layouts(case, layout, sr):
    row, expected = RANGE[case]
    gains_db, raised_db = LAYOUTS[layout]
    gains_db = [None if gain is None else gain + raised_db for gain in gains_db]

    assert measure(row, sr=sr, gains_db=gains_db).range_lu == pytest.approx(expected, abs=1.0)


@pytest.mark.parametrize("sr", RATES)
def test_mono_counts_once(sr):
    loudness = measure([(-23, 5)], sr=sr, gains_db=(0.0,))

    assert loudness.integrated_lufs == pytest.approx(-26.01, abs=0.05)


@pytest.mark.parametrize("sr", RATES)
def test_tech_3341_case_9_short_term_stays_constant(sr):
    profile = measure_levels(make_tones([(-20, 1.34), (-30, 1.66)] * 5, sr=sr))

    np.testing.assert_allclose(compute_short_term(profile).level_lufs, -23.0, atol=0.1)


@pytest.mark.parametrize("sr", RATES)
def test_tech_3341_case_12_momentary_stays_constant(sr):
    curve = compute_momentary(measure_levels(make_tones([(-20, 0.18), (-30, 0.22)] * 25, sr=sr)))

    np.testing.assert_allclose(curve.level_lufs[curve.end_s > 1.0], -23.0, atol=0.1)


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("i", range(20))
def test_tech_3341_cases_10_and_13_maxima_do_not_depend_on_the_start(i, sr):
    short_term = measure([(None, i * 0.15), (-23, 3.0), (None, 1.0)], sr=sr)
    momentary = measure([(None, i * 0.02), (-23, 0.4), (None, 1.0)], sr=sr)

    assert short_term.short_term_max_lufs == pytest.approx(-23.0, abs=0.1)
    assert momentary.momentary_max_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("sr", RATES)
def test_tech_3341_case_11_short_term_follows_rising_tones(sr):
    rows = [[(None, i * 0.15), (-38 + i, 3.0), (None, 3.0 - i * 0.15)] for i in range(20)]
    profile = measure_levels(make_tones([tone for row in rows for tone in row], sr=sr))

    for i in range(20):
        loudness = measure_loudness(profile, start_s=i * 6.0, end_s=(i + 1) * 6.0)
        assert loudness.short_term_max_lufs == pytest.approx(-38 + i, abs=0.1)


@pytest.mark.parametrize("sr", RATES)
def test_tech_3341_case_14_momentary_follows_rising_tones(sr):
    rows = [[(None, i * 0.02), (-38 + i, 0.4), (None, 0.4 - i * 0.02)] for i in range(20)]
    profile = measure_levels(make_tones([tone for row in rows for tone in row], sr=sr))

    for i in range(20):
        loudness = measure_loudness(profile, start_s=i * 0.8, end_s=(i + 1) * 0.8)
        assert loudness.momentary_max_lufs == pytest.approx(-38 + i, abs=0.1)


def measure_true_peak(samples, sr):
    """The true peak of a wave in mono, stereo and the last channel of 5.1: one and the same."""
    wave = samples.astype(np.float32)
    layouts = [wave[None], np.tile(wave, (2, 1)), np.pad(wave[None], ((5, 0), (0, 0)))]
    peaks = {
        float(measure_levels(Signal(samples=layout, sr=sr)).true_peak.max()) for layout in layouts
    }
    (peak,) = peaks
    return 20 * np.log10(peak)


def assert_true_peak(found, expected):
    assert expected - 0.4 <= found <= expected + 0.2


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize(
    ("case", "divisor", "phase_degrees", "amplitude", "expected"),
    [
        (15, 4, 0.0, 0.5, -6.0),
        (16, 4, 45.0, 0.5, -6.0),
        (17, 6, 60.0, 0.5, -6.0),
        (18, 8, 67.5, 0.5, -6.0),
        (19, 4, 45.0, 1.41, 3.0),
    ],
)
def test_tech_3341_true_peak_of_tones(case, divisor, phase_degrees, amplitude, expected, sr):
    n = np.arange(sr // 2)
    tone = amplitude * np.sin(2 * np.pi * n / divisor + np.radians(phase_degrees))
    # The documents let the tones start softly: a cut makes overshoots of its own.
    fade = np.minimum(1.0, np.minimum(n, n[::-1]) / 500.0)

    assert_true_peak(measure_true_peak(fade * tone, sr), expected)


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("offset", range(4), ids=["20", "21", "22", "23"])
def test_tech_3341_cases_20_to_23_true_peak_between_samples(offset, sr):
    # A tone of sr/6 with one period of sr/4 at twice the level, made at 4 sr, limited to the band,
    # brought to a peak of 1, and decimated at the four offsets.
    n = np.arange(-6000, 6000)
    wave = 0.5 * np.sin(2 * np.pi * n / 24)
    wave[6000 : 6000 + 16] = np.sin(2 * np.pi * np.arange(16) / 16)
    taps = np.arange(-256, 257)
    low_pass = 0.22 * np.sinc(0.22 * taps) * np.kaiser(taps.size, 8.0)
    wave = np.convolve(wave, low_pass, "same") * np.kaiser(wave.size, 12.0)
    wave /= np.abs(wave).max()

    assert_true_peak(measure_true_peak(wave[offset::4], sr), 0.0)


RANGE = {
    "1": ([(-20, 20), (-30, 20)], 10.0),
    "2": ([(-20, 20), (-15, 20)], 5.0),
    "3": ([(-40, 20), (-20, 20)], 20.0),
    "4": ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15.0),
}


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("case", RANGE)
def test_tech_3342_loudness_range(case, sr):
    row, expected = RANGE[case]

    assert measure(row, sr=sr).range_lu == pytest.approx(expected, abs=1.0)


def test_the_absolute_gate_leaves_nothing_of_silence_and_whisper():
    for level in (None, -75.0):
        loudness = measure([(level, 5)])
        assert loudness.integrated_lufs is None
        assert loudness.range_lu is None
    assert loudness.momentary_max_lufs == pytest.approx(-75.0, abs=0.1)
    assert measure([(None, 5)]).momentary_max_lufs == -200.0


def test_a_passage_too_short_for_a_window_has_no_figure():
    assert measure([(-20, 0.39)]).momentary_max_lufs is None
    assert measure([(-20, 0.39)]).integrated_lufs is None
    assert measure([(-20, 0.41)]).integrated_lufs == pytest.approx(-20.0, abs=0.1)
    assert measure([(-20, 2.9)]).short_term_max_lufs is None
    assert measure([(-20, 2.9)]).range_lu is None


def test_passages_are_measured_apart_from_their_neighbours():
    profile = measure_levels(make_tones([(-40, 5), (-20, 5), (-30, 5)]))

    spans = ((0.0, 5.0, -40.0), (5.0, 10.0, -20.0), (10.0, None, -30.0))
    for start_s, end_s, expected in spans:
        loudness = measure_loudness(profile, start_s=start_s, end_s=end_s)
        assert loudness.integrated_lufs == pytest.approx(expected, abs=0.05)
        assert loudness.range_lu == pytest.approx(0.0, abs=0.05)
        assert compute_short_term(profile, start_s=start_s, end_s=end_s).end_s[0] == start_s + 3


@pytest.mark.parametrize(("start_s", "end_s"), [(-1.0, None), (2.0, 1.0), (0.0, 9.0)])
def test_passages_outside_the_file_are_refused(start_s, end_s):
    profile = measure_levels(make_tones([(-20, 3)], sr=8_000))

    with pytest.raises(InvalidInputError, match="0 <= start <= end <= 3"):
        measure_loudness(profile, start_s=start_s, end_s=end_s)


@settings(max_examples=20)
@given(gain_db=st.floats(-30.0, 6.0), seed=st.integers(0, 99))
def test_gain_moves_every_level_by_itself_and_the_range_not_at_all(gain_db, seed):
    rng = np.random.default_rng(seed)
    envelope = np.repeat(10.0 ** rng.uniform(-1.0, 0.0, 10), 4_000)
    samples = (0.1 * envelope * rng.standard_normal((2, envelope.size))).astype(np.float32)
    gain = np.float32(10 ** (gain_db / 20))

    plain = measure_loudness(measure_levels(Signal(samples=samples, sr=8_000)))
    moved = measure_loudness(measure_levels(Signal(samples=gain * samples, sr=8_000)))

    assert moved.integrated_lufs - plain.integrated_lufs == pytest.approx(gain_db, abs=1e-3)
    assert moved.momentary_max_lufs - plain.momentary_max_lufs == pytest.approx(gain_db, abs=1e-3)
    assert moved.range_lu == pytest.approx(plain.range_lu, abs=1e-3)
    assert moved.momentary_max_lufs >= moved.short_term_max_lufs
