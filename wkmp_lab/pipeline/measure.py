"""One file through the measuring phases: one decode, one resampling, functions of samples."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import soxr

from wkmp_lab.dsp import levels
from wkmp_lab.errors import (
    CancelledError,
    InvalidInputError,
    WkmpLabError,
)
from wkmp_lab.fingerprinting import fingerprint
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
    Phase,
    SourceFile,
    Tags,
)
from wkmp_lab.pipeline import cache_keys, recognize, recut
from wkmp_lab.pipeline.audio_buffer import AudioBuffer
from wkmp_lab.pipeline.course import Course, Gates, NoProgress, OpenGates, Progress
from wkmp_lab.pipeline.declared import complete_hints, tell_declaration
from wkmp_lab.pipeline.health import describe_error, describe_health, find_cause
from wkmp_lab.pipeline.known import ProfileKeeper, Recall
from wkmp_lab.pipeline.own.measures_kept import LeftOut, take_over
from wkmp_lab.pipeline.own.measuring import OwnMeasures
from wkmp_lab.pipeline.passage_phases import (
    analyze_passage,
    describe_passage,
    fingerprint_passage,
    fingerprint_whole,
)
from wkmp_lab.segmenting import passages as segmenting
from wkmp_lab.settings import FingerprintSettings, SegmentHints, Settings
from wkmp_lab.signals import FloatArray, LevelProfile
from wkmp_lab.units import ANALYSIS_SR


def measure_file(
    source: SourceFile,
    *,
    settings: Settings | None = None,
    hints: SegmentHints | None = None,
    sha256: str | None = None,
    earlier: FileResult | None = None,
    recall: Recall | None = None,
    profiles: ProfileKeeper | None = None,
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
    profiles
        Keeps the level profiles of what is decoded; a file that it has one of is cut and levelled
        anew by that, and decoded only where new passages are to be heard.
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
    own_keys = cache_keys.compute_keys(settings)
    course = Course(
        source.path, settings, own_keys, profiles, progress or NoProgress(), gates or OpenGates()
    )
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
                again = _level_again(result, known, kept, hints, course)
                if again is None or own.is_needed(again):
                    result = _measure(result, kept, buffer, own, hints, course)
                else:
                    result = _show_whole(again, course.progress)
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

    It is as precise as the profiles that imports cut by and keep; see
    :func:`wkmp_lab.dsp.profile_packing.pack_profile`.

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
    return recut.round_profile(meter.finish())


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


def _level_again(
    result: FileResult,
    known: FileResult | None,
    kept: FileResult | None,
    hints: SegmentHints,
    course: Course,
) -> FileResult | None:
    """The file by the level profile that is kept of it; None where there is none, or where it has
    passages now that nobody has heard yet.
    """
    if known is None or kept is None or not recut.is_heard(kept):
        return None
    profile = recut.read_kept(known.audio_hash, course.keys, course.profiles)
    if profile is None:
        return None
    result = recognize.take_audio(result, known)
    hints = complete_hints(hints, result.path, result.tags, profile.duration_s)
    result = _cut(result, kept, profile, hints, course)
    if not recut.is_heard(result):
        return None
    return _finish(_analyze(result, profile, course), kept, course)


def _measure(
    result: FileResult,
    kept: FileResult | None,
    buffer: AudioBuffer,
    own: OwnMeasures,
    hints: SegmentHints,
    course: Course,
) -> FileResult:
    settings = course.settings
    with course.through(Phase.DECODING):
        audio, profile, shown, hashed = _listen(result.path, buffer, own, course)
        result = replace(
            result,
            tags=fill_tags(result.tags, shown),
            audio_hash=hashed or hash_from_bytes(result.sha256 or ""),
            audio=audio,
            notes=(*result.notes, *describe_health(audio)),
        )
        profile = recut.round_profile(profile, result.audio_hash, course.keys, course.profiles)
    hints = complete_hints(hints, result.path, result.tags, profile.duration_s)
    if kept is not None and kept.audio is not None and kept.audio.n_samples != audio.n_samples:
        kept = None  # more or less of the file is read than when its passages were measured
    result = _cut(result, kept, profile, hints, course)
    result = replace(result, notes=(*result.notes, *tell_declaration(hints.declared)))
    if not result.passages:
        return result
    result = course.fill(
        result, Phase.FINGERPRINTING, lambda each: fingerprint_passage(each, buffer, settings)
    )
    result = _analyze(result, profile, course)
    del profile  # 14 MB an hour, which the last phase needs for itself
    result = course.fill(
        result, Phase.FLAVORING, lambda each: describe_passage(each, buffer, settings)
    )
    result = _finish(result, kept, course)
    if not own.is_needed(result):
        course.progress.leave(Phase.MEASURING)
        return result
    with course.through(Phase.MEASURING):
        return own.measure(result, buffer, course.progress)


def _cut(
    result: FileResult,
    kept: FileResult | None,
    profile: LevelProfile,
    hints: SegmentHints,
    course: Course,
) -> FileResult:
    """The file with its passages; those that it has had are as they were."""
    cut = recut.find_kept_cut(result, kept)
    if cut is None:
        with course.through(Phase.SEGMENTING):
            settings = course.settings.segmenting
            cut = segmenting.find_passages(profile, settings=settings, hints=hints)
    else:
        course.progress.leave(Phase.SEGMENTING)
    course.progress.cut(len(cut.spans_ticks))
    return recut.lay_out_cut(result, cut, kept, hints)


def _analyze(result: FileResult, profile: LevelProfile, course: Course) -> FileResult:
    analyze = partial(analyze_passage, profile=profile, settings=course.settings)
    return course.fill(result, Phase.ANALYZING, analyze)


def _finish(result: FileResult, kept: FileResult | None, course: Course) -> FileResult:
    """The file with what stands beside its passages, where it has any."""
    if not result.passages:
        return result
    result = replace(result, file_fingerprint=fingerprint_whole(result.passages))
    return take_over(result, kept, [each.info for each in course.settings.measures])


def _listen(
    path: str, buffer: AudioBuffer, own: OwnMeasures, course: Course
) -> tuple[AudioFormat, LevelProfile, Tags, str | None]:
    """The one decode: every block feeds the level meter, and its mono mix the buffer.

    The tags are those that the decoder shows; the packets are hashed on the way.
    """
    limit_s = course.settings.scanning.max_duration_s
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
            course.progress.advance(min(n_read / n_expected, 1.0) if n_expected else 0.0)
        buffer.append(resampler.resample_chunk(np.empty(0, np.float32), last=True))
        return reader.describe(), meter.finish(), reader.tags, reader.read_audio_hash()


def _require_unchanged(source: SourceFile) -> None:
    now = Path(source.path).stat()
    if (now.st_size, now.st_mtime_ns) != (source.size_bytes, source.mtime_ns):
        raise WkmpLabError("changed during the run: it is measured again at the next import")
