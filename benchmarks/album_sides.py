"""Album sides made of songs: joins at known places, under the noise of a medium."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.signals import FloatArray

SR = 44_100
GAIN = 0.7
LEAD_S = 1.0
TRIM = 1e-3
"""-60 dBFS: what lies below at the ends of a song is not the song's."""
LONGEST_S = 150.0
"""Longer songs keep their first and last half of this on a side, to bound the time of a run."""
FADE_OVER_S = 4.0
TILE_S = 30.0

Song = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Condition:
    """How the songs of a side meet; ``gap_s`` is None where they overlap or touch."""

    name: str
    noise: str
    gap_s: float | None


CONDITIONS = (
    Condition("digital 2 s", "digital", 2.0),
    Condition("dither 1 s", "dither", 1.0),
    Condition("vinyl -58", "vinyl", 2.0),
    Condition("worn -46", "worn", 2.0),
    Condition("cassette -50", "cassette", 2.0),
    Condition("butt-joined", "digital", None),
    Condition("gapless", "digital", None),
    Condition("cross-faded", "digital", None),
)
NOISES = ("digital", "dither", "vinyl", "worn", "cassette")
NOISE_DBFS = {"vinyl": -58.0, "worn": -46.0, "cassette": -50.0}
CLICKS_PER_S = {"vinyl": 3.0, "worn": 10.0}


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Mono samples, and where its songs join: start and end in seconds of what lies between."""

    samples: FloatArray
    joins_s: tuple[tuple[float, float], ...]

    @property
    def durations_s(self) -> tuple[float, ...]:
        """Lengths of the pieces, from the middle of a join to that of the next."""
        edges = [0.0, *((a + b) / 2 for a, b in self.joins_s), len(self.samples) / SR]
        return tuple(float(length) for length in np.diff(edges))


def read_songs(folder: Path) -> dict[str, Song]:
    """Every song of a folder of at least 30 s, mono, without its silent ends, by path."""
    songs = {}
    for source in scan_folder(str(folder)).files:
        try:
            signal = read_signal(source.path)
        except DecodeError:
            continue
        mono = np.asarray(soxr.resample(signal.samples.mean(axis=0), signal.sr, SR))
        sounding = np.flatnonzero(np.abs(mono) > TRIM)
        if sounding.size and sounding[-1] - sounding[0] >= 30 * SR:
            kept = np.clip(mono[sounding[0] : sounding[-1] + 1], -1.0, 1.0)
            songs[source.path] = np.round(kept * 32767).astype(np.int16)
    return songs


def make_side(songs: Sequence[Song], condition: Condition, *, rng: np.random.Generator) -> Side:
    """One side: the songs in order, joined and noisy as the condition says."""
    pieces = [_shorten(_as_float(song)) for song in songs]
    if condition.name in ("gapless", "cross-faded"):
        pieces = [_without_fades(piece) for piece in pieces]
    steps = [_draw_step(condition, rng) for _ in pieces[1:]]
    starts = [round(LEAD_S * SR)]
    for piece, step in zip(pieces, steps, strict=False):
        starts.append(starts[-1] + len(piece) + step)
    samples = np.zeros(starts[-1] + len(pieces[-1]) + round(LEAD_S * SR), np.float32)
    for i, (start, piece) in enumerate(zip(starts, pieces, strict=True)):
        before = max(-steps[i - 1], 0) if i else 0
        after = max(-steps[i], 0) if i < len(steps) else 0
        samples[start : start + len(piece)] += _faded(piece, before, after)
    joins = [
        tuple(sorted((start - step, start))) for start, step in zip(starts[1:], steps, strict=True)
    ]
    samples += make_noise(condition.noise, len(samples), rng=rng)
    return Side(samples, tuple((a / SR, b / SR) for a, b in joins))


def make_single(song: Song, noise: str, *, rng: np.random.Generator) -> FloatArray:
    """One whole song under the noise of a medium: nothing in it is a boundary."""
    return _as_float(song) + make_noise(noise, len(song), rng=rng)


def make_noise(kind: str, n_samples: int, *, rng: np.random.Generator) -> FloatArray:
    """What a medium adds: nothing, triangular dither, hiss, or hiss with rumble and clicks."""
    if kind == "digital":
        return np.zeros(n_samples, np.float32)
    n_tile = round(TILE_S * SR)
    if kind == "dither":
        tile = (rng.random(n_tile) - rng.random(n_tile)) / 32768
    else:
        tile = _shape_hiss(rng.standard_normal(n_tile), kind)
    noise = np.resize(tile.astype(np.float32), n_samples)
    n_clicks = round(CLICKS_PER_S.get(kind, 0.0) * n_samples / SR)
    for at in rng.integers(0, max(n_samples - 100, 1), n_clicks):
        length = int(rng.integers(8, 80))
        click = rng.standard_normal(length) * np.exp(-4.0 * np.arange(length) / length)
        noise[at : at + length] += (10 ** (rng.uniform(-38, -14) / 20) * click)[: n_samples - at]
    return noise


def _shape_hiss(white: npt.NDArray[np.float64], kind: str) -> npt.NDArray[np.float64]:
    """Hiss of an RMS level of NOISE_DBFS: falling and with rumble at 25 Hz, or of a cassette."""
    hz = np.fft.rfftfreq(white.size, 1 / SR)
    if kind == "cassette":
        gain = np.minimum(1.0, hz / 800 + 0.1)
    else:
        gain = 1 / np.sqrt(1 + (hz / 1500) ** 2) + 6 * np.exp(-(((hz - 25) / 15) ** 2))
    hiss = np.fft.irfft(np.fft.rfft(white) * gain, white.size)
    shaped: npt.NDArray[np.float64] = hiss * 10 ** (NOISE_DBFS[kind] / 20) / np.std(hiss)
    return shaped


def _as_float(song: Song) -> FloatArray:
    return song.astype(np.float32) * np.float32(GAIN / 32767)


def _shorten(song: FloatArray) -> FloatArray:
    n_half, n_fade = round(LONGEST_S / 2 * SR), SR
    if len(song) <= 2 * n_half:
        return song
    head, tail = song[:n_half].copy(), song[-n_half:].copy()
    ramp = np.linspace(0, 1, n_fade, dtype=np.float32)
    tail[:n_fade] = head[-n_fade:] * (1 - ramp) + tail[:n_fade] * ramp
    return np.concatenate([head[:-n_fade], tail])


def _without_fades(song: FloatArray) -> FloatArray:
    """From the first to the last 0.4 s within 10 dB of the song's level, cut hard."""
    n = round(0.4 * SR)
    power = np.square(song[: len(song) // n * n]).reshape(-1, n).mean(axis=1)
    loud = np.flatnonzero(power > 0.1 * power.mean())
    return song[loud[0] * n : (loud[-1] + 1) * n]


def _draw_step(condition: Condition, rng: np.random.Generator) -> int:
    """Samples from the end of a song to the start of the next; negative where they overlap."""
    if condition.gap_s is not None:
        return round((condition.gap_s + rng.uniform(-0.3, 0.5)) * SR)
    return {"butt-joined": 0, "gapless": 0}.get(condition.name, -round(FADE_OVER_S * SR))


def _faded(piece: FloatArray, n_in: int, n_out: int) -> FloatArray:
    """The piece with equal-power fades over its ends."""
    faded = piece.copy()
    if n_in:
        faded[:n_in] *= np.sin(np.linspace(0, np.pi / 2, n_in, dtype=np.float32))
    if n_out:
        faded[-n_out:] *= np.cos(np.linspace(0, np.pi / 2, n_out, dtype=np.float32))
    return faded
