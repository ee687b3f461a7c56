"""What each file of an import is expected to cost, before it is opened: its weight in percent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from wkmp_lab.model import Phase, SourceFile

FileNumbers = npt.NDArray[np.float64]
PHASE_SHARES = MappingProxyType(
    {
        Phase.SCANNING: 0.0,
        Phase.EXTRACTING: 0.02,
        Phase.DECODING: 0.70,
        Phase.SEGMENTING: 0.01,
        Phase.FINGERPRINTING: 0.03,
        Phase.IDENTIFYING: 0.0,
        Phase.ANALYZING: 0.01,
        Phase.FLAVORING: 0.23,
        Phase.MEASURING: 0.0,
    }
)
"""Share of each phase in the measuring of a file: processor time on 14 Ogg songs of 4 minutes.
What measures of one's own take nobody can tell."""
FILE_S = 0.05
"""What a file costs, however short it is."""
PER_AUDIO_S = 0.006
"""What a second of audio costs; both in seconds of one worker. Only their ratio weighs."""
LOOKUP_S, LIMITED_LOOKUP_S = 0.005, 1.0
"""What identifying a file costs beside the measuring: from the catalogue, or by a service that
answers one request a second."""
_RAW_BYTES_PER_S, _PACKED_BYTES_PER_S, _LOSSY_BYTES_PER_S = 176_400.0, 95_000.0, 22_000.0
_RAW = frozenset(".aif .aifc .aiff .au .bwf .rf64 .snd .w64 .wav".split())
_PACKED = frozenset(".ape .flac .shn .tak .tta .wv".split())


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What each file costs, in seconds, in the order of the board; arrays of shape ``(n_files,)``.

    Copies, and files that are known, cost nothing.
    """

    measuring_s: FileNumbers
    """Of one worker."""
    identifying_s: FileNumbers
    """Of the one who asks, beside the workers."""


def expect_measuring_s(
    source: SourceFile, *, duration_s: float | None = None, phases: Iterable[Phase] = Phase
) -> float:
    """What measuring a file costs a worker, in seconds of a usual machine.

    Parameters
    ----------
    source
        The file as the scan saw it; nothing is opened.
    duration_s
        Its length, where it is known; else told from size and kind.
    phases
        Those that it has to go through.

    >>> round(expect_measuring_s(SourceFile("a.mp3", 3_960_000, 0)), 2)
    1.13
    """
    if duration_s is None:
        suffix = PurePath(source.path).suffix.lower()
        packed = _PACKED_BYTES_PER_S if suffix in _PACKED else _LOSSY_BYTES_PER_S
        duration_s = source.size_bytes / (_RAW_BYTES_PER_S if suffix in _RAW else packed)
    return FILE_S + duration_s * PER_AUDIO_S * sum(PHASE_SHARES[phase] for phase in phases)


def expect_by_size(files: Sequence[SourceFile]) -> Expected:
    """What a library costs of which nothing is known yet."""
    costs_s = np.array([expect_measuring_s(file) for file in files], np.float64)
    return Expected(costs_s, np.zeros(len(files)))
