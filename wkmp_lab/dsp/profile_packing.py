"""A level profile packed into a tenth of its memory, to be kept beside what came of it.

Levels are rounded to steps in dB, and told as differences from one frame to the next or from a
level that they follow (:mod:`wkmp_lab.dsp.byte_codes`). What is read back is a whole
:class:`LevelProfile`, so that all that cuts and measures works on it as it stands.
"""

import functools
import itertools
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from wkmp_lab.dsp.byte_codes import (
    CodeArray,
    pack_counts,
    pack_numbers,
    pack_steps,
    unpack_counts,
    unpack_numbers,
    unpack_steps,
)
from wkmp_lab.dsp.speech import SPEECH_VERSION, measure_speech
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.signals import BAND_EDGES_HZ, FloatArray, LevelProfile

PACKING_VERSION = 1
"""Raised whenever profiles are packed otherwise: what was packed before is then read no more."""

LEVEL_STEP_DB, BAND_STEP_DB, CHANNEL_STEP_DB, BEND_STEP_DB = 0.25, 0.5, 0.5, 0.5
PEAK_STEP_DB = 1.0
LEAST_LEVEL_DB = -150.0
"""What lies below is read back as 0: the last step of 24 bits lies above."""
LEAST_MEAN, MEAN_STEPS_PER_OCTAVE = 1e-5, 4
BLOCK_FRAMES = 100
"""Of every block of so many fine frames (1 s) the largest peak is kept as it is."""
LEAST_BEND_DB = -90.0
BEND_RATIO, BEND_FLOOR, LEAST_IMPULSE, BEND_REACH = 16.0, 3e-4, 4e-3, 3
"""Bends are kept around frames where the largest towers so far over the mean (a click: 40 times)
and is so large (a click: 0.01), and in so many frames beside them."""

_MAGIC = b"WKLP"
_HEAD = struct.Struct("<4sHI")
_BEND_MIDDLE = 128
_LARGEST_LEVEL_DB = 310.0
_BoolArray = npt.NDArray[np.bool_]


class _Header(msgspec.Struct, frozen=True, array_like=True):
    """All that is no array, and how many bytes each packed array has."""

    duration_s: float
    sr: int
    n_channels: int
    hop_s: float
    coarse_factor: int
    n_frames: int
    n_coarse: int
    n_bins: int
    speech_version: int
    coding_traces: tuple[tuple[str, float], ...]
    sizes: tuple[tuple[str, int], ...]


