"""MIDI files: their beats, whether their notes keep to them, and their sound."""

import io
import os
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from mido import MetaMessage, MidiFile, MidiTrack

from truths.pieces import LENGTH_S, SR, Samples

GRID = (4, 6)
"""Notes keep the beat where they lie on its quarters or sixths."""
GRID_S = 0.025
LEAST_ON_GRID = 0.7
"""A file whose notes do not keep to its own beats was played freely: its tempo means nothing."""


def read_midi(path: Path) -> MidiFile:
    """A MIDI file, wrong bytes in it forgiven."""
    return MidiFile(path, clip=True)


def find_beats(midi: MidiFile, *, until_s: float) -> list[float]:
    """Times of beats: quarters, halves or dotted quarters as the time signature has it."""
    changes = sorted(
        ((tick, message) for track in midi.tracks for tick, message in _locate(track)),
        key=lambda pair: pair[0],
    )
    beats, tick, time_s, tempo, beat_ticks = [], 0.0, 0.0, 500_000, float(midi.ticks_per_beat)
    end = max((sum(m.time for m in track) for track in midi.tracks), default=0)
    for stop, message in [*changes, (end, None)]:
        s_per_tick = tempo * 1e-6 / midi.ticks_per_beat
        start, start_s = tick, time_s
        while tick < stop and time_s < until_s:
            if not beats or time_s - beats[-1] > 1e-6:
                beats.append(time_s)
            tick += beat_ticks
            time_s = start_s + (tick - start) * s_per_tick
        rest = tick - stop
        time_s -= rest * s_per_tick
        if message is None or time_s >= until_s:
            break
        if message.type == "set_tempo":
            tempo = message.tempo
            # The beat under way goes on at the new tempo.
            tick, time_s = stop + rest, time_s + rest * tempo * 1e-6 / midi.ticks_per_beat
        else:
            beat_ticks = _count_beat_ticks(message, midi.ticks_per_beat)
            tick = float(stop)
    return beats


def _locate(track: MidiTrack) -> list[tuple[int, MetaMessage]]:
    found, tick = [], 0
    for message in track:
        tick += message.time
        if message.type in ("set_tempo", "time_signature"):
            found.append((tick, message))
    return found


def _count_beat_ticks(signature: MetaMessage, ticks_per_quarter: int) -> float:
    unit = 4 * ticks_per_quarter / signature.denominator
    is_compound = signature.denominator >= 8 and signature.numerator % 3 == 0
    return float(3 * unit if is_compound else unit)


def find_notes(midi: MidiFile, *, until_s: float) -> list[tuple[float, int]]:
    """(time, pitch) of notes before a time."""
    found, time_s = [], 0.0
    for message in midi:
        time_s += message.time
        if time_s > until_s:
            break
        if message.type == "note_on" and message.velocity > 0:
            found.append((time_s, message.note))
    return found


def measure_on_grid(notes_s: list[float], beats_s: list[float]) -> float:
    """Share of notes that lie on a quarter or a sixth of a beat."""
    if len(beats_s) < 5 or len(notes_s) < 8:
        return 0.0
    places = np.interp(notes_s, beats_s, np.arange(len(beats_s)))
    period_s = float(np.median(np.diff(beats_s)))
    away = np.min([np.abs(places * n - np.rint(places * n)) / n for n in GRID], axis=0)
    return float((away * period_s <= GRID_S).mean())


def render_midi(midi: MidiFile, soundfont: Path, *, length_s: float = LENGTH_S) -> Samples:
    """The sound of a file's first stretch, one channel."""
    cut = MidiFile(type=midi.type, ticks_per_beat=midi.ticks_per_beat)
    cut.tracks = list(midi.tracks)
    last = _find_tick(midi, length_s + 2.0)
    cut.tracks = [_cut_track(track, last) for track in midi.tracks]
    with tempfile.TemporaryDirectory() as folder:
        score, raw = Path(folder, "score.mid"), Path(folder, "score.raw")
        cut.save(score)
        # Read as it comes: some files that loop are played without an end.
        os.mkfifo(raw)
        options = ["-ni", "-q", "-g", "0.3", "-C", "0", "-r", str(SR), "-T", "raw", "-O", "float"]
        command = ["fluidsynth", *options, "-F", str(raw), str(soundfont), str(score)]
        quiet = subprocess.DEVNULL
        with (
            subprocess.Popen(command, stdout=quiet, stderr=quiet) as process,
            raw.open("rb") as pipe,
        ):
            content = pipe.read(8 * round(length_s * SR))
            process.kill()
        stereo = np.frombuffer(content[: len(content) // 8 * 8], "<f4").reshape(-1, 2)
    return np.asarray(stereo.mean(axis=1), np.float32)


def _find_tick(midi: MidiFile, at_s: float) -> float:
    tempos = sorted(
        (tick, m.tempo) for t in midi.tracks for tick, m in _locate(t) if m.type == "set_tempo"
    )
    tick, time_s, tempo = 0.0, 0.0, 500_000
    for stop, following in tempos:
        length_s = (stop - tick) * tempo * 1e-6 / midi.ticks_per_beat
        if time_s + length_s >= at_s:
            break
        tick, time_s, tempo = stop, time_s + length_s, following
    return tick + (at_s - time_s) * midi.ticks_per_beat / (tempo * 1e-6)


def _cut_track(track: MidiTrack, last: float) -> MidiTrack:
    kept, tick = MidiTrack(), 0
    for message in track:
        tick += message.time
        if tick > last:
            break
        kept.append(message)
    return kept


def parse_midi(content: bytes) -> MidiFile:
    """A MIDI file from its bytes."""
    return MidiFile(file=io.BytesIO(content), clip=True)


def read_lumps(path: Path) -> dict[str, bytes]:
    """MIDI files in a WAD file, by name."""
    content = path.read_bytes()
    _, n_lumps, directory = struct.unpack_from("<4sii", content)
    found = {}
    for k in range(n_lumps):
        start, size, name = struct.unpack_from("<ii8s", content, directory + 16 * k)
        lump = content[start : start + size]
        if lump.startswith(b"MThd"):
            found[name.rstrip(b"\0").decode("ascii")] = lump
    return found
