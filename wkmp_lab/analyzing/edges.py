"""Where sound begins and ends in a passage, and how it ends."""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wkmp_lab.model import EndType

_DoubleArray = npt.NDArray[np.float64]

FAINT_LU = -60.0
"""What lies so far below the loudness of its passage is never sound, within ``FAINT_DBFS``."""
FAINT_DBFS = (-90.0, -60.0)
NOISE_MARGIN_DB = 6.0
MAX_SOUND_DBFS, MAX_SOUND_LU = -44.0, -22.0
"""What lies above either is always sound: a quiet, steady intro is not taken for a noise floor."""
DIGITAL_DBFS = -100.0
"""What lies below is no noise: the floor of a noisy lead-in is not that of the padding before."""

MUSIC_LU = -34.0
"""Music begins where 400 ms come this close to the integrated loudness (Liquidsoap's cue-in)."""

_NOISE_SEARCH_S = 10.0
_NOISE_WINDOW_S = 0.25
_LOUDNESS_WINDOW_S = 0.4
_DENSITY_FRAMES = 10
_MIN_DENSE_FRAMES = 5
_TICK_S, _TICKS_APART_S, _TICK_LU = 0.25, 0.5, -10.0
_MIN_TICKS = 3
"""Of a locked groove: once in 0.77 s (78 rpm) to 1.8 s, each no longer and no louder than this."""

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


def _find_threshold(power: _DoubleArray, hop_s: float, loudness_lufs: float | None) -> float:
    """Level in dBFS that parts sound from the noise at the start of ``power``."""
    loudness = FAINT_DBFS[0] if loudness_lufs is None else loudness_lufs
    least = float(np.clip(loudness + FAINT_LU, *FAINT_DBFS))
    n_window = max(round(_NOISE_WINDOW_S / hop_s), 1)
    head = power[: max(round(_NOISE_SEARCH_S / hop_s), n_window)]
    if head.size < n_window:
        return least
    windows = head[: head.size // n_window * n_window].reshape(-1, n_window)
    # The median of each window leaves clicks out of the floor.
    levels = 10.0 * np.log10(np.maximum(np.median(windows, axis=1), 1e-20))
    floor_dbfs = float(levels[levels > DIGITAL_DBFS].min(initial=0.0))
    most = max(min(MAX_SOUND_DBFS, loudness + MAX_SOUND_LU), least)
    return float(np.clip(floor_dbfs + NOISE_MARGIN_DB, least, most)) if floor_dbfs < 0 else least


def _find_events(power: _DoubleArray, threshold_dbfs: float) -> npt.NDArray[np.int64]:
    """Stretches ``[first, stop)`` of frames over the threshold that have company, a row each."""
    is_loud = power >= 10.0 ** (threshold_dbfs / 10.0)
    if not is_loud.any():
        return np.empty((0, 2), np.int64)
    # counts[k] is the number of loud frames among the ten that end at k.
    counts = np.convolve(is_loud, np.ones(_DENSITY_FRAMES), "full")
    is_covered = np.convolve(counts >= _MIN_DENSE_FRAMES, np.ones(_DENSITY_FRAMES), "full") > 0.5
    is_event = is_loud & is_covered[_DENSITY_FRAMES - 1 :][: power.size]
    loud = np.flatnonzero(is_event)
    if not loud.size:
        return np.empty((0, 2), np.int64)
    breaks = np.flatnonzero(np.diff(loud) > _DENSITY_FRAMES)
    firsts = loud[np.concatenate([[0], breaks + 1])]
    stops = loud[np.concatenate([breaks, [loud.size - 1]])] + 1
    return np.stack([firsts, stops], axis=1)


def _count_ticks(
    events: npt.NDArray[np.int64], power: _DoubleArray, hop_s: float, loudness_lufs: float | None
) -> int:
    """How many of the first events are the ticks of a groove: short, soft and far between.

    Fewer than ``_MIN_TICKS`` are none: music may begin, and end, with a few soft notes.
    """
    if loudness_lufs is None:
        return 0
    n_longest, n_apart = round(_TICK_S / hop_s), round(_TICKS_APART_S / hop_s)
    most = n_longest * 10.0 ** ((loudness_lufs + _TICK_LU) / 10.0)
    n_ticks = 0
    for (first, stop), (following, _) in itertools.pairwise(events):
        is_short = stop - first <= n_longest and following - stop >= n_apart
        if not is_short or power[first:stop].sum() > most:
            break
        n_ticks += 1
    return n_ticks if n_ticks >= _MIN_TICKS else 0


def find_sound(
    power: npt.ArrayLike, *, hop_s: float, loudness_lufs: float | None = None
) -> SoundSpan:
    """First and last sounding frame of a passage, from the mean squares of its 10 ms frames.

    Sound is what exceeds the steadiest quiet quarter of a second within 10 s of that end by 6 dB
    (up to 22 LU below the passage and -44 dBFS), and lies no more than 60 LU below the passage, in
    five of ten frames: a click of up to 30 ms touches four at most, and is not sound when silence
    surrounds it. Neither are the ticks of a run-out groove: a row of short, soft strokes that
    stand alone.

    Parameters
    ----------
    power
        Mean squares, shape ``(n_frames,)``.
    hop_s
        Length of a frame.
    loudness_lufs
        Integrated loudness of the passage; None where it is too quiet or short to have one.
    """
    values = np.asarray(power, dtype=np.float64)

    def find(side: _DoubleArray) -> tuple[int, float]:
        threshold_dbfs = _find_threshold(side, hop_s, loudness_lufs)
        events = _find_events(side, threshold_dbfs)
        n_ticks = _count_ticks(events, side, hop_s, loudness_lufs)
        return int(events[n_ticks][0]) if len(events) else side.size, threshold_dbfs

    first, head = find(values)
    from_end, tail = find(values[::-1])
    stop = values.size - from_end
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
