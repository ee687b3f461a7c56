"""How passages end: known endings made of songs, and what the measuring calls them.

    python benchmarks/endings.py --music FOLDER [--pieces N] [--seed S]

Of every song of FOLDER, stretches from its middle are cut in full play, faded to nothing by gains
of four shapes, or cut and left to die away in a room of 2 to 8 s of reverberation (RT60). Composed
pieces add last chords that ring (data/compose.py; it needs the fluidsynth program and a
soundfont). A row per kind: the share of each answer, the right ones marked. What falls silent
within a second is a hard end by definition, short fades and small rooms among it.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from album_sides import SR, Song, read_songs

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
import compose
import styles
from score import RenderError

from wkmp_lab.analyzing.amplitude import measure_amplitude
from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.signals import FloatArray, Signal

BODY_S = 40.0
N_STRETCHES = 3
FADES_S = (5.0, 8.0, 12.0)
SHORT_FADE_S = 3.0
REVERBERATIONS_S = (2.0, 3.0, 5.0, 8.0)
PIECE_S = 20.0
ANSWERS = ("fade", "hard", "long_tail")
SHAPES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "linear": lambda x: 1.0 - x,
    "cosine": lambda x: 0.5 + 0.5 * np.cos(np.pi * x),
    "quarter sine": lambda x: np.cos(0.5 * np.pi * x),
    "straight in dB": lambda x: 10.0 ** (-3.0 * x),
}
"""Gains over the course of a fade, 0 to 1; the last one ends at -60 dB."""
Ending = tuple[str, str, FloatArray]
"""What it is, the right answer, the sound."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--pieces", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    songs = read_songs(options.music)
    answers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for name, truth, wave in list_endings(songs.values(), rng):
        answers[name, truth][classify(wave)] += 1
    for name, truth, wave in list_rings(options.pieces, options.seed):
        answers[name, truth][classify(wave)] += 1
    print(f"{len(songs)} songs, {options.pieces} composed pieces, seed {options.seed}")
    print(f"{'':32}{'n':>5}" + "".join(f"{answer:>12}" for answer in ANSWERS))
    for (name, truth), counts in answers.items():
        shares = (f"{counts[a] / counts.total():.0%}{'*' * (a == truth)}" for a in ANSWERS)
        print(f"{name:32}{counts.total():>5}" + "".join(f"{share:>12}" for share in shares))
    n_right = sum(counts[truth] for (_, truth), counts in answers.items())
    n_all = sum(counts.total() for counts in answers.values())
    print(f"right (*): {n_right} of {n_all}")


def classify(wave: FloatArray) -> str:
    """The end type of a mono sound."""
    return str(measure_amplitude(measure_levels(Signal(samples=wave[None], sr=SR))).end_type)


def list_endings(songs: Iterable[Song], rng: np.random.Generator) -> Iterator[Ending]:
    """Endings made of songs, a second of silence after each."""
    for song in songs:
        for _ in range(N_STRETCHES):
            body = cut_stretch(song, rng)
            yield "cut in full play", "hard", pad(body)
            for shape in SHAPES:
                length_s = float(rng.choice(FADES_S))
                yield f"faded, {shape}", "fade", pad(fade(body, shape, length_s))
            shape = str(rng.choice(list(SHAPES)))
            yield f"faded in {SHORT_FADE_S:g} s", "fade", pad(fade(body, shape, SHORT_FADE_S))
            for room_s in REVERBERATIONS_S:
                yield f"a room of {room_s:g} s", "long_tail", pad(let_ring(body, room_s, rng))


def list_rings(n_pieces: int, seed: int) -> Iterator[Ending]:
    """Composed pieces whose last chord rings."""
    for k in range(n_pieces):
        style = styles.STYLES[k % len(styles.STYLES)]
        low, high = style.bpm_range
        try:
            wave = compose.render_piece(
                seed=seed + k,
                bpm=low + k * 7 % (high - low + 1),
                key=compose.KEYS[k * 5 % len(compose.KEYS)],
                style=style.name,
                duration_s=PIECE_S,
            )
        except RenderError as error:
            print(f"no composed pieces: {error}")
            return
        yield "a last chord rings", "long_tail", pad(wave.mean(axis=0))


def cut_stretch(song: Song, rng: np.random.Generator) -> FloatArray:
    """A stretch that ends in play: its last half second is as loud as the rest, within 6 dB."""
    n = min(round(BODY_S * SR), len(song) * 3 // 4)
    for _ in range(50):
        start = int(rng.integers(0, len(song) - n))
        body = song[start : start + n].astype(np.float32) / 32768.0
        end = body[-SR // 2 :]
        if np.mean(end**2) >= 0.25 * np.mean(body**2):
            break
    return body


def fade(body: FloatArray, shape: str, length_s: float) -> FloatArray:
    """The stretch under a gain that falls over its last seconds."""
    n = round(length_s * SR)
    faded = body.copy()
    faded[-n:] *= SHAPES[shape](np.arange(n) / n)
    return faded


def let_ring(body: FloatArray, room_s: float, rng: np.random.Generator) -> FloatArray:
    """The stretch in a room: noise that decays by 60 dB in ``room_s``, 6 dB below the play."""
    n = round(room_s * SR)
    room = rng.normal(size=n) * 10.0 ** (-3.0 * np.arange(n) / n)
    heard = body[-n - SR :]
    size = len(heard) + n
    wet = np.fft.irfft(np.fft.rfft(heard, 2 * size) * np.fft.rfft(room, 2 * size))[:size]
    wet *= 0.5 * np.std(heard) / np.std(wet[: len(heard)])
    return np.concatenate([body, np.zeros(n)]) + np.pad(wet, (len(body) - len(heard), 0))


def pad(wave: FloatArray) -> FloatArray:
    """With a second of silence, as 16-bit audio would hold it."""
    padded = np.pad(np.asarray(wave, dtype=np.float32), (0, SR))
    return np.round(padded * 32767.0).astype(np.float32) / np.float32(32768.0)


if __name__ == "__main__":
    main()
