"""Fit the weights of the evidence for tempo and key on the tuning side of other people's music.

    python benchmarks/fit_tempo_key.py SET [--write]

``SET`` is what truth_sets.py made. Both are softmax models: one share for each of 241 tempos, of
which all within 4 % are right, and one for each of 24 keys. A source counts by the root of its
pieces. Before the fit, each sixth of the sources is judged by weights that have not seen it.
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
    for name, problem, shrinkage in (
        ("tempo", tempos, TEMPO_SHRINKAGE),
        ("key", keys, KEY_SHRINKAGE),
    ):
        right = judge(problem, shrinkage)
        print(f"{name}: {len(right)} pieces, right when left out: {right.mean():.3f}")
    print("tonality.WEIGHTS:", *(f"{weight:.4g}" for weight in fit(keys, KEY_SHRINKAGE)))
    if options.write:
        write_tempo(fit(tempos, TEMPO_SHRINKAGE))


def collect(folder: Path, truths: list[Truth]) -> tuple[Problem, Problem]:
    """The evidence that the package itself would weigh, for tempos and for keys."""
    tempos: list[tuple[DoubleArray, npt.NDArray[np.bool_], str]] = []
    keys: list[tuple[DoubleArray, npt.NDArray[np.bool_], str]] = []
    grid = tempo.list_tempos()
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
            tempos.append((evidence, is_near, truth.source))
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


def judge(problem: Problem, shrinkage: float) -> npt.NDArray[np.bool_]:
    """Whether each piece's best choice is right, by weights that have not seen its source."""
    counts = Counter(problem.sources.tolist())
    order = sorted(counts, key=lambda source: (-counts[source], source))
    is_right = np.zeros(len(problem.sources), bool)
    for fold in range(N_FOLDS):
        is_left = np.isin(problem.sources, order[fold::N_FOLDS])
        if not is_left.any():
            continue
        seen = Problem(*(part[~is_left] for part in problem))
        scores = problem.evidence[is_left] @ fit(seen, shrinkage)
        best = scores.argmax(axis=1)
        is_right[is_left] = problem.is_right[is_left][np.arange(len(best)), best]
    return is_right


def fit(problem: Problem, shrinkage: float) -> DoubleArray:
    """Weights that make what is right likeliest, shrunk towards none."""
    spread = problem.evidence.reshape(-1, problem.evidence.shape[2]).std(axis=0) + 1e-6
    scaled = problem.evidence / spread
    counts = Counter(problem.sources.tolist())
    share = np.array([1.0 / np.sqrt(counts[source]) for source in problem.sources.tolist()])
    share /= share.sum()

    def cost(weights: DoubleArray) -> tuple[float, DoubleArray]:
        likely = scipy.special.softmax(scaled @ weights, axis=1)
        right = (likely * problem.is_right).sum(axis=1) + 1e-12
        wrong_way = likely - likely * problem.is_right / right[:, None]
        slope = np.einsum("i,ij,ijk->k", share, wrong_way, scaled, optimize=True)
        total = -(share * np.log(right)).sum() + shrinkage * weights @ weights
        return float(total), slope + 2.0 * shrinkage * weights

    start = np.zeros(scaled.shape[2])
    found = scipy.optimize.minimize(cost, start, jac=True, method="L-BFGS-B")
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
