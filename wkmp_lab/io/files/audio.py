"""Decoding with PyAV: block by block, tolerant of damage, counting what really came out."""

import contextlib
import itertools
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
import numpy.typing as npt

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files import container as opening
from wkmp_lab.io.files import end_of_stream
from wkmp_lab.io.tags.container_tags import read_container_tags
from wkmp_lab.model import AudioFormat
from wkmp_lab.signals import FloatArray, Signal

BLOCK_SAMPLES = 1 << 15
TRUNCATED_SHARE = 0.01
TRUNCATED_S = 1.0
"""A file that ends earlier than it declares by more than both is truncated; so is one whose bytes
end within its last page (see :mod:`wkmp_lab.io.files.end_of_stream`)."""

_SEEKABLE_CODECS = ("pcm_", "flac", "alac", "wavpack", "tta")
_SEEKABLE_CONTAINERS = {"aiff", "au", "caf", "flac", "m4a", "tta", "wav", "wavpack"}
"""Where frames stand alone and know their place, so that a seek gives the very same samples.

Not in Ogg, whose pages are placed by guess after a seek, nor in Matroska, which counts in
milliseconds.
"""

_SCALES: dict[str, float] = {
    "u1": 1.0 / 128.0,
    "i2": 1.0 / 32768.0,
    "i4": 1.0 / 2147483648.0,
}
_READABLE_AS = {"s64": "dbl", "s64p": "dblp"}
"""Sample formats that PyAV cannot hand over, and what they are converted to."""

_Layout = tuple[str, str, int]
"""Sample format, channel layout and rate of a frame."""

_DAMAGE = (av.error.FFmpegError, ValueError)


