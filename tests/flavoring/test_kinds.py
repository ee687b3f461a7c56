"""Kinds of passages, and what only music has."""

from types import SimpleNamespace

import numpy as np
import pytest
from support import audio_factory
from support.talk import SR, talk

from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.dsp.speech import measure_speech
from wkmp_lab.flavoring.descriptors import measure_descriptors
from wkmp_lab.flavoring.kinds import choose_kind
from wkmp_lab.flavoring.tonality import Pitches
from wkmp_lab.signals import Signal


def describe(samples):
    mono = np.asarray(samples, np.float32)
    profile = measure_levels(Signal(mono[None], SR))
    speech = measure_speech(profile).measure(0.0, profile.duration_s)
    return measure_descriptors(mono, sr=SR, speech=speech)


@pytest.mark.parametrize("seed", range(2))
def test_speech_has_no_tempo_and_no_key(seed):
    described = describe(talk(40.0, seed=seed))
    assert described.kind == "speech"
    assert described.tempo is None
    assert described.key is None
    assert "chroma_entropy" not in described.as_dict()


def test_music_noise_and_silence_are_told_apart():
    rng = np.random.default_rng(0)
    assert describe(audio_factory.music_like(seed=1, seconds=30.0, sr=SR)[0]).kind == "music"
    assert describe(0.1 * rng.standard_normal(30 * SR)).kind == "noise"
    assert describe(np.zeros(10 * SR)).kind == "silence"


def pitches_of(steadiness):
    return Pitches(np.ones((100, 12)), 0.0, steadiness, movement=0.2)


@pytest.mark.parametrize(
    ("speech", "steadiness", "beat", "kind"),
    [
        (0.9, 0.01, None, "speech"),
        (0.3, 0.01, None, "speech"),
        (0.1, 0.01, None, "noise"),
        (None, 0.01, None, None),
        (0.9, 0.04, None, "speech"),
        (0.9, 0.04, 0.3, "speech"),
        (0.9, 0.04, 0.6, "music"),  # drums alone
        (0.9, 0.2, None, "music"),  # a flute alone
        (0.4, 0.04, None, "music"),
        (None, 0.2, 0.9, "music"),
    ],
)
def test_a_kind_is_chosen_by_level_pitches_and_beat(speech, steadiness, beat, kind):
    tempo = None if beat is None else SimpleNamespace(probability=beat)
    chosen = choose_kind(
        level_dbfs=-10.0, speech=speech, pitches=pitches_of(steadiness), tempo=tempo
    )
    assert chosen == kind
