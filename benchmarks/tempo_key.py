"""Tempo, beats and key of music with known answers, beside librosa, Essentia and our goals.

    python benchmarks/tempo_key.py [SET] [--side heldout] [--answers FILE] [--pieces N] [--seed S]

SET is what truth_sets.py made of other people's music; a row is one source, and the side that no
weight was fitted on is judged unless told otherwise. ``--answers`` keeps what the peers said.
Without SET, and in a row of its own with it, N pieces are composed by data/compose.py.

Acc1: within 4 % of the tempo; Acc2: of it, its half, double, third or triple (the conventions of
MIREX); slow: Acc1 of pieces at 85 bpm or less; beats: F-measure within 70 ms; key: exact; MIREX:
weighted. ECE is the expected calibration error of the probabilities, in ten equal bins.
"""

import argparse
import importlib.util
import itertools
import json
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import mir_eval
import numpy as np
import soxr
from truths.pieces import SR, Samples, Truth, read_mono, read_truths

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
import compose
import styles

from wkmp_lab.flavoring import descriptors, spectrum
from wkmp_lab.settings import FlavorSettings

OURS = "wkmp_lab"
GOALS = {"Acc1": 0.85, "Acc2": 0.95, "slow": 0.7, "beats": 0.8, "key": 0.8}
MOST_ECE = 0.05
FACTORS = (1, 2, 3, 1 / 2, 1 / 3)
SLOW_BPM = 85.0
N_BINS = 10
COMPOSED = "composed by us"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool says of a piece; None and empty where it says nothing."""

    bpm: float | None = None
    beats_s: tuple[float, ...] = ()
    key: str | None = None
    bpm_probability: float | None = None
    key_probability: float | None = None
    octave_probability: float | None = None


Tool = Callable[[Samples], Answer]
Row = tuple[Truth, Answer]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path, nargs="?")
    parser.add_argument("--side", choices=["tuning", "heldout"], default="heldout")
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--only", help="one tool")
    parser.add_argument("--picture", type=Path, help="where the reliability curves are drawn")
    parser.add_argument("--pieces", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    tools = {k: v for k, v in find_tools().items() if not options.only or options.only in k}
    kept = Answers(options.answers)
    rows: dict[str, list[Row]] = {name: [] for name in tools}
    pieces = itertools.chain(
        iterate_set(options.set, options.side) if options.set else [],
        iterate_composed(options.pieces, options.seed, options.seconds),
    )
    for truth, sound in pieces:
        for name, tool in tools.items():
            found = kept.find(name, truth) or kept.keep(name, truth, tool(sound()))
            rows[name].append((truth, found))
    for name, answers in rows.items():
        print_table(name, answers)
    if OURS in rows:
        pairs = pair_probabilities([row for row in rows[OURS] if row[0].source != COMPOSED])
        print_calibration(pairs)
        if options.picture:
            draw_calibration(pairs, options.picture)


class Answers:
    """What peers said earlier, in a file of JSON lines; ours are always asked anew."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[tuple[str, str, str], Answer] = {}
        if path is not None and path.is_file():
            for line in path.read_text().splitlines():
                tool, source, name, fields = json.loads(line)
                answer = Answer(**{**fields, "beats_s": tuple(fields["beats_s"])})
                self._known[tool, source, name] = answer

    def find(self, tool: str, truth: Truth) -> Answer | None:
        return self._known.get((tool, truth.source, truth.name)) if tool != OURS else None

    def keep(self, tool: str, truth: Truth, answer: Answer) -> Answer:
        if self._path is not None and tool != OURS:
            with self._path.open("a") as lines:
                row = [tool, truth.source, truth.name, asdict(answer)]
                lines.write(json.dumps(row) + "\n")
        return answer


def iterate_set(folder: Path, side: str) -> Iterator[tuple[Truth, Callable[[], Samples]]]:
    """Other people's pieces of a side, their sound read when it is needed."""
    for truth in read_truths(folder):
        if truth.side == side:
            yield truth, lambda t=truth: read_mono(folder, t)


