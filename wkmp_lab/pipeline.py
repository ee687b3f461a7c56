"""One file through the measuring phases: one decode, one resampling, functions of samples."""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import soxr

from wkmp_lab import analyzing, faults, fingerprinting, flavoring, segmenting
from wkmp_lab.board import CancelledError
from wkmp_lab.dsp import levels
from wkmp_lab.errors import FingerprintError, InvalidInputError, WkmpLabError
from wkmp_lab.io import cue
from wkmp_lab.io.audio import AudioReader
from wkmp_lab.io.scanning import compute_sha256
from wkmp_lab.io.tags import read_tags
from wkmp_lab.model import (
    Amplitude,
    AudioFormat,
    Descriptors,
    Failure,
    FileResult,
    Fingerprint,
    Passage,
    Phase,
    Segmentation,
    SourceFile,
    Span,
)
from wkmp_lab.scratch import ANALYSIS_SR, Scratch, ScratchView
from wkmp_lab.segmenting import SegmentHints
from wkmp_lab.settings import Settings, compute_settings_key
from wkmp_lab.signals import LevelProfile
from wkmp_lab.units import samples_from_ticks, seconds_from_ticks

MEASURE_VERSION = "1"
"""Raised whenever a measuring phase gives other results for the same file and settings."""

MEASURING = (Phase.SEGMENTING, Phase.FINGERPRINTING, Phase.ANALYZING, Phase.FLAVORING)
"""The phases whose settings make up :func:`compute_measure_key`."""


ACOUSTID_LENGTH_S = 120.0
"""What AcoustID compares: the start of a file."""

Item = TypeVar("Item")


class Progress(Protocol):
    """Where a file's work reports how far it is; ``advance`` may raise CancelledError."""

    def enter(self, phase: Phase) -> None: ...
    def advance(self, fraction: float) -> None: ...
    def leave(self, phase: Phase) -> None: ...


class NoProgress:
    """A progress that nobody looks at."""

    def enter(self, phase: Phase) -> None: ...
    def advance(self, fraction: float) -> None: ...
    def leave(self, phase: Phase) -> None: ...


@dataclass(slots=True)
class _Course:
    """The course of one file: which phase it is in, and when it was in which."""

    path: str
    progress: Progress
    phase: Phase = Phase.EXTRACTING
    spans: list[Span] = field(default_factory=list)

    @contextlib.contextmanager
    def through(self, phase: Phase) -> Iterator[None]:
        self.phase = phase
        self.progress.enter(phase)
        faults.strike(phase, self.path)
        start_s, start_cpu_s = time.time(), time.thread_time()
        try:
            yield
        finally:
            cpu_s = time.thread_time() - start_cpu_s
            self.spans.append(Span(phase, start_s, time.time(), str(os.getpid()), cpu_s))
        self.progress.leave(phase)


def compute_measure_key(settings: Settings) -> str:
    """Key of all that the measured part of a result depends on besides the file's content."""
    keys = [compute_settings_key(settings, phase) for phase in MEASURING]
    return "-".join([MEASURE_VERSION, *(key[:8] for key in keys)])


