"""The frame grid that a lossy encoder leaves in the samples, found by coding them anew.

An encoder transforms stretches of a fixed length and rounds the coefficients, most of those of
the treble to 0. Whoever transforms the decoded samples the same way, from the same sample on,
finds these zeros again; one sample beside they are gone. So each transform is tried at every
sample of a frame: of what was never coded none is like another, of what was, one stands out.
An old idea: J. Herre, M. Schug, "Analysis of decompressed audio: the inverse decoder", AES 109,
2000.
"""

import functools
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy  # whose parts are loaded when they are used

from wkmp_lab.dsp.compiling import njit
from wkmp_lab.signals import DoubleArray, FloatArray

MP3_LINES = 576
_N_TAPS, _N_BANDS, _N_LINES = 512, 32, 18
_N_SLOTS = 3 * _N_LINES - 1
"""Subband samples that 18 long blocks of 36, one sample apart each, reach over."""
_MP3_WINDOW = (8191.7, 16384.0, 16322.5, 15389.9, 11585.6, 5618.8, 1418.4, 126.7)
"""Cosines that the window of ISO 11172-3 (table C.1) consists of, fitted: within its rounding."""
_MP3_BUTTERFLIES = (-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037)
"""ISO 11172-3, table B.9."""
_OPUS_EMPHASIS = 0.85000610
"""RFC 6716, section 4.3.7."""
_LOWEST_HZ, _HIGHEST_HZ = 6000.0, 21_000.0
"""Lines below are rounded to few zeros. With 2 to 16 kHz 14 of 51 files of high bit rates reached
a dip of 6, with 6 to 20 kHz 28, with 6 to 21 kHz 30."""
_ROUNDING_POWER = 1.0 / (12.0 * 32768.0**2)
"""Of samples of 16 bits: below it a coefficient is as good as zero."""
_N_NEAR = 33
"""Samples of a frame that one is compared with."""
_LEAST_SPREAD = 0.01
"""Of what lies below the rounding of samples; of what sounds it is 0.04 and more."""
_N_GROUPED, _N_LINES_APART, _SOUNDING = 16, 37, 10.0
"""Lines to a group, frames to the next one that is looked at, and power over that of rounding."""
_N_LEAST = 64
_N_MULTIPLIED = 24

Transform = Callable[[FloatArray], FloatArray]


class CodecGrid(NamedTuple):
    """How one kind of encoder cuts and transforms."""

    family: str
    """``mp3``, ``aac``, ``vorbis`` or ``opus``."""
    n_frame: int
    """Samples from one frame to the next."""
    transform: Transform
    """(n,) samples to the coefficients (n_frame, n_lines) of the frames at each sample."""
    n_needed: int
    """How many samples that takes."""


