"""One file through the measuring phases: one decode, one resampling, functions of samples."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import soxr

from wkmp_lab.dsp import levels
from wkmp_lab.errors import (
    CancelledError,
    InvalidInputError,
    WkmpLabError,
)
from wkmp_lab.fingerprinting import fingerprint
from wkmp_lab.io import fault_injection
from wkmp_lab.io.files.audio import AudioReader, read_signal
from wkmp_lab.io.files.audio_hash import hash_from_bytes
from wkmp_lab.io.files.scanning import compute_sha256
from wkmp_lab.io.tags.fields import fill_tags
from wkmp_lab.io.tags.reading import read_tags
from wkmp_lab.model import (
    AudioFormat,
    Failure,
    FileResult,
    Fingerprint,
    Passage,
    Phase,
    SourceFile,
    Span,
    Tags,
)
from wkmp_lab.pipeline import cache_keys, recognize
from wkmp_lab.pipeline.audio_buffer import AudioBuffer
from wkmp_lab.pipeline.declared import complete_hints, mark_declared, tell_declaration
from wkmp_lab.pipeline.gates import Gates, OpenGates
from wkmp_lab.pipeline.health import describe_error, describe_health, find_cause
from wkmp_lab.pipeline.known import Recall
from wkmp_lab.pipeline.own.measures_kept import LeftOut, take_over
from wkmp_lab.pipeline.own.measuring import OwnMeasures
from wkmp_lab.pipeline.passage_phases import (
    analyze_passage,
    describe_passage,
    fingerprint_passage,
    fingerprint_whole,
    lay_out,
)
from wkmp_lab.segmenting import passages as segmenting
from wkmp_lab.settings import FingerprintSettings, SegmentHints, Settings
from wkmp_lab.signals import FloatArray, LevelProfile
from wkmp_lab.units import ANALYSIS_SR


class Progress(Protocol):
    """Where a file's work reports how far it is; ``advance`` may raise CancelledError."""

    def enter(self, phase: Phase) -> None: ...
    def advance(self, fraction: float) -> None: ...
    def cut(self, n_passages: int) -> None: ...
    def measure(self, index: int | None) -> None: ...
    def leave(self, phase: Phase) -> None: ...


class NoProgress:
    """A progress that nobody looks at."""

    def enter(self, phase: Phase) -> None: ...
    def advance(self, fraction: float) -> None: ...
    def cut(self, n_passages: int) -> None: ...
    def measure(self, index: int | None) -> None: ...
    def leave(self, phase: Phase) -> None: ...


@dataclass(slots=True)
class _Course:
    """The course of one file: which phase it is in, and when it was in which."""

    path: str
    progress: Progress
    gates: Gates
    phase: Phase = Phase.EXTRACTING
    spans: list[Span] = field(default_factory=list)

    @contextlib.contextmanager
    def through(self, phase: Phase) -> Iterator[None]:
        self.phase = phase
        asked_s = time.monotonic()
        with self.gates.hold_place(phase):
            waited_s = time.monotonic() - asked_s
            self.progress.enter(phase)
            fault_injection.strike(phase, self.path)
            start_s, start_cpu_s = time.time(), time.thread_time()
            try:
                yield
            finally:
                cpu_s = time.thread_time() - start_cpu_s
                end_s, worker = time.time(), str(os.getpid())
                self.spans.append(Span(phase, start_s, end_s, worker, cpu_s, round(waited_s, 3)))
        self.progress.leave(phase)

    def fill(
        self, phase: Phase, passages: Sequence[Passage], measure: Callable[[Passage], Passage]
    ) -> list[Passage]:
        """The passages, measured where they were not yet; a phase without such ones is left."""
        missing = [passage for passage in passages if cache_keys.is_missing(passage, phase)]
        if not missing:
            self.progress.leave(phase)
            return list(passages)
        measured: dict[int, Passage] = {}
        with self.through(phase):
            for passage in missing:
                self.progress.advance(len(measured) / len(missing))
                measured[passage.index] = measure(passage)
        return [measured.get(passage.index, passage) for passage in passages]


