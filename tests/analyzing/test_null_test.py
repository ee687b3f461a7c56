"""What the null test finds between two copies whose difference is known."""

import numpy as np
import pytest
import soxr
from support.audio_factory import music_like, noise, write_audio

from wkmp_lab.analyzing.null_test import compare_signals
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.signals import Signal

SR = 44_100
SONG = music_like(seed=7, seconds=14.0, sr=SR) + noise(14.0, SR, seed=7, amplitude=0.01)


def signal_of(samples, sr=SR):
    return Signal(np.ascontiguousarray(samples, np.float32), sr)


def test_a_copy_that_is_shifted_softer_and_inverted_leaves_nothing():
    test = compare_signals(signal_of(SONG), signal_of(-0.5 * SONG[:, 30_000:]), offset_s=0.5)
    assert test.offset_s == pytest.approx(30_000 / SR, abs=1e-6)
    assert test.gain_db == pytest.approx(6.02, abs=0.01)
    assert test.is_inverted
    assert test.depth_db > 100.0
    assert test.speed == pytest.approx(1.0, abs=1e-9)


def test_a_shift_by_part_of_a_sample_and_another_rate_leave_little():
    faster = soxr.resample(SONG[0], SR, 48_000, quality="VHQ")[None, 1001:]
    test = compare_signals(signal_of(SONG), signal_of(faster, 48_000))
    assert test.offset_s == pytest.approx(1001 / 48_000, abs=2e-6)
    # A resampler takes a little of what lies next to half the rate.
    assert min(level - left for hz, level, left in test.bands if hz < 15_000) > 50.0


def test_what_is_left_stands_at_the_frequencies_that_differ():
    spectrum = np.fft.rfft(SONG[0])
    spectrum[(10_000 * 14) :] = 0.0
    dull = np.fft.irfft(spectrum, SONG.shape[1])[None]
    test = compare_signals(signal_of(SONG), signal_of(dull))
    depths = {hz: level - left for hz, level, left in test.bands}
    assert min(depth for hz, depth in depths.items() if hz < 7000) > 40.0
    assert max(depth for hz, depth in depths.items() if hz > 13_000) < 1.0


def test_a_copy_that_runs_faster_is_told_its_speed():
    sped = soxr.resample(SONG[0], 44_100, 44_096, quality="VHQ")[None]
    test = compare_signals(signal_of(SONG), signal_of(sped))
    assert test.speed == pytest.approx(44_100 / 44_096, abs=2e-5)


def test_a_lossy_copy_leaves_its_noise(tmp_path):
    coded = read_signal(write_audio(tmp_path / "a.mp3", SONG, SR, bit_rate=64_000))
    test = compare_signals(signal_of(SONG), coded)
    assert 5.0 < test.depth_db < 60.0


def test_copies_that_share_too_little_or_are_silent_are_refused():
    with pytest.raises(InvalidInputError, match=r"3 s of sound in common, got 1\.0 s"):
        compare_signals(signal_of(SONG[:, :SR]), signal_of(SONG[:, :SR]))
    with pytest.raises(InvalidInputError, match="in common"):
        compare_signals(signal_of(SONG), signal_of(0 * SONG))
    with pytest.raises(InvalidInputError, match="in common"):
        compare_signals(signal_of(SONG), signal_of(SONG), offset_s=90.0)