def find_dips(samples: FloatArray, *, sr: int, grid: CodecGrid) -> FloatArray:
    """How far the coefficients shrink in the frame at each sample, shape ``(grid.n_frame,)``.

    Parameters
    ----------
    samples
        Mono, at least ``grid.n_needed`` of them.
    sr
        Sample rate in Hz; it only tells which lines are looked at.

    Returns
    -------
    array
        Mean logarithm of the power of the upper lines that sound against that of the 16 frames
        before and behind, in robust standard deviations, high where it shrinks. Of what was never
        coded the largest is 3 to 4.
    """
    lines = grid.transform(samples[: grid.n_needed])
    per_hz = lines.shape[1] / (0.5 * sr)
    stop = min(_find_end(lines), int(_HIGHEST_HZ * per_hz))
    if stop < _N_LEAST:
        return np.zeros(lines.shape[0], np.float32)
    levels = _measure_mean_logs(lines, min(int(_LOWEST_HZ * per_hz), stop // 2), stop)
    dips = scipy.ndimage.uniform_filter1d(levels, _N_NEAR, mode="nearest") - levels
    spread = 1.4826 * float(np.median(np.abs(dips - np.median(dips))))
    found: FloatArray = (dips / max(spread, _LEAST_SPREAD)).astype(np.float32)
    return found


def _find_end(lines: FloatArray) -> int:
    """How many lines there are up to the last group that sounds over the rounding of samples."""
    power = np.square(lines[::_N_LINES_APART]).mean(axis=0)
    n_groups = power.size // _N_GROUPED
    groups = power[: n_groups * _N_GROUPED].reshape(n_groups, _N_GROUPED).mean(axis=1)
    sounding = np.flatnonzero(groups > _SOUNDING * _ROUNDING_POWER)
    return int(sounding[-1] + 1) * _N_GROUPED if sounding.size else 0


def transform_mdct(samples: FloatArray, window: FloatArray) -> FloatArray:
    """MDCT of the frames at each of the first ``n`` samples, for a window of ``2 n``.

    >>> window = make_sine_window(8)
    >>> transform_mdct(np.zeros(11, np.float32), window).shape
    (4, 4)
    """
    folded = np.empty((window.size // 2, window.size // 2), np.float32)
    quarters = window.reshape(4, -1).copy()
    quarters[1:3] = quarters[1:3, ::-1]
    _fold(samples, np.ascontiguousarray(samples[::-1]), quarters, folded)
    lines: FloatArray = scipy.fft.dct(folded, type=4, axis=1, overwrite_x=True)
    lines *= np.float32(1.0 / math.sqrt(window.size))
    return lines


def transform_mp3(samples: FloatArray) -> FloatArray:
    """Coefficients of the hybrid filter bank of ISO 11172-3 at 576 samples, long blocks.

    32 subbands, each cut by an MDCT of 18 lines, and the butterflies against aliases.
    """
    window, cosines, blocks, butterflies = _make_hybrid()
    bands = np.empty((_N_SLOTS, _N_BANDS, _N_BANDS), np.float32)
    _split_bands(samples, window, cosines, bands)
    # (slot, sample within it, line, subband)
    lines = np.zeros((_N_LINES, _N_BANDS, _N_LINES, _N_BANDS), np.float32)
    _transform_blocks(bands, blocks, lines)
    for i, (cs, ca) in enumerate(butterflies):
        upper = lines[:, :, _N_LINES - 1 - i, :-1].copy()
        lower = lines[:, :, i, 1:].copy()
        lines[:, :, _N_LINES - 1 - i, :-1] = upper * cs + lower * ca
        lines[:, :, i, 1:] = lower * cs - upper * ca
    return lines.transpose(0, 1, 3, 2).reshape(MP3_LINES, MP3_LINES)


@njit(fastmath=True)
def _fold(
    samples: FloatArray, mirrored: FloatArray, windows: FloatArray, folded: FloatArray
) -> None:
    """The frame at each sample, windowed and folded to half its length: a DCT-IV does the rest.

    ``mirrored`` holds the samples from the last to the first, and ``windows``, of shape (4, half),
    the quarters of the window as they are met: all loops go forwards.
    """
    n = folded.shape[1]
    half = n // 2
    for start in range(folded.shape[0]):
        row = folded[start]
        back = samples.size - start
        third, late = mirrored[back - n - half : back - n], samples[start + n + half :]
        early, second = samples[start : start + half], mirrored[back - n : back - half]
        for k in range(half):
            row[k] = -(third[k] * windows[2, k] + late[k] * windows[3, k])
        for k in range(half):
            row[half + k] = early[k] * windows[0, k] - second[k] * windows[1, k]


@njit(fastmath=True)
def _split_bands(
    samples: FloatArray, window: FloatArray, cosines: FloatArray, bands: FloatArray
) -> None:
    """The sample of each subband that the 512 samples from each one on give."""
    folded = np.empty(cosines.shape[0], np.float32)
    for start in range(bands.shape[0] * bands.shape[1]):
        row = bands[start // bands.shape[1], start % bands.shape[1]]
        folded[:] = 0.0
        for part in range(window.shape[0]):
            first = start + part * folded.size
            for tap in range(folded.size):
                folded[tap] += samples[first + tap] * window[part, tap]
        row[:] = 0.0
        for tap in range(folded.size):
            for band in range(row.size):
                row[band] += folded[tap] * cosines[tap, band]


@njit(fastmath=True)
def _transform_blocks(bands: FloatArray, blocks: FloatArray, lines: FloatArray) -> None:
    """The MDCT of each subband over the 36 slots from each one on, added to ``lines``."""
    upright = bands.copy()
    for band in range(1, bands.shape[2], 2):
        upright[:, :, band] *= -1.0  # in every second slot the odd subbands stand head down
    for start in range(lines.shape[0]):
        for within in range(lines.shape[1]):
            found = lines[start, within]
            for slot in range(blocks.shape[0]):
                row = upright[start + slot, within] if slot % 2 else bands[start + slot, within]
                for line in range(blocks.shape[1]):
                    weight = blocks[slot, line]
                    for band in range(row.size):
                        found[line, band] += weight * row[band]


@njit(fastmath=True)
def _measure_mean_logs(lines: FloatArray, first: int, stop: int) -> npt.NDArray[np.float64]:
    """Mean logarithm of the power of some lines of each frame."""
    means = np.zeros(lines.shape[0])
    for row in range(lines.shape[0]):
        total = 0.0
        for start in range(first, stop, _N_MULTIPLIED):
            # A logarithm is dear, and a product of more might be 0.
            product = 1.0
            for k in range(start, min(start + _N_MULTIPLIED, stop)):
                value = float(lines[row, k])
                product *= value * value + _ROUNDING_POWER
            total += math.log(product)
        means[row] = total / max(stop - first, 1)
    return means


@functools.cache
def _make_hybrid() -> tuple[FloatArray, FloatArray, FloatArray, tuple[tuple[float, float], ...]]:
    """Window (8, 64), cosines (64, 32), blocks (36, 18), and the two weights of each butterfly.

    The cosines come again after 64 taps head down, which the window's sign tells.
    """
    taps, bands = np.arange(_N_TAPS), np.arange(_N_BANDS)
    series = np.cos(2.0 * np.pi / _N_TAPS * np.outer(taps - _N_TAPS // 2, range(8)))
    window = (series @ np.array(_MP3_WINDOW))[::-1].reshape(-1, 2 * _N_BANDS)
    phases = np.outer(_N_TAPS - 1 - 16 - np.arange(2 * _N_BANDS), 2 * bands + 1) * np.pi / 64.0
    cosines = np.cos(phases)
    n, k = np.arange(2 * _N_LINES), np.arange(_N_LINES)
    sine = make_sine_window(2 * _N_LINES).astype(np.float64)
    blocks = sine[:, None] * np.cos(np.pi / 72.0 * np.outer(2 * n + 19, 2 * k + 1))
    weights = [(1.0 / math.hypot(1.0, c), c / math.hypot(1.0, c)) for c in _MP3_BUTTERFLIES]
    # Of unit norm, so that a line has the level of the samples.
    window = window / np.linalg.norm(window * cosines[:, _N_BANDS // 2])
    window[1::2] *= -1.0
    blocks /= np.linalg.norm(blocks[:, _N_LINES // 2])
    return _single(window), _single(cosines), _single(blocks), tuple(weights)


def _single(values: DoubleArray) -> FloatArray:
    return np.ascontiguousarray(values, np.float32)


def make_sine_window(n: int) -> FloatArray:
    """The sine window of ``n`` samples."""
    return np.asarray(np.sin(np.pi / n * (np.arange(n) + 0.5)), dtype=np.float32)


def make_kaiser_window(n: int) -> FloatArray:
    """The Kaiser-Bessel-derived window of AAC's long blocks (ISO 13818-7: alpha 4)."""
    steps = np.cumsum(np.kaiser(n // 2 + 1, 4.0 * np.pi))
    half = np.sqrt(steps[:-1] / steps[-1])
    return np.concatenate([half, half[::-1]]).astype(np.float32)


def make_vorbis_window(n: int) -> FloatArray:
    """The window of Vorbis (specification of Vorbis I, section 4.3.1) and CELT."""
    sine = make_sine_window(n).astype(np.float64)
    return np.asarray(np.sin(0.5 * np.pi * np.square(sine)), dtype=np.float32)


def _make_celt_window() -> FloatArray:
    """A frame of 20 ms at 48 kHz that overlaps the next by 2.5 ms (RFC 6716, section 4.3.7)."""
    edge = make_vorbis_window(240)[:120]
    flat = np.ones(840, np.float32)
    return np.pad(np.concatenate([edge, flat, edge[::-1]]), 420)


def _emphasize(samples: FloatArray) -> FloatArray:
    """What the Opus encoder transforms: treble raised, as its decoder takes it back."""
    raised = samples.copy()
    raised[1:] -= np.float32(_OPUS_EMPHASIS) * samples[:-1]
    return raised


@functools.cache
def list_grids() -> Mapping[str, CodecGrid]:
    """The grids by name; AAC has two windows, Vorbis its most usual one, all their long blocks."""

    def windowed(family: str, window: FloatArray) -> CodecGrid:
        n = window.size // 2
        return CodecGrid(family, n, lambda samples: transform_mdct(samples, window), 3 * n - 1)

    celt = windowed("opus", _make_celt_window())
    grids = {
        "mp3": CodecGrid("mp3", MP3_LINES, transform_mp3, _N_SLOTS * _N_BANDS + _N_TAPS - 1),
        "aac": windowed("aac", make_kaiser_window(2048)),
        "aac_sine": windowed("aac", make_sine_window(2048)),
        "vorbis": windowed("vorbis", make_vorbis_window(2048)),
        "opus": celt._replace(transform=lambda samples: celt.transform(_emphasize(samples))),
    }
    return MappingProxyType(grids)


def warm_up() -> None:
    """Compile the kernels, or load them from the cache, on a tiny frame."""
    n = 8
    lines = transform_mdct(np.zeros(3 * n - 1, np.float32), make_sine_window(2 * n))
    _measure_mean_logs(lines, 0, n)
    transform_mp3(np.zeros(_N_SLOTS * _N_BANDS + _N_TAPS - 1, np.float32))
