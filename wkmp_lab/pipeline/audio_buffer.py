"""The analysis signal of one file, kept between the phases without filling memory."""

import tempfile
from types import TracebackType
from typing import Any, Self

import numpy as np

from wkmp_lab.signals import FloatArray

_MEMORY_LIMIT_BYTES = 24 << 20
"""About 4.5 minutes stay in memory; what is longer goes to a temporary file."""


class AudioBuffer:
    """Float32 samples, mono or of several channels: written in blocks, read back by slices.

    Up to ``_MEMORY_LIMIT_BYTES`` are held in memory, more in an unnamed temporary file, so that
    the memory of a worker does not grow with the length of a file.

    >>> with AudioBuffer() as buffer:
    ...     buffer.append(np.ones(3, np.float32))
    ...     buffer.append(np.zeros(2, np.float32))
    ...     buffer[1:4].tolist()
    [1.0, 1.0, 0.0]
    """

    def __init__(self) -> None:
        self._file: Any = tempfile.SpooledTemporaryFile(  # noqa: SIM115 (closed on exit)
            max_size=_MEMORY_LIMIT_BYTES
        )
        self._n_samples = 0
        self._n_channels = 1
        self._is_mono = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._n_samples

    def append(self, samples: FloatArray) -> None:
        """Write samples behind the last ones, of shape ``(n,)`` or always ``(n_channels, n)``."""
        self._is_mono = samples.ndim == 1
        self._n_channels = 1 if self._is_mono else len(samples)
        self._file.seek(self._n_samples * 4 * self._n_channels)
        self._file.write(np.ascontiguousarray(samples.T, np.float32).data)
        self._n_samples += samples.shape[-1]

    def map(self, start: int, stop: int) -> FloatArray:
        """Samples as a read-only memory map, of shape ``(n,)`` or ``(n_channels, n)``.

        What is not looked at takes no memory. From the first map on, all lies in a file.
        """
        n = max(min(stop, self._n_samples) - start, 0)
        shape = (n,) if self._is_mono else (n, self._n_channels)
        if n == 0:
            empty = np.zeros(shape, np.float32).T
            empty.flags.writeable = False
            return empty
        self._file.rollover()
        self._file.flush()
        offset = start * 4 * self._n_channels
        mapped: FloatArray = np.memmap(self._file, np.float32, "r", offset=offset, shape=shape)
        return mapped.T

    def __getitem__(self, span: slice) -> FloatArray:
        assert self._is_mono, "several channels are mapped"
        start, stop, step = span.indices(self._n_samples)
        if step != 1:
            raise ValueError(f"a buffer is read in steps of 1, got {step}")
        samples = np.empty(max(stop - start, 0), np.float32)
        self._file.seek(start * 4)
        self._file.readinto(samples.data)
        return samples


class AudioBufferView:
    """A stretch of a buffer that can be sliced like an array, without being read whole."""

    def __init__(self, buffer: AudioBuffer, start: int, stop: int) -> None:
        self._buffer = buffer
        self._start = start
        self._stop = min(stop, len(buffer))

    def __len__(self) -> int:
        return max(self._stop - self._start, 0)

    def __getitem__(self, span: slice) -> FloatArray:
        start, stop, step = span.indices(len(self))
        return self._buffer[self._start + start : self._start + stop : step]