def measure_file(
    source: SourceFile,
    *,
    settings: Settings | None = None,
    hints: SegmentHints | None = None,
    sha256: str | None = None,
    earlier: FileResult | None = None,
    recall: Recall | None = None,
    left_out: LeftOut = (),
    progress: Progress | None = None,
    gates: Gates | None = None,
) -> FileResult:
    """All that can be known of a file without asking anybody, found in this very process.

    Parameters
    ----------
    source
        The file as the scan saw it.
    settings
        Of the measuring phases; the defaults where None.
    hints
        What is known of the structure from outside, should the file hold the audio of ``earlier``;
        its tags are added here.
    sha256
        The content hash where it is known already, else it is computed.
    earlier
        A result that the file has had. If it holds the same audio, what of that was made by the
        same code and settings is taken over, passage by passage; where that is all, nothing is
        decoded. Identities stay where nothing that they rest on has changed.
    recall
        Tells what else is known of audio like that of the file, to be taken over likewise.
    left_out
        Measures of one's own that are not run on this file, and why.
    progress
        Told of each phase; its ``advance`` may stop the work by raising CancelledError.
    gates
        Where the file waits for its place in a phase; None: nowhere.

    Returns
    -------
    FileResult
        Of status ``failed`` with phase and reason where the file cannot be measured. Passages
        that are new have no identity yet.
    """
    settings, hints = settings or Settings(), hints or SegmentHints()
    course = _Course(source.path, progress or NoProgress(), gates or OpenGates())
    own_keys = cache_keys.compute_keys(settings)
    keys = cache_keys.add_hints(own_keys, hints, path=source.path)
    kept: FileResult | None = None
    result = FileResult(source, status="done", sha256=sha256)
    try:
        with course.through(Phase.EXTRACTING):
            result, hints, known = recognize.recognize(
                _extract(result), hints, earlier=earlier, recall=recall
            )
            keys = cache_keys.add_hints(own_keys, hints, path=source.path)
            kept = cache_keys.find_reusable(known, keys) if known else None
            whole = recognize.take_whole(result, known, keys) if known else None
        if whole is None:
            with AudioBuffer() as buffer, OwnMeasures(settings.measures, left_out) as own:
                result = _measure(result, kept, buffer, own, settings, hints, course)
        else:
            result = _show_whole(whole, course.progress)
        _require_unchanged(source)
    except CancelledError:
        raise
    except (WkmpLabError, OSError) as error:
        failure = Failure(course.phase, describe_error(error), find_cause(error))
        result = replace(result, status="failed", failure=failure, passages=())
    result = cache_keys.stamp(replace(result, spans=tuple(course.spans)), keys)
    return cache_keys.inherit(result, kept) if kept else result


def read_profile(
    path: str | Path, *, listener: Callable[[FloatArray, int], None] | None = None
) -> LevelProfile:
    """The level profile of a file: what cutting it anew needs, without another decode.

    It is decoded in this very process, which a native decoder can bring down; ``wl.read_profile``
    does the same in a child.

    Parameters
    ----------
    path
        The audio file.
    listener
        Is given the mono mix of every block, and its rate in Hz.

    Raises
    ------
    DecodeError
        The file holds no audio that can be decoded.
    """
    with AudioReader(path) as reader:
        meter = levels.LevelMeter(
            sr=reader.sr, n_channels=reader.n_channels, channels=reader.channels
        )
        for block in reader.blocks():
            mono = meter.feed(block.samples)
            if listener is not None:
                listener(mono, reader.sr)
    return meter.finish()


def fingerprint_file(path: str | Path) -> Fingerprint:
    """The fingerprint of a file as one piece, or of its first hour, made in this very process.

    Raises
    ------
    DecodeError
        The file holds no audio that can be decoded.
    FingerprintError
        It is too short.
    """
    signal = read_signal(path, end_s=FingerprintSettings().max_duration_s)
    return fingerprint.compute_fingerprint(signal.samples.mean(axis=0), sr=signal.sr)


def _show_whole(result: FileResult, progress: Progress) -> FileResult:
    """A file that owes nothing to any phase any more, shown as one that has gone through all."""
    progress.cut(len(result.passages))
    for phase in (*cache_keys.MEASURING[1:], Phase.MEASURING):
        progress.leave(phase)
    if result.audio is None:
        return result
    hints = complete_hints(SegmentHints(), result.path, result.tags, result.audio.duration_s)
    told = (*describe_health(result.audio), *tell_declaration(hints.declared))
    return replace(result, notes=(*result.notes, *told))


