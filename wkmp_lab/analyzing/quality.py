"""Faults of a recording in numbers, from a level profile."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wkmp_lab.analyzing.origin import measure_origin
from wkmp_lab.signals import SILENT_STEP_S, FloatArray, LevelProfile

SILENT_POWER = 1e-10
"""Mean square (-100 dBFS) below which a channel counts as silent."""
MIN_SIDE_DB = -120.0

MIN_CLIPPED = 20
MAX_TRUE_PEAK_DBTP = 0.05
LOSSY_LOWPASS_HZ = 17_500.0
_OVER_DBFS = 0.01
MAX_OFFSET = 1e-3
MAX_IMBALANCE_DB = 3.0
SILENT_CHANNEL_DB = 40.0
MONO_SIDE_DB = -60.0
INVERTED_CORRELATION = -0.3
"""Of 176 songs one lies below; with one channel inverted 137 do."""
MAX_CLICKS_PER_MIN = 5.0

_AROUND_DROPOUT_DBFS = -50.0
_DROPOUT_S = (0.004, 0.21)
"""5 to 200 ms, and the coarse steps of the count."""
_CLICK_RATIO = 10.0 ** (10.0 / 20.0)
_MIN_CLICK_PEAK = 10.0 ** (-50.0 / 20.0)
_MIN_SILENT = 4
_BEND_RATIO = 40.0
"""Of an impulse to the mean bend of its own frame and of the next ones; drums, whose noise lasts
longer, stay below. Chosen on 190 songs: 14 are said to have more than 5 clicks a minute, as many
as without this rule (at 20: 27), and of 60 made clicks a minute 41 are found instead of 8.
Impulses of two samples reach 110 at 44.1 kHz, but 40 at 16 kHz, where they are not seen."""
_BEND_PERIOD_RATIO = 3.0
"""Of an impulse to others near: the edges of a low square wave come again and again."""
_MIN_BEND = 0.01
_BEND_FLOOR = 3e-4
_SPECTRUM_BAND_HZ = 250.0
_MIN_LOWPASS_HZ = 4000.0
_MIN_CLIFF_DB = 20.0
_MIN_ABOVE_HZ = 750.0
_MAX_NYQUIST_SHARE = 0.93


def _mean(values: FloatArray) -> float:
    return float(np.mean(values, dtype=np.float64))


def measure_quality(
    profile: LevelProfile, *, start_s: float = 0.0, end_s: float | None = None
) -> tuple[tuple[str, float], ...]:
    """(name, number) of each quality measure of a passage; what does not apply is left out.

    - ``n_clipped``, ``n_clipped_runs``: samples at full scale in runs of three or more, and these
      runs, over all channels.
    - ``crest_db``: sample peak over RMS level.
    - ``dc_offset``: median over frames of 50 ms of the mean of the channel that is farthest from
      0; full scale is 1.
    - ``n_dropouts``: digital silence of 5 to 200 ms in all channels, sound directly around it.
    - ``clicks_per_min``: impulses of a few samples, and those shorter than two frames (20 ms)
      whose peak lies 10 dB above their surroundings; what loud treble covers is not seen, so it
      is a lower bound.
    - ``channel_imbalance_db``: left over right (two channels only, as the next two).
    - ``side_db``: level of the difference of the channels relative to their sum, from -120 on.
    - ``correlation`` of the two channels, -1 to 1.
    - ``lowpass_hz``: where the spectrum of the *whole file* falls off a cliff of 20 dB or more;
      left out where there is none.
    - ``trace_mp3``, ``trace_aac``, ``trace_vorbis``, ``trace_opus``: how clearly the frames of
      such an encoder are seen in the *whole file*; ``lossy_probability``: that it went through one
      of them. Left out below 16 kHz.
    """
    frames = profile.find_frames(start_s=start_s, end_s=end_s)
    coarse = profile.find_coarse_frames(start_s=start_s, end_s=end_s)
    if frames.start == frames.stop or coarse.start == coarse.stop:
        return ()
    power, peak = profile.power[frames], profile.peak[frames]
    # Of frames, since the lopsided waves of loud notes have a mean of their own.
    offsets = np.median(profile.channel_mean[:, coarse], axis=1)
    measures = [
        ("n_clipped", float(profile.n_clipped[frames].sum())),
        ("n_clipped_runs", float(profile.n_clipped_runs[frames].sum())),
        ("dc_offset", float(offsets[np.abs(offsets).argmax()])),
        ("n_dropouts", float(_count_dropouts(profile.n_silent[frames], power))),
        ("clicks_per_min", _count_clicks(profile, frames) * 60.0 / (peak.size * profile.hop_s)),
    ]
    if power.any():
        measures.append(("crest_db", 10.0 * np.log10(float(peak.max()) ** 2 / _mean(power))))
    if profile.n_channels == 2:
        measures += _measure_stereo(
            _mean(profile.channel_power[0, coarse]),
            _mean(profile.channel_power[1, coarse]),
            _mean(profile.side_power[coarse]),
        )
    lowpass_hz = find_lowpass(profile)
    if lowpass_hz is not None:
        measures.append(("lowpass_hz", lowpass_hz))
    measures += measure_origin(profile.coding_traces)
    return tuple((name, float(value)) for name, value in measures)


def _measure_stereo(left: float, right: float, side: float) -> list[tuple[str, float]]:
    # |mid|^2 + |side|^2 = (left^2 + right^2) / 2, and left * right = |mid|^2 - |side|^2.
    middle = max(0.5 * (left + right) - side, 0.0)
    if max(left, right) < SILENT_POWER:
        return []
    floor = max(left, right) * 1e-12
    measures = [
        ("channel_imbalance_db", 10.0 * np.log10(max(left, floor) / max(right, floor))),
        ("side_db", max(10.0 * np.log10(max(side, floor) / max(middle, floor)), MIN_SIDE_DB)),
    ]
    if min(left, right) > floor:
        correlation = (middle - side) / np.sqrt(left * right)
        measures.append(("correlation", float(np.clip(correlation, -1.0, 1.0))))
    return measures


def _count_dropouts(n_silent: npt.NDArray[np.uint16], power: FloatArray) -> int:
    is_quiet = np.concatenate([[False], n_silent > 0, [False]])
    edges = np.flatnonzero(np.diff(is_quiet.astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    total = np.concatenate([[0], np.cumsum(n_silent, dtype=np.int64)])
    silent_s = (total[stops] - total[starts]) * SILENT_STEP_S
    is_inner = (starts > 0) & (stops < power.size)
    starts, stops, silent_s = starts[is_inner], stops[is_inner], silent_s[is_inner]
    around = np.minimum(power[starts - 1], power[np.minimum(stops, power.size - 1)])
    is_short = (silent_s >= _DROPOUT_S[0]) & (silent_s <= _DROPOUT_S[1])
    return int(np.count_nonzero(is_short & (around >= 10.0 ** (_AROUND_DROPOUT_DBFS / 10.0))))


def _count_clicks(profile: LevelProfile, frames: slice) -> int:
    is_click = find_clicks(profile, frames)
    # An impulse on the edge of two frames is one click.
    return int(np.count_nonzero(is_click[1:] & ~is_click[:-1]) + is_click[:1].sum())


def find_clicks(profile: LevelProfile, frames: slice) -> npt.NDArray[np.bool_]:
    """Which of the fine frames hold a click; see :func:`measure_quality`."""
    impulses = _find_impulses(
        profile.bend_peak[frames].astype(np.float32), profile.bend_mean[frames].astype(np.float32)
    )
    # The edges of a drop-out are sharp, and counted as such.
    impulses &= ~widen(profile.n_silent[frames] >= _MIN_SILENT)
    found: npt.NDArray[np.bool_] = _find_peaks(profile.peak[frames]) | impulses
    return found


def widen(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The flagged frames and those beside them.

    >>> widen(np.array([False, False, False, True])).tolist()
    [False, False, True, True]
    """
    padded = np.pad(flags, 1)
    wide: npt.NDArray[np.bool_] = padded[:-2] | padded[1:-1] | padded[2:]
    return wide


