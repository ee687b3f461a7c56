"""The phase MEASURING: measures of one's own, run on the samples of a file and its passages."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from wkmp_lab.measuring.measure import Measure, PassageInFile, find_subject
from wkmp_lab.measuring.returned import read_returned, shorten_error
from wkmp_lab.model import FileResult, Measured, Passage, Tags
from wkmp_lab.pipeline.audio_buffer import AudioBuffer
from wkmp_lab.pipeline.health import find_cause
from wkmp_lab.pipeline.own.measures_kept import LeftOut
from wkmp_lab.signals import FloatArray
from wkmp_lab.units import ANALYSIS_SR, samples_from_ticks


class MeasureProgress(Protocol):
    """Where it is reported how far the phase is, and which measure is at work."""

    def advance(self, fraction: float) -> None: ...
    def measure(self, index: int | None) -> None: ...


class OwnMeasures:
    """The measures that are given for one file, and the samples as they are for those who want it.

    Parameters
    ----------
    measures
        In their order.
    left_out
        Those that are not run on this file.
    """

    def __init__(self, measures: Sequence[Measure], left_out: LeftOut = ()) -> None:
        self._measures = tuple(measures)
        self._left_out = {
            name: Measured(name, error=reason, cause=cause) for name, reason, cause in left_out
        }
        self._is_native_wanted = any(each.info.sr is None for each in measures)
        self._native = AudioBuffer()
        self._native_sr = 0
        self._fault: OSError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._native.__exit__(kind, error, trace)

    def hear(self, samples: FloatArray, sr: int) -> None:
        """Take a block of shape ``(n_channels, n)`` as it was decoded, where it is wanted."""
        if not self._is_native_wanted or self._fault is not None:
            return
        self._native_sr = sr
        try:
            self._native.append(samples)
        except OSError as error:  # the file can do without, only their cells cannot
            self._fault = error

    def is_needed(self, result: FileResult) -> bool:
        """True where one of them has not measured the file, or one of its passages."""
        return bool(self._find_missing(result.measured, "file")) or any(
            self._find_missing(each.measured, "passage") for each in result.passages
        )

    def measure(
        self, result: FileResult, buffer: AudioBuffer, progress: MeasureProgress
    ) -> FileResult:
        """The file with what is missing measured; whatever a measure does costs its cells alone.

        Parameters
        ----------
        result
            With its passages, all other phases behind it.
        buffer
            The mono signal of the whole file at ``ANALYSIS_SR``.
        """
        passages = []
        for n_done, passage in enumerate(result.passages):
            progress.advance(n_done / len(result.passages))
            passages.append(self._measure_passage(result.path, passage, buffer, progress))
        result = replace(result, passages=tuple(passages))
        missing = self._find_missing(result.measured, "file")
        found = [self._call(*each, _bare(result), None, buffer, progress) for each in missing]
        progress.measure(None)
        given = [each.info for each in self._measures]
        names = {each.name for each in given}
        others = [each for each in result.measures if each.name not in names]
        measured = self._in_order((*result.measured, *found))
        return replace(result, measured=measured, measures=(*others, *given))

    def _measure_passage(
        self, path: str, passage: Passage, buffer: AudioBuffer, progress: MeasureProgress
    ) -> Passage:
        told = PassageInFile(
            path, passage.index, passage.start_s, passage.end_s, passage.amplitude
        )
        missing = self._find_missing(passage.measured, "passage")
        ends = (passage.start_ticks, passage.end_ticks)
        found = [self._call(*each, told, ends, buffer, progress) for each in missing]
        return replace(passage, measured=self._in_order((*passage.measured, *found)))

    def _find_missing(self, measured: Iterable[Measured], on: str) -> list[tuple[int, Measure]]:
        there = {each.measure for each in measured}
        return [
            (index, each)
            for index, each in enumerate(self._measures)
            if each.info.on == on and each.name not in there
        ]

    def _in_order(self, measured: Sequence[Measured]) -> tuple[Measured, ...]:
        """Those that are not given first, then as they are given, whenever each was measured."""
        place = {each.name: index for index, each in enumerate(self._measures)}
        return tuple(sorted(measured, key=lambda each: place.get(each.measure, -1)))

    def _call(
        self,
        index: int,
        measure: Measure,
        subject: PassageInFile | FileResult,
        ends_ticks: tuple[int, int] | None,
        buffer: AudioBuffer,
        progress: MeasureProgress,
    ) -> Measured:
        if measure.name in self._left_out:
            return self._left_out[measure.name]
        progress.measure(index)
        try:
            y, sr = self._read(measure, ends_ticks, buffer)
            returned = measure.function(y, sr=sr, **{find_subject(measure): subject})
        except (Exception, SystemExit) as error:  # noqa: BLE001 (the boundary: it costs a cell)
            return Measured(measure.name, error=_describe(error, measure), cause=find_cause(error))
        return read_returned(measure.info, returned)

    def _read(
        self, measure: Measure, ends_ticks: tuple[int, int] | None, buffer: AudioBuffer
    ) -> tuple[FloatArray, int]:
        """The samples that a measure wants, mapped from where they lie, and their rate."""
        is_native = measure.info.sr is None
        if is_native and self._fault is not None:
            raise self._fault
        signal, sr = (self._native, self._native_sr) if is_native else (buffer, ANALYSIS_SR)
        if ends_ticks is None:
            return signal.map(0, len(signal)), sr
        start, end = (samples_from_ticks(ticks, sr=sr) for ticks in ends_ticks)
        return signal.map(start, end), sr


def _bare(result: FileResult) -> FileResult:
    """A file as its audio tells of it: what tags and services say is no ground for a measure."""
    passages = (
        replace(each, identity=None, musical_flavor=None, declared=None, measured=())
        for each in result.passages
    )
    return FileResult(
        result.source,
        result.status,
        sha256=result.sha256,
        tags=Tags(),
        audio=result.audio,
        segmentation=result.segmentation,
        passages=tuple(passages),
        audio_hash=result.audio_hash,
    )


def _describe(error: BaseException, measure: Measure) -> str:
    """What a measure has raised, and in which of its lines, counted from its ``def`` or above."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code is measure.function.__code__:
            line = trace.tb_lineno - measure.function.__code__.co_firstlineno + 1
        trace = trace.tb_next
    where = "" if line is None else f" (its line {line})"
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 (an error of others may not even tell what it is)
        words = ""
    return shorten_error(f"{type(error).__name__}{': ' if words else ''}{words}") + where
