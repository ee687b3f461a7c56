"""A score as plain values, and its sound: MIDI by mido, samples by the fluidsynth program."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]

# (MIDI channel, volume, pan, reverb send) of each part; pan 64 is the centre.
PARTS = {
    "melody": (0, 104, 70, 40),
    "chords": (1, 78, 40, 40),
    "bass": (2, 100, 64, 10),
    "pad": (3, 52, 88, 60),
    "answer": (4, 94, 52, 40),
    "drums": (9, 104, 64, 20),
}
TICKS_PER_BEAT = 480
SOUNDFONT_VARIABLE = "WKMP_SOUNDFONT"
SOUNDFONT_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)
SOUNDFONT_NAMES = ("FluidR3_GM.sf2", "default-GM.sf2", "TimGM6mb.sf2")


class RenderError(Exception):
    """The synthesizer or its sounds are missing, or it failed."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note; times in beats from the start."""

    part: str
    start_beats: float
    length_beats: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Score:
    """A whole piece, ready to be played."""

    notes: tuple[Note, ...]
    programs: tuple[tuple[str, int], ...]
    """(part, General-MIDI program from 0) pairs."""
    bpm: float
    key: str
    style: str
    n_bars: int
    beats_per_bar: int

    @property
    def bar_s(self) -> float:
        """Length of a bar in seconds."""
        return 60 * self.beats_per_bar / self.bpm

    @property
    def duration_s(self) -> float:
        """Length of the written bars in seconds; the last chord may ring on after them."""
        return self.n_bars * self.bar_s


def build_midi(score: Score) -> mido.MidiFile:
    """The score as a one-track General-MIDI file."""
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=round(60e6 / score.bpm)))
    programs = dict(score.programs)
    for part, (channel, volume, pan, reverb) in PARTS.items():
        for control, value in ((7, volume), (10, pan), (91, reverb)):
            track.append(
                mido.Message("control_change", channel=channel, control=control, value=value)
            )
        if part in programs:
            track.append(mido.Message("program_change", channel=channel, program=programs[part]))
    now = 0
    for tick, _, message in sorted(_list_events(score), key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, tracks=[track])


def _list_events(score: Score) -> list[tuple[int, int, mido.Message]]:
    """(tick, order, message); a note ends before the next one of its pitch begins."""
    events = []
    for index, note in enumerate(score.notes):
        channel = PARTS[note.part][0]
        start = max(0, round(note.start_beats * TICKS_PER_BEAT))
        end = max(start + 1, round((note.start_beats + note.length_beats) * TICKS_PER_BEAT))
        on = mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)
        off = mido.Message("note_off", channel=channel, note=note.pitch)
        events += [(start, 1 + index, on), (end, 0, off)]
    return events


def find_soundfont() -> Path:
    """The General-MIDI soundfont to play with: `$WKMP_SOUNDFONT`, else one of the usual places."""
    if named := os.environ.get(SOUNDFONT_VARIABLE):
        if Path(named).is_file():
            return Path(named)
        raise RenderError(f"{SOUNDFONT_VARIABLE} must name a soundfont file, got {named!r}")
    for folder in SOUNDFONT_FOLDERS:
        for name in SOUNDFONT_NAMES:
            if (path := Path(folder, name)).is_file():
                return path
    raise RenderError(
        f"no soundfont found in {', '.join(SOUNDFONT_FOLDERS)}: install FluidR3_GM "
        f"(Debian: fluid-soundfont-gm) or set {SOUNDFONT_VARIABLE}"
    )


def synthesize(score: Score, *, sr: int = 44_100) -> Signal:
    """The score played, float32 of shape ``(2, n)``, with its reverb tail; levels as they come."""
    program = shutil.which("fluidsynth")
    if program is None:
        raise RenderError("the fluidsynth program was not found: install fluidsynth")
    soundfont = find_soundfont()
    with tempfile.TemporaryDirectory() as folder:
        midi, raw = Path(folder, "score.mid"), Path(folder, "score.raw")
        build_midi(score).save(midi)
        options = ["-ni", "-q", "-g", "0.4", "-r", str(sr), "-T", "raw", "-O", "float"]
        chorus_off = ["-o", "synth.chorus.active=0"]
        finished = subprocess.run(
            [program, *options, *chorus_off, "-F", str(raw), str(soundfont), str(midi)],
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0 or not raw.is_file():
            raise RenderError(f"fluidsynth failed ({finished.returncode}): {finished.stderr}")
        samples = np.fromfile(raw, dtype="<f4")
    return np.ascontiguousarray(samples.reshape(-1, 2).T)
