"""ANALYZING: lead points, sound edges, loudness and quality of one passage, from levels alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wkmp_lab.analyzing.edges import (
    MUSIC_LU,
    SoundSpan,
    find_end_type,
    find_music,
    find_sound,
)
from wkmp_lab.analyzing.leads import (
    LEAD_LU,
    LEAD_PRESETS,
    LONG_LEAD_EXTRA_LU,
    LONG_LEAD_S,
    LeadRule,
    Leads,
    compute_envelope,
    damp_clicks,
    measure_leads,
    measure_loudness_leads,
)
from wkmp_lab.analyzing.loudness import (
    Loudness,
    measure_loudness,
    power_from_lufs,
)
from wkmp_lab.analyzing.quality import (
    Fault,
    find_clicks,
    find_faults,
    measure_quality,
    widen,
)
from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.dsp.speech import measure_speech
from wkmp_lab.model import Amplitude, EndType
from wkmp_lab.settings import AnalyzeSettings
from wkmp_lab.signals import FloatArray, LevelProfile, Signal
from wkmp_lab.units import dbfs_from_amplitude, ticks_from_seconds

QUIET_A_RMS = 0.05
"""Below this A-weighted peak RMS, SPEC025 calls a passage too quiet for its rule."""


@dataclass(frozen=True, slots=True)
class _LoudnessEdges:
    """What is found relative to the integrated loudness; frames count from the passage's start."""

    leads: Leads
    music: int | None
    end_type: EndType


def measure_amplitude(
    profile: LevelProfile,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    settings: AnalyzeSettings | None = None,
) -> Amplitude:
    """Levels, loudness, leads, edges and quality of a passage; nothing outside it is looked at.

    Leads are measured twice: by the WKMP rule (``lead_in_ticks``, ``lead_out_ticks``; see
    :func:`wkmp_lab.analyzing.leads.measure_leads`) and relative to the passage's own loudness
    (``loudness_lead_in_ticks``, ``loudness_lead_out_ticks``). Positions are rounded to frames:
    about 10 ms, and the length of the RMS window (50 to 250 ms) for the WKMP rule. Clicks end no
    lead.

    SPEC025 gives up on passages whose peak RMS lies under 0.05. The rule compares a passage with
    itself and works at any level, so it is used all the same, and ``is_too_quiet`` says 1 among
    the parameters. In silence all leads are 0, the sound is an empty span at the start, and what
    cannot be measured is None. Fade points are a human's choice and not set here.

    Raises
    ------
    InvalidInputError
        Where the passage does not lie within the file.

    Examples
    --------
    >>> samples = np.zeros((1, 16_000), dtype=np.float32)
    >>> samples[0, 4_000:12_000] = np.sin(np.arange(8_000))
    >>> amplitude = measure_amplitude(measure_levels(Signal(samples=samples, sr=8_000)))
    >>> amplitude.first_sound_ticks / 28_224_000, amplitude.last_sound_ticks / 28_224_000
    (0.5, 1.5)
    >>> amplitude.end_type
    'hard'
    """
    rule = LEAD_PRESETS[(settings or AnalyzeSettings()).preset]
    frames = profile.find_frames(start_s=start_s, end_s=end_s)
    # Filters and windows smear a click to the frames beside it.
    is_click = widen(find_clicks(profile, frames))
    a_power = _select_a_power(profile, start_s, end_s, is_click)
    stop_s = profile.duration_s if end_s is None else min(end_s, profile.duration_s)
    loudness = measure_loudness(profile, start_s=start_s, end_s=end_s)
    sound = find_sound(
        profile.power[frames], hop_s=profile.hop_s, loudness_lufs=loudness.integrated_lufs
    )
    wkmp = measure_leads(a_power, hop_s=profile.coarse_hop_s, rule=rule)
    relative = _find_loudness_edges(
        profile.k_power[frames], is_click, profile.hop_s, sound, loudness
    )
    music = relative.music if relative else None

    def place(frame: int) -> int:
        position_s = (frames.start + frame) * profile.hop_s
        return ticks_from_seconds(min(max(position_s, start_s), stop_s))

    def limit(lead_s: float) -> int:
        return ticks_from_seconds(min(lead_s, stop_s - start_s))

    return Amplitude(
        first_sound_ticks=place(sound.first),
        last_sound_ticks=place(sound.stop),
        lead_in_ticks=limit(wkmp.lead_in_s),
        lead_out_ticks=limit(wkmp.lead_out_s),
        end_type=relative.end_type if relative else None,
        peak_dbfs=dbfs_from_amplitude(float(profile.peak[frames].max(initial=0.0))),
        true_peak_dbtp=dbfs_from_amplitude(float(profile.true_peak[frames].max(initial=0.0))),
        loudness_lufs=loudness.integrated_lufs,
        loudness_range_lu=loudness.range_lu,
        momentary_max_lufs=loudness.momentary_max_lufs,
        short_term_max_lufs=loudness.short_term_max_lufs,
        first_music_ticks=None if music is None else place(music),
        loudness_lead_in_ticks=limit(relative.leads.lead_in_s) if relative else None,
        loudness_lead_out_ticks=limit(relative.leads.lead_out_s) if relative else None,
        parameters=_list_parameters(rule, a_power, profile.coarse_hop_s, sound),
        quality=measure_quality(profile, start_s=start_s, end_s=end_s),
        speech=measure_speech(profile, start_s=start_s, end_s=end_s).measure(start_s, stop_s),
    )


