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

from wkmp_lab.errors import DecodeError
from wkmp_lab.io import fault_injection
from wkmp_lab.io.files import container as opening
from wkmp_lab.io.files import end_of_stream
from wkmp_lab.io.files.audio_hash import AudioHasher
from wkmp_lab.io.files.frames import FrameLayout, convert_to_float32, layout_of, name_readable
from wkmp_lab.io.tags.container_tags import read_container_tags
from wkmp_lab.io.tags.reading import read_length_s
from wkmp_lab.model import AudioFormat
from wkmp_lab.signals import Signal

BLOCK_SAMPLES = 1 << 15
TRUNCATED_SHARE = 0.01
TRUNCATED_S = 1.0
"""A file that ends earlier than it declares by more than both is truncated; so is one whose bytes
end within its last page (see :mod:`wkmp_lab.io.files.end_of_stream`)."""
PREROLL_S = 0.2
"""What is decoded and thrown away where lossy frames lack those before them."""

_SEEKABLE_CODECS = ("pcm_", "flac", "alac", "wavpack", "tta")
_SEEKABLE_CONTAINERS = {"aiff", "au", "caf", "flac", "m4a", "tta", "wav", "wavpack"}
"""Where frames stand alone and know their place, so that a seek gives the very same samples.

Not in Ogg, whose pages are placed by guess after a seek, nor in Matroska, which counts in
milliseconds.
"""

_DAMAGE = opening.DAMAGE


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
    is_hashed
        The packets are hashed on the way; see :meth:`read_audio_hash`.

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

    def __init__(
        self,
        path: str | Path,
        *,
        max_duration_s: float = float("inf"),
        is_hashed: bool = False,
    ) -> None:
        self.path = os.fspath(path)
        self._exit = contextlib.ExitStack()
        self._n_samples = 0
        self._n_errors = 0
        self._n_nonfinite = 0
        self._n_changes = 0
        self._is_capped = False
        fault_injection.strike("DECODING", self.path)
        try:
            opened = opening.open_container(self.path, self._exit)
            self._container, copied, self._later_links = opened
            self._stream = opening.find_stream(self._container, self.path)
            self._hasher = None if copied or not is_hashed else AudioHasher()
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

    def seek_before(self, position_samples: int, *, is_exact: bool = True) -> int | None:
        """Go to a frame at or before a position, ahead of reading the blocks.

        Unless ``is_exact``, it is enough to know the position as players do.

        Returns
        -------
        int or None
            Position of the first sample that the blocks will give; None where the format does
            not tell it exactly, and this reader is to be used no further.
        """
        stream = self._stream
        if not stream.time_base or (is_exact and not self._can_seek()):
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

    def _can_seek(self) -> bool:
        container, codec = self._names
        if container not in _SEEKABLE_CONTAINERS or not codec.startswith(_SEEKABLE_CODECS):
            return False
        step = Fraction(1, self.sr) / self._stream.time_base
        return bool(step.denominator == 1)

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

    def read_audio_hash(self) -> str | None:
        """The hash of the audio, once the blocks are read; None where none was wanted, or the file
        cannot be taken apart. What no block gave, behind the longest length, is read for it.
        """
        if self._hasher is None:
            return None
        for _ in self._packets:
            """Each hashes itself."""
        return self._hasher.finish()

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
        """Frames of the stream, and of those that follow it in a chained Ogg file; packets that
        cannot be decoded are counted.
        """
        self._packets = self._demux()
        for packet in self._packets:
            try:
                yield from packet.decode()
            except _DAMAGE:
                self._n_errors += 1

    def _demux(self) -> Iterator[Any]:
        """Packets of the stream, and of those that follow it."""
        yield from self._demux_stream(self._container, self._stream)
        for link in self._later_links:
            try:
                with opening.open_link(link) as container:
                    stream = opening.find_stream(container, self.path)
                    yield from self._demux_stream(container, stream)
            except (*_DAMAGE, DecodeError):
                self._n_errors += 1

    def _demux_stream(self, container: Any, stream: Any) -> Iterator[Any]:
        """Packets of one stream, hashed where that is wanted."""
        if self._hasher is not None:
            self._hasher.begin(stream)
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except _DAMAGE:
                self._n_errors += 1
                return
            if self._hasher is not None:
                self._hasher.update(packet)
            yield packet

    def _alike(self) -> Iterator[Any]:
        """All frames in the layout of the first one: a FIFO takes no other."""
        start = layout_of(self._first)
        wanted = (name_readable(start[0], self.n_channels), *start[1:])
        frames = itertools.chain([self._first], self._frames)
        for layout, stretch in itertools.groupby(frames, layout_of):
            self._n_changes += layout != start
            if layout == wanted:
                yield from stretch
            else:
                yield from self._change(stretch, wanted)

    def _change(self, frames: Iterator[Any], wanted: FrameLayout) -> Iterator[Any]:
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
        samples = convert_to_float32(frame, self.n_channels)
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


def read_signal(
    path: str | Path, *, start_s: float = 0.0, end_s: float | None = None, is_exact: bool = True
) -> Signal:
    """A stretch of a file, or all of it: sample for sample what a full decode gives there.

    It is decoded in this very process, which a native decoder can bring down; what the package
    itself shows is decoded in a child.

    Lossless formats are entered near the stretch; the others are decoded from their start, since
    their frames depend on those before. In a damaged lossless file the stretch lies where the
    file says, which is later than a count of the decoded samples says.

    Parameters
    ----------
    path
        A file that :class:`AudioReader` can open.
    start_s, end_s
        The stretch in seconds of decoded audio; an end behind the file's is its end.
    is_exact
        False: every format is entered near the stretch, as players do; it may be off by a frame.

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
            wanted_s = start_s if is_exact else max(start_s - PREROLL_S, 0.0)
            position = reader.seek_before(round(wanted_s * reader.sr), is_exact=is_exact)
            if position is not None:
                return _read_stretch(reader, position, start_s, end_s)
    with AudioReader(path) as reader:
        return _read_stretch(reader, 0, start_s, end_s)


def read_duration_s(path: str | Path) -> float | None:
    """Length in seconds as the headers tell, or as the decoder does; None where neither tells one.

    The decoder takes ten times as long: it is asked second.

    Raises
    ------
    DecodeError
        The headers tell none, and nothing can be decoded.
    OSError
        The file cannot be opened.
    """
    length_s = read_length_s(path)
    if length_s is not None:
        return length_s
    with AudioReader(path) as reader:
        return reader.expected_duration_s


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
