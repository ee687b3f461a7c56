"""Whole sides out of pieces, the wear of a record, and damage; arrays in, arrays out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from score import Signal

Interval = tuple[float, float]
FRAME_S = 0.01


@dataclass(frozen=True, slots=True)
class Side:
    """Pieces in a row, and where each of them is to be heard, in seconds."""

    samples: Signal
    pieces: tuple[Interval, ...]


def measure_frames_dbfs(samples: Signal, *, sr: int) -> npt.NDArray[np.float64]:
    """RMS level of each whole 10 ms over all channels, shape ``(n_frames,)``."""
    edges = np.arange(0, samples.shape[1] + 1, FRAME_S * sr).round().astype(int)
    energy = np.concatenate(([0.0], np.cumsum(np.mean(np.square(samples, dtype=float), axis=0))))
    power = np.diff(energy[edges]) / np.diff(edges)
    return 10 * np.log10(np.maximum(power, 1e-24))


def measure_extent(samples: Signal, *, sr: int, quiet_dbfs: float) -> Interval:
    """First and last moment, in seconds, whose 10 ms are louder than `quiet_dbfs` (RMS)."""
    heard = np.flatnonzero(measure_frames_dbfs(samples, sr=sr) > quiet_dbfs)
    if not len(heard):
        return 0.0, 0.0
    return float(heard[0] * FRAME_S), float((heard[-1] + 1) * FRAME_S)


def trim_piece(samples: Signal, *, sr: int, quiet_dbfs: float) -> Signal:
    """The audible part alone, ending in a 50 ms fade."""
    start_s, end_s = measure_extent(samples, sr=sr, quiet_dbfs=quiet_dbfs)
    kept = samples[:, round(start_s * sr) : round(end_s * sr)].copy()
    n_fade = round(0.05 * sr)
    kept[:, -n_fade:] *= np.linspace(1, 0, n_fade, dtype=np.float32)
    return kept


def join_side(
    pieces: list[Signal], *, gaps_s: tuple[float, ...], lead_s: Interval, sr: int
) -> Side:
    """Pieces with silence between them, before the first and after the last."""
    pauses = [lead_s[0], *gaps_s, lead_s[1]]
    parts, places, now = [], [], 0
    for pause_s, piece in zip(pauses, [*pieces, None], strict=True):
        silence = np.zeros((2, round(pause_s * sr)), np.float32)
        parts.append(silence)
        now += silence.shape[1]
        if piece is not None:
            parts.append(piece)
            places.append((now / sr, (now + piece.shape[1]) / sr))
            now += piece.shape[1]
    return Side(np.concatenate(parts, axis=1), tuple(places))


def dither(samples: Signal, *, seed: int) -> Signal:
    """With the triangular noise of a 16-bit master (two steps peak to peak)."""
    rng = np.random.default_rng(seed)
    noise = rng.random(samples.shape) - rng.random(samples.shape)
    return (samples + noise / 32_768).astype(np.float32)


def wear_record(samples: Signal, *, sr: int, noise_dbfs: float, seed: int) -> Signal:
    """As heard from a used record: noise, rumble, clicks, crackle in the lead-in groove."""
    rng = np.random.default_rng(seed)
    n = samples.shape[1]
    surface = np.stack([_shaped_noise(rng, n, sr=sr, low_hz=60, high_hz=9_000) for _ in range(2)])
    rumble = _shaped_noise(rng, n, sr=sr, low_hz=12, high_hz=45)
    worn = 0.85 * samples + _to_level(surface, noise_dbfs) + _to_level(rumble, noise_dbfs - 2)
    _add_clicks(rng, worn, sr=sr, per_s=1.2, until_s=n / sr, loudest_dbfs=-16)
    _add_clicks(rng, worn, sr=sr, per_s=14, until_s=2.0, loudest_dbfs=-26)
    return worn.astype(np.float32)


def _shaped_noise(rng: Generator, n: int, *, sr: int, low_hz: float, high_hz: float) -> Signal:
    """Noise that falls by 3 dB an octave between two corners."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hz = np.maximum(np.fft.rfftfreq(n, 1 / sr), 1.0)
    gain = hz**-0.5 / np.sqrt(1 + (low_hz / hz) ** 8) / np.sqrt(1 + (hz / high_hz) ** 4)
    return np.fft.irfft(spectrum * gain, n)


def _to_level(noise: Signal, dbfs: float) -> Signal:
    return noise * (10 ** (dbfs / 20) / np.sqrt(np.mean(np.square(noise))))


def _add_clicks(
    rng: Generator, samples: Signal, *, sr: int, per_s: float, until_s: float, loudest_dbfs: float
) -> None:
    """Damped bursts of 0.2 to 1.5 ms at random moments, most of them small; added in place."""
    for _ in range(rng.poisson(per_s * until_s)):
        start = int(rng.uniform(0, until_s) * sr)
        length = min(int(rng.uniform(0.0002, 0.0015) * sr), samples.shape[1] - start)
        peak = 10 ** ((loudest_dbfs - rng.exponential(9)) / 20)
        burst = (
            peak * rng.standard_normal(length) * np.exp(-4 * np.arange(length) / max(length, 1))
        )
        samples[:, start : start + length] += burst * rng.uniform(0.4, 1, (2, 1))


def damage_stream(stored: bytes, *, seed: int) -> bytes:
    """A copy that broke off at 60 %, with 1.5 kB of garbage a third of the way in."""
    rng = np.random.default_rng(seed)
    broken = bytearray(stored[: int(0.6 * len(stored)) + 101])
    start = len(stored) // 3
    broken[start : start + 1_500] = rng.bytes(1_500)
    return bytes(broken)
