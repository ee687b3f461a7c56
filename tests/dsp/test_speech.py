"""Speech told from levels alone: a voice of numbers, beats, noise and silence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import audio_factory
from support.talk import SR, talk

from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.dsp.speech import measure_speech
from wkmp_lab.signals import Signal


def profile_of(samples):
    return measure_levels(Signal(np.asarray(samples, np.float32)[None], SR))


def ask(samples):
    profile = profile_of(samples)
    return measure_speech(profile).measure(0.0, profile.duration_s)


@pytest.mark.parametrize("seed", range(4))
def test_a_voice_is_speech_with_and_without_hiss(seed):
    voice = talk(45.0, seed=seed)
    hiss = 0.001 * np.random.default_rng(seed).standard_normal(voice.size)
    assert ask(voice) > 0.8
    assert ask(voice + hiss) > 0.8


@pytest.mark.parametrize("seed", range(3))
def test_music_and_noise_are_not(seed):
    assert ask(audio_factory.music_like(seed=seed, seconds=30.0, sr=SR)[0]) < 0.2
    assert ask(audio_factory.noise(20, SR)[0]) < 0.2


def test_a_steady_beat_is_music_however_short_its_strokes():
    t = np.arange(30 * SR) / SR
    noise = np.random.default_rng(1).standard_normal(t.size)
    assert ask(0.3 * noise * np.exp(-(t % 0.5) / 0.03)) < 0.2


def test_silence_and_scraps_tell_nothing():
    assert ask(np.zeros(20 * SR)) is None
    assert ask(talk(2.0)) is None
    assert ask(np.zeros(0)) is None


def test_each_stretch_is_told_apart():
    music = audio_factory.music_like(seed=1, seconds=40.0, sr=SR)[0]
    curve = measure_speech(profile_of(np.concatenate([talk(40.0), music])))
    assert curve.measure(0.0, 30.0) > 0.8
    assert curve.measure(50.0, 80.0) < 0.2


def test_a_passage_is_measured_without_its_neighbours():
    voice = talk(30.0, seed=3)
    music = audio_factory.music_like(seed=1, seconds=30.0, sr=SR)[0]
    profile = profile_of(np.concatenate([music, voice, music]))
    own = measure_speech(profile, start_s=30.0, end_s=60.0).measure(30.0, 60.0)
    assert own == pytest.approx(ask(voice), abs=0.1)


@settings(max_examples=10, deadline=None)
@given(gain_db=st.floats(-30.0, 10.0))
def test_how_loud_it_is_says_nothing(gain_db):
    voice = talk(12.0, seed=5)
    assert ask(voice * 10 ** (gain_db / 20)) == pytest.approx(ask(voice), abs=0.1)