def iterate_composed(
    n: int, seed: int, seconds: float
) -> Iterator[tuple[Truth, Callable[[], Samples]]]:
    """Composed pieces, over all keys, all styles and each style's tempos."""
    rng = np.random.default_rng(seed)
    keys = itertools.cycle(rng.permutation(compose.KEYS))
    for k in range(n):
        style, key = styles.STYLES[k % len(styles.STYLES)], str(next(keys))
        bpm = float(rng.integers(*style.bpm_range, endpoint=True))
        beats = tuple(np.arange(0.0, seconds, 60.0 / bpm).tolist())
        stereo = compose.render_piece(
            seed=seed + k, bpm=bpm, key=key, style=style.name, duration_s=seconds
        )
        mono = stereo.mean(axis=0).astype(np.float32)
        yield Truth(f"{seed}-{k}", COMPOSED, "", bpm, beats, key), lambda m=mono: m


def print_table(tool: str, rows: list[Row]) -> None:
    """A line a source, and one of all of other people's music with our goals below."""
    print(f"\n{tool:26}{'n':>5}" + "".join(f"{name:>8}" for name in (*GOALS, "MIREX")))
    sources = sorted({truth.source for truth, _ in rows})
    for source in sources:
        print_line(source, [row for row in rows if row[0].source == source])
    others = [row for row in rows if row[0].source != COMPOSED]
    if others:
        print_line("all of others", others)
    if tool == OURS:
        print(f"{'goal':31}" + "".join(f"{goal:8.1%}" for goal in GOALS.values()))


def print_line(name: str, rows: list[Row]) -> None:
    """The figures of one tool on some pieces."""
    cells = score(rows).values()
    line = "".join(f"{'':>8}" if cell is None else f"{cell:8.1%}" for cell in cells)
    print(f"{name:26}{len(rows):5}{line}")


def score(rows: Iterable[Row]) -> dict[str, float | None]:
    """Means of each measure over the pieces whose truth is known; no answer is a wrong one."""
    found: dict[str, list[float]] = {name: [] for name in (*GOALS, "MIREX")}
    for truth, answer in rows:
        if truth.bpm is not None:
            is_right = is_near(answer.bpm, truth.bpm, (1,))
            found["Acc1"].append(is_right)
            found["Acc2"].append(is_near(answer.bpm, truth.bpm, FACTORS))
            if truth.bpm <= SLOW_BPM:
                found["slow"].append(is_right)
        if len(truth.beats_s) >= 5:
            found["beats"].append(measure_beats(truth, answer))
        if truth.key is not None:
            weight = weigh_key(truth.key, answer.key) if answer.key else 0.0
            found["key"].append(weight == 1.0)
            found["MIREX"].append(weight)
    return {name: float(np.mean(values)) if values else None for name, values in found.items()}


def is_near(bpm: float | None, truth: float, factors: Iterable[float]) -> bool:
    """Whether a tempo is within 4 % of the truth, or of a multiple."""
    return bpm is not None and any(abs(bpm / truth / factor - 1) <= 0.04 for factor in factors)


def measure_beats(truth: Truth, answer: Answer) -> float:
    """F-measure of beats within 70 ms, the first five seconds left out as in MIREX."""
    reference, estimate = (
        mir_eval.beat.trim_beats(np.array(beats)) for beats in (truth.beats_s, answer.beats_s)
    )
    return float(mir_eval.beat.f_measure(reference, estimate)) if len(estimate) else 0.0


def weigh_key(truth: str, found: str) -> float:
    """MIREX: exact 1, a fifth above 0.5, relative 0.3, parallel 0.2; spelling does not count."""
    (tonic, mode), (other, other_mode) = place_key(truth), place_key(found)
    step = (other - tonic) % 12
    if mode == other_mode:
        return {0: 1.0, 5: 0.5, 7: 0.5}.get(step, 0.0)
    relative = 9 if mode == "major" else 3
    return {relative: 0.3, 0: 0.2}.get(step, 0.0)


def place_key(name: str) -> tuple[int, str]:
    """Tonic in semitones above C, and mode.

    >>> place_key("A# major") == place_key("Bb major")
    True
    """
    tonic, mode = name.split()
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    return (steps[tonic[0]] + tonic.count("#") - tonic[1:].count("b")) % 12, mode


Pairs = dict[str, list[tuple[float, bool]]]
"""By what is told: its probability, and whether it was right."""


