"""Is a piece in another encoding its own nearest neighbour? Beside bliss-audio and Essentia.

    python benchmarks/flavor.py --music FOLDER [--pieces N] [--seconds S] [--essentia]

The library is each piece of FOLDER (``--seconds`` from its middle) and N composed ones
(data/compose.py: needs the fluidsynth program and a General MIDI soundfont). Each is asked for in
other encodings; right is the answer when the nearest of all originals is the same piece. Needs
ffmpeg. Vectors: ours by aspects, bliss-audio's by Euclid as its authors do, Essentia's
MusicExtractor (``--essentia``: slow) by all its numbers in deviations.
"""

import argparse
import itertools
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import peers
import soundfile
import soxr

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
import compose
import score
import styles

from wkmp_lab.collection import neighbours
from wkmp_lab.flavoring import descriptors
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.io.files.scanning import scan_folder

SR = 44_100
ENCODINGS = {
    "mp3 128k": ("-c:a", "libmp3lame", "-b:a", "128k", "out.mp3"),
    "mp3 64k": ("-c:a", "libmp3lame", "-b:a", "64k", "out.mp3"),
    "opus 48k": ("-c:a", "libopus", "-b:a", "48k", "out.opus"),
}
Measure = Callable[[Path], np.ndarray]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--pieces", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=45.0)
    parser.add_argument("--seed", type=int, default=7000)
    parser.add_argument("--essentia", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if shutil.which("ffmpeg") is None:
        sys.exit("ffmpeg is not installed: nothing can be encoded")
    tools = find_tools(has_essentia=options.essentia)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        originals = [
            *cut_music(options.music, folder, options.seconds),
            *compose_pieces(folder, options.pieces, options.seed, options.seconds),
        ]
        if len(originals) < 2:
            sys.exit(f"two pieces or more are needed, found {len(originals)}")
        found = {tool: measure_all(measure, originals) for tool, measure in tools.items()}
    print(f"{len(originals)} pieces of {options.seconds:g} s: same piece is the first neighbour")
    print(f"{'':28}" + "".join(f"{encoding:>12}" for encoding in ENCODINGS) + f"{'all':>12}")
    for tool, (library, queries) in found.items():
        shares = [score_queries(tool, library, asked) for asked in queries]
        cells = "".join(f"{share:12.1%}" for share in (*shares, np.mean(shares)))
        print(f"{tool:28}{cells}")


def measure_all(measure: Measure, originals: list[Path]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Vectors of the originals, and of the same in each encoding."""
    library = np.array([measure(path) for path in originals])
    asked = [
        np.array([measure(encode(path, options)) for path in originals])
        for options in ENCODINGS.values()
    ]
    return library, asked


def score_queries(tool: str, library: np.ndarray, asked: np.ndarray) -> float:
    """Share of the pieces that find themselves; scales are those of the library alone."""
    right = [nearest(tool, library, query) == k for k, query in enumerate(asked)]
    return float(np.mean(right))


def nearest(tool: str, library: np.ndarray, query: np.ndarray) -> int:
    """Place of the original that is nearest."""
    if tool.startswith("bliss"):
        return int(np.linalg.norm(library - query, axis=1).argmin())
    together = np.vstack([library, query])
    scaled = neighbours.scale_vectors(together)
    if tool == "wkmp_lab":
        parts = neighbours.measure_aspects(scaled, len(library))[:-1]
        return int(neighbours.compute_distances(parts).argmin())
    return int(np.linalg.norm(scaled[:-1] - scaled[-1], axis=1).argmin())


def cut_music(music: Path, folder: Path, seconds: float) -> list[Path]:
    """The middle of each file as WAV; too short files are left out and said to be."""
    paths = []
    for k, source in enumerate(scan_folder(music).files):
        signal = read_signal(source.path)
        samples, n = signal.samples, round(seconds * signal.sr)
        if samples.shape[1] < n:
            print(f"shorter than {seconds:g} s, left out: {source.path}", file=sys.stderr)
            continue
        start = (samples.shape[1] - n) // 2
        path = folder / f"music_{k:03d}" / "original.wav"
        path.parent.mkdir()
        soundfile.write(path, samples[:, start : start + n].T, signal.sr)
        paths.append(path)
    return paths


def compose_pieces(folder: Path, n: int, seed: int, seconds: float) -> list[Path]:
    """Composed pieces as WAV: hard to tell apart, as pieces of one style share their bands."""
    rng = np.random.default_rng(seed)
    keys = itertools.cycle(rng.permutation(compose.KEYS))
    paths = []
    for k in range(n):
        style = styles.STYLES[k % len(styles.STYLES)]
        bpm = float(rng.integers(*style.bpm_range, endpoint=True))
        try:
            samples = compose.render_piece(
                seed=seed + k, bpm=bpm, key=str(next(keys)), style=style.name, duration_s=seconds
            )
        except score.RenderError as error:
            print(f"no composed pieces: {error}", file=sys.stderr)
            return []
        path = folder / f"piece_{k:03d}" / "original.wav"
        path.parent.mkdir()
        soundfile.write(path, samples.T, SR)
        paths.append(path)
    return paths


def encode(path: Path, options: tuple[str, ...]) -> Path:
    """The piece in another encoding; made once."""
    *codec, name = options
    target = path.parent / f"{codec[-1]}_{name}"
    if not target.exists():
        command = ["ffmpeg", "-v", "error", "-i", str(path), *codec, str(target)]
        subprocess.run(command, check=True)
    return target


def find_tools(*, has_essentia: bool) -> dict[str, Measure]:
    """Ours, and the peers that are installed and asked for, with their versions."""
    tools: dict[str, Measure] = {"wkmp_lab": run_ours}
    wanted = {"bliss-audio": run_bliss}
    if has_essentia:
        wanted["Essentia MusicExtractor"] = run_essentia
    for peer, measure in wanted.items():
        version = peers.find_version(peer)
        if version is None:
            print(f"{peer} is not installed: left out", file=sys.stderr)
        else:
            tools[f"{peer.split()[0]} {version}"] = measure
    return tools


def run_ours(path: Path) -> np.ndarray:
    """What an import measures."""
    signal = read_signal(str(path))
    mono = soxr.resample(signal.samples.mean(axis=0), signal.sr, 22_050, quality="HQ")
    return neighbours.vector_of(
        descriptors.measure_descriptors(mono.astype(np.float32), sr=22_050)
    )


def run_bliss(path: Path) -> np.ndarray:
    """The 23 numbers of bliss-audio."""
    import bliss_audio

    return np.asarray(bliss_audio.Song(str(path)).analysis, np.float64)


def run_essentia(path: Path) -> np.ndarray:
    """Every number of MusicExtractor but those of the file's form and the places of its beats."""
    import essentia
    import essentia.standard

    essentia.log.infoActive = False
    essentia.log.warningActive = False
    if path.suffix == ".opus":  # which it cannot read
        signal = read_signal(str(path))
        path = path.with_suffix(".wav")
        soundfile.write(path, signal.samples.T, signal.sr)
    pool, _ = essentia.standard.MusicExtractor()(str(path))
    left_out = ("metadata.", "rhythm.beats_position")
    names = sorted(n for n in pool.descriptorNames() if not n.startswith(left_out))
    values = [np.ravel(pool[n]) for n in names if not isinstance(pool[n], str)]
    parts = [v for v in values if v.dtype.kind == "f" and not len(v) > 100]
    return np.concatenate(parts)


if __name__ == "__main__":
    main()