def _find_peaks(peak: FloatArray) -> npt.NDArray[np.bool_]:
    """Frames whose peak towers over the frames two and three away on both sides."""
    around = _largest_around(peak)
    found: npt.NDArray[np.bool_] = (peak > _CLICK_RATIO * around) & (peak > _MIN_CLICK_PEAK)
    return found


def _find_impulses(bend_peak: FloatArray, bend_mean: FloatArray) -> npt.NDArray[np.bool_]:
    """Frames with a bend that towers over the mean of all bends there and beside it."""
    sides = np.pad(bend_mean, 1)
    mean = np.maximum(np.maximum(sides[:-2], sides[2:]) + _BEND_FLOOR, bend_mean)
    is_lonely = bend_peak > _BEND_PERIOD_RATIO * _largest_around(bend_peak)
    found: npt.NDArray[np.bool_] = (
        (bend_peak > _BEND_RATIO * mean) & (bend_peak > _MIN_BEND) & is_lonely
    )
    return found


def _largest_around(values: FloatArray) -> FloatArray:
    """Largest of the frames two and three away on both sides; infinite near the ends."""
    around = np.full(values.size, np.inf, np.float32)
    if values.size > 6:
        sides = (values[:-6], values[1:-5], values[5:-1], values[6:])
        around[3:-3] = np.max(sides, axis=0)
    return around


