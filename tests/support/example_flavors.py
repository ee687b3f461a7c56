"""Libraries of described pieces, made by hand."""

import numpy as np

from wkmp_lab.collection.neighbours import NAMES
from wkmp_lab.model import (
    Descriptors,
    FileResult,
    Key,
    Passage,
    SourceFile,
    Tempo,
)

DERIVED = {"log2_bpm", "fifths_cos", "fifths_sin", "is_major"}


def describe(values, *, bpm=None, key=None):
    tempo = None if bpm is None else Tempo(bpm, 0.9, is_octave_uncertain=False)
    found = None if key is None else Key(key, 0.9, "C major", 0.5, 0.0)
    return Descriptors(1, tuple(values.items()), tempo, found)


def make_file(path, *described):
    passages = tuple(Passage(k, k, k + 1, descriptors=d) for k, d in enumerate(described))
    return FileResult(SourceFile(path, 1, 1), "done", passages=passages)


def make_library(n=20, *, seed=0, shift=0.0):
    """Random pieces; every second differs in spectrum by ``shift`` deviations."""
    rng = np.random.default_rng(seed)
    names = [name for name in NAMES if name not in DERIVED]
    return [
        make_file(
            f"{k:02d}.flac",
            describe(
                {
                    name: float(rng.normal() + shift * (k % 2) * name.endswith("_mean"))
                    for name in names
                },
                bpm=float(rng.uniform(60, 180)),
                key=str(rng.choice(["C major", "A minor", "F# minor", "D# major"])),
            ),
        )
        for k in range(n)
    ]
