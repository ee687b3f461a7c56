"""Fit the weights of the segmenting evidence on sides made of songs.

    python benchmarks/fit_gaps.py FOLDER [FOLDER ...] [--seed 0] [--sides 10]

Sides and single songs are made as in ``segmenting.py``, each folder by itself. Every stretch near
the floor is an example: a gap where it lies in a join, a pause where it is 10 s or more away from
all joins. A logistic regression, in which the many copies of one gap or pause count little, gives
the weights; the folds of the cross-validation part the songs.
``wkmp_lab.segmenting.boundary_evidence.WEIGHTS`` is from four folders: 17 songs of
supertuxkart-data and widelands-data; 36 of Debian's packages
wesnoth-1.16-music, warzone2100-music, supertux-data, hyperrogue-music, lincity-ng-data,
fillets-ng-data, freedroidrpg-data and fretsonfire-songs-muldjord (five a package at most, 90 s to
12 min); 97 more of these packages, from 60 s to 10 min; and 24 pieces of data/compose.py, half of
them with a general pause.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from album_sides import CONDITIONS, NOISES, SR, make_side, make_single, read_songs
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.model import Gap
from wkmp_lab.segmenting.boundary_evidence import WEIGHTS
from wkmp_lab.segmenting.passages import find_passages
from wkmp_lab.signals import FloatArray, Signal
from wkmp_lab.units import seconds_from_ticks

NEAR_S, AWAY_S = 0.5, 10.0
FITTED = [name for name in WEIGHTS if name not in ("bias", "tags")]


class Example(NamedTuple):
    """A stretch near the floor: its measures, whether it parts two songs, and in which it lies."""

    measures: list[float]
    is_gap: bool
    song: str


def list_examples(
    samples: FloatArray, joins_s: tuple[tuple[float, float], ...], songs: list[str]
) -> Iterator[Example]:
    """The stretches of a side or a single song."""
    for gap in find_passages(measure_levels(Signal(samples[None], SR))).gaps:
        start_s, end_s = seconds_from_ticks(gap.start_ticks), seconds_from_ticks(gap.end_ticks)
        distances = [max(a - end_s, start_s - b) for a, b in joins_s]
        nearest_s = min(distances, default=np.inf)
        if nearest_s < NEAR_S or nearest_s > AWAY_S:
            song = songs[sum(a < start_s - NEAR_S for a, _ in joins_s)]
            yield Example(read_measures(gap), nearest_s < NEAR_S, song)


def read_measures(gap: Gap) -> list[float]:
    """What was measured, from the evidence, which is that times its weight."""
    evidence = dict(gap.evidence)
    return [evidence[name] / WEIGHTS[name] for name in FITTED]


def list_all(folder: Path, n_sides: int, seed: int) -> Iterator[Example]:
    """Examples of every condition with an audible gap, and of every song alone."""
    songs = list(read_songs(folder).items())
    for i, condition in enumerate(CONDITIONS):
        for k in range(n_sides if condition.gap_s else 0):
            rng = np.random.default_rng([seed, i, k])
            chosen = [songs[j] for j in rng.choice(len(songs), min(5, len(songs)), replace=False)]
            side = make_side([song for _, song in chosen], condition, rng=rng)
            yield from list_examples(side.samples, side.joins_s, [path for path, _ in chosen])
    for i, (path, song) in enumerate(songs):
        for noise in NOISES:
            samples = make_single(song, noise, rng=np.random.default_rng([seed, i]))
            yield from list_examples(samples, (), [path])


def main() -> None:
    """Print the weights, those in use beside them, and the errors of the cross-validation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sides", type=int, default=10, help="per condition (default: 10)")
    options = parser.parse_args()
    examples = [e for f in options.folders for e in list_all(f, options.sides, options.seed)]
    measures = np.array([example.measures for example in examples])
    is_gap = np.array([example.is_gap for example in examples])
    songs = np.unique([example.song for example in examples], return_inverse=True)[1]
    copies = Counter((example.song, example.is_gap) for example in examples)
    worth = np.array([copies[e.song, e.is_gap] ** -0.5 for e in examples])
    model = LogisticRegression(C=3.0, max_iter=5000)
    likely = cross_val_predict(
        model, measures, is_gap, groups=songs, cv=GroupKFold(8), params={"sample_weight": worth}
    )
    model.fit(measures, is_gap, sample_weight=worth)
    print(f"{is_gap.sum()} gaps and {(~is_gap).sum()} pauses of {songs.max() + 1} songs")
    print(f"left out songs: {(is_gap & ~likely).sum()} gaps missed", end=", ")
    print(f"{(~is_gap & likely).sum()} pauses taken for gaps")
    print(f"{'':12}{'fitted':>8}{'in use':>8}")
    for name, fitted in (("bias", model.intercept_[0]), *zip(FITTED, model.coef_[0], strict=True)):
        print(f"{name:12}{fitted:8.2f}{WEIGHTS[name]:8.2f}")


if __name__ == "__main__":
    main()