def measure_file(
    source: SourceFile,
    *,
    settings: Settings | None = None,
    hints: SegmentHints | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> FileResult:
    """All that can be known of a file without asking anybody.

    Parameters
    ----------
    source
        The file as the scan saw it.
    settings
        Of the measuring phases; the defaults where None.
    hints
        What is known of the file's structure from outside; its tags are added here.
    sha256
        The content hash where it is known already, else it is computed.
    progress
        Told of each phase; its ``advance`` may stop the work by raising CancelledError.

    Returns
    -------
    FileResult
        Of status ``failed`` with phase and reason where the file cannot be measured. Its
        passages have no identity yet.
    """
    settings = settings or Settings()
    course = _Course(source.path, progress or NoProgress())
    result = FileResult(
        source=source,
        status="done",
        sha256=sha256,
        provenance=(("measured", compute_measure_key(settings)),),
    )
    try:
        with course.through(Phase.EXTRACTING):
            result = _extract(result)
        with Scratch() as scratch:
            result = _measure(result, scratch, settings, hints or SegmentHints(), course)
        _require_unchanged(source)
    except CancelledError:
        raise
    except (WkmpLabError, OSError) as error:
        failure = Failure(course.phase, describe_error(error))
        result = replace(result, status="failed", failure=failure, passages=())
    return replace(result, spans=tuple(course.spans))


def read_profile(path: str | Path) -> LevelProfile:
    """The level profile of a file: what cutting it anew needs, without another decode.

    Raises
    ------
    DecodeError
        The file holds no audio that can be decoded.
    """
    with AudioReader(path) as reader:
        meter = levels.LevelMeter(sr=reader.sr, n_channels=reader.n_channels)
        for block in reader.blocks():
            meter.feed(block.samples)
    return meter.finish()


def describe_error(error: BaseException) -> str:
    """The reason for a table: short, and always with the kind of fault."""
    if isinstance(error, FileNotFoundError):
        return "vanished: the file is no longer there"
    if isinstance(error, PermissionError):
        return "permission denied"
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, WkmpLabError) else f"{type(error).__name__}: {text}"


def _extract(result: FileResult) -> FileResult:
    path = result.source.path
    return replace(result, sha256=result.sha256 or compute_sha256(path), tags=read_tags(path))


def _measure(
    result: FileResult,
    scratch: Scratch,
    settings: Settings,
    hints: SegmentHints,
    course: _Course,
) -> FileResult:
    with course.through(Phase.SEGMENTING):
        audio, profile = _listen(result.source.path, scratch, settings, course.progress)
        hints = replace(
            hints,
            track=result.tags.track,
            n_tracks=result.tags.n_tracks,
            durations_s=hints.durations_s or _read_durations(result, profile.duration_s),
        )
        cut = segmenting.find_passages(profile, settings=settings.segmenting, hints=hints)
        result = replace(result, audio=audio, segmentation=cut, notes=_describe_health(audio))
    if not cut.spans_ticks:
        return replace(result, status="no_audio")
    views = [_view(scratch, span) for span in cut.spans_ticks]
    with course.through(Phase.FINGERPRINTING):
        fingerprints = [_fingerprint(view, settings) for view in _each(views, course)]
    with course.through(Phase.ANALYZING):
        amplitudes = [_analyze(profile, span, settings) for span in _each(cut.spans_ticks, course)]
    with course.through(Phase.FLAVORING):
        descriptors = [_describe(view, settings) for view in _each(views, course)]
    passages = _assemble(cut, fingerprints, amplitudes, descriptors)
    return replace(result, passages=passages, file_fingerprint=_file_fingerprint(passages))


def _read_durations(result: FileResult, end_s: float) -> tuple[float, ...] | None:
    """Lengths of the pieces from the cue sheet inside the file, else from the one beside it."""
    path = result.source.path
    sheet = None
    if result.tags.cue_sheet:
        with contextlib.suppress(InvalidInputError):
            sheet = cue.parse_cue(result.tags.cue_sheet)
    sheet = sheet or cue.read_cue_beside(path)
    return (sheet and cue.durations_of(sheet, end_s, file=path)) or None


def _listen(
    path: str, scratch: Scratch, settings: Settings, progress: Progress
) -> tuple[AudioFormat, LevelProfile]:
    """The one decode: every block feeds the level meter, and its mono mix the scratch."""
    limit_s = settings.scanning.max_duration_s
    with AudioReader(path, max_duration_s=limit_s) as reader:
        meter = levels.LevelMeter(sr=reader.sr, n_channels=reader.n_channels)
        resampler = soxr.ResampleStream(reader.sr, ANALYSIS_SR, 1, dtype="float32", quality="HQ")
        n_expected = (reader.declared_duration_s or 0.0) * reader.sr
        n_read = 0
        for block in reader.blocks():
            mono = meter.feed(block.samples)
            scratch.append(resampler.resample_chunk(mono))
            n_read += block.n_samples
            progress.advance(min(n_read / n_expected, 1.0) if n_expected else 0.0)
        scratch.append(resampler.resample_chunk(np.empty(0, np.float32), last=True))
        return reader.describe(), meter.finish()


