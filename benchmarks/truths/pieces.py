"""A piece with what is known of it, kept as a FLAC file and a line of JSON."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

SR = 44_100
LENGTH_S = 45.0
"""So much of each piece is heard."""
LEAST_S = 12.0
PEAK = 0.7

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a piece; what is not known is None or empty."""

    name: str
    source: str
    side: str
    """``tuning`` or ``heldout``."""
    bpm: float | None = None
    beats_s: tuple[float, ...] = ()
    key: str | None = None
    """As in "Bb major"."""
    is_music: bool = True


def find_median_bpm(beats_s: list[float]) -> float | None:
    """Tempo of the median distance of beats; None for fewer than five.

    >>> find_median_bpm([0.0, 0.5, 1.0, 1.5, 2.5])
    120.0
    """
    if len(beats_s) < 5:
        return None
    return float(60.0 / np.median(np.diff(beats_s)))


def write_piece(folder: Path, truth: Truth, mono: Samples) -> bool:
    """Keep a piece, its peak brought to one level; False for one too short or silent."""
    peak = float(np.abs(mono).max(initial=0.0))
    if len(mono) < LEAST_S * SR or peak < 1e-3:
        return False
    path = find_path(folder, truth)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, mono * (PEAK / peak), SR, subtype="PCM_16")
    path.with_suffix(".json").write_text(json.dumps(dataclasses.asdict(truth)))
    return True


def find_path(folder: Path, truth: Truth) -> Path:
    """Where a piece's sound stands."""
    stem = "".join(c if c.isalnum() or c in "-." else "_" for c in truth.name)
    return folder / truth.source / f"{stem}.flac"


def read_truths(folder: Path) -> list[Truth]:
    """All truths of a folder, ordered by source and name."""
    found = []
    for path in sorted(folder.glob("*/*.json")):
        fields = json.loads(path.read_text())
        found.append(Truth(**{**fields, "beats_s": tuple(fields["beats_s"])}))
    return found


def read_mono(folder: Path, truth: Truth) -> Samples:
    """The sound of a piece, at :data:`SR`."""
    mono: Samples = soundfile.read(find_path(folder, truth), dtype="float32")[0]
    return mono
