"""The picture that a file carries, small enough for a row of a table."""

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext

from wkmp_lab.io.files.container import DAMAGE, open_container

THUMBNAIL_PX = 64
"""Both sides of what is shown at half that size, on screens that are twice as fine."""
MAX_PIXELS = 50_000_000
"""Of a picture that is looked at: it is unpacked whole."""
LONGEST = 4
"""Times its short side; a picture that is longer is squeezed."""
_FORMAT = "yuvj420p"
"""What JPEG decoders know in every browser."""


def read_thumbnail(path: str | Path, *, side_px: int = THUMBNAIL_PX) -> bytes | None:
    """The cover of a file as a small square JPEG; None where it has none that can be read.

    The picture is decoded in this very process, which a native decoder can bring down; what the
    package itself shows is decoded in a child.

    Parameters
    ----------
    path
        The audio file.
    side_px
        Both sides of the square, in pixels; the middle of a picture that is no square.

    Raises
    ------
    DecodeError
        No regular file, or none of a known audio format.
    OSError
        The file cannot be opened.
    """
    with contextlib.ExitStack() as closing:
        container = open_container(str(path), closing, may_copy=False).container
        stream = _find_picture(container)
        if stream is None:
            return None
        try:
            frame = next(iter(container.decode(stream)), None)
            return None if frame is None else _shrink(frame, side_px)
        except DAMAGE:
            return None


def _find_picture(container: Any) -> Any:
    """The stream of a picture that is no film; None where there is none of a plausible size."""
    for stream in container.streams.video:
        context = stream.codec_context
        is_picture = bool(stream.disposition & Disposition.attached_pic)
        if is_picture and context is not None and context.width * context.height <= MAX_PIXELS:
            return stream
    return None


def _shrink(frame: Any, side_px: int) -> bytes:
    """A frame as a square JPEG."""
    short = min(frame.width, frame.height)
    scale = side_px / short
    width, height = (
        min(max(round(side * scale), side_px), LONGEST * side_px)
        for side in (frame.width, frame.height)
    )
    pixels = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    left, top = (width - side_px) // 2, (height - side_px) // 2
    square = pixels[top : top + side_px, left : left + side_px].copy()
    encoder: Any = VideoCodecContext.create("mjpeg", "w")
    encoder.width = encoder.height = side_px
    encoder.pix_fmt = _FORMAT
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"q:v": "4"}
    cut = av.VideoFrame.from_ndarray(square, format="rgb24").reformat(format=_FORMAT)
    return b"".join(bytes(packet) for packet in (*encoder.encode(cut), *encoder.encode(None)))
