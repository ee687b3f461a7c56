"""Short clips to listen to: cut from a file when they are asked for, small enough to send."""

import io
from pathlib import Path

import av
import numpy as np

from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.model import Passage
from wkmp_lab.signals import FloatArray, Signal
from wkmp_lab.units import seconds_from_ticks

MAX_CLIP_S = 30.0
CLIP_SR = 48_000
"""Opus knows no other usual rate."""
CLIP_BIT_RATE = 64_000
AROUND_S = 8.0
"""What is heard of a cross-fade before and after its overlap."""


def read_clip(path: str | Path, *, start_s: float, end_s: float, is_exact: bool = True) -> bytes:
    """A stretch of a file as Ogg Opus, at most 30 s of it.

    Parameters
    ----------
    path
        The audio file.
    start_s, end_s
        What to cut out, in seconds; a start before the file's is moved to it.
    is_exact
        False: it may be off by a frame, and comes at once wherever it lies in a long file.
    """
    start_s = max(start_s, 0.0)
    end_s = min(end_s, start_s + MAX_CLIP_S)
    return encode_clip(read_signal(path, start_s=start_s, end_s=end_s, is_exact=is_exact))


def read_crossfade(
    path: str | Path, before: Passage, after: Passage, *, around_s: float = AROUND_S
) -> bytes:
    """How a player passes from one passage of a file to another, by their lead points.

    Both passages need their measured amplitude. The second starts as long before the end of the
    first as the shorter of the lead-out of one and the lead-in of the other (WKMP, SPEC002);
    neither is faded, as fade points are a person's choice.

    Parameters
    ----------
    path
        The audio file.
    before, after
        What ends, and what follows.
    around_s
        What is heard before and after the overlap, in seconds.
    """
    start_s, turn_s, length_s = find_crossfade(before, after, around_s=around_s)
    ending = read_signal(path, start_s=start_s, end_s=before.end_s)
    end_s = after.start_s + length_s - turn_s
    beginning = read_signal(path, start_s=after.start_s, end_s=end_s)
    n_overlap = round(compute_overlap_s(before, after) * ending.sr)
    mixed = mix_signals(ending.samples, beginning.samples, n_overlap=n_overlap)
    return encode_clip(Signal(mixed, ending.sr))


def find_crossfade(
    before: Passage, after: Passage, *, around_s: float = AROUND_S
) -> tuple[float, float, float]:
    """Where the clip of a cross-fade begins in the file, when the second passage sets in, and how
    long it is, in seconds; see :func:`read_crossfade`.
    """
    overlap_s = compute_overlap_s(before, after)
    start_s = max(before.end_s - overlap_s - around_s, before.start_s)
    turn_s = max(before.end_s - overlap_s - start_s, 0.0)
    end_s = min(after.start_s + overlap_s + around_s, after.end_s)
    return start_s, turn_s, turn_s + end_s - after.start_s


def compute_overlap_s(before: Passage, after: Passage) -> float:
    """Seconds during which both sound: the shorter of lead-out and lead-in."""
    if before.amplitude is None or after.amplitude is None:
        return 0.0
    lead_ticks = min(before.amplitude.lead_out_ticks, after.amplitude.lead_in_ticks)
    return seconds_from_ticks(lead_ticks)


def mix_signals(ending: FloatArray, beginning: FloatArray, *, n_overlap: int) -> FloatArray:
    """One after the other, the sum where they overlap; made softer where that passes full scale.

    >>> one = np.ones((1, 3), np.float32)
    >>> mix_signals(one, one, n_overlap=1).tolist()
    [[0.5, 0.5, 1.0, 0.5, 0.5]]
    """
    n_overlap = min(n_overlap, ending.shape[1], beginning.shape[1])
    n_before = ending.shape[1] - n_overlap
    mixed = np.zeros((len(ending), n_before + beginning.shape[1]), np.float32)
    mixed[:, : ending.shape[1]] += ending
    mixed[:, n_before:] += beginning
    mixed /= max(float(np.abs(mixed).max(initial=0.0)), 1.0)
    return mixed


def encode_clip(signal: Signal) -> bytes:
    """A signal as Ogg Opus, in one or two channels."""
    samples = signal.samples if signal.n_channels <= 2 else signal.samples.mean(0, keepdims=True)
    layout = "mono" if len(samples) == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(np.clip(samples, -1.0, 1.0)), format="fltp", layout=layout
    )
    frame.sample_rate = signal.sr
    out = io.BytesIO()
    # Without the flag each clip would have a serial number by chance.
    with av.open(out, "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=CLIP_SR, layout=layout)
        stream.bit_rate = CLIP_BIT_RATE
        # Opus takes frames of 20 ms.
        resampler = av.AudioResampler("flt", layout, CLIP_SR, frame_size=CLIP_SR // 50)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return out.getvalue()
