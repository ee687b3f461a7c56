"""Lead points: how long a passage takes to reach its level, and to leave it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wkmp_lab.settings import LeadPreset

_DoubleArray = npt.NDArray[np.float64]

LOUDNESS_WINDOW_S = 0.4
LEAD_LU = -8.0
"""A lead ends where the loudness comes this close to that of the passage (as in cue_file)."""
LONG_LEAD_S = 15.0
LONG_LEAD_EXTRA_LU = -15.0
"""A lead beyond ``LONG_LEAD_S`` is a quiet part of the piece: look again, this much lower."""


@dataclass(frozen=True, slots=True)
class LeadRule:
    """How lead points are found in the A-weighted level (WKMP SPEC025)."""

    window_s: float
    """Length of the RMS windows."""
    threshold_db: float
    """The lead ends where a window first comes this close to the loudest one."""
    quick_within_s: float
    """A window of ``quick_db`` before this time is a quick ramp: no lead."""
    max_lead_s: float
    quick_db: float = -5.0


LEAD_PRESETS: dict[LeadPreset, LeadRule] = {
    "default": LeadRule(window_s=0.1, threshold_db=-12.0, quick_within_s=1.0, max_lead_s=5.0),
    "classical": LeadRule(window_s=0.2, threshold_db=-15.0, quick_within_s=2.0, max_lead_s=5.0),
    "rock_pop": LeadRule(window_s=0.05, threshold_db=-8.0, quick_within_s=0.5, max_lead_s=2.0),
    "electronic": LeadRule(window_s=0.25, threshold_db=-18.0, quick_within_s=3.0, max_lead_s=8.0),
}
"""The presets of SPEC025, one per kind of music."""


@dataclass(frozen=True, slots=True)
class Leads:
    """Lengths of lead-in and lead-out."""

    lead_in_s: float
    lead_out_s: float


def damp_clicks(
    power: npt.ArrayLike, is_click: npt.NDArray[np.bool_], *, reach: int
) -> _DoubleArray:
    """Powers of frames, those of clicks no louder than what lies ``reach`` frames around them.

    One click of a record would else end the lead: it is louder than the music.

    >>> damp_clicks([1.0, 1.0, 9.0, 2.0], np.array([False, False, True, False]), reach=1).tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    values = np.asarray(power, dtype=np.float64)
    padded = np.pad(values, reach)
    around = np.maximum(padded[: -2 * reach], padded[2 * reach :])
    return np.where(is_click, np.minimum(values, around), values)


def compute_envelope(a_power: npt.ArrayLike, *, n_window: int) -> _DoubleArray:
    """A-weighted RMS of successive windows of ``n_window`` frames; the last may be shorter."""
    power = np.asarray(a_power, dtype=np.float64)
    starts = np.arange(0, power.size, n_window)
    if not starts.size:
        return np.empty(0)
    lengths = np.diff(starts, append=power.size)
    return np.sqrt(np.add.reduceat(power, starts) / lengths)


def _measure_lead(envelope: _DoubleArray, window_s: float, rule: LeadRule) -> float:
    """Length of the lead at the start of an envelope that is not silent."""
    relative = envelope / envelope.max()
    quick_s = float(np.argmax(relative >= 10.0 ** (rule.quick_db / 20.0))) * window_s
    if quick_s < rule.quick_within_s:
        return 0.0
    lead_s = float(np.argmax(relative >= 10.0 ** (rule.threshold_db / 20.0))) * window_s
    return min(lead_s, rule.max_lead_s)


def measure_leads(a_power: npt.ArrayLike, *, hop_s: float, rule: LeadRule) -> Leads:
    """Leads by the rule of WKMP (SPEC025), from A-weighted powers of frames of ``hop_s``.

    The envelope is compared with its own largest window: a passage that is at its level within
    ``quick_within_s`` has no lead, else the lead ends at the first window over the threshold.
    The lead-out is the lead-in of the reversed passage. A constant level gives 0 and 0, and so
    does silence. The windows of both start at the passage's own ends.

    >>> rule = LeadRule(window_s=0.1, threshold_db=-12.0, quick_within_s=1.0, max_lead_s=5.0)
    >>> rising = [1e-4] * 40 + [1.0] * 40
    >>> measure_leads(rising, hop_s=0.05, rule=rule)
    Leads(lead_in_s=2.0, lead_out_s=0.0)
    """
    power = np.asarray(a_power, dtype=np.float64)
    if not power.size or power.max() <= 0.0:
        return Leads(lead_in_s=0.0, lead_out_s=0.0)
    n_window = max(round(rule.window_s / hop_s), 1)
    head, tail = (compute_envelope(side, n_window=n_window) for side in (power, power[::-1]))
    return Leads(
        lead_in_s=_measure_lead(head, n_window * hop_s, rule),
        lead_out_s=_measure_lead(tail, n_window * hop_s, rule),
    )


def _measure_loudness_lead(k_power: _DoubleArray, target: float, hop_s: float) -> float:
    """Time until the mean of the last 400 ms reaches ``target``, silence going before."""
    n_window = max(round(LOUDNESS_WINDOW_S / hop_s), 1)
    total = np.concatenate([np.zeros(n_window), np.cumsum(k_power)])
    reached = (total[n_window:] - total[:-n_window]) / n_window >= target
    return float(np.argmax(reached)) * hop_s if reached.any() else 0.0


def measure_loudness_leads(
    k_power: npt.ArrayLike, *, hop_s: float, integrated_power: float
) -> Leads:
    """Leads by the loudness of the passage itself, from K-weighted powers of its frames.

    The lead ends where the loudness of 400 ms is within 8 LU of the integrated loudness, given
    as ``integrated_power``. The time that a passage at full level from its first sample takes to
    fill the window that far is taken off, so that it has no lead.
    """
    power = np.asarray(k_power, dtype=np.float64)

    def measure(side: _DoubleArray) -> float:
        lead_s = 0.0
        for threshold_lu in (LEAD_LU, LEAD_LU + LONG_LEAD_EXTRA_LU):
            share = 10.0 ** (threshold_lu / 10.0)
            reached_s = _measure_loudness_lead(side, share * integrated_power, hop_s)
            lead_s = max(reached_s - share * LOUDNESS_WINDOW_S, 0.0)
            if lead_s <= LONG_LEAD_S:
                break
        return lead_s

    return Leads(lead_in_s=measure(power), lead_out_s=measure(power[::-1]))