def pair_probabilities(rows: list[Row]) -> Pairs:
    """What was told of tempos and keys whose truth is known."""
    pairs: Pairs = {"tempo": [], "octave": [], "key": []}
    for truth, answer in rows:
        if truth.bpm is not None and answer.bpm_probability is not None:
            pairs["tempo"].append((answer.bpm_probability, is_near(answer.bpm, truth.bpm, (1,))))
        if truth.bpm is not None and answer.octave_probability is not None:
            is_octave = is_near(answer.bpm, truth.bpm, (2, 1 / 2))
            pairs["octave"].append((answer.octave_probability, is_octave))
        if truth.key is not None and answer.key is not None and answer.key_probability is not None:
            pairs["key"].append((answer.key_probability, weigh_key(truth.key, answer.key) == 1.0))
    return {name: found for name, found in pairs.items() if found}


def print_calibration(pairs: Pairs) -> None:
    """How often what was called so likely is right."""
    for name, found in pairs.items():
        table = tabulate_reliability(found)
        error = sum(n * abs(said - right) for n, said, right in table) / len(found)
        print(f"\n{name}: ECE {error:.3f} of {len(found)} (goal {MOST_ECE:g})")
        for n, said, right in table:
            print(f"  said {said:.2f}, right {right:.2f} ({n})")


def draw_calibration(pairs: Pairs, path: Path) -> None:
    """Reliability curves: share that is right over the probability told, area by number."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5, 4.2), layout="constrained")
    axes = figure.add_subplot(xlabel="probability told", ylabel="share that was right")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, found in pairs.items():
        n, said, right = np.array(tabulate_reliability(found)).T
        (line,) = axes.plot(said, right, label=f"{name}, {len(found)} pieces")
        axes.scatter(said, right, s=6 * n, color=line.get_color())
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(path, dpi=110)


def tabulate_reliability(
    pairs: list[tuple[float, bool]],
) -> list[tuple[int, float, float]]:
    """(number, mean probability, share that is right) of each tenth that holds any."""
    said, right = np.array(pairs, np.float64).T
    bins = np.clip((said * N_BINS).astype(int), 0, N_BINS - 1)
    return [
        (int((bins == k).sum()), float(said[bins == k].mean()), float(right[bins == k].mean()))
        for k in np.unique(bins)
    ]


def find_tools() -> dict[str, Tool]:
    """Ours, and the peers that are installed."""
    tools: dict[str, Tool] = {OURS: run_ours, "librosa beat_track": run_librosa}
    if importlib.util.find_spec("essentia"):
        tools["Essentia"] = run_essentia
    else:
        print("Essentia is not installed: left out", file=sys.stderr)
    return tools


def run_ours(mono: Samples) -> Answer:
    """What an import measures."""
    signal = soxr.resample(mono, SR, spectrum.SR, quality="HQ").astype(np.float32)
    found = descriptors.measure_descriptors(
        signal, sr=spectrum.SR, settings=FlavorSettings(has_beats=True)
    )
    tempo, key = found.tempo, found.key
    return Answer(
        bpm=tempo.bpm if tempo else None,
        beats_s=tempo.beats_s if tempo else (),
        key=key.name if key else None,
        bpm_probability=tempo.strength if tempo else None,
        key_probability=key.strength if key else None,
        octave_probability=tempo.octave_probability if tempo else None,
    )


def run_librosa(mono: Samples) -> Answer:
    """librosa's tempo and beats; it has no key."""
    import librosa

    signal = soxr.resample(mono, SR, spectrum.SR, quality="HQ")
    bpm, beats_s = librosa.beat.beat_track(y=signal, sr=spectrum.SR, units="time")
    return Answer(float(np.atleast_1d(bpm)[0]), tuple(beats_s.tolist()))


def run_essentia(mono: Samples) -> Answer:
    """RhythmExtractor2013 (degara) and KeyExtractor (edma), with their defaults."""
    import essentia
    import essentia.standard

    essentia.log.infoActive = False
    essentia.log.warningActive = False
    bpm, beats_s = essentia.standard.RhythmExtractor2013(method="degara")(mono)[:2]
    tonic, mode, _ = essentia.standard.KeyExtractor(profileType="edma")(mono)
    return Answer(float(bpm), tuple(float(beat) for beat in beats_s), f"{tonic} {mode}")


if __name__ == "__main__":
    main()