def find_lowpass(profile: LevelProfile) -> float | None:
    """Frequency in Hz where the mean spectrum of the file falls by 20 dB within 750 Hz, for good.

    A lossy encoder cuts so steeply (16 kHz at 128 kbit/s, 19 to 20 kHz at 192 to 320); music and
    microphones do not. None where there is no cliff, or where it lies so close to the Nyquist
    frequency that any converter makes it.
    """
    n_band = max(round(_SPECTRUM_BAND_HZ / profile.bin_hz), 1)
    spectrum = profile.mean_spectrum[: profile.mean_spectrum.size // n_band * n_band]
    if not spectrum.any():
        return None
    levels = 10.0 * np.log10(spectrum.reshape(-1, n_band).mean(axis=1) + 1e-16)
    band_hz = n_band * profile.bin_hz
    n_above = max(round(_MIN_ABOVE_HZ / band_hz), 2)
    # Highest level of all that follows two bands on: a cliff is for good.
    ceiling = np.maximum.accumulate(levels[::-1])[::-1]
    drops = levels[:-n_above] - ceiling[n_above:]
    drops[: round(_MIN_LOWPASS_HZ / band_hz)] = 0.0
    if not drops.size or drops.max() < _MIN_CLIFF_DB:
        return None
    edge = int(drops.argmax())
    # The band that falls most between its neighbours holds the edge itself.
    steepest = edge + int(np.argmin(np.diff(levels[edge : edge + n_above + 1])))
    lowpass_hz = (steepest + 1) * band_hz
    return lowpass_hz if lowpass_hz < _MAX_NYQUIST_SHARE * 0.5 * profile.sr else None


class Fault(NamedTuple):
    """A fault of a recording: in a word, and in a sentence with its number."""

    verdict: str
    sentence: str


def find_faults(measures: Mapping[str, float]) -> tuple[Fault, ...]:
    """Each measure that is a fault, in words; names may be missing.

    A handful of clipped samples and a low-pass over 17.5 kHz are no faults: almost every file
    that came from a lossy encoder has them.
    """
    return _find_sample_faults(measures) + _find_channel_faults(measures)


def _count(number: float, noun: str) -> str:
    return f"{number:.0f} {noun}{'s' * (number != 1)}"


def _find_sample_faults(measures: Mapping[str, float]) -> tuple[Fault, ...]:
    faults = []
    if (n_clipped := measures.get("n_clipped", 0.0)) >= MIN_CLIPPED:
        runs = _count(measures["n_clipped_runs"], "run")
        # Behind a lossy decoder the waves are whole again, and clip where they are played.
        is_over = measures.get("peak_dbfs", 0.0) > _OVER_DBFS
        kind = "over full scale" if is_over else "clipped"
        faults.append(Fault(kind, f"{kind}: {_count(n_clipped, 'sample')} in {runs}"))
    if (true_peak := measures.get("true_peak_dbtp", 0.0)) > MAX_TRUE_PEAK_DBTP:
        words = f"true peak {true_peak:+.1f} dBTP: may clip when played or encoded"
        faults.append(Fault("may clip", words))
    if abs(offset := measures.get("dc_offset", 0.0)) > MAX_OFFSET:
        faults.append(Fault("DC offset", f"DC offset of {100 * offset:+.2f} % of full scale"))
    if n_dropouts := measures.get("n_dropouts"):
        faults.append(Fault("drop-outs", _count(n_dropouts, "drop-out")))
    if (clicks := measures.get("clicks_per_min", 0.0)) > MAX_CLICKS_PER_MIN:
        faults.append(Fault("clicks", f"{clicks:.0f} clicks per minute"))
    if (lowpass_hz := measures.get("lowpass_hz", np.inf)) < LOSSY_LOWPASS_HZ:
        cause = "probably coded at 128 kbit/s or less, or at a lower rate, once at least"
        faults.append(Fault("was lossy", f"low-pass at {lowpass_hz / 1000:.1f} kHz: {cause}"))
    return tuple(faults)


def _find_channel_faults(measures: Mapping[str, float]) -> tuple[Fault, ...]:
    faults = []
    imbalance_db = measures.get("channel_imbalance_db", 0.0)
    loud, quiet = ("left", "right") if imbalance_db > 0 else ("right", "left")
    if abs(imbalance_db) > SILENT_CHANNEL_DB:
        words = f"{quiet} channel silent, {abs(imbalance_db):.0f} dB below the {loud}"
        faults.append(Fault("one channel", words))
    elif abs(imbalance_db) > MAX_IMBALANCE_DB:
        words = f"{loud} channel {abs(imbalance_db):.1f} dB louder than the {quiet}"
        faults.append(Fault("one-sided", words))
    if (side_db := measures.get("side_db", 0.0)) < MONO_SIDE_DB:
        faults.append(Fault("mono", f"mono stored as stereo (side {side_db:.0f} dB re mid)"))
    if (correlation := measures.get("correlation", 0.0)) < INVERTED_CORRELATION:
        words = f"channels of opposite polarity (correlation {correlation:.2f})"
        faults.append(Fault("inverted", words))
    return tuple(faults)
