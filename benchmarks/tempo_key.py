"""Tempo and key on composed pieces whose answers are known, beside librosa and Essentia.

    python benchmarks/tempo_key.py [--pieces N] [--seed S] [--seconds S]

The pieces are rendered by data/compose.py (it needs the fluidsynth program and a General MIDI
soundfont), over all keys, all styles and each style's tempos. Acc1: within 4 % of the tempo; Acc2:
of it, its half, double, third or triple (the MIREX conventions). Key: exact, and MIREX weighted.
"""

import argparse
import importlib.util
import itertools
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
import compose
import styles

from wkmp_lab.flavoring import descriptors

SR = 44_100
Answer = tuple[float | None, str | None]
"""(tempo in bpm, key)"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pieces", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    tools = find_tools()
    truths: list[tuple[float, str]] = []
    answers: dict[str, list[Answer]] = {name: [] for name in tools}
    rng = np.random.default_rng(options.seed)
    keys = itertools.cycle(rng.permutation(compose.KEYS))
    for k in range(options.pieces):
        style, key = styles.STYLES[k % len(styles.STYLES)], str(next(keys))
        bpm = float(rng.integers(*style.bpm_range, endpoint=True))
        stereo = compose.render_piece(
            seed=options.seed + k, bpm=bpm, key=key, style=style.name, duration_s=options.seconds
        )
        mono = stereo.mean(axis=0).astype(np.float32)
        truths.append((bpm, key))
        for name, tool in tools.items():
            answers[name].append(tool(mono))
    print(f"{len(truths)} pieces of {options.seconds:g} s, seed {options.seed}")
    print(f"{'':24}{'Acc1':>8}{'Acc2':>8}{'key':>8}{'MIREX':>8}")
    for name, found in answers.items():
        print(f"{name:24}{score_line(truths, found)}")


def score_line(truths: list[tuple[float, str]], found: list[Answer]) -> str:
    """The four figures of one tool."""
    pairs = list(zip(truths, found, strict=True))
    tempos = [(bpm, answer[0]) for (bpm, _), answer in pairs if answer[0] is not None]
    keys = [(key, answer[1]) for (_, key), answer in pairs if answer[1] is not None]
    cells = []
    if tempos:
        cells.append(np.mean([abs(f / t - 1) <= 0.04 for t, f in tempos]))
        factors = (1, 2, 3, 1 / 2, 1 / 3)
        cells.append(
            np.mean([any(abs(f / t / x - 1) <= 0.04 for x in factors) for t, f in tempos])
        )
    else:
        cells += [None, None]
    if keys:
        cells.append(np.mean([t == f for t, f in keys]))
        cells.append(np.mean([weigh_key(t, f) for t, f in keys]))
    else:
        cells += [None, None]
    return "".join(f"{'':>8}" if cell is None else f"{cell:8.1%}" for cell in cells)


def weigh_key(truth: str, found: str) -> float:
    """MIREX: exact 1, a fifth off 0.5, relative 0.3, parallel 0.2."""
    (tonic, mode), (other, other_mode) = truth.split(), found.split()
    names = [key.split()[0] for key in compose.KEYS][:12]
    step = (names.index(other) - names.index(tonic)) % 12
    if mode == other_mode:
        return {0: 1.0, 5: 0.5, 7: 0.5}.get(step, 0.0)
    relative = 9 if mode == "major" else 3
    return {relative: 0.3, 0: 0.2}.get(step, 0.0)


def find_tools() -> dict[str, Callable[[np.ndarray], Answer]]:
    """Ours, and the peers that are installed."""
    tools: dict[str, Callable[[np.ndarray], Answer]] = {"wkmp_lab": run_ours}
    tools["librosa beat_track"] = run_librosa
    if importlib.util.find_spec("essentia"):
        tools["Essentia"] = run_essentia
    else:
        print("Essentia is not installed: left out", file=sys.stderr)
    return tools


def run_ours(mono: np.ndarray) -> Answer:
    """What an import measures."""
    signal = soxr.resample(mono, SR, 22_050, quality="HQ").astype(np.float32)
    found = descriptors.measure_descriptors(signal, sr=22_050)
    return found.tempo and found.tempo.bpm, found.key and found.key.name


def run_librosa(mono: np.ndarray) -> Answer:
    """librosa's tempo; it has no key."""
    import librosa

    signal = soxr.resample(mono, SR, 22_050, quality="HQ")
    return float(np.atleast_1d(librosa.beat.beat_track(y=signal, sr=22_050)[0])[0]), None


def run_essentia(mono: np.ndarray) -> Answer:
    """RhythmExtractor2013 (degara) and KeyExtractor (edma), with their defaults."""
    import essentia
    import essentia.standard

    essentia.log.infoActive = False
    essentia.log.warningActive = False
    bpm = essentia.standard.RhythmExtractor2013(method="degara")(mono)[0]
    tonic, mode, _ = essentia.standard.KeyExtractor(profileType="edma")(mono)
    sharps = {"Bb": "A#", "Eb": "D#", "Ab": "G#", "Db": "C#", "Gb": "F#"}
    return float(bpm), f"{sharps.get(tonic, tonic)} {mode}"


if __name__ == "__main__":
    main()
