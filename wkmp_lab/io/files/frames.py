"""Frames of a decoder as arrays: which sample formats can be handed over, and how."""

from typing import Any

import numpy as np
import numpy.typing as npt

from wkmp_lab.signals import FloatArray

_SCALES: dict[str, float] = {
    "u1": 1.0 / 128.0,
    "i2": 1.0 / 32768.0,
    "i4": 1.0 / 2147483648.0,
}
_READABLE_AS = {"s64": "dbl", "s64p": "dblp"}
"""Sample formats that PyAV cannot hand over, and what they are converted to."""
_MAX_PLANES = 7
"""PyAV 16 to 19 reads past the end of a frame of more planes: those are interleaved first."""

FrameLayout = tuple[str, str, int]
"""Sample format, channel layout and rate of a frame."""


def layout_of(frame: Any) -> FrameLayout:
    """How the samples of a frame lie."""
    return frame.format.name, frame.layout.name, frame.sample_rate


def name_readable(name: str, n_channels: int) -> str:
    """The sample format that frames are handed over in: the same samples, or wider ones."""
    readable = _READABLE_AS.get(name, name)
    return readable if n_channels <= _MAX_PLANES else readable.removesuffix("p")


def convert_to_float32(frame: Any, n_channels: int) -> FloatArray:
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
