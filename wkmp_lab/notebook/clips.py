"""Short clips to listen to: cut from a file when they are asked for, small enough to send."""

import io
from pathlib import Path

import av
import numpy as np

from wkmp_lab.io.audio import read_signal
from wkmp_lab.signals import Signal

MAX_CLIP_S = 30.0
CLIP_SR = 48_000
"""Opus knows no other usual rate."""
CLIP_BIT_RATE = 64_000


def read_clip(path: str | Path, *, start_s: float, end_s: float) -> bytes:
    """A stretch of a file as Ogg Opus, at most 30 s of it.

    Parameters
    ----------
    path
        The audio file.
    start_s, end_s
        What to cut out, in seconds; a start before the file's is moved to it.
    """
    start_s = max(start_s, 0.0)
    end_s = min(end_s, start_s + MAX_CLIP_S)
    return encode_clip(read_signal(path, start_s=start_s, end_s=end_s))


def encode_clip(signal: Signal) -> bytes:
    """A signal as Ogg Opus, in one or two channels."""
    samples = signal.samples if signal.n_channels <= 2 else signal.samples.mean(0, keepdims=True)
    layout = "mono" if len(samples) == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(np.clip(samples, -1.0, 1.0)), format="fltp", layout=layout
    )
    frame.sample_rate = signal.sr
    out = io.BytesIO()
    with av.open(out, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=CLIP_SR, layout=layout)
        stream.bit_rate = CLIP_BIT_RATE
        # Opus takes frames of 20 ms.
        resampler = av.AudioResampler("flt", layout, CLIP_SR, frame_size=CLIP_SR // 50)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return out.getvalue()
