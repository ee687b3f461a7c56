"""What lossy encoders leave in the samples, and that nothing else looks like it."""

import numpy as np
import pytest
from support.audio_factory import music_like, noise, write_audio

from wkmp_lab.dsp.codec_grids import find_dips, list_grids
from wkmp_lab.dsp.coding_traces import EXCERPT_S, ExcerptCollector, measure_traces
from wkmp_lab.io.files.audio import read_signal

SR = 44_100
MOST = 5.3
"""Of what was never coded; see the page on copies."""


def song(sr=SR):
    """Notes, drums and a steady hiss: encoders round most of it away."""
    samples = music_like(seed=4, seconds=12.0, sr=sr, n_channels=2)
    return 0.8 * samples + noise(12.0, sr, seed=4, amplitude=0.02, n_channels=2)


def traces_of(samples, sr, block=10_000):
    collector = ExcerptCollector(sr=sr)
    mono = np.ascontiguousarray(samples.mean(axis=0))
    for start in range(0, mono.size, block):
        collector.feed(mono[start : start + block])
    return dict(measure_traces(collector.finish(), sr=sr))


@pytest.mark.parametrize(
    ("family", "name", "bit_rate"),
    [("mp3", "a.mp3", 160_000), ("aac", "a.m4a", 128_000), ("opus", "a.opus", 96_000)],
)
def test_each_encoder_leaves_its_own_trace(tmp_path, family, name, bit_rate):
    coded = read_signal(write_audio(tmp_path / name, song(), SR, bit_rate=bit_rate))
    traces = traces_of(coded.samples, coded.sr)
    assert max(traces, key=traces.get) == family
    assert traces[family] > 8.0


def test_vorbis_is_told_by_its_single_excerpts(tmp_path):
    coded = read_signal(write_audio(tmp_path / "a.ogg", song(), SR, bit_rate=128_000))
    traces = traces_of(coded.samples, coded.sr)
    assert max(traces, key=traces.get) == "vorbis"
    assert traces["vorbis"] > 5.0


@pytest.mark.parametrize("sr", [16_000, 22_050, 44_100, 48_000, 96_000])
def test_what_was_never_coded_has_no_trace_at_any_rate(sr):
    traces = traces_of(song(sr), sr)
    assert traces
    assert max(traces.values()) < MOST


def test_a_trace_outlives_a_change_of_rate_and_a_cut(tmp_path):
    coded = read_signal(write_audio(tmp_path / "a.mp3", song(), SR, bit_rate=128_000))
    path = write_audio(tmp_path / "a.wav", coded.samples[:, 12_345:], SR)
    again = read_signal(write_audio(tmp_path / "b.opus", coded.samples, SR)).samples
    faster = read_signal(path)
    assert traces_of(faster.samples, SR)["mp3"] > 8.0
    assert traces_of(again, 48_000)["opus"] > 6.0


def test_traces_do_not_depend_on_blocks():
    samples = song()
    assert traces_of(samples, SR, block=777) == traces_of(samples, SR, block=200_000)


def test_silence_low_rates_and_a_moment_have_no_traces():
    assert traces_of(np.zeros((1, 5 * SR), np.float32), SR) == {}
    assert traces_of(song(8000), 8000) == {}
    assert traces_of(song()[:, :1000], SR) == {}


def test_a_single_excerpt_never_proves_vorbis():
    short = song()[:, : round(EXCERPT_S * SR)]
    assert traces_of(short, SR)["vorbis"] == 0.0


@pytest.mark.parametrize("name", list(list_grids()))
def test_transforms_keep_the_level_of_noise(name):
    grid = list_grids()[name]
    samples = noise(0.1, 48_000, seed=1, amplitude=0.1)[0]
    level = float(np.std(grid.transform(samples[: grid.n_needed])[:, : grid.n_frame // 2]))
    if name != "opus":  # which raises the treble
        assert level == pytest.approx(0.1, rel=0.06)  # a few thousand samples
    dips = find_dips(samples, sr=48_000, grid=grid)
    assert dips.shape == (grid.n_frame,)
    assert dips.max() < MOST
