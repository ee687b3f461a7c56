"""Whether samples went through a lossy encoder, from the traces that its frames left."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

FAMILY_NAMES: Mapping[str, str] = MappingProxyType(
    {"mp3": "MP3", "aac": "AAC", "vorbis": "Vorbis", "opus": "Opus"}
)
"""Encoders that are looked for; see :mod:`wkmp_lab.dsp.codec_grids`."""
TRACE = "trace_"
PROBABILITY = "lossy_probability"

_SLOPE, _EVEN = 2.57, 5.33
"""Logistic regression of 201 coded files and 87 originals, band-limited ones among them, on their
clearest trace. Of 130 and 96 others, from other sources, a probability over 0.9 found 0.91 of the
coded and no original; said and true shares differ by 0.041 (``docs/explanation/copies.md``)."""
SURE_PROBABILITY = 0.9
CLEAR_TRACE = 6.2
"""A single trace that gives that probability."""


def measure_origin(traces: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """(name, number) of each trace, and ``lossy_probability``; empty where nobody has looked.

    The probability is that of having been coded at least once, by the clearest trace, at even odds
    of both.

    >>> [name for name, _ in measure_origin([("mp3", 11.5)])]
    ['trace_mp3', 'lossy_probability']
    """
    if not traces:
        return []
    clearest = max(value for _, value in traces)
    probability = 1.0 / (1.0 + math.exp(-_SLOPE * (clearest - _EVEN)))
    return [*((TRACE + family, value) for family, value in traces), (PROBABILITY, probability)]


def find_families(measures: Mapping[str, float]) -> tuple[str, ...]:
    """The encoders that left a clear trace, clearest first.

    >>> find_families({"trace_mp3": 11.5, "trace_aac": 4.0})
    ('mp3',)
    """
    clear = [
        (value, family)
        for family in FAMILY_NAMES
        if (value := measures.get(TRACE + family, 0.0)) >= CLEAR_TRACE
    ]
    return tuple(family for _, family in sorted(clear, reverse=True))
