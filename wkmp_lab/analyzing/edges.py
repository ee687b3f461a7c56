"""Where sound begins and ends in a passage, and how it ends."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wkmp_lab.model import EndType

_DoubleArray = npt.NDArray[np.float64]

SOUND_DBFS = -60.0
"""What lies below is never sound (the floor that Mixxx uses)."""
NOISE_MARGIN_DB = 6.0
MAX_SOUND_DBFS = -44.0
"""What lies above is always sound: a quiet, steady intro is not taken for a noise floor."""

MUSIC_LU = -34.0
"""Music begins where 400 ms come this close to the integrated loudness (Liquidsoap's cue-in)."""

_NOISE_SEARCH_S = 10.0
_NOISE_WINDOW_S = 0.25
_LOUDNESS_WINDOW_S = 0.4
_DENSITY_FRAMES = 10
_MIN_DENSE_FRAMES = 5

HARD_END_S = 1.0
LONG_TAIL_S = 15.0
BODY_LU = -8.0
_ATTACK_S = 0.05
_ATTACK_DB = 3.0
_MIN_ATTACKS_DB_PER_S = 3.0
_FADE_SHARE = 0.42
_END_SHARE = 0.1
"""Of a tail, at either end: play may reach into it, and a decay may be cut off at last."""


@dataclass(frozen=True, slots=True)
class SoundSpan:
    """Frames ``first`` to ``stop`` (not included) sound; empty where nothing does."""

    first: int
    stop: int
    head_threshold_dbfs: float
    tail_threshold_dbfs: float

    @property
    def is_empty(self) -> bool:
        return self.first >= self.stop


def _find_threshold(power: _DoubleArray, hop_s: float) -> float:
    """Level in dBFS that parts sound from the noise at the start of ``power``."""
    n_window = max(round(_NOISE_WINDOW_S / hop_s), 1)
    head = power[: max(round(_NOISE_SEARCH_S / hop_s), n_window)]
    if head.size < n_window:
        return SOUND_DBFS
    windows = head[: head.size // n_window * n_window].reshape(-1, n_window)
    # The median of each window leaves clicks out of the floor.
    floor_dbfs = 10.0 * np.log10(max(float(np.median(windows, axis=1).min()), 1e-20))
    return float(np.clip(floor_dbfs + NOISE_MARGIN_DB, SOUND_DBFS, MAX_SOUND_DBFS))


def _find_first(power: _DoubleArray, threshold_dbfs: float) -> int:
    """First frame over the threshold that has company; ``power.size`` where there is none."""
    is_loud = power >= 10.0 ** (threshold_dbfs / 10.0)
    # counts[k] is the number of loud frames among the ten that end at k.
    counts = np.convolve(is_loud, np.ones(_DENSITY_FRAMES), "full") if is_loud.size else is_loud
    dense = np.flatnonzero(counts >= _MIN_DENSE_FRAMES)
    if not dense.size:
        return int(power.size)
    start = max(int(dense[0]) - _DENSITY_FRAMES + 1, 0)
    return start + int(np.argmax(is_loud[start:]))


def find_sound(power: npt.ArrayLike, *, hop_s: float) -> SoundSpan:
    """First and last sounding frame of a passage, from the mean squares of its 10 ms frames.

    Sound is what exceeds -60 dBFS, or the steadiest quiet quarter of a second within 10 s of that
    end by 6 dB (up to -44 dBFS), in five of ten frames: a click of up to 30 ms touches four at
    most, and is not sound when silence surrounds it.
    """
    values = np.asarray(power, dtype=np.float64)
    head = _find_threshold(values, hop_s)
    tail = _find_threshold(values[::-1], hop_s)
    first = _find_first(values, head)
    stop = values.size - _find_first(values[::-1], tail)
    if first >= stop:
        first = stop = 0
    return SoundSpan(first, stop, head_threshold_dbfs=head, tail_threshold_dbfs=tail)


def find_music(
    k_power: npt.ArrayLike, *, hop_s: float, integrated_power: float, sound: SoundSpan
) -> int | None:
    """First sounding frame where the last 400 ms come within 34 LU of the integrated loudness.

    Unlike the first sound it leaves out noise, applause from afar and the like; None where the
    sound never comes so close.
    """
    power = np.asarray(k_power, dtype=np.float64)[sound.first : sound.stop]
    n_window = max(round(_LOUDNESS_WINDOW_S / hop_s), 1)
    target = integrated_power * 10.0 ** (MUSIC_LU / 10.0)
    total = np.concatenate([np.zeros(n_window), np.cumsum(power)])
    reached = np.flatnonzero((total[n_window:] - total[:-n_window]) / n_window >= target)
    return sound.first + max(int(reached[0]) - 1, 0) if reached.size else None


def find_end_type(k_power: npt.ArrayLike, *, hop_s: float, integrated_power: float) -> EndType:
    """How a passage ends, from the K-weighted powers of its frames up to the last sound.

    The tail is what follows the last 400 ms within 8 LU of the integrated loudness.

    - ``hard``: it lasts under 1 s.
    - ``long_tail``: it lasts over 15 s (a quiet outro), or the music is over and its sound dies
      away by itself: no attacks, and at least as fast at first as later, like every free decay.
    - ``fade``: the music goes on while its level goes down: attacks, or a decline that gets
      steeper in dB, as under a linear or cosine gain.

    A held sound under a fade that is straight in dB cannot be told from a decay by its level;
    it counts as ``long_tail``. ``benchmarks/endings.py`` says how often each ending is known.
    """
    power = np.asarray(k_power, dtype=np.float64)
    n_window = max(round(_LOUDNESS_WINDOW_S / hop_s), 1)
    smooth = np.convolve(power, np.full(n_window, 1.0 / n_window), "valid")
    in_body = np.flatnonzero(smooth >= integrated_power * 10.0 ** (BODY_LU / 10.0))
    tail = smooth[in_body[-1] :] if in_body.size else smooth
    tail_s = tail.size * hop_s
    if tail_s < HARD_END_S:
        return "hard"
    if tail_s > LONG_TAIL_S:
        return "long_tail"
    n_end = round(_END_SHARE * tail.size)
    levels = 10.0 * np.log10(np.maximum(tail[: tail.size - n_end], 1e-12))
    fall_db = max(float(levels[0] - levels.min()), 1e-3)
    early_share = float(levels[0] - levels[levels.size // 2]) / fall_db
    attacks = _measure_attacks(power[power.size - tail.size + n_end :], hop_s)
    is_fade = attacks >= _MIN_ATTACKS_DB_PER_S or early_share < _FADE_SHARE
    return "fade" if is_fade else "long_tail"


def _measure_attacks(power: _DoubleArray, hop_s: float) -> float:
    """How many dB a second the level goes up by leaps; slow beats of a ringing chord are none."""
    n = max(round(_ATTACK_S / hop_s), 1)
    level = 10.0 * np.log10(np.maximum(power[: power.size // n * n].reshape(-1, n).mean(1), 1e-12))
    steps = np.diff(level)
    return float(steps[steps >= _ATTACK_DB].sum() / (max(power.size, 1) * hop_s))
