"""LMMS projects, Hydrogen songs and Frets on Fire recordings, whose tempo stands in a file."""

import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import mido
import numpy as np
import soundfile
import soxr

from truths import midi
from truths.pieces import LENGTH_S, SR, Samples

WAIT_S = 90.0


def play_lmms(path: Path) -> tuple[Samples, list[float]]:
    """Sound and beats of a project at its one tempo; it needs the lmms program."""
    content = path.read_bytes()
    # Behind four bytes of length, a project is deflated.
    text = zlib.decompress(content[4:]) if path.suffix == ".mmpz" else content
    found = re.search(rb'<head [^>]*\bbpm="(\d+)"', text)
    if found is None or re.search(rb'<automationpattern[^>]*name="Tempo"', text):
        return np.zeros(0, np.float32), []
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder, "sound.wav")
        command = ["lmms", "--allowroot", "render", str(path), "-f", "wav", "-s", str(SR)]
        _run([*command, "-o", str(sound)])
        mono = read_sound(sound)
    return mono, list(np.arange(0.0, len(mono) / SR, 60.0 / int(found[1])))


def play_hydrogen(path: Path) -> tuple[Samples, list[float]]:
    """Sound and beats of a drum song; it needs the h2cli program."""
    bpm = float(ElementTree.parse(path).findtext("bpm") or "nan")
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder, "sound.wav")
        _run(["h2cli", "-d", "auto", "-s", str(path), "-o", str(sound), "-r", str(SR)])
        mono = read_sound(sound)
    return mono, list(np.arange(0.0, len(mono) / SR, 60.0 / bpm))


def play_frets(path: Path) -> tuple[Samples, list[float]]:
    """A recorded song whose ``notes.mid`` was laid over it by hand."""
    parts = [read_sound(path.with_name(name)) for name in ("song.ogg", "guitar.ogg")]
    n = min(len(part) for part in parts)
    beats_s = midi.find_beats(mido.MidiFile(path, clip=True), until_s=LENGTH_S)
    found = re.search(r"delay\s*=\s*(-?\d+)", path.with_name("song.ini").read_text("latin-1"))
    delay_s = int(found[1]) / 1000 if found else 0.0
    return parts[0][:n] + parts[1][:n], [beat + delay_s for beat in beats_s]


def read_sound(path: Path) -> Samples:
    """The first stretch of a sound file, one channel at :data:`SR`."""
    with soundfile.SoundFile(path) as sound:
        frames = sound.read(round(LENGTH_S * sound.samplerate), "float32", always_2d=True)
        return np.asarray(soxr.resample(frames.mean(axis=1), sound.samplerate, SR), np.float32)


def _run(command: list[str]) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    subprocess.run(command, check=False, capture_output=True, timeout=WAIT_S, env=environment)
