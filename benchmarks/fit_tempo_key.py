"""Fit the weights of the evidence for tempo and key on the tuning side of other people's music.

    python benchmarks/fit_tempo_key.py SET [--write]

``SET`` is what truth_sets.py made. Both are softmax models: one share for each of 121 tempos, of
which all within 4 % are right, and one for each of 24 keys. A source counts by the root of its
pieces. Before the fit, each sixth of the sources is judged by weights that have not seen it; what
was told too surely there is told less surely: all weights are scaled so that it is likeliest.
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.special
import soxr
from tempo_key import place_key
from truths.pieces import SR, Truth, read_mono, read_truths

from wkmp_lab.flavoring import descriptors, spectrum, tempo, tonality
from wkmp_lab.flavoring.periodicity import measure_periodicity
from wkmp_lab.signals import DoubleArray

TEMPO_SHRINKAGE, KEY_SHRINKAGE = 0.3, 0.001
"""Cost of a squared weight of evidence scaled to a spread of 1."""
N_FOLDS = 6
N_STEPS = 150
"""Steps of a fit, which no longer moves then."""
EVERY_TEMPO = 2
"""Of the tempos that the package weighs every second one is fitted on."""
FLAVORING = Path(tempo.__file__).parent


class Problem(NamedTuple):
    """Pieces to be fitted.

    Attributes
    ----------
    evidence
        Shape ``(n_pieces, n_choices, n_weights)``.
    is_right
        Which choices are right, shape ``(n_pieces, n_choices)``.
    sources
        Where each piece comes from.
    """

    evidence: DoubleArray
    is_right: npt.NDArray[np.bool_]
    sources: npt.NDArray[np.str_]


def main() -> None:
    """Judge, fit and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--write", action="store_true", help="the tempo's into the package")
    options = parser.parse_args()
    truths = [truth for truth in read_truths(options.set) if truth.side == "tuning"]
    tempos, keys = collect(options.set, truths)
    tempo_weights = fit_scaled("tempo", tempos, TEMPO_SHRINKAGE)
    key_weights = fit_scaled("key", keys, KEY_SHRINKAGE)
    print("tonality.WEIGHTS:", *(f"{weight:.4g}" for weight in key_weights))
    if options.write:
        write_tempo(tempo_weights)


def fit_scaled(name: str, problem: Problem, shrinkage: float) -> DoubleArray:
    """Weights of all pieces, as sure as those that had not seen a source were right on it."""
    scores = score_left_out(problem, shrinkage)
    scale = find_scale(scores, problem.is_right)
    right = problem.is_right[np.arange(len(scores)), scores.argmax(axis=1)]
    print(
        f"{name}: {len(right)} pieces, right when left out {right.mean():.3f}, scale {scale:.2f}"
    )
    return scale * fit(problem, shrinkage)


def find_scale(scores: DoubleArray, is_right: npt.NDArray[np.bool_]) -> float:
    """Factor of the scores that makes what is right likeliest."""

    def cost(scale: float) -> float:
        likely = scipy.special.softmax(scale * scores, axis=1)
        return -float(np.log((likely * is_right).sum(axis=1) + 1e-12).mean())

    return float(scipy.optimize.minimize_scalar(cost, bounds=(0.3, 2.0), method="bounded").x)


