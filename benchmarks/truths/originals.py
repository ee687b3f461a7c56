"""Lossless originals: what trackers and synthesizers play, and what of it has little treble."""

import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.signal
import soundfile
import soxr

from truths.packages import MIDI_FILES, MODULES

SR = 44_100
START_S, LENGTH_S, LEAST_S = 6.0, 16.0, 10.0
PEAK = 0.95
MAX_GAIN = 4.0
SUFFIXES = (".mod", ".xm", ".it", ".s3m", ".mid")
Samples = npt.NDArray[np.float64]

SOURCES = {
    source: (MODULES | MIDI_FILES)[source]
    for source in (
        "pingus-data tecnoballz-data circuslinux-data rafkill-data madbomber-data "
        "bomberclone-data tuxtype-data criticalmass-data openttd-openmsx simutrans-data "
        "heroes-sound-tracks open-invaders-data njam-data vodovod ri-li-data monsterz-data "
        "ceferino-data planetblupi-music-midi mma pianobooster"
    ).split()
}
"""Those of the packages that copies are judged on, tuning first."""
SPEECH = {
    "asterisk-core-sounds-en-wav": ("tuning", "usr/share/asterisk/sounds/en_US_f_Allison"),
    "asterisk-core-sounds-fr-wav": ("heldout", "usr/share/asterisk/sounds/fr_CA_f_June"),
}
SOUNDFONTS = {
    "tuning": ("FluidR3_GM.sf2", "OPL-3_FM_128M.sf2"),
    "heldout": ("TimGM6mb.sf2", "A320U.sf2"),
}
"""None of them holds lossy samples, as those of kind sf3 do."""
N_PER_SOURCE = 5


class Piece(NamedTuple):
    """A module or a MIDI file, and where what is heard of it is kept."""

    side: str
    score: Path
    font: Path
    kept: Path

    def render(self) -> bool:
        """Make what is not there yet; False where it is short or silent."""
        if not self.kept.is_file():
            keep_excerpt(self.score, self.font, self.kept)
        return self.kept.is_file()


def list_originals(packages: Path, out: Path) -> list[Piece]:
    """The pieces of all sources."""
    found = []
    for source, (side, folder) in SOURCES.items():
        paths = [p for p in sorted((packages / folder).rglob("*")) if p.suffix.lower() in SUFFIXES]
        random.Random(source).shuffle(paths)
        for k, path in enumerate(paths[:N_PER_SOURCE]):
            kept = out / side / f"{source}__{path.stem.replace(' ', '_')}.wav"
            font = packages / "usr/share/sounds/sf2" / SOUNDFONTS[side][k % 2]
            found.append(Piece(side, path, font, kept))
    return found


def keep_excerpt(path: Path, font: Path, kept: Path) -> None:
    """Render one piece; nothing is kept of what is short or silent."""
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "played.wav"
        if path.suffix.lower() == ".mid":
            command = ["fluidsynth", "-niq", "-r", str(SR), "-g", "0.6", "-F", wave, font, path]
        else:
            command = ["openmpt123", "--batch", "--quiet", "--samplerate", str(SR), "--channels"]
            command += ["2", "--end-time", "24", "--force", "--output", wave, path]
        subprocess.run([str(part) for part in command], capture_output=True, timeout=120)
        if not wave.is_file():
            return
        samples, _ = soundfile.read(wave, always_2d=True)
    start = round(START_S * SR)
    if len(samples) < start + LEAST_S * SR:
        start = 0
    samples = samples[start : start + round(LENGTH_S * SR)]
    peak = float(np.abs(samples).max(initial=0.0))
    if len(samples) >= LEAST_S * SR and peak > 0.02:
        kept.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(kept, samples * min(PEAK / peak, MAX_GAIN), SR, subtype="PCM_16")


def limit_band(kind: str, samples: Samples, rng: np.random.Generator) -> tuple[Samples, int]:
    """(samples, rate) as an old medium or a game would have kept them; never coded."""
    if kind == "78":
        mono = samples.mean(axis=1, keepdims=True)
        voice = _filter(mono, (90.0, rng.uniform(4500.0, 7500.0)), "bandpass", 3)
        hiss = _filter(rng.standard_normal(mono.shape), rng.uniform(7000.0, 12_000.0), "low", 2)
        return np.repeat(voice + 0.01 * hiss, 2, axis=1), SR
    if kind == "cassette":
        dull = _filter(samples, rng.uniform(10_000.0, 14_500.0), "low", 4)
        return dull + rng.uniform(0.0005, 0.004) * rng.standard_normal(samples.shape), SR
    if kind in ("game22", "game11"):
        rate = 22_050 if kind == "game22" else 11_025
        coarse = np.round(soxr.resample(samples, SR, rate) * 127.0) / 127.0
        is_stepped = rng.random() < 0.4
        return (
            np.repeat(coarse, SR // rate, axis=0)
            if is_stepped
            else soxr.resample(coarse, rate, SR)
        ), SR
    if kind == "radio":
        return _filter(samples, (80.0, 15_000.0), "bandpass", 8), SR
    if kind == "lowpass":
        taps = scipy.signal.firwin(1023, rng.uniform(15_500.0, 19_500.0), fs=SR)
        return scipy.signal.fftconvolve(samples, taps[:, None], "same", axes=0), SR
    if kind == "up32":
        return soxr.resample(soxr.resample(samples, SR, 32_000), 32_000, SR), SR
    return soxr.resample(samples, SR, 48_000), 48_000


BANDS = ("78", "cassette", "game22", "game11", "radio", "lowpass", "up32", "to48")


def _filter(samples: Samples, edge: object, kind: str, order: int) -> Samples:
    sections = scipy.signal.butter(order, edge, kind, fs=SR, output="sos")
    return np.asarray(scipy.signal.sosfilt(sections, samples, axis=0))


def list_speech(packages: Path) -> Iterator[tuple[str, Path]]:
    """(side, file) of recorded speech that was never coded, at 8 kHz."""
    for side, folder in SPEECH.values():
        paths = [p for p in sorted((packages / folder).glob("*.wav")) if p.stat().st_size > 60_000]
        yield from ((side, path) for path in paths[:25])
