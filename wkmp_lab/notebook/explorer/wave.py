"""The picture that can be touched: level, wave and spectrogram of a file in the browser.

What is drawn lies in ``static/explorer``: plain scripts, joined as text, since the module of a
widget can import nothing beside it. They ask for clips and details by messages, and tell what a
person does; what is shown comes as a state.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from wkmp_lab.display.safe_text import clean_name
from wkmp_lab.model import Passage
from wkmp_lab.notebook.explorer.cutting import Cutting, place_leads
from wkmp_lab.notebook.explorer.overview import N_BANDS, Overview
from wkmp_lab.notebook.explorer.packing import (
    LOWEST_DB,
    STEP_DB,
    Detail,
    find_hz_ticks,
    pack_levels,
    pack_spectrum,
)
from wkmp_lab.units import seconds_from_ticks

_STATIC = Path(__file__).parents[1] / "static" / "explorer"
_SCRIPTS = ("drawing.js", "spectrum.js", "player.js", "wave.js", "touch.js")

State = dict[str, Any]
"""What JSON can hold, by name."""


class WaveView(anywidget.AnyWidget):
    """The widget; made by :func:`make_wave`.

    Attributes
    ----------
    frame
        What does not change: name, length, rate, and what the arrays mean.
    level, peak, loudness, spectrum
        See :class:`wkmp_lab.notebook.explorer.packing.PackedLevels` and
        :func:`~wkmp_lab.notebook.explorer.packing.pack_spectrum`.
    state
        Passages, gaps and what can be done now; see :func:`describe_cutting`.
    beats_s
        Beats around the places that were looked at.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)
    level = traitlets.Bytes().tag(sync=True)
    peak = traitlets.Bytes().tag(sync=True)
    loudness = traitlets.Bytes().tag(sync=True)
    spectrum = traitlets.Bytes().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    beats_s = traitlets.List(traitlets.Float()).tag(sync=True)


def make_wave(cutting: Cutting, on_ask: Callable[[Mapping[str, Any]], None]) -> WaveView:
    """The widget of a file.

    Parameters
    ----------
    cutting
        The file, and how it is cut.
    on_ask
        Called with each message of the browser, which has a ``kind``.
    """
    levels = pack_levels(cutting.overview.profile)
    wave = WaveView(
        _esm="\n".join((_STATIC / name).read_text(encoding="utf-8") for name in _SCRIPTS),
        _css=(_STATIC / "wave.css").read_text(encoding="utf-8"),
        frame={
            "name": clean_name(cutting.path),
            "duration_s": cutting.overview.profile.duration_s,
            "sr": cutting.overview.profile.sr,
            "hop_s": levels.hop_s,
            "lowest_db": LOWEST_DB,
            "step_db": STEP_DB,
            "loudness_start_s": levels.loudness_start_s,
            "loudness_hop_s": levels.loudness_hop_s,
        },
        level=levels.level.tobytes(),
        peak=levels.peak.tobytes(),
        loudness=levels.loudness.tobytes(),
    )
    show_spectrum(wave, cutting.overview)
    wave.on_msg(lambda _widget, content, _buffers: on_ask(content))
    wave.layout.width = "100%"
    return wave


def show_spectrum(wave: WaveView, overview: Overview) -> None:
    """Let the widget draw the spectrogram of the whole file."""
    spectrogram = overview.spectrogram
    wave.frame = {
        **wave.frame,
        "n_bands": N_BANDS,
        "spectrum_s": spectrogram.level_db.shape[1] * spectrogram.column_s,
        "hz_ticks": find_hz_ticks(spectrogram),
    }
    wave.spectrum = pack_spectrum(spectrogram).tobytes()


def describe_cutting(cutting: Cutting) -> State:
    """Passages, cuts and gaps of a file as the browser shows them, times in seconds."""
    cut = cutting.segmentation
    return {
        "passages": [
            {
                "start_s": passage.start_s,
                "end_s": passage.end_s,
                **_describe_leads(passage),
            }
            for passage in cutting.result.passages
        ],
        "gaps": [
            {
                "start_s": seconds_from_ticks(gap.start_ticks),
                "end_s": seconds_from_ticks(gap.end_ticks),
                "is_cut": gap.is_boundary,
                "reason": gap.reason,
            }
            for gap in cut.gaps
        ],
        "threshold_dbfs": cut.threshold_dbfs,
        "can_release": cutting.can_release,
        "can_undo": cutting.can_undo,
        "can_redo": cutting.can_redo,
    }


def send_detail(wave: WaveView, detail: Detail, *, view: str) -> None:
    """Answer a view of the widget that has asked for a stretch from near by."""
    content = {
        "kind": "detail",
        "view": view,
        "start_s": detail.start_s,
        "end_s": detail.end_s,
        "are_samples": detail.are_samples,
        "n_rows": len(detail.values),
        "n_columns": detail.spectrum.shape[1],
    }
    wave.send(content, [detail.values.tobytes(), detail.spectrum.tobytes()])


def send_clip(
    wave: WaveView,
    clip: bytes,
    *,
    view: str,
    number: int,
    places: list[tuple[float, float]],
    length_s: float,
) -> None:
    """Send a view of the widget a clip to play.

    Parameters
    ----------
    wave
        The widget.
    clip
        Ogg Opus.
    view, number
        Who has asked for it, and the number of that wish.
    places
        (seconds into the clip, seconds of the file that are heard there), in order.
    length_s
        Of the clip.
    """
    told = {"kind": "clip", "view": view, "number": number}
    wave.send({**told, "places": places, "length_s": length_s}, [clip])


def _describe_leads(passage: Passage) -> dict[str, float]:
    amplitude = passage.amplitude
    if amplitude is None:
        return {}
    lead_in_ends, lead_out_begins = place_leads(passage)
    points = {
        "lead_in_s": lead_in_ends,
        "lead_out_s": lead_out_begins,
        "first_sound_s": amplitude.first_sound_ticks,
        "last_sound_s": amplitude.last_sound_ticks,
    }
    return {name: seconds_from_ticks(ticks) for name, ticks in points.items()}