class AudioReader:
    """The first audio stream of a file, as float32 blocks at its native rate.

    Packets that cannot be decoded are counted and passed over; where rate or channels change on
    the way, what follows is converted to those of the start. Use it as a context manager; the
    blocks can be read once.

    Parameters
    ----------
    path
        A regular file; its name is never taken for a protocol or a list of files.
    max_duration_s
        Decoding stops after so many seconds.

    Attributes
    ----------
    sr, n_channels
        Of the first decoded frame.
    channels
        The names of its channels, as in FL, FR, LFE; None where the file names none.
    tags
        What the container and the stream say of themselves.
    declared_duration_s
        What the header says, None where it says nothing.
    expected_duration_s
        The same, or else a guess from the bit rate: good for a progress bar.

    Raises
    ------
    DecodeError
        No regular file, no audio stream, an implausible header, or nothing that can be decoded.
    OSError
        The file cannot be opened or read.
    """

    def __init__(self, path: str | Path, *, max_duration_s: float = float("inf")) -> None:
        self.path = os.fspath(path)
        self._exit = contextlib.ExitStack()
        self._n_samples = 0
        self._n_errors = 0
        self._n_nonfinite = 0
        self._n_changes = 0
        self._is_capped = False
        try:
            opened = opening.open_container(self.path, self._exit)
            self._container, copied, self._later_links = opened
            self._stream = opening.find_stream(self._container, self.path)
            self._frames = self._decode()
            self._first = self._take_first()
            self._names = copied or opening.read_names(self._container, self._stream)
            self.tags = read_container_tags(self._container, self._stream)
            self._bits = None if copied else opening.read_bits(self._stream)
            self._ending = end_of_stream.read_ending(self.path, *self._names)
        except BaseException:
            self._exit.close()
            raise
        self.sr = int(self._first.sample_rate)
        self.n_channels = int(self._first.layout.nb_channels)
        self.channels = opening.read_channels(self._first)
        self.expected_duration_s = self._ending.declared_s or opening.read_declared_s(
            self._container, self._stream
        )
        is_guessed = self._ending.is_guessed
        self.declared_duration_s = None if is_guessed else self.expected_duration_s
        self._max_samples = max_duration_s * self.sr

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exit.close()

    def blocks(self, block_samples: int = BLOCK_SAMPLES) -> Iterator[Signal]:
        """The samples in blocks of ``block_samples``, the last one shorter."""
        fifo = av.AudioFifo()
        for frame in self._alike():
            frame.pts = None
            fifo.write(frame)
            while fifo.samples >= block_samples:
                yield self._convert(fifo.read(block_samples))
                if self._n_samples >= self._max_samples:
                    self._is_capped = True
                    return
        rest = fifo.read(0, partial=True)
        if rest is not None and rest.samples:
            yield self._convert(rest)

    def seek_before(self, position_samples: int) -> int | None:
        """Go to a frame at or before a position, ahead of reading the blocks.

        Returns
        -------
        int or None
            Position of the first sample that the blocks will give; None where the format does
            not tell it exactly, and this reader is to be used no further.
        """
        stream = self._stream
        container, codec = self._names
        if container not in _SEEKABLE_CONTAINERS or not codec.startswith(_SEEKABLE_CODECS):
            return None
        if not stream.time_base or (Fraction(1, self.sr) / stream.time_base).denominator != 1:
            return None
        start_ticks = stream.start_time or 0
        try:
            wanted = int(position_samples / self.sr / stream.time_base)
            self._container.seek(start_ticks + wanted, stream=stream)
            self._frames = self._decode()
            first = next(self._frames, None)
        except _DAMAGE:
            return None
        if first is None or first.pts is None:
            return None
        self._first = first
        found = round((first.pts - start_ticks) * stream.time_base * self.sr)
        return found if 0 <= found <= position_samples else None

    def describe(self) -> AudioFormat:
        """How the audio is stored and how well it decoded; complete once the blocks are read."""
        container, codec = self._names
        declared_s = self.declared_duration_s or 0.0
        missing_s = declared_s - self._n_samples / self.sr
        is_short = missing_s > max(TRUNCATED_S, TRUNCATED_SHARE * declared_s)
        is_truncated = is_short or self._ending.is_cut or self._are_bytes_missing()
        return AudioFormat(
            container=container,
            codec=codec,
            sr=self.sr,
            n_channels=self.n_channels,
            n_samples=self._n_samples,
            declared_duration_s=self.declared_duration_s,
            n_decode_errors=self._n_errors,
            n_nonfinite=self._n_nonfinite,
            bits_per_sample=self._bits,
            is_truncated=is_truncated and not self._is_capped,
            is_capped=self._is_capped,
            n_format_changes=self._n_changes,
            channels=self.channels,
            missing_share=self._ending.missing_share if is_truncated else 0.0,
            is_zeroed=self._ending.is_zeroed and is_truncated,
        )

    def _are_bytes_missing(self) -> bool:
        """True where bytes that would hold more than the tolerated length are not there."""
        share = self._ending.missing_share
        if not 0.0 < share < 1.0:
            return False
        missing_s = self._n_samples / self.sr * share / (1.0 - share)
        return missing_s > TRUNCATED_S and share > TRUNCATED_SHARE

    def _take_first(self) -> Any:
        """The first frame, which says more truly than the header what the stream is."""
        first = next(self._frames, None)
        if first is None:
            raise DecodeError("damaged: no sample of it could be decoded", self.path)
        opening.require_plausible(first.sample_rate, first.layout.nb_channels, self.path)
        return first

    def _decode(self) -> Iterator[Any]:
        """Frames of the stream, and of those that follow it in a chained Ogg file."""
        yield from self._decode_stream(self._container, self._stream)
        for link in self._later_links:
            try:
                with opening.open_link(link) as container:
                    stream = opening.find_stream(container, self.path)
                    yield from self._decode_stream(container, stream)
            except (*_DAMAGE, DecodeError):
                self._n_errors += 1

    def _decode_stream(self, container: Any, stream: Any) -> Iterator[Any]:
        """Frames of one stream; packets that cannot be decoded are counted."""
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except _DAMAGE:
                self._n_errors += 1
                return
            try:
                yield from packet.decode()
            except _DAMAGE:
                self._n_errors += 1

    def _alike(self) -> Iterator[Any]:
        """All frames in the layout of the first one: a FIFO takes no other."""
        start = _layout_of(self._first)
        wanted = (_READABLE_AS.get(start[0], start[0]), *start[1:])
        frames = itertools.chain([self._first], self._frames)
        for layout, stretch in itertools.groupby(frames, _layout_of):
            self._n_changes += layout != start
            if layout == wanted:
                yield from stretch
            else:
                yield from self._change(stretch, wanted)

    def _change(self, frames: Iterator[Any], wanted: _Layout) -> Iterator[Any]:
        """Frames converted to another layout; what cannot be converted counts as an error.

        FFmpeg mixes channels at equal power, so levels of such a stretch are up to 3 dB off the
        channel mean: ``n_format_changes`` tells.
        """
        name, layout, rate = wanted
        resampler = av.AudioResampler(format=name, layout=layout, rate=rate)
        try:
            for frame in frames:
                if not opening.is_plausible(frame.sample_rate, frame.layout.nb_channels):
                    self._n_errors += 1
                    return
                frame.pts = None
                yield from self._timed(resampler.resample(frame))
            yield from self._timed(resampler.resample(None))
        except _DAMAGE:
            self._n_errors += 1

    def _timed(self, frames: list[Any]) -> Iterator[Any]:
        """Frames with the time base of the first one, without which a FIFO refuses them."""
        for frame in frames:
            frame.pts, frame.time_base = None, self._first.time_base
            yield frame

    def _convert(self, frame: Any) -> Signal:
        samples = _to_float32(frame, self.n_channels)
        is_finite = np.isfinite(samples)
        if not is_finite.all():
            self._n_nonfinite += int(samples.size - np.count_nonzero(is_finite))
            samples = np.where(is_finite, samples, np.float32(0.0))
        n_left = self._max_samples - self._n_samples
        if samples.shape[1] > n_left:
            self._is_capped = True
            samples = samples[:, : int(n_left)]
        self._n_samples += samples.shape[1]
        return Signal(np.ascontiguousarray(samples), self.sr)