def _select_a_power(
    profile: LevelProfile, start_s: float, end_s: float | None, is_click: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """A-weighted powers of the passage without its clicks.

    The neighbour's last 10 ms in the first frame are left out.
    """
    a_power = profile.a_power[profile.find_coarse_frames(start_s=start_s, end_s=end_s)].copy()
    if start_s > 0.0 and a_power.size > 1:
        a_power[0] = min(a_power[:2])
    factor = profile.coarse_factor
    rows = np.zeros(a_power.size * factor, np.bool_)
    rows[: is_click.size] = is_click[: rows.size]
    is_coarse_click: npt.NDArray[np.bool_] = np.logical_or.reduce(rows.reshape(-1, factor), axis=1)
    return damp_clicks(a_power, is_coarse_click, reach=2)


def _find_loudness_edges(
    k_power: FloatArray,
    is_click: npt.NDArray[np.bool_],
    hop_s: float,
    sound: SoundSpan,
    loudness: Loudness,
) -> _LoudnessEdges | None:
    """None where there is no integrated loudness to compare with, or no sound."""
    if loudness.integrated_lufs is None or sound.is_empty:
        return None
    integrated = power_from_lufs(loudness.integrated_lufs)
    return _LoudnessEdges(
        leads=measure_loudness_leads(
            damp_clicks(k_power, is_click, reach=3), hop_s=hop_s, integrated_power=integrated
        ),
        music=find_music(k_power, hop_s=hop_s, integrated_power=integrated, sound=sound),
        end_type=find_end_type(k_power[: sound.stop], hop_s=hop_s, integrated_power=integrated),
    )


def _list_parameters(
    rule: LeadRule, a_power: npt.NDArray[np.float64], hop_s: float, sound: SoundSpan
) -> tuple[tuple[str, float], ...]:
    """Everything that the lead points and edges of a passage were found with."""
    n_window = max(round(rule.window_s / hop_s), 1)
    peak_a_rms = float(compute_envelope(a_power, n_window=n_window).max(initial=0.0))
    return (
        ("window_s", n_window * hop_s),
        ("threshold_db", rule.threshold_db),
        ("quick_db", rule.quick_db),
        ("quick_within_s", rule.quick_within_s),
        ("max_lead_s", rule.max_lead_s),
        ("peak_a_rms", peak_a_rms),
        ("is_too_quiet", float(peak_a_rms < QUIET_A_RMS)),
        ("first_sound_dbfs", sound.head_threshold_dbfs),
        ("last_sound_dbfs", sound.tail_threshold_dbfs),
        ("first_music_lu", MUSIC_LU),
        ("loudness_lead_lu", LEAD_LU),
        ("long_lead_s", LONG_LEAD_S),
        ("long_lead_extra_lu", LONG_LEAD_EXTRA_LU),
    )


def describe_quality(amplitude: Amplitude) -> tuple[str, ...]:
    """The faults of a passage in words and numbers; empty for a sound one.

    >>> amplitude = measure_amplitude(measure_levels(Signal(np.ones((1, 8000), "float32"), 8000)))
    >>> describe_quality(amplitude)[0]
    'clipped: 8000 samples in 1 run'
    """
    return tuple(fault.sentence for fault in find_quality_faults(amplitude))


def find_quality_faults(amplitude: Amplitude) -> tuple[Fault, ...]:
    """The faults of a passage, each in a word and in a sentence; empty for a sound one."""
    peaks = {"peak_dbfs": amplitude.peak_dbfs, "true_peak_dbtp": amplitude.true_peak_dbtp}
    return find_faults(dict(amplitude.quality) | peaks)


def warm_up() -> None:
    """Analyze a second of tone, so that the first passage pays for no first call."""
    tone = np.sin(np.arange(8_000, dtype=np.float32))[None]
    measure_amplitude(measure_levels(Signal(samples=tone, sr=8_000)))