def pack_profile(profile: LevelProfile) -> bytes:
    """The profile in about 1.3 MB an hour (stereo), 90 kB a song.

    What is left of its precision:

    - ``power, k_power, a_power, mean_spectrum``: to 0.13 dB; all levels: 0 below -150 dB;
    - ``band_power, channel_power, side_power``: to 0.25 dB;
    - ``peak, true_peak``: exact where they are largest within a second; elsewhere up to 1 dB
      too low, and the true peak no more than the peak;
    - ``channel_mean``: to 9 % and 1e-6;
    - bends: to 0.25 dB around what may be a click, else 0;
    - counts, lengths and traces: exact.

    The odds of speech over the whole file, which take longest to measure, go along.
    """
    power = _code_levels(profile.power, LEVEL_STEP_DB)
    expected = _expect_channels(power, profile.coarse_factor)
    is_near, bends = _code_bends(profile.bend_peak, profile.bend_mean)
    sections = {
        "power": pack_steps(power),
        "k_power": _pack_beside(_code_levels(profile.k_power, LEVEL_STEP_DB), power),
        "a_power": pack_steps(_code_levels(profile.a_power, LEVEL_STEP_DB)),
        "band_power": pack_steps(_code_levels(profile.band_power.T, BAND_STEP_DB)),
        "mean_spectrum": pack_steps(_code_levels(profile.mean_spectrum, LEVEL_STEP_DB)),
        "channel_power": pack_numbers(
            _code_levels(profile.channel_power, CHANNEL_STEP_DB) - expected
        ),
        "side_power": pack_steps(_code_levels(profile.side_power, CHANNEL_STEP_DB)),
        "channel_mean": pack_numbers(_code_means(profile.channel_mean)),
        "peak": pack_numbers(_code_peaks(profile.peak) - _expect_peaks(power)),
        "largest": b"".join(_pack_largest(each) for each in (profile.peak, profile.true_peak)),
        "is_near": zlib.compress(np.packbits(is_near).data, 6),
        "bends": pack_numbers(bends),
        "n_clipped": pack_counts(profile.n_clipped),
        "n_clipped_runs": pack_counts(profile.n_clipped_runs),
        "n_silent": pack_counts(profile.n_silent),
        "speech": measure_speech(profile).log_odds.astype("<f4").tobytes(),
    }
    header = _Header(
        duration_s=profile.duration_s,
        sr=profile.sr,
        n_channels=profile.n_channels,
        hop_s=profile.hop_s,
        coarse_factor=profile.coarse_factor,
        n_frames=profile.power.size,
        n_coarse=profile.a_power.size,
        n_bins=profile.mean_spectrum.size,
        speech_version=SPEECH_VERSION,
        coding_traces=profile.coding_traces,
        sizes=tuple((name, len(section)) for name, section in sections.items()),
    )
    encoded = msgspec.msgpack.encode(header)
    head = _HEAD.pack(_MAGIC, PACKING_VERSION, len(encoded))
    return b"".join([head, encoded, *sections.values()])


def unpack_profile(packed: bytes) -> LevelProfile:
    """The profile that was packed, as precise as :func:`pack_profile` tells.

    Raises
    ------
    InvalidInputError
        It is no packed profile, or one of another version.
    """
    head = packed[: _HEAD.size]
    if len(head) < _HEAD.size or _HEAD.unpack(head)[:2] != (_MAGIC, PACKING_VERSION):
        raise InvalidInputError(
            f"a packed profile must be of version {PACKING_VERSION}, got {head!r}"
        )
    start = _HEAD.size + _HEAD.unpack(head)[2]
    header = msgspec.msgpack.decode(packed[_HEAD.size : start], type=_Header)
    ends = itertools.accumulate((size for _, size in header.sizes), initial=start)
    sections = {
        name: memoryview(packed)[first:stop]
        for (name, _), (first, stop) in zip(header.sizes, itertools.pairwise(ends), strict=True)
    }
    return _unpack_arrays(header, sections)


def _unpack_arrays(header: _Header, sections: Mapping[str, memoryview]) -> LevelProfile:
    fine, coarse = (header.n_frames,), (header.n_coarse,)
    channels = (header.n_channels, header.n_coarse)

    def read_levels(name: str, shape: tuple[int, ...], step_db: float) -> FloatArray:
        return _read_levels(unpack_steps(sections[name], shape), step_db)

    power = unpack_steps(sections["power"], fine)
    balance = unpack_numbers(sections["channel_power"], channels)
    balance += _expect_channels(power, header.coarse_factor)
    peak, true_peak = _unpack_peaks(sections, power)
    bend_peak, bend_mean = _unpack_bends(sections, header.n_frames)
    is_known = header.speech_version == SPEECH_VERSION
    speech = np.frombuffer(sections["speech"], "<f4").astype(np.float64) if is_known else None
    bands = read_levels("band_power", (len(BAND_EDGES_HZ), *coarse), BAND_STEP_DB)
    return LevelProfile(
        duration_s=header.duration_s,
        sr=header.sr,
        n_channels=header.n_channels,
        hop_s=header.hop_s,
        coarse_factor=header.coarse_factor,
        power=_read_levels(power, LEVEL_STEP_DB),
        peak=peak,
        true_peak=true_peak,
        k_power=_read_levels(_unpack_beside(sections["k_power"], power), LEVEL_STEP_DB),
        a_power=read_levels("a_power", coarse, LEVEL_STEP_DB),
        band_power=np.ascontiguousarray(bands.T),
        mean_spectrum=read_levels("mean_spectrum", (header.n_bins,), LEVEL_STEP_DB),
        channel_power=_read_levels(balance, CHANNEL_STEP_DB),
        channel_mean=_read_means(unpack_numbers(sections["channel_mean"], channels)),
        side_power=read_levels("side_power", coarse, CHANNEL_STEP_DB),
        n_clipped=unpack_counts(sections["n_clipped"]),
        n_clipped_runs=unpack_counts(sections["n_clipped_runs"]),
        n_silent=unpack_counts(sections["n_silent"]),
        bend_peak=bend_peak,
        bend_mean=bend_mean,
        coding_traces=header.coding_traces,
        speech_log_odds=speech,
    )