def _extract(result: FileResult) -> FileResult:
    path = result.source.path
    result = replace(result, sha256=result.sha256 or compute_sha256(path))
    try:
        return replace(result, tags=read_tags(path))
    except InvalidInputError as error:
        return replace(result, notes=(f"tags not read: {error}",))


def _measure(
    result: FileResult,
    kept: FileResult | None,
    buffer: AudioBuffer,
    own: OwnMeasures,
    settings: Settings,
    hints: SegmentHints,
    course: _Course,
) -> FileResult:
    with course.through(Phase.DECODING):
        heard = _listen(result.path, buffer, own, settings, course.progress)
        audio, profile, shown, hashed = heard
        result = replace(
            result,
            tags=fill_tags(result.tags, shown),
            audio_hash=hashed or hash_from_bytes(result.sha256 or ""),
            audio=audio,
            notes=(*result.notes, *describe_health(audio)),
        )
    hints = complete_hints(hints, result.path, result.tags, profile.duration_s)
    if kept is not None and kept.audio is not None and kept.audio.n_samples != audio.n_samples:
        kept = None  # more or less of the file is read than when its passages were measured
    is_cut_alike = kept is not None and recognize.has_same_hints(result.tags, kept.tags)
    cut = kept.segmentation if kept and is_cut_alike else None
    if cut is None:
        with course.through(Phase.SEGMENTING):
            cut = segmenting.find_passages(profile, settings=settings.segmenting, hints=hints)
    else:
        course.progress.leave(Phase.SEGMENTING)
    course.progress.cut(len(cut.spans_ticks))
    told = tell_declaration(hints.declared)
    result = replace(result, segmentation=cut, notes=(*result.notes, *told))
    if not cut.spans_ticks:
        return replace(result, status="no_audio")
    passages = lay_out(cut.spans_ticks, kept.passages if kept else ())
    passages = mark_declared(passages, hints.declared, end_ticks=cut.spans_ticks[-1][1])
    passages = course.fill(
        Phase.FINGERPRINTING, passages, lambda each: fingerprint_passage(each, buffer, settings)
    )
    passages = course.fill(
        Phase.ANALYZING, passages, partial(analyze_passage, profile=profile, settings=settings)
    )
    del profile  # 14 MB an hour, which the last phase needs for itself
    passages = course.fill(
        Phase.FLAVORING, passages, lambda each: describe_passage(each, buffer, settings)
    )
    result = replace(
        result, passages=tuple(passages), file_fingerprint=fingerprint_whole(passages)
    )
    result = take_over(result, kept, [each.info for each in settings.measures])
    if not own.is_needed(result):
        course.progress.leave(Phase.MEASURING)
        return result
    with course.through(Phase.MEASURING):
        return own.measure(result, buffer, course.progress)


def _listen(
    path: str, buffer: AudioBuffer, own: OwnMeasures, settings: Settings, progress: Progress
) -> tuple[AudioFormat, LevelProfile, Tags, str | None]:
    """The one decode: every block feeds the level meter, and its mono mix the buffer.

    The tags are those that the decoder shows; the packets are hashed on the way.
    """
    limit_s = settings.scanning.max_duration_s
    with AudioReader(path, max_duration_s=limit_s, is_hashed=True) as reader:
        meter = levels.LevelMeter(
            sr=reader.sr, n_channels=reader.n_channels, channels=reader.channels
        )
        resampler = soxr.ResampleStream(reader.sr, ANALYSIS_SR, 1, dtype="float32", quality="HQ")
        n_expected = (reader.expected_duration_s or 0.0) * reader.sr
        n_read = 0
        for block in reader.blocks():
            mono = meter.feed(block.samples)
            own.hear(block.samples, reader.sr)
            buffer.append(resampler.resample_chunk(mono))
            n_read += block.n_samples
            progress.advance(min(n_read / n_expected, 1.0) if n_expected else 0.0)
        buffer.append(resampler.resample_chunk(np.empty(0, np.float32), last=True))
        return reader.describe(), meter.finish(), reader.tags, reader.read_audio_hash()


def _require_unchanged(source: SourceFile) -> None:
    now = Path(source.path).stat()
    if (now.st_size, now.st_mtime_ns) != (source.size_bytes, source.mtime_ns):
        raise WkmpLabError("changed during the run: it is measured again at the next import")
