"""Leads, sound edges and end types of passages, against synthesized signals."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wkmp_lab.analyzing.amplitude import measure_amplitude
from wkmp_lab.analyzing.leads import LEAD_PRESETS, LeadRule
from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.settings import AnalyzeSettings
from wkmp_lab.signals import Signal
from wkmp_lab.units import seconds_from_ticks

SR = 16_000


def seconds(n):
    return np.arange(round(n * SR)) / SR


def make_beat(length_s, *, bpm=120, seed=1):
    """A drum on every beat over a chord: it has attacks, and a steady level."""
    t = seconds(length_s)
    since_beat = t % (60.0 / bpm)
    noise = np.random.default_rng(seed).standard_normal(t.size)
    chord = sum(np.sin(2 * np.pi * hz * t) for hz in (220.0, 277.2, 329.6))
    return 0.12 * noise * np.exp(-since_beat / 0.08) + 0.04 * chord


def make_pad(length_s):
    t = seconds(length_s)
    return 0.06 * sum(np.sin(2 * np.pi * hz * t) for hz in (220.0, 277.2, 329.6))


def make_noise(length_s, *, dbfs, seed=2):
    return 10 ** (dbfs / 20) * np.random.default_rng(seed).standard_normal(seconds(length_s).size)


def silence(length_s):
    return np.zeros(seconds(length_s).size)


def profile_of(*parts, n_channels=1):
    wave = np.concatenate(parts).astype(np.float32)
    return measure_levels(Signal(samples=np.tile(wave, (n_channels, 1)), sr=SR))


def analyze(*parts, preset="default"):
    return measure_amplitude(profile_of(*parts), settings=AnalyzeSettings(preset=preset))


def ramp(wave, *, from_db, over_s):
    """The wave with its first ``over_s`` seconds raised from ``from_db``, straight in dB."""
    gain_db = np.minimum(0.0, from_db * (1.0 - np.arange(wave.size) / (over_s * SR)))
    return wave * 10 ** (gain_db / 20)


# --- leads by the WKMP rule -----------------------------------------------------------------


@pytest.mark.parametrize("preset", ["default", "classical", "rock_pop", "electronic"])
def test_a_constant_level_has_no_leads(preset):
    amplitude = analyze(make_pad(12.0), preset=preset)

    assert amplitude.lead_in_ticks == amplitude.lead_out_ticks == 0


def test_a_slow_ramp_gives_the_time_at_which_12_db_are_left():
    wave = ramp(make_pad(20.0), from_db=-60.0, over_s=5.0)

    lead_in_s = seconds_from_ticks(analyze(wave).lead_in_ticks)
    lead_out_s = seconds_from_ticks(analyze(wave[::-1]).lead_out_ticks)

    assert lead_in_s == pytest.approx(4.0, abs=0.1)  # one window
    assert lead_out_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize(
    ("preset", "expected_s"),
    [("default", 5.0), ("classical", 5.0), ("rock_pop", 2.0), ("electronic", 8.0)],
)
def test_leads_are_capped_by_the_preset(preset, expected_s):
    wave = ramp(make_pad(40.0), from_db=-80.0, over_s=20.0)

    assert seconds_from_ticks(analyze(wave, preset=preset).lead_in_ticks) == expected_s


@pytest.mark.parametrize(
    ("preset", "quick_s", "slow_s"),
    [
        ("default", 0.8, 1.3),
        ("classical", 1.7, 2.4),
        ("rock_pop", 0.4, 0.6),
        ("electronic", 2.7, 3.3),
    ],
)
def test_a_quick_ramp_counts_as_no_lead(preset, quick_s, slow_s):
    music = make_pad(20.0)

    assert analyze(silence(quick_s), music, preset=preset).lead_in_ticks == 0
    assert analyze(silence(slow_s), music, preset=preset).lead_in_ticks > 0


def test_bass_alone_does_not_end_the_lead():
    t = seconds(3.0)
    bass = 0.2 * np.sin(2 * np.pi * 40.0 * t)  # as loud as the pad in RMS, 30 dB down in A

    assert seconds_from_ticks(analyze(bass, make_pad(10.0)).lead_in_ticks) == pytest.approx(3, 0.1)


def test_each_passage_of_a_side_has_leads_of_its_own():
    first, second = make_pad(12.0), ramp(make_pad(12.0), from_db=-60.0, over_s=5.0)
    profile = profile_of(first, 0.1 * second)

    plain = measure_amplitude(profile, end_s=12.0)
    slow = measure_amplitude(profile, start_s=12.0)

    assert plain.lead_in_ticks == plain.lead_out_ticks == 0
    assert seconds_from_ticks(slow.lead_in_ticks) == pytest.approx(4.0, abs=0.1)
    assert slow.loudness_lufs == pytest.approx(plain.loudness_lufs - 20.0, abs=1.0)


def test_the_parameters_are_kept_with_the_result():
    loud, quiet = (dict(analyze(gain * make_pad(5.0)).parameters) for gain in (1.0, 0.01))

    assert (loud["window_s"], loud["threshold_db"], loud["max_lead_s"]) == (0.1, -12.0, 5.0)
    assert loud["peak_a_rms"] == pytest.approx(0.06 * np.sqrt(1.5) * 0.34, rel=0.3)
    assert quiet["peak_a_rms"] == pytest.approx(0.01 * loud["peak_a_rms"], rel=1e-4)
    assert quiet["is_too_quiet"] == 1.0


@pytest.mark.parametrize("length_ms", [0.1, 1, 5, 15])
@pytest.mark.parametrize("preset", ["default", "classical", "rock_pop", "electronic"])
def test_clicks_end_no_lead(length_ms, preset):
    plain = ramp(make_pad(30.0), from_db=-60.0, over_s=5.0)
    n = max(round(length_ms * SR / 1000), 1)
    worn = plain.copy()
    for at_s in (0.5, 1.197, 2.0, 2.504):
        worn[round(at_s * SR) :][:n] += 0.8

    before, after = analyze(plain, preset=preset), analyze(worn, preset=preset)

    assert after.lead_in_ticks == before.lead_in_ticks > 0
    assert seconds_from_ticks(after.loudness_lead_in_ticks) == pytest.approx(
        seconds_from_ticks(before.loudness_lead_in_ticks), abs=0.05
    )
    backwards = analyze(worn[::-1].copy(), preset=preset)
    assert backwards.lead_out_ticks == analyze(plain[::-1].copy(), preset=preset).lead_out_ticks


@pytest.mark.parametrize("preset", LEAD_PRESETS)
def test_every_parameter_of_a_preset_is_kept_with_the_result(preset):
    kept = dict(analyze(make_pad(5.0), preset=preset).parameters)

    for field in fields(LeadRule):
        assert kept[field.name] == pytest.approx(getattr(LEAD_PRESETS[preset], field.name))


def test_a_quiet_passage_has_the_leads_of_a_loud_one():
    wave = ramp(make_pad(20.0), from_db=-40.0, over_s=5.0)

    assert analyze(0.01 * wave).lead_in_ticks == analyze(wave).lead_in_ticks


# --- leads by loudness ----------------------------------------------------------------------


def test_loudness_leads_are_0_at_full_level_and_8_lu_down_on_a_ramp():
    plain = analyze(make_pad(15.0))
    slow = analyze(ramp(make_pad(40.0), from_db=-40.0, over_s=8.0))

    assert plain.loudness_lead_in_ticks == plain.loudness_lead_out_ticks == 0
    assert seconds_from_ticks(slow.loudness_lead_in_ticks) == pytest.approx(6.4, abs=0.3)


def test_a_quiet_outro_of_more_than_15_s_belongs_to_the_piece():
    outro = 0.15 * make_pad(25.0)

    short = analyze(make_pad(40.0), outro[: 10 * SR])
    long = analyze(make_pad(40.0), outro)

    assert seconds_from_ticks(short.loudness_lead_out_ticks) == pytest.approx(10.0, abs=0.3)
    assert seconds_from_ticks(long.loudness_lead_out_ticks) < 0.5


# --- first and last sound, first music ------------------------------------------------------


def test_sound_begins_and_ends_where_it_does():
    amplitude = analyze(silence(0.7), make_beat(6.0), silence(0.4))

    assert seconds_from_ticks(amplitude.first_sound_ticks) == pytest.approx(0.7, abs=0.011)
    assert seconds_from_ticks(amplitude.last_sound_ticks) == pytest.approx(6.7, abs=0.011)
    assert seconds_from_ticks(amplitude.first_music_ticks) == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize("length_ms", [0.1, 1, 5, 15, 29])
def test_a_lonely_click_in_silence_is_no_sound(length_ms):
    head, tail = silence(1.5), silence(1.5)
    n = max(round(length_ms * SR / 1000), 1)
    head[8_003 : 8_003 + n] = 0.8
    tail[8_003 : 8_003 + n] = -0.8

    amplitude = analyze(head, make_beat(6.0), tail)

    assert seconds_from_ticks(amplitude.first_sound_ticks) == pytest.approx(1.5, abs=0.011)
    assert seconds_from_ticks(amplitude.first_music_ticks) == pytest.approx(1.5, abs=0.02)
    assert seconds_from_ticks(amplitude.last_sound_ticks) == pytest.approx(7.5, abs=0.011)


def test_a_stroke_of_60_ms_is_sound():
    stroke = 0.3 * make_pad(0.06)

    amplitude = analyze(silence(1.0), stroke, silence(0.5), make_beat(6.0))

    assert seconds_from_ticks(amplitude.first_sound_ticks) == pytest.approx(1.0, abs=0.011)


@pytest.mark.parametrize("noise_dbfs", [-75.0, -60.0, -52.0])
def test_surface_noise_is_no_sound(noise_dbfs):
    music = np.concatenate([silence(2.0), make_beat(8.0), silence(2.0)])

    amplitude = analyze(music + make_noise(12.0, dbfs=noise_dbfs))

    assert seconds_from_ticks(amplitude.first_sound_ticks) == pytest.approx(2.0, abs=0.05)
    assert seconds_from_ticks(amplitude.last_sound_ticks) == pytest.approx(10.0, abs=0.05)


@pytest.mark.parametrize("tick_s", [0.77, 1.33, 1.8])
@pytest.mark.parametrize("groove_dbfs", [-62.0, -50.0])
@pytest.mark.parametrize(("length_ms", "tick_dbfs"), [(2, -10.0), (60, -36.0), (150, -40.0)])
def test_the_ticks_of_a_run_out_groove_are_no_sound(tick_s, groove_dbfs, length_ms, tick_dbfs):
    groove = silence(40.0)
    tick = make_noise(length_ms / 1000, dbfs=tick_dbfs)
    for at_s in np.arange(0.6, 39.0, tick_s):
        groove[round(at_s * SR) :][: tick.size] += tick

    wave = np.concatenate([make_beat(20.0), groove])
    amplitude = analyze(wave + make_noise(60.0, dbfs=groove_dbfs))
    backwards = analyze((wave + make_noise(60.0, dbfs=groove_dbfs))[::-1])

    assert seconds_from_ticks(amplitude.last_sound_ticks) == pytest.approx(20.0, abs=0.1)
    assert amplitude.end_type == "hard"
    assert seconds_from_ticks(backwards.first_sound_ticks) == pytest.approx(40.0, abs=0.1)


def test_a_row_of_soft_last_notes_is_sound():
    notes = [np.concatenate([silence(0.9), 0.4 * make_pad(0.4)]) for _ in range(5)]

    amplitude = analyze(make_beat(20.0), *notes, silence(1.0))

    assert seconds_from_ticks(amplitude.last_sound_ticks) == pytest.approx(26.5, abs=0.02)


@pytest.mark.parametrize("body_dbfs", [0.0, -20.0, -30.0])
def test_quiet_music_is_music_however_low_its_intro(body_dbfs):
    body = 10 ** (body_dbfs / 20) * make_beat(30.0)
    intro = 10 ** (-40.0 / 20) * make_pad(24.0) * np.exp(-(seconds(24.0) % 0.8) / 0.3)

    amplitude = analyze(silence(0.5), intro, body)

    assert seconds_from_ticks(amplitude.first_sound_ticks) == pytest.approx(0.5, abs=0.05)


def test_digital_padding_before_a_noisy_lead_in_does_not_make_it_sound():
    groove = make_noise(5.0, dbfs=-58.0)

    amplitude = analyze(silence(0.5), groove, make_beat(20.0), groove, silence(0.5))

    assert seconds_from_ticks(amplitude.first_sound_ticks) == pytest.approx(5.5, abs=0.05)
    assert seconds_from_ticks(amplitude.last_sound_ticks) == pytest.approx(25.5, abs=0.05)


def test_a_quiet_steady_intro_is_sound_and_music():
    amplitude = analyze(0.1 * make_pad(5.0), make_beat(10.0))

    assert amplitude.first_sound_ticks == 0
    assert seconds_from_ticks(amplitude.first_music_ticks) < 0.05


def test_noise_over_the_floor_is_sound_but_not_music():
    amplitude = analyze(make_noise(3.0, dbfs=-42.0), 4 * make_beat(10.0))

    assert amplitude.first_sound_ticks == 0
    assert seconds_from_ticks(amplitude.first_music_ticks) == pytest.approx(0.0, abs=3.01)


def test_silence_has_no_sound_no_loudness_and_no_leads():
    amplitude = analyze(silence(3.0))

    assert amplitude.first_sound_ticks == amplitude.last_sound_ticks == 0
    assert amplitude.lead_in_ticks == amplitude.lead_out_ticks == 0
    assert amplitude.peak_dbfs == amplitude.true_peak_dbtp == -200.0
    assert amplitude.end_type is None
    assert amplitude.loudness_lufs is None
    assert amplitude.first_music_ticks is None
    assert amplitude.loudness_lead_in_ticks is None


def test_an_empty_passage_is_like_silence():
    empty = measure_amplitude(PROFILE, start_s=3.0, end_s=3.0)

    assert empty.first_sound_ticks == empty.last_sound_ticks
    assert empty.loudness_lufs is None
    assert empty.end_type is None
    assert empty.quality == ()


# --- end types ------------------------------------------------------------------------------

FADES = {
    "linear": lambda x: 1.0 - x,
    "cosine": lambda x: 0.5 * (1.0 + np.cos(np.pi * x)),
    "square": lambda x: (1.0 - x) ** 2,
    "straight in dB": lambda x: 10.0 ** (-60.0 * x / 20.0),
}


@pytest.mark.parametrize("fade_s", [5.0, 8.0, 15.0])
@pytest.mark.parametrize("shape", FADES)
@pytest.mark.parametrize("bpm", [70, 120, 170])
def test_music_under_a_falling_gain_is_a_fade(shape, fade_s, bpm):
    wave = make_beat(30.0 + fade_s, bpm=bpm)
    n = round(fade_s * SR)
    wave[-n:] *= FADES[shape](np.arange(n) / n)

    assert analyze(wave, silence(0.5)).end_type == "fade"


@pytest.mark.parametrize("shape", ["linear", "cosine"])
def test_a_held_chord_under_a_falling_gain_is_a_fade(shape):
    wave = make_pad(36.0)
    wave[-6 * SR :] *= FADES[shape](np.arange(6 * SR) / (6 * SR))

    assert analyze(wave).end_type == "fade"


@pytest.mark.parametrize("reverberation_s", [0.0, 0.5, 1.5])
def test_a_last_beat_with_short_reverberation_is_a_hard_end(reverberation_s):
    room = make_noise(reverberation_s, dbfs=-20.0)
    decay = room * 10.0 ** (-3.0 * np.arange(room.size) / max(room.size, 1))

    assert analyze(make_beat(20.0), decay, silence(1.0)).end_type == "hard"


@pytest.mark.parametrize("decay_s", [2.5, 4.0, 8.0, 12.0])
def test_a_last_chord_that_dies_away_is_a_long_tail(decay_s):
    chord = make_pad(decay_s)
    chord *= 10.0 ** (-3.0 * np.arange(chord.size) / chord.size)

    assert analyze(make_beat(20.0), 2 * chord, silence(1.0)).end_type == "long_tail"


@pytest.mark.parametrize("beat_hz", [1.0, 2.0, 3.0])
def test_the_slow_beats_of_a_ringing_chord_are_no_attacks(beat_hz):
    chord = make_pad(4.0)
    t = np.arange(chord.size) / SR
    chord *= 10.0 ** (-2.0 * t / 4.0) * (1.0 - 0.5 * np.sin(np.pi * beat_hz * t) ** 2)

    assert analyze(make_beat(20.0), 2 * chord, silence(1.0)).end_type == "long_tail"


def test_a_long_quiet_outro_is_a_long_tail():
    assert analyze(make_beat(60.0), 0.1 * make_beat(20.0)).end_type == "long_tail"


# --- relations ------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    start_s=st.floats(0.0, 9.0),
    length_s=st.floats(0.05, 12.0),
    preset=st.sampled_from(["default", "classical", "rock_pop", "electronic"]),
)
def test_points_are_ordered_and_inside_the_passage(start_s, length_s, preset):
    end_s = min(start_s + length_s, PROFILE.duration_s)
    amplitude = measure_amplitude(
        PROFILE, start_s=start_s, end_s=end_s, settings=AnalyzeSettings(preset=preset)
    )
    first, last, lead_in, lead_out = (
        seconds_from_ticks(ticks)
        for ticks in (
            amplitude.first_sound_ticks,
            amplitude.last_sound_ticks,
            amplitude.lead_in_ticks,
            amplitude.lead_out_ticks,
        )
    )

    slack = 1e-6
    assert start_s - slack <= first <= last <= end_s + slack
    assert lead_in >= 0.0
    assert lead_out >= 0.0
    assert lead_in + lead_out <= end_s - start_s + 0.25 + slack
    assert amplitude.true_peak_dbtp >= amplitude.peak_dbfs


PROFILE = profile_of(
    silence(1.0), ramp(make_beat(6.0), from_db=-50.0, over_s=3.0), silence(1.5), make_pad(4.0)
)


@settings(max_examples=10)
@given(gain_db=st.floats(-20.0, 6.0))
def test_gain_moves_levels_and_leaves_leads_where_they_are(gain_db):
    wave = ramp(make_beat(12.0), from_db=-40.0, over_s=4.0)

    plain, moved = analyze(wave), analyze(10 ** (gain_db / 20) * wave)

    assert moved.lead_in_ticks == plain.lead_in_ticks
    assert moved.loudness_lead_in_ticks == plain.loudness_lead_in_ticks
    assert moved.peak_dbfs == pytest.approx(plain.peak_dbfs + gain_db, abs=1e-3)
    assert moved.loudness_lufs == pytest.approx(plain.loudness_lufs + gain_db, abs=1e-3)


def test_equal_passages_give_equal_results():
    assert analyze(make_beat(5.0)) == analyze(make_beat(5.0))
    assert replace(analyze(make_beat(5.0)), peak_dbfs=0.0) != analyze(make_beat(5.0))


def test_a_passage_outside_the_file_is_refused():
    with pytest.raises(InvalidInputError, match=r"0 <= start <= end <= 12\.5"):
        measure_amplitude(PROFILE, start_s=3.0, end_s=99.0)