def _code_levels(power: npt.NDArray[np.float32], step_db: float) -> CodeArray:
    """Steps above the least level, the least one 1; 0 for what lies below."""
    level = np.float32(10.0) * np.log10(np.maximum(power, np.float32(1e-20)))
    steps = np.rint((level - np.float32(LEAST_LEVEL_DB)) * np.float32(1.0 / step_db))
    return _number(steps)


def _number(steps: npt.NDArray[Any]) -> CodeArray:
    """Codes of steps: the least step is 1, and 0 whatever lies below."""
    codes: CodeArray = np.maximum(steps + 1.0, 0.0).astype(np.int32)
    return codes


def _read_levels(codes: CodeArray, step_db: float) -> FloatArray:
    return _make_levels(step_db)[codes]


@functools.cache
def _make_levels(step_db: float) -> FloatArray:
    """The power of each code."""
    n = round((_LARGEST_LEVEL_DB - LEAST_LEVEL_DB) / step_db)
    levels = 10.0 ** ((LEAST_LEVEL_DB + step_db * np.arange(n)) / 10.0)
    return np.concatenate([[0.0], levels]).astype(np.float32)


def _expect_channels(power: CodeArray, factor: int) -> CodeArray:
    """Codes of the mean of all channels, per coarse frame: what each channel lies beside."""
    starts = np.arange(0, power.size, factor)
    if not starts.size:
        return np.zeros(0, np.int32)
    sums = np.add.reduceat(_read_levels(power, LEVEL_STEP_DB), starts)
    means = sums / np.diff(starts, append=power.size)
    return _code_levels(means.astype(np.float32), CHANNEL_STEP_DB)


def _pack_beside(levels: CodeArray, others: CodeArray) -> bytes:
    """Levels by their steps, by how they lie beside others, or by the steps of that: whatever is
    shortest, which differs from one kind of music to the next.
    """
    beside = levels - others
    ways = [np.diff(levels, prepend=np.int32(0)), beside, np.diff(beside, prepend=np.int32(0))]
    chosen = int(np.argmin([way.std() for way in ways])) if levels.size else 0
    return bytes([chosen]) + pack_numbers(ways[chosen])


def _unpack_beside(packed: memoryview, others: CodeArray) -> CodeArray:
    if packed[0] == 1:
        return unpack_numbers(packed[1:], others.shape) + others
    steps = unpack_steps(packed[1:], others.shape)
    return steps if packed[0] == 0 else steps + others


def _code_means(means: FloatArray) -> CodeArray:
    octaves = np.log2(np.float32(1.0) + np.abs(means) * np.float32(1.0 / LEAST_MEAN))
    steps = np.copysign(np.rint(octaves * np.float32(MEAN_STEPS_PER_OCTAVE)), means)
    return np.asarray(steps, dtype=np.int32)


def _read_means(codes: CodeArray) -> FloatArray:
    sizes = np.exp2(np.abs(codes) * np.float32(1.0 / MEAN_STEPS_PER_OCTAVE)) - 1.0
    means: FloatArray = (np.sign(codes) * sizes * LEAST_MEAN).astype(np.float32)
    return means


