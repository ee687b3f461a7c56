"""Many channels, and channels in an odd order: the same samples, and no process dies of them."""

import numpy as np
import pytest
from support import audio_factory as factory
from support.many_channels import write_aac_that_claims

from wkmp_lab.io.files.audio import read_signal

SR = 48_000
LOSSLESS = [
    *((ending, n) for n in (6, 7, 8) for ending in (".wav", ".flac", ".wv", ".aiff")),
    *((ending, n) for n in (12, 16, 46) for ending in (".wav", ".wv", ".aiff")),
]


def steps(n_channels, *, seconds=0.5):
    """A tone of its own frequency and level in every channel."""
    tones = [
        factory.tone(200 + 40 * k, seconds, SR, amplitude=0.9 * (k + 1) / n_channels)[0]
        for k in range(n_channels)
    ]
    return np.stack(tones)


@pytest.mark.parametrize(("ending", "n_channels"), LOSSLESS)
def test_every_channel_of_a_lossless_file_comes_back_in_its_place(tmp_path, ending, n_channels):
    written = steps(n_channels)
    read = read_signal(factory.write_audio(tmp_path / f"a{ending}", written, SR))
    assert read.samples.shape == written.shape
    # Two steps of 16 bits: one of rounding, one of the other full scale.
    assert np.abs(read.samples - written).max() < 2 / 32768


@pytest.mark.parametrize("ending", [".m4a", ".opus"])
def test_seven_plus_one_channels_of_a_lossy_file_are_as_loud_as_they_were(tmp_path, ending):
    written = steps(8)
    read = read_signal(factory.write_audio(tmp_path / f"a{ending}", written, SR, bit_rate=512_000))
    # The fourth is the low-frequency channel: 320 Hz are too high for AAC's.
    heard = [0, 1, 2, 4, 5, 6, 7] if ending == ".m4a" else range(8)
    inside = read.samples[:, SR // 8 : -SR // 8]
    for k in heard:
        level = np.sqrt(2 * np.mean(inside[k] ** 2))
        assert level == pytest.approx(0.9 * (k + 1) / 8, rel=0.1), k


@pytest.mark.parametrize("n_pairs", [4, 8, 23])
def test_aac_that_claims_more_channels_than_it_has_is_read(tmp_path, n_pairs):
    stereo = factory.tone(440, 1.0, SR, n_channels=2)
    source = factory.write_audio(tmp_path / "a.m4a", stereo, SR)
    claimed = write_aac_that_claims(tmp_path / "b.mka", source, n_pairs=n_pairs)
    read = read_signal(claimed)
    assert read.n_channels == 2 * n_pairs
    assert read.duration_s == pytest.approx(1.0, abs=0.05)
    # What FFmpeg leaves in channels that no packet fills is its own affair.
    assert (np.abs(read.samples).max(axis=1) > 0.4).sum() >= 2