def _describe_health(audio: AudioFormat) -> tuple[str, ...]:
    """What a user should know of how the file decoded."""
    declared_s = audio.declared_duration_s
    notes = []
    if audio.is_truncated and declared_s is not None:
        notes.append(f"truncated: {audio.duration_s:.1f} s decoded of {declared_s:.1f} s declared")
    if audio.n_decode_errors:
        notes.append(f"damaged: {audio.n_decode_errors} packets could not be decoded")
    if audio.n_nonfinite:
        notes.append(f"damaged: {audio.n_nonfinite} samples were not finite and count as 0")
    if audio.n_format_changes:
        notes.append(f"odd: rate or channels change {audio.n_format_changes} times inside")
    if audio.is_capped:
        notes.append(f"capped: only the first {audio.duration_s:.0f} s were read")
    return tuple(notes)


def _view(scratch: Scratch, span: tuple[int, int]) -> ScratchView:
    start, end = (samples_from_ticks(ticks, sr=ANALYSIS_SR) for ticks in span)
    return ScratchView(scratch, start, end)


def _fingerprint(view: ScratchView, settings: Settings) -> Fingerprint | str:
    """A fingerprint, or the reason why there is none."""
    try:
        return fingerprinting.compute_fingerprint(
            view, sr=ANALYSIS_SR, settings=settings.fingerprinting
        )
    except FingerprintError as error:
        return str(error)


def _analyze(profile: LevelProfile, span: tuple[int, int], settings: Settings) -> Amplitude:
    start_s, end_s = (seconds_from_ticks(ticks) for ticks in span)
    return analyzing.measure_amplitude(
        profile, start_s=start_s, end_s=end_s, settings=settings.analyzing
    )


def _describe(view: ScratchView, settings: Settings) -> Descriptors:
    return flavoring.measure_descriptors(view, sr=ANALYSIS_SR, settings=settings.flavoring)


def _assemble(
    cut: Segmentation,
    fingerprints: list[Fingerprint | str],
    amplitudes: list[Amplitude],
    descriptors: list[Descriptors],
) -> tuple[Passage, ...]:
    parts = zip(cut.spans_ticks, fingerprints, amplitudes, descriptors, strict=True)
    return tuple(
        Passage(
            index=index,
            start_ticks=start,
            end_ticks=end,
            fingerprint=found if isinstance(found, Fingerprint) else None,
            fingerprint_reason=found if isinstance(found, str) else None,
            amplitude=amplitude,
            descriptors=described,
        )
        for index, ((start, end), found, amplitude, described) in enumerate(parts)
    )


def _file_fingerprint(passages: tuple[Passage, ...]) -> Fingerprint | None:
    """What AcoustID is asked for: the first 120 s of a file that is one piece of music."""
    first = passages[0].fingerprint
    if len(passages) > 1 or first is None:
        return None
    text = fingerprinting.truncate_fingerprint(first.text, ACOUSTID_LENGTH_S)
    return replace(first, text=text)


def _require_unchanged(source: SourceFile) -> None:
    now = Path(source.path).stat()
    if (now.st_size, now.st_mtime_ns) != (source.size_bytes, source.mtime_ns):
        raise WkmpLabError("changed during the run: it is measured again at the next import")


def _each(items: Sequence[Item], course: _Course) -> Iterator[Item]:
    """The items, one by one, with the phase's progress between them."""
    for n_done, item in enumerate(items):
        course.progress.advance(n_done / len(items))
        yield item
