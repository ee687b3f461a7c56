"""Whether music, speech and noise are told apart, and speech is left in one piece.

    python benchmarks/kinds.py FOLDER [--music FOLDER] [--side held-out] [--limit N]

FOLDER holds the unpacked packages that ``kind_sets.py`` names. A recording counts as right where
its ``kind``, measured as an import measures it, is its own; a song that is called speech is what
must not be: it would not be looked up. Speech is whole where it is not cut.
"""

import argparse
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr
from kind_sets import HELD_OUT, SEEN, Recording, list_recordings, list_songs

from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.flavoring import measure_descriptors
from wkmp_lab.segmenting import find_passages_in, measure_profile
from wkmp_lab.signals import Signal

SR = 22_050
ACCURACY_GOAL, WHOLE_GOAL = 0.97, 0.97
LONGEST_S = 120.0
"""Of a recording, described as a passage."""


class Judged(NamedTuple):
    """What became of a recording."""

    source: str
    name: str
    kind: str
    found: str | None
    n_passages: int


def judge(recording: Recording) -> Judged:
    """Cut and describe a recording."""
    samples = np.ascontiguousarray(recording.samples[None], np.float32)
    measures = measure_profile(measure_levels(Signal(samples, recording.sr)))
    cut = find_passages_in(measures)
    mono = soxr.resample(recording.samples, recording.sr, SR)[: round(LONGEST_S * SR)]
    end_s = min(measures.profile.duration_s, LONGEST_S)
    speech = measures.speech.measure(0.0, end_s)
    found = measure_descriptors(np.asarray(mono, np.float32), sr=SR, speech=speech)
    return Judged(
        recording.source, recording.name, recording.kind, found.kind, len(cut.spans_ticks)
    )


def list_side(folder: Path, music: Path | None, side: str) -> Iterator[Recording]:
    """The recordings of one side of the split; songs of one's own count as seen."""
    yield from list_recordings(folder, SEEN if side == "seen" else HELD_OUT)
    if music is not None and side == "seen":
        yield from list_songs(music, "songs")


def print_table(judged: list[Judged]) -> None:
    """A row per source, and the figures that have goals."""
    print(f"{'source':32}{'kind':10}{'right':>10}{'in one piece':>14}")
    for (source, kind), n in Counter((j.source, j.kind) for j in judged).items():
        own = [j for j in judged if j.source == source]
        right = sum(j.found == kind for j in own)
        print(f"{source:32}{kind:10}{f'{right}/{n}':>10}{sum(j.n_passages == 1 for j in own):14}")
    accuracy = np.mean([j.found == j.kind for j in judged])
    spoken = [j for j in judged if j.kind == "speech"]
    songs = [j for j in judged if j.kind == "music"]
    print(f"kind right: {accuracy:.3f} of {len(judged)} (goal {ACCURACY_GOAL})")
    if spoken:
        known = np.mean([j.found == "speech" for j in spoken])
        whole = np.mean([j.n_passages == 1 for j in spoken])
        print(f"speech known: {known:.3f} of {len(spoken)} (goal {ACCURACY_GOAL})")
        print(f"speech in one piece: {whole:.3f} (goal {WHOLE_GOAL})")
    n_false = sum(j.found == "speech" for j in songs)
    print(f"songs called speech: {n_false} of {len(songs)} (goal 0)")
    for j in judged:
        if j.found != j.kind:
            print(f"  {j.source}, {j.name}: {j.found}, not {j.kind}")


def main() -> None:
    """Judge a side and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--music", type=Path, help="songs that count as seen")
    parser.add_argument("--side", choices=("seen", "held-out"), default="held-out")
    parser.add_argument("--limit", type=int, help="so many recordings at most")
    options = parser.parse_args()
    recordings = list_side(options.folder, options.music, options.side)
    print_table([judge(each) for each in itertools.islice(recordings, options.limit)])


if __name__ == "__main__":
    main()
