"""LMMS projects, Hydrogen songs and songs of rhythm games, whose tempo stands in a file."""

import json
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path
from typing import Any

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
    curves = re.findall(rb'<automationpattern[^>]*name="Tempo".*?</automationpattern>', text, re.S)
    if found is None or any(curve.count(b"<time ") > 1 for curve in curves):
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


def play_chart(path: Path) -> tuple[Samples, list[float]]:
    """A recorded song of a rhythm game, and the beats of its chart."""
    name = path.parent.name
    chart = path.parents[2] / "preload/data/songs" / name / f"{name}.json"
    song = json.loads(chart.read_text())["song"]
    voices = path.with_name("Voices.ogg")
    parts = [read_sound(part) for part in (path, voices) if part.is_file()]
    n = min(len(part) for part in parts)
    return np.sum([part[:n] for part in parts], axis=0), list_chart_beats(song)


def list_chart_beats(song: dict[str, Any]) -> list[float]:
    """Beats of a chart: four steps each, at the tempo of their section.

    >>> list_chart_beats({"bpm": 120, "notes": [{"lengthInSteps": 16}]})
    [0.0, 0.5, 1.0, 1.5]
    """
    beats: list[float] = []
    time_s, bpm = 0.0, float(song["bpm"])
    for section in song["notes"]:
        bpm = float(section["bpm"]) if section.get("changeBPM") else bpm
        for _ in range(int(section.get("lengthInSteps", 16)) // 4):
            beats.append(time_s)
            time_s += 60.0 / bpm
    return beats


def read_sound(path: Path) -> Samples:
    """The first stretch of a sound file, one channel at :data:`SR`."""
    with soundfile.SoundFile(path) as sound:
        frames = sound.read(round(LENGTH_S * sound.samplerate), "float32", always_2d=True)
        return np.asarray(soxr.resample(frames.mean(axis=1), sound.samplerate, SR), np.float32)


def _run(command: list[str]) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    subprocess.run(command, check=False, capture_output=True, timeout=WAIT_S, env=environment)
