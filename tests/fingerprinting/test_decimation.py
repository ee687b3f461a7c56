"""Half the rate: an exact sum of products, in blocks of any size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wkmp_lab.fingerprinting.decimation import (
    N_TAPS,
    compute_decimator,
    iterate_halved,
    quantise,
)

SR = 22_050
NOISE = np.random.default_rng(7).integers(-32768, 32768, 5000).astype(np.int16)


def halve(*blocks):
    return np.concatenate(list(iterate_halved(iter(blocks))))


def halve_plainly(pcm):
    """The definition, sample by sample and in 64 bits."""
    mirrored = np.concatenate([pcm[19:0:-1], pcm]).astype(np.int64)
    sums = np.convolve(mirrored, compute_decimator()[::-1], "valid")[::2]
    return np.clip((sums + 16384) >> 15, -32768, 32767)


@pytest.mark.parametrize("n_samples", [21, 22, 100, 5000])
def test_every_sample_is_the_rounded_sum_of_products(n_samples):
    np.testing.assert_array_equal(halve(NOISE[:n_samples]), halve_plainly(NOISE[:n_samples]))


@settings(max_examples=30)
@given(st.lists(st.integers(20, 5000), max_size=8))
def test_the_size_of_the_blocks_changes_nothing(cuts):
    blocks = np.split(NOISE, sorted(cuts))
    np.testing.assert_array_equal(halve(*blocks), halve(NOISE))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_loudest_possible_samples_are_clipped_and_do_not_wrap(sign):
    worst = np.where(compute_decimator() >= 0, sign * 32767, -sign * 32767).astype(np.int16)
    halved = halve(np.tile(worst, 10))
    np.testing.assert_array_equal(halved, halve_plainly(np.tile(worst, 10)))
    assert np.abs(halved.astype(int)).max() >= 32767


@pytest.mark.parametrize(
    ("hz", "least", "most"), [(100, 0.99, 1.01), (3520, 0.9, 1.01), (7000, 0, 0.01)]
)
def test_tones_of_music_pass_and_those_that_would_fold_over_them_do_not(hz, least, most):
    tone = 10_000 * np.sin(2 * np.pi * hz * np.arange(SR) / SR)
    halved = halve(np.rint(tone).astype(np.int16))[100:-100]
    assert least <= np.std(halved) / np.std(tone) <= most


def test_too_few_samples_give_none():
    assert halve(NOISE[: N_TAPS // 2]).size == 0
    assert halve(NOISE[:0]).size == 0


def test_samples_are_rounded_to_even_and_clipped():
    samples = np.array([0.5, 1.5, -2.5, 0.4, 1e6, -1e6], np.float32) / np.float32(32768.0)
    samples[-2:] = 1.5, -1.5
    pcm = np.empty(6, np.int16)
    quantise(samples, pcm)
    assert pcm.tolist() == [0, 2, -2, 0, 32767, -32768]
