"""Music that is made by code, for the notebooks: what is in it is known, and nobody owns it.

It sounds plain. It is there to be measured, not to be listened to for long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

SR = 22_050
TURN_S = 1.8
"""Of a record at 33 1/3 turns a minute."""
HUM_HZ = 50.0
_Samples = npt.NDArray[np.float64]
_Maker = Callable[[np.random.Generator, float], _Samples]

PIECES_S = (40.0, 52.0, 44.0)
GAPS_S = (3.4, 3.6)
GROOVES_S = (3.5, 11.0)
"""Run-in and run-out: groove without music."""
PAUSE_S = (20.0, 21.3)
"""A general pause of the second piece: where a cut would be wrong."""


@dataclass(frozen=True, slots=True)
class RecordSide:
    """A side of a record that was made by code.

    Attributes
    ----------
    path
        The file.
    pieces_s
        Where each piece begins and ends, in seconds.
    pause_s
        A pause inside one of them.
    """

    path: Path
    pieces_s: tuple[tuple[float, float], ...]
    pause_s: tuple[float, float]


def make_record_side(folder: str | Path, *, noise_dbfs: float = -50.0) -> RecordSide:
    """Write a side that sounds like vinyl, as ``made_side.flac``: three pieces, a pause in one.

    A record adds a hiss that swells with each turn, rumble, the hum of the mains, ticks, and
    before and behind the music grooves without any; in the run-out the needle ticks once a turn.

    Parameters
    ----------
    folder
        Where to write; it is made where it is missing.
    noise_dbfs
        Level of the hiss; the rest goes with it.

    >>> import tempfile
    >>> make_record_side(tempfile.mkdtemp()).pieces_s
    ((3.5, 43.5), (46.9, 98.9), (102.5, 146.5))
    """
    rng = np.random.default_rng(1)
    n_samples = round((sum(PIECES_S) + sum(GAPS_S) + sum(GROOVES_S)) * SR)
    music = np.zeros(n_samples)
    pieces_s, at_s = [], GROOVES_S[0]
    for make, length_s, gap_s in zip(_SIDE, PIECES_S, (*GAPS_S, 0.0), strict=True):
        piece = make(rng, length_s)
        music[round(at_s * SR) :][: piece.size] = piece
        pieces_s.append((round(at_s, 3), round(at_s + length_s, 3)))
        at_s += length_s + gap_s
    pause_s = (pieces_s[1][0] + PAUSE_S[0], pieces_s[1][0] + PAUSE_S[1])
    music[round(pause_s[0] * SR) : round(pause_s[1] * SR)] = 0.0
    worn = 0.5 * music + _play_groove(rng, n_samples, noise_dbfs, run_out_s=at_s)
    return RecordSide(_write(Path(folder, "made_side.flac"), worn), tuple(pieces_s), pause_s)


def make_labelled_pieces(folder: str | Path, *, n_each: int = 7) -> dict[str, str]:
    """Write short pieces of three kinds, and tell the kind of each, by its path.

    ``strummed``: chords that die away; ``held``: chords that swell and stay; ``drummed``: beats.
    Within a kind, tempo, notes and loudness differ.
    """
    makers: dict[str, _Maker] = {"strummed": _strum, "held": _hold, "drummed": _drum}
    labels = {}
    for kind, make in makers.items():
        for number in range(n_each):
            rng = np.random.default_rng(100 + number)
            piece = rng.uniform(0.3, 0.6) * make(rng, 12.0)
            labels[str(_write(Path(folder, f"{kind} {number}.flac"), piece))] = kind
    return labels


def _strum(rng: np.random.Generator, length_s: float) -> _Samples:
    """Broken chords: each note dies away."""
    piece = np.zeros(round(length_s * SR))
    step_s, root_hz = rng.uniform(0.22, 0.4), 110.0 * 2 ** (rng.integers(0, 7) / 12)
    for number in range(int((length_s - 1.0) / step_s)):
        chord = (0, 5, 7, 0)[number // 8 % 4]
        semitones = chord + (0, 7, 12, 16, 19, 16, 12, 7)[number % 8]
        note = _ring(root_hz * 2 ** (semitones / 12), 1.6, decay_s=0.45)
        start = round(number * step_s * SR)
        piece[start : start + note.size] += note[: piece.size - start]
    return _level(piece)


def _hold(rng: np.random.Generator, length_s: float) -> _Samples:
    """Chords that swell and stay, four of them."""
    piece = np.zeros(round(length_s * SR))
    each_s, root_hz = length_s / 4, 130.0 * 2 ** (rng.integers(0, 7) / 12)
    swell = np.sin(np.pi * np.linspace(0.0, 1.0, round(each_s * SR))) ** 0.5
    for number, chord in enumerate((0, 9, 5, 7)):
        start = round(number * each_s * SR)
        for semitones in (0, 4, 7, 12):
            hz = root_hz * 2 ** ((chord + semitones) / 12) * rng.uniform(0.999, 1.001)
            note = swell * _ring(hz, each_s, decay_s=1e6)[: swell.size]
            piece[start : start + note.size] += note[: piece.size - start]
    return _level(piece)


def _drum(rng: np.random.Generator, length_s: float) -> _Samples:
    """A low drum and a bright one in turn, and a rattle between them."""
    piece = np.zeros(round(length_s * SR))
    beat_s = 60.0 / rng.uniform(90.0, 150.0)
    for number in range(int(length_s / beat_s * 2)):
        hit = rng.standard_normal(round(0.12 * SR)) * np.exp(-np.arange(round(0.12 * SR)) / 400)
        if number % 4 == 0:
            hit = 3.0 * _ring(rng.uniform(50.0, 60.0), 0.25, decay_s=0.08)
        elif number % 2:
            hit = 0.3 * hit[:1500]
        start = round(number * beat_s / 2 * SR)
        piece[start : start + hit.size] += hit[: piece.size - start]
    return _level(piece)


def _ring(hz: float, length_s: float, *, decay_s: float) -> _Samples:
    """A note of six partials that begins without a click."""
    times_s = np.arange(round(length_s * SR)) / SR
    partials = sum(np.sin(2 * np.pi * hz * k * times_s) / k**1.3 for k in range(1, 7))
    shape = np.minimum(times_s / 0.005, 1.0) * np.exp(-times_s / decay_s)
    note: _Samples = partials * shape
    return note


def _play_both(rng: np.random.Generator, length_s: float) -> _Samples:
    """Broken chords over beats."""
    return _level(0.7 * _strum(rng, length_s) + 0.5 * _drum(rng, length_s))


def _level(piece: _Samples) -> _Samples:
    """At a peak of -3 dBFS, its last 30 ms faded."""
    piece = 0.7 * piece / np.abs(piece).max()
    n_fade = round(0.03 * SR)
    piece[-n_fade:] *= np.linspace(1.0, 0.0, n_fade)
    return piece


def _play_groove(
    rng: np.random.Generator, n_samples: int, noise_dbfs: float, *, run_out_s: float
) -> _Samples:
    """What a record sounds like without its music."""
    times_s = np.arange(n_samples) / SR
    noise = 10 ** (noise_dbfs / 20)
    swell = 1.0 + 0.15 * np.sin(2 * np.pi * times_s / TURN_S)
    groove = noise * swell * _color(rng, n_samples, low_hz=60.0, high_hz=7000.0)
    groove += 0.8 * noise * _color(rng, n_samples, low_hz=8.0, high_hz=40.0)
    for partial, share in ((1, 0.4), (2, 0.25), (3, 0.1)):
        groove += share * noise * np.sin(2 * np.pi * HUM_HZ * partial * times_s)
    ticks_s = rng.uniform(0.0, n_samples / SR, rng.poisson(1.2 * n_samples / SR))
    for at_s in ticks_s:
        _tick(groove, rng, at_s, 10 ** ((-20.0 - rng.exponential(7.0)) / 20))
    for at_s in np.arange(run_out_s + 0.7, n_samples / SR - 0.1, TURN_S):
        _tick(groove, rng, at_s, 10 ** (-16.0 / 20))
    return groove


def _tick(groove: _Samples, rng: np.random.Generator, at_s: float, peak: float) -> None:
    """Add a damped burst of a millisecond."""
    burst = rng.standard_normal(22) * np.exp(-np.arange(22) / 5)
    start = round(at_s * SR)
    groove[start : start + 22] += peak * burst[: groove.size - start]


def _color(rng: np.random.Generator, n: int, *, low_hz: float, high_hz: float) -> _Samples:
    """Noise of power 1 that falls by 3 dB an octave between two corners."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hz = np.maximum(np.fft.rfftfreq(n, 1 / SR), 1.0)
    gain = hz**-0.5 / np.sqrt(1 + (low_hz / hz) ** 8) / np.sqrt(1 + (hz / high_hz) ** 4)
    noise = np.fft.irfft(spectrum * gain, n)
    colored: _Samples = noise / np.sqrt(np.mean(np.square(noise)))
    return colored


def _write(path: Path, samples: _Samples) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(samples, -1.0, 1.0), SR, subtype="PCM_16")
    return path


_SIDE: tuple[_Maker, ...] = (_strum, _play_both, _hold)
