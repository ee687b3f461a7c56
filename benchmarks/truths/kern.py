"""Scores in Humdrum's kern format as MIDI files: notes, bars, metronome marks and a key."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from mido import Message, MetaMessage, MidiFile, MidiTrack

TICKS_PER_QUARTER = 960
VELOCITY = 80
STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}


@dataclass(frozen=True, slots=True)
class Spine:
    """A column of the score."""

    is_kern: bool
    end: Fraction
    """Quarters at which its note ends."""


@dataclass(frozen=True, slots=True)
class Score:
    """What was read; times in quarters from the start."""

    notes: list[tuple[Fraction, Fraction, int]]
    """(from, to, MIDI pitch)"""
    marks: list[tuple[Fraction, float]]
    """(from, quarters a minute)"""
    bars: list[tuple[Fraction, str]]
    """(from, signature as in "3/8") of each bar."""
    key: str | None
    """That of the beginning."""


def play_kern(path: Path) -> tuple[MidiFile, str | None] | None:
    """The score as MIDI, and its key; None where no tempo is marked at the start."""
    score = read_kern(path.read_text(errors="replace"))
    if not score.marks or score.marks[0][0] > 0 or not score.bars:
        return None
    return _make_midi(score), score.key


def read_kern(text: str) -> Score:
    """Read a score as it is written: repeats are not played."""
    spines: list[Spine] = []
    score = Score([], [], [], _find_key(text))
    begun: dict[int, Fraction] = {}
    time, signature = Fraction(0), "4/4"
    for line in text.splitlines():
        cells = line.split("\t")
        if not line or line.startswith("!"):
            continue
        if line.startswith("**"):
            spines = [Spine(cell == "**kern", Fraction(0)) for cell in cells]
        elif line.startswith("*"):
            time = max((spine.end for spine in spines if spine.is_kern), default=time)
            signature = _read_marks(cells, time, signature, score)
            spines = _route(spines, cells)
        elif line.startswith("="):
            time = max((spine.end for spine in spines if spine.is_kern), default=time)
            score.bars.append((time, signature))
        else:
            time = _read_notes(cells, spines, time, begun, score)
    return score


def _read_marks(cells: list[str], time: Fraction, signature: str, score: Score) -> str:
    for cell in cells:
        if found := re.fullmatch(r"\*MM(\d+(?:\.\d+)?)", cell):
            if not score.marks or score.marks[-1] != (time, float(found[1])):
                score.marks.append((time, float(found[1])))
        elif found := re.fullmatch(r"\*M(\d+/\d+)", cell):
            signature = found[1]
    return signature


def _read_notes(
    cells: list[str],
    spines: list[Spine],
    time: Fraction,
    begun: dict[int, Fraction],
    score: Score,
) -> Fraction:
    """Take the notes of a line; what time it is at."""
    sounding = [
        (k, [note for note in cell.split() if "q" not in note and re.match(r"\D*\d", note)])
        for k, (cell, spine) in enumerate(zip(cells, spines, strict=True))
        if spine.is_kern and cell != "."
    ]
    sounding = [(k, notes) for k, notes in sounding if notes]
    if not sounding:
        return time
    now = max(spines[k].end for k, _ in sounding)
    for k, notes in sounding:
        length = _read_length(notes[0])
        spines[k] = Spine(True, now + length)
        for note in notes:
            pitch = _read_pitch(note)
            if pitch is None:
                continue
            start = begun.pop(pitch, now) if "_" in note or "]" in note else now
            if "[" in note or "_" in note:
                begun[pitch] = start
            else:
                score.notes.append((start, now + length, pitch))
    return now


def _read_length(note: str) -> Fraction:
    """Quarters of a note.

    >>> _read_length("8.ccL"), _read_length("3%2c")
    (Fraction(3, 4), Fraction(8, 3))
    """
    found = re.search(r"(\d+)(?:%(\d+))?(\.*)", note)
    assert found is not None
    unit = Fraction(8) if found[1] == "0" else Fraction(4 * int(found[2] or 1), int(found[1]))
    return unit * (2 - Fraction(1, 2 ** len(found[3])))


def _read_pitch(note: str) -> int | None:
    """MIDI pitch; None of a rest.

    >>> _read_pitch("4cc#"), _read_pitch("4BB-"), _read_pitch("4r")
    (73, 46, None)
    """
    found = re.search(r"([a-g]+|[A-G]+)([#-]*)", note)
    if found is None or "r" in note:
        return None
    name, sharps = found[1], found[2]
    octave = 4 + len(name) if name.islower() else 5 - len(name)
    return 12 * octave + STEPS[name[0].lower()] + sharps.count("#") - sharps.count("-")


def _find_key(text: str) -> str | None:
    found = re.search(r"(?m)^(?:\S*\t)*\*([A-Ga-g])([#-]?):(?:\t|$)", text)
    if found is None:
        return None
    mode = "major" if found[1].isupper() else "minor"
    return f"{found[1].upper()}{found[2].replace('-', 'b')} {mode}"


def _route(spines: list[Spine], cells: list[str]) -> list[Spine]:
    """The columns behind a line of splits, joins, exchanges and ends."""
    routed: list[Spine] = []
    k = 0
    while k < len(cells):
        cell = cells[k]
        if cell == "*^":
            routed += [spines[k], spines[k]]
        elif cell == "*v":
            joined = [spines[k]]
            while k + 1 < len(cells) and cells[k + 1] == "*v":
                k += 1
                joined.append(spines[k])
            routed.append(Spine(joined[0].is_kern, max(spine.end for spine in joined)))
        elif cell == "*x" and k + 1 < len(cells) and cells[k + 1] == "*x":
            routed += [spines[k + 1], spines[k]]
            k += 1
        elif cell == "*+":
            routed += [spines[k], Spine(False, spines[k].end)]
        elif cell != "*-":
            routed.append(spines[k])
        k += 1
    return routed


def _make_midi(score: Score) -> MidiFile:
    events: list[tuple[int, int, Message | MetaMessage]] = []
    for at, bpm in score.marks:
        events.append((_tick(at), 0, MetaMessage("set_tempo", tempo=round(6e7 / bpm))))
    for at, signature in score.bars:
        numerator, denominator = (int(part) for part in signature.split("/"))
        # Each bar tells its meter anew: beats begin with it, behind an upbeat too.
        meter = MetaMessage("time_signature", numerator=numerator, denominator=denominator)
        events.append((_tick(at), 1, meter))
    for start, end, pitch in score.notes:
        events.append((_tick(start), 3, Message("note_on", note=pitch, velocity=VELOCITY)))
        events.append((max(_tick(end) - 1, _tick(start)), 2, Message("note_off", note=pitch)))
    track, last = MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - last))
        last = tick
    midi = MidiFile(ticks_per_beat=TICKS_PER_QUARTER)
    midi.tracks.append(track)
    return midi


def _tick(quarters: Fraction) -> int:
    return round(quarters * TICKS_PER_QUARTER)