def _code_peaks(peak: FloatArray) -> CodeArray:
    """Steps below a peak, so that none read back is larger than the largest was."""
    level = np.float32(20.0) * np.log10(np.maximum(peak, np.float32(1e-20)))
    # A little below the step, or rounding would lift some above themselves.
    steps = np.floor((level - LEAST_LEVEL_DB) / PEAK_STEP_DB - np.float32(1e-3))
    return _number(steps)


def _expect_peaks(power: CodeArray) -> CodeArray:
    return np.asarray(power // round(PEAK_STEP_DB / LEVEL_STEP_DB), dtype=np.int32)


def _pack_largest(values: FloatArray) -> bytes:
    """The largest value of each block and its place there."""
    blocks = _block(values)
    places = blocks.argmax(axis=1)
    largest = blocks[np.arange(len(blocks)), places]
    told: bytes = places.astype(np.uint8).tobytes() + largest.astype("<f4").tobytes()
    return told


def _block(values: FloatArray) -> FloatArray:
    n_blocks = -(-values.size // BLOCK_FRAMES)
    padded = np.full(n_blocks * BLOCK_FRAMES, -1.0, np.float32)
    padded[: values.size] = values
    return padded.reshape(n_blocks, BLOCK_FRAMES)


def _unpack_peaks(
    sections: Mapping[str, memoryview], power: CodeArray
) -> tuple[FloatArray, FloatArray]:
    codes = unpack_numbers(sections["peak"], power.shape) + _expect_peaks(power)
    peak = np.sqrt(_read_levels(codes, PEAK_STEP_DB))
    n_blocks = -(-power.size // BLOCK_FRAMES)
    firsts = np.arange(n_blocks) * BLOCK_FRAMES
    part = 5 * n_blocks
    for kind, values in enumerate((peak, true_peak := peak.copy())):
        told = sections["largest"][kind * part : (kind + 1) * part]
        places = firsts + np.frombuffer(told[:n_blocks], np.uint8)
        values[places] = np.frombuffer(told[n_blocks:], "<f4")
    return peak, np.maximum(true_peak, peak)


def _code_bends(
    bend_peak: npt.NDArray[np.float16], bend_mean: npt.NDArray[np.float16]
) -> tuple[_BoolArray, CodeArray]:
    """Which frames lie near an impulse, and the codes of largest and mean bend there."""
    peak, mean = bend_peak.astype(np.float32), bend_mean.astype(np.float32)
    is_impulse = (peak > BEND_RATIO * np.maximum(mean, BEND_FLOOR)) & (peak > LEAST_IMPULSE)
    window = np.ones(2 * BEND_REACH + 1, np.int32)
    # Padded, as nothing at all cannot be convolved.
    is_near = np.convolve(np.pad(is_impulse, (0, 1)), window)[BEND_REACH:][: peak.size] > 0
    kept = np.array([peak[is_near], mean[is_near]])
    level = 20.0 * np.log10(np.maximum(kept, np.float32(1e-10)))
    steps = np.rint((level - LEAST_BEND_DB) / BEND_STEP_DB)
    return is_near, _number(steps) - _BEND_MIDDLE


def _unpack_bends(
    sections: Mapping[str, memoryview], n_frames: int
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]:
    flags = np.frombuffer(zlib.decompress(sections["is_near"]), np.uint8)
    is_near = np.unpackbits(flags, count=n_frames).astype(np.bool_)
    codes = unpack_numbers(sections["bends"], (2, int(is_near.sum()))) + _BEND_MIDDLE
    level = LEAST_BEND_DB + BEND_STEP_DB * (codes - 1.0)
    kept = np.where(codes > 0, 10.0 ** (level / 20.0), 0.0).astype(np.float16)
    bends = np.zeros((2, n_frames), np.float16)
    bends[:, is_near] = kept
    return bends[0], bends[1]
