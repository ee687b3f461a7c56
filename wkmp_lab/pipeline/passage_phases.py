"""A passage in each of the phases that passages go through one by one."""

from collections.abc import Sequence
from dataclasses import replace

from wkmp_lab.analyzing import amplitude as analyzing
from wkmp_lab.errors import FingerprintError
from wkmp_lab.fingerprinting import fingerprint
from wkmp_lab.flavoring import descriptors
from wkmp_lab.model import Fingerprint, Passage
from wkmp_lab.pipeline.audio_buffer import AudioBuffer, AudioBufferView
from wkmp_lab.settings import Settings
from wkmp_lab.signals import LevelProfile
from wkmp_lab.units import ANALYSIS_SR, samples_from_ticks

ACOUSTID_LENGTH_S = 120.0
"""What AcoustID compares: the start of a file."""


def lay_out(spans_ticks: Sequence[tuple[int, int]], known: Sequence[Passage]) -> list[Passage]:
    """A passage per span: the known one where one has exactly this span, else a new one."""
    by_span = {(passage.start_ticks, passage.end_ticks): passage for passage in known}
    return [
        replace(by_span[span], index=index) if span in by_span else Passage(index, *span)
        for index, span in enumerate(spans_ticks)
    ]


def _view(buffer: AudioBuffer, passage: Passage) -> AudioBufferView:
    ends = (passage.start_ticks, passage.end_ticks)
    start, end = (samples_from_ticks(ticks, sr=ANALYSIS_SR) for ticks in ends)
    return AudioBufferView(buffer, start, end)


def fingerprint_passage(passage: Passage, buffer: AudioBuffer, settings: Settings) -> Passage:
    """The passage with its fingerprint, or with the reason why there is none."""
    view = _view(buffer, passage)
    try:
        found = fingerprint.compute_fingerprint(
            view, sr=ANALYSIS_SR, settings=settings.fingerprinting
        )
    except FingerprintError as error:
        return replace(passage, fingerprint_reason=str(error))
    return replace(passage, fingerprint=found)


def analyze_passage(passage: Passage, profile: LevelProfile, settings: Settings) -> Passage:
    amplitude = analyzing.measure_amplitude(
        profile, start_s=passage.start_s, end_s=passage.end_s, settings=settings.analyzing
    )
    return replace(passage, amplitude=amplitude)


def describe_passage(passage: Passage, buffer: AudioBuffer, settings: Settings) -> Passage:
    described = descriptors.measure_descriptors(
        _view(buffer, passage),
        sr=ANALYSIS_SR,
        settings=settings.flavoring,
        speech=passage.amplitude.speech if passage.amplitude else None,
    )
    return replace(passage, descriptors=described)


def fingerprint_whole(passages: Sequence[Passage]) -> Fingerprint | None:
    """What AcoustID is asked for: the first 120 s of a file that is one piece of music."""
    first = passages[0].fingerprint
    if len(passages) > 1 or first is None:
        return None
    text = fingerprint.truncate_fingerprint(first.text, ACOUSTID_LENGTH_S)
    return replace(first, text=text)
