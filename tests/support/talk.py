"""A voice made of numbers: syllables without a beat, vowels and hisses in turn, and pauses."""

import numpy as np

from wkmp_lab.signals import FloatArray

SR = 22050


def talk(seconds: float, *, seed: int = 0, longest_pause_s: float = 1.2) -> FloatArray:
    """Mono float32 samples at 22,050 Hz; the voice glides, so that it keeps to no scale."""
    rng = np.random.default_rng(seed)
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < seconds * SR:
        parts += [_say_syllable(rng) for _ in range(int(rng.integers(4, 14)))]
        parts.append(np.zeros(round(rng.uniform(0.25, longest_pause_s) * SR)))
    return np.concatenate(parts)[: round(seconds * SR)].astype(np.float32)


def _say_syllable(rng: np.random.Generator) -> np.ndarray:
    n = round(rng.uniform(0.07, 0.24) * SR)
    t = np.arange(n) / SR
    pitch_hz = rng.uniform(95, 180) * 2 ** (rng.uniform(-0.5, 0.3) * t / 0.2)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SR
    vowel = sum(np.sin(k * phase) / k for k in range(1, 14)) * np.hanning(n)
    n_hiss = round(rng.uniform(0.03, 0.1) * SR)
    hiss = np.diff(rng.standard_normal(n_hiss + 1)) * np.hanning(n_hiss)
    rest = np.zeros(round(rng.uniform(0.0, 0.06) * SR))
    return np.concatenate([rng.uniform(0.02, 0.1) * hiss, rng.uniform(0.05, 0.25) * vowel, rest])