def collect(folder: Path, truths: list[Truth]) -> tuple[Problem, Problem]:
    """The evidence that the package itself would weigh, for tempos and for keys."""
    tempos: list[tuple[DoubleArray, npt.NDArray[np.bool_], str]] = []
    keys: list[tuple[DoubleArray, npt.NDArray[np.bool_], str]] = []
    grid = tempo.list_tempos()[::EVERY_TEMPO]
    for truth in truths:
        mono = soxr.resample(read_mono(folder, truth), SR, spectrum.SR, quality="HQ")
        if truth.bpm is not None and grid[0] <= truth.bpm <= grid[-1]:
            envelopes = descriptors.measure_frames(mono).envelopes
            measured = [
                measure_periodicity(each, frame_rate_hz=spectrum.FRAME_RATE_HZ)
                for each in envelopes
            ]
            evidence = tempo.collect_evidence(
                envelopes, measured, frame_rate_hz=spectrum.FRAME_RATE_HZ
            )
            is_near = np.abs(np.log(grid / truth.bpm)) <= np.log1p(tempo.SAME_TEMPO)
            tempos.append((evidence[::EVERY_TEMPO], is_near, truth.source))
        if truth.key is not None:
            pitches = tonality.collect_pitches(mono, sr=spectrum.SR)
            names = [tonality.name_key(k) for k in range(24)]
            is_key = np.array([same_key(truth.key, name) for name in names])
            keys.append((tonality.collect_evidence(pitches), is_key, truth.source))
    return make_problem(tempos), make_problem(keys)


def make_problem(rows: list[tuple[DoubleArray, npt.NDArray[np.bool_], str]]) -> Problem:
    """Rows as arrays."""
    evidence, right, sources = zip(*rows, strict=True)
    return Problem(np.stack(evidence), np.stack(right), np.array(sources))


def same_key(one: str, other: str) -> bool:
    """Whether two names are one key, however spelled.

    >>> same_key("A# major", "Bb major")
    True
    """
    return place_key(one) == place_key(other)


def score_left_out(problem: Problem, shrinkage: float) -> DoubleArray:
    """Scores of each piece's choices by weights that have not seen its source."""
    counts = Counter(problem.sources.tolist())
    order = sorted(counts, key=lambda source: (-counts[source], source))
    scores = np.zeros(problem.is_right.shape)
    for fold in range(N_FOLDS):
        is_left = np.isin(problem.sources, order[fold::N_FOLDS])
        if is_left.any():
            seen = Problem(*(part[~is_left] for part in problem))
            scores[is_left] = problem.evidence[is_left] @ fit(seen, shrinkage)
    return scores


def fit(problem: Problem, shrinkage: float) -> DoubleArray:
    """Weights that make what is right likeliest, shrunk towards none."""
    n_pieces, n_choices, n_weights = problem.evidence.shape
    flat = problem.evidence.reshape(-1, n_weights)
    spread = flat.std(axis=0) + 1e-6
    scaled = (flat / spread).astype(np.float32)
    counts = Counter(problem.sources.tolist())
    share = np.array([1.0 / np.sqrt(counts[source]) for source in problem.sources.tolist()])
    share /= share.sum()

    def cost(weights: DoubleArray) -> tuple[float, DoubleArray]:
        scores = (scaled @ weights.astype(np.float32)).reshape(n_pieces, n_choices)
        likely = scipy.special.softmax(scores.astype(np.float64), axis=1)
        right = (likely * problem.is_right).sum(axis=1) + 1e-12
        wrong_way = share[:, None] * (likely - likely * problem.is_right / right[:, None])
        slope = wrong_way.astype(np.float32).reshape(-1) @ scaled + 2.0 * shrinkage * weights
        total = -(share * np.log(right)).sum() + shrinkage * weights @ weights
        return float(total), slope

    found = scipy.optimize.minimize(
        cost, np.zeros(n_weights), jac=True, method="L-BFGS-B", options={"maxiter": N_STEPS}
    )
    weights: DoubleArray = found.x / spread
    return weights


def write_tempo(weights: DoubleArray) -> None:
    """The tempo's weights as a module of the package."""
    text = '"""Weights of the evidence for a tempo, fitted by benchmarks/fit_tempo_key.py."""\n\n'
    (FLAVORING / "tempo_weights.py").write_text(text + _format("WEIGHTS", weights))


def _format(name: str, weights: DoubleArray) -> str:
    rows = [weights[k : k + 10] for k in range(0, len(weights), 10)]
    lines = "".join("    " + ", ".join(f"{w:.4g}" for w in row) + ",\n" for row in rows)
    return f"# fmt: off\n{name} = (\n{lines})\n# fmt: on\n"


if __name__ == "__main__":
    main()