def read_signal(path: str | Path, *, start_s: float = 0.0, end_s: float | None = None) -> Signal:
    """A stretch of a file, or all of it: sample for sample what a full decode gives there.

    Lossless formats are entered near the stretch; the others are decoded from their start, since
    their frames depend on those before. In a damaged lossless file the stretch lies where the
    file says, which is later than a count of the decoded samples says.

    Parameters
    ----------
    path
        A file that :class:`AudioReader` can open.
    start_s, end_s
        The stretch in seconds of decoded audio; an end behind the file's is its end.

    Returns
    -------
    Signal
        May be empty where the stretch lies behind the end of the file.

    Raises
    ------
    DecodeError
        Nothing at all could be decoded.
    """
    if start_s > 0.0:
        with AudioReader(path) as reader:
            position = reader.seek_before(round(start_s * reader.sr))
            if position is not None:
                return _read_stretch(reader, position, start_s, end_s)
    with AudioReader(path) as reader:
        return _read_stretch(reader, 0, start_s, end_s)


def _read_stretch(
    reader: AudioReader, position: int, start_s: float, end_s: float | None
) -> Signal:
    """Samples of a stretch from a reader whose next sample is the one at ``position``."""
    start = round(start_s * reader.sr)
    stop = None if end_s is None else max(round(end_s * reader.sr), start)
    kept = [np.zeros((reader.n_channels, 0), np.float32)]
    for block in reader.blocks():
        last = None if stop is None else max(stop - position, 0)
        kept.append(block.samples[:, max(start - position, 0) : last])
        position += block.n_samples
        if stop is not None and position >= stop:
            break
    return Signal(np.concatenate(kept, axis=1), reader.sr)


def _layout_of(frame: Any) -> _Layout:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _to_float32(frame: Any, n_channels: int) -> FloatArray:
    """Planar float32 samples of a frame, full scale 1.0, shape ``(n_channels, n)``."""
    samples: npt.NDArray[Any] = frame.to_ndarray()
    kind = samples.dtype.str[1:]
    if not frame.format.is_planar:
        samples = samples.reshape(-1, n_channels).T
    scaled: FloatArray = samples.astype(np.float32, order="C", copy=False)
    if kind == "u1":
        scaled -= np.float32(128.0)
    if kind in _SCALES:
        scaled *= np.float32(_SCALES[kind])
    return scaled
