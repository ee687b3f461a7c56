"""Traces of lossy coding in a file's samples, from a few short excerpts of its channel mean."""

from typing import NamedTuple

import numpy as np

from wkmp_lab.dsp.codec_grids import find_dips, list_grids
from wkmp_lab.signals import FloatArray

EXCERPT_S = 0.1
"""Room for two frames of each kind, wherever they begin, and for the ends of a resampler."""
_MIN_SAMPLES = 3071
"""Of the longest frames, where a lower rate has fewer in that time."""
STEP_S = 1.0
N_EXCERPTS, MIN_EXCERPTS = 4, 3
MIN_SR = 16_000
"""Below, encoders use other frames, and are not looked for."""
_TICK_S = 0.01
"""Where excerpts begin: a whole number of samples at 44.1 and at 48 kHz."""
_EDGE_S = 0.005
_N_PARTS = 5
_RATES = (44_100, 48_000)
_MAX_DIP = 6.0
"""An excerpt speaks no louder: an onset that falls on a frame is no grid."""
_WANDERING = ("vorbis",)
"""Their short frames shift all that follow: each excerpt has a grid of its own."""
_N_LONE, _MAX_LONE_DIP = 3, 12.0


class Excerpt(NamedTuple):
    """A short stretch of a file."""

    start: int
    """Its first sample in the file."""
    samples: FloatArray


class ExcerptCollector:
    """Keeps, of a signal that comes in blocks of any size, the excerpts with the most treble.

    One in each second may be kept; its treble is that of its weakest fifth, since encoders cut
    onsets into short frames.
    """

    def __init__(self, *, sr: int) -> None:
        self._step = round(STEP_S * sr)
        self._length = max(round(EXCERPT_S * sr), _MIN_SAMPLES)
        self._found: list[tuple[float, Excerpt]] = []
        self._open = np.empty(self._length, np.float32)
        self._n_read = 0

    def feed(self, mono: FloatArray) -> None:
        """Take the next block, shape ``(n,)``."""
        taken = 0
        while taken < mono.size:
            place = self._n_read % self._step
            if place < self._length:
                part = mono[taken : taken + self._length - place]
                self._open[place : place + part.size] = part
                n_new = part.size
                if place + n_new == self._length:
                    self._keep(Excerpt(self._n_read - place, self._open.copy()))
            else:
                n_new = min(self._step - place, mono.size - taken)
            taken += n_new
            self._n_read += n_new

    def finish(self) -> tuple[Excerpt, ...]:
        """What was kept, most treble first."""
        return tuple(excerpt for _, excerpt in self._found)

    def _keep(self, excerpt: Excerpt) -> None:
        steps = np.abs(np.diff(excerpt.samples))
        treble = min(float(part.sum()) for part in np.array_split(steps, _N_PARTS))
        if treble > 0.0:
            self._found.append((treble, excerpt))
            self._found.sort(key=lambda pair: (-pair[0], pair[1].start))
            del self._found[N_EXCERPTS:]


def measure_traces(excerpts: tuple[Excerpt, ...], *, sr: int) -> tuple[tuple[str, float], ...]:
    """(name of a grid at a rate, how clearly it is seen) of each grid that was looked for.

    Parameters
    ----------
    excerpts
        Of the channel mean of one file.
    sr
        Their rate in Hz.

    Returns
    -------
    tuple of (str, float)
        As in ``("mp3", 11.7)``: the mean dip of the excerpts at the sample where they agree best,
        times the root of their number; of Vorbis, whose grid wanders, the third largest of their
        own dips. Of the two windows of AAC and of several rates the largest counts. What was never
        coded has 3 to 5, for chance makes one sample of a frame the best. Empty for rates under
        16 kHz, and where less than three excerpts sound.
    """
    if sr < MIN_SR or len(excerpts) < MIN_EXCERPTS:
        return ()
    found: dict[str, float] = {}
    for rate in _RATES if sr >= min(_RATES) else (sr,):
        resampled = [_resample(excerpt, sr, rate) for excerpt in excerpts]
        for name, grid in list_grids().items():
            if _is_sought(name, sr, rate):
                dips = [find_dips(each.samples, sr=rate, grid=grid) for each in resampled]
                is_wandering = grid.family in _WANDERING
                trace = _find_lone(dips) if is_wandering else _find_common(dips, resampled)
                found[grid.family] = max(found.get(grid.family, 0.0), trace)
    return tuple((family, round(trace, 3)) for family, trace in found.items())


def _is_sought(name: str, sr: int, rate: int) -> bool:
    """Opus works at 48 kHz alone; the others mostly at 44.1 kHz, or at the file's own rate."""
    return rate == 48_000 if name == "opus" else rate in (sr, 44_100)


def _find_common(dips: list[FloatArray], excerpts: list[Excerpt]) -> float:
    """How clear the sample of a frame is at which the excerpts of a file dip together."""
    votes = np.zeros_like(dips[0])
    for each, excerpt in zip(dips, excerpts, strict=True):
        votes += np.roll(np.minimum(each, _MAX_DIP), excerpt.start % each.size)
    return float(votes.max()) / float(np.sqrt(len(dips)))


def _find_lone(dips: list[FloatArray]) -> float:
    """The third largest dip of single excerpts: one alone may be an onset, and that of a loop
    comes again."""
    largest = sorted((float(each.max()) for each in dips), reverse=True)
    return min(largest[:_N_LONE][-1], _MAX_LONE_DIP) if len(largest) > 1 else 0.0


def _resample(excerpt: Excerpt, sr: int, rate: int) -> Excerpt:
    """The inner part of an excerpt at another rate, and where it begins there."""
    if rate == sr:
        return excerpt
    import soxr  # only where a file is measured

    samples = soxr.resample(excerpt.samples, sr, rate, quality="HQ")
    edge = round(_EDGE_S * rate)
    inner = np.ascontiguousarray(samples[edge : samples.size - edge], np.float32)
    return Excerpt(excerpt.start * rate // sr + edge, inner)
