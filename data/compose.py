"""Small pieces of music with a known key and tempo, from a seed.

A piece has an intro, sections in the form A A B A with a melody that comes back, bass, chords and
drums, fills at the ends of sections, and an ending. Everything is diatonic (harmonic minor on the
dominant), A sets out from the tonic and B ends on the dominant, so the key is heard as written;
the beat is the quarter note. What is composed here is in the public domain (CC0).

>>> score = compose_piece(1, bpm=100, key="F# minor", style="rock", n_bars=8)
>>> score.duration_s
19.2
>>> score == compose_piece(1, bpm=100, key="F# minor", style="rock", n_bars=8)
True
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import styles
from numpy.random import Generator
from score import Note, Score, Signal, synthesize
from styles import Style

STYLES: tuple[str, ...] = tuple(style.name for style in styles.STYLES)
PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
KEYS: tuple[str, ...] = tuple(f"{tonic} {mode}" for mode in SCALES for tonic in PITCH_CLASSES)

# Four chords a section, as scale degrees from 0.
PROGRESSIONS = {
    ("major", "A"): ((0, 3, 4, 0), (0, 5, 3, 4), (0, 3, 0, 4), (0, 4, 5, 3)),
    ("major", "B"): ((3, 0, 3, 4), (5, 3, 0, 4), (3, 4, 0, 4), (1, 4, 0, 4)),
    ("minor", "A"): ((0, 3, 4, 0), (0, 5, 3, 4), (0, 3, 0, 4), (0, 6, 5, 4)),
    ("minor", "B"): ((3, 0, 3, 4), (5, 3, 0, 4), (3, 0, 5, 4), (3, 4, 0, 4)),
}
# Bars of melody, as note lengths in beats.
RHYTHMS: dict[int, tuple[tuple[float, ...], ...]] = {
    4: ((1, 1, 1, 1), (1.5, 0.5, 1, 1), (1, 0.5, 0.5, 2), (2, 1, 1), (0.5, 0.5, 1, 1, 1)),
    3: ((2, 1), (1, 1, 1), (1.5, 0.5, 1), (1, 0.5, 0.5, 1)),
}
FORM = "AABA"
SECTION_BARS = 4
DOMINANT = 4
FAST_BPM = 140
"""Above it steady eighths sound like the beat of a half-time feel: drummers leave them out."""
RING_S = 4.0
"""How long the last chord may ring."""
RING_DB = -36.0
FADE_SHARE, LONGEST_FADE_S = 0.25, 8.0
PEAK = 10 ** (-3 / 20)
KNEE = 10 ** (-6 / 20)
TARGET_RMS = 10 ** (-18 / 20)

Ending = Literal["ring", "fade", "hard"]


@dataclass(frozen=True, slots=True)
class Section:
    """Four chords (scale degrees) and a bar of melody over each."""

    chords: tuple[int, ...]
    melody: tuple[tuple[Note, ...], ...]


@dataclass(frozen=True, slots=True)
class Band:
    """Who plays, in which key and how fast."""

    style: Style
    tonic: int
    mode: str
    bpm: float

    def pitch(self, degree: int, *, chord: int) -> int:
        """MIDI pitch of a scale degree, 0 being the tonic of the middle octave."""
        octave, step = divmod(degree, 7)
        is_leading = self.mode == "minor" and chord == DOMINANT and step == 6
        return 60 + self.tonic + 12 * octave + SCALES[self.mode][step] + is_leading


def compose_piece(
    seed: int,
    *,
    bpm: float,
    key: str,
    style: str,
    n_bars: int,
    ending: Ending = "ring",
    pause_bar: int | None = None,
) -> Score:
    """A piece of `n_bars` bars, always the same for the same arguments.

    Parameters
    ----------
    seed : int
    bpm : float
        Quarter notes a minute, 30 to 300.
    key : str
        As in "F# minor" or "Bb major".
    style : str
        One of `STYLES`.
    n_bars : int
        At least 2; with the ending "ring" the last bar is one long chord.
    ending : {"ring", "fade", "hard"}
        "fade" and "hard" play on to the last bar; what follows is the renderer's work.
    pause_bar : int or None
        A bar (from 0) in which nobody plays after the first beat: a general pause.

    Returns
    -------
    Score
    """
    if not 30 <= bpm <= 300 or n_bars < 2:
        raise ValueError(f"bpm must be in 30-300 and n_bars at least 2, got {bpm} and {n_bars}")
    band = _gather_band(bpm=bpm, key=key, style=style)
    rng = np.random.default_rng(seed)
    sections = {name: _compose_section(rng, band, name=name) for name in "AB"}
    programs = _choose_programs(rng, band.style)
    n_intro = min(2, n_bars // 6)
    n_played = n_bars - (ending == "ring")
    beats_per_bar = band.style.beats_per_bar
    notes: list[Note] = []
    for bar in range(n_played):
        index, section_bar = divmod(bar - n_intro, SECTION_BARS)
        name = FORM[index % len(FORM)] if index >= 0 else "A"
        chord = sections[name].chords[section_bar] if index >= 0 else 0
        is_last = section_bar == SECTION_BARS - 1 or bar == n_played - 1
        here = [*_play_chords(band, chord), *_play_bass(band, chord)]
        here += _play_drums(rng, band, has_fill=is_last, has_crash=section_bar == 0)
        if index >= 0:
            here += sections[name].melody[section_bar]
        if bar == pause_bar:
            here = [replace(note, length_beats=0.5) for note in here if note.start_beats < 0.5]
        notes += [_shift(note, bar * beats_per_bar) for note in here]
    if ending == "ring":
        notes += [_shift(note, n_played * beats_per_bar) for note in _play_last_chord(band)]
    return Score(
        notes=tuple(_humanize(rng, note, bpm=bpm) for note in notes),
        programs=programs,
        bpm=bpm,
        key=key,
        style=style,
        n_bars=n_bars,
        beats_per_bar=beats_per_bar,
    )


def render_piece(
    *,
    seed: int,
    bpm: float,
    key: str,
    style: str,
    duration_s: float,
    sr: int = 44_100,
    ending: Ending = "ring",
    pause_bar: int | None = None,
) -> Signal:
    """A composed piece as sound, exactly ``round(duration_s * sr)`` samples long.

    Parameters are those of `compose_piece`. "ring" lets the last chord die away, "fade" fades the
    last quarter (8 s at most), "hard" stops in full play. The level is about -18 dBFS RMS with
    peaks below -3 dBFS.

    Returns
    -------
    numpy.ndarray
        float32, shape ``(2, n)``.

    Raises
    ------
    score.RenderError
        If the fluidsynth program or a soundfont is missing.
    """
    band = _gather_band(bpm=bpm, key=key, style=style)
    bar_s = 60 * band.style.beats_per_bar / bpm
    if ending == "ring":
        n_bars = max(2, math.floor((duration_s - RING_S) / bar_s) + 1)
    else:
        n_bars = max(2, math.ceil(duration_s / bar_s - 1e-6))
    score = compose_piece(
        seed,
        bpm=bpm,
        key=key,
        style=style,
        n_bars=n_bars,
        ending=ending,
        pause_bar=pause_bar,
    )
    played = synthesize(score, sr=sr)
    n = round(duration_s * sr)
    samples = np.zeros((2, n), np.float32)
    samples[:, : min(n, played.shape[1])] = played[:, :n]
    levelled = _set_level(samples)
    if ending == "ring":
        return _fade_out(_die_away(levelled, n_ring=round(RING_S * sr)), n_fade=round(0.2 * sr))
    longest_s = min(LONGEST_FADE_S, FADE_SHARE * duration_s)
    return _fade_out(levelled, n_fade=round((longest_s if ending == "fade" else 0.004) * sr))


def _gather_band(*, bpm: float, key: str, style: str) -> Band:
    known = {each.name: each for each in styles.STYLES}
    tonic, _, mode = key.partition(" ")
    tonic = FLATS.get(tonic, tonic)
    if style not in known or mode not in SCALES or tonic not in PITCH_CLASSES:
        raise ValueError(
            f"style must be one of {STYLES} and key like 'F# minor', got {style!r}, {key!r}"
        )
    semitones = PITCH_CLASSES.index(tonic)
    return Band(known[style], semitones - 12 * (semitones > 6), mode, bpm)


def _choose_programs(rng: Generator, style: Style) -> tuple[tuple[str, int], ...]:
    first, second = rng.choice(style.melody_programs, 2, replace=False)
    chords, bass = rng.choice(style.chord_programs), rng.choice(style.bass_programs)
    chosen = {"melody": first, "answer": second, "chords": chords, "bass": bass}
    if style.has_pad:
        chosen["pad"] = 48
    return tuple((part, int(program)) for part, program in chosen.items())


def _compose_section(rng: Generator, band: Band, *, name: str) -> Section:
    """Two rhythms alternate; the tune steps through the scale and meets the chord on each bar."""
    choices = PROGRESSIONS[band.mode, name]
    chords = choices[rng.integers(len(choices))]
    rhythms = RHYTHMS[band.style.beats_per_bar]
    call, answer = (rhythms[i] for i in rng.choice(len(rhythms), 2, replace=False))
    part = "melody" if name == "A" else "answer"
    degree = 7 + 2 * (name == "B")
    bars = []
    for chord, rhythm in zip(chords, (call, answer, call, answer), strict=True):
        bar, start = [], 0.0
        for length in rhythm:
            step = int(rng.choice((-2, -1, -1, 1, 1, 2)))
            degree = min(max(degree + step, 3), 13)
            if start in (0, 2):
                degree = _nearest_chord_tone(degree, chord)
            velocity = 96 if start == 0 else 84
            pitch = band.pitch(degree, chord=chord)
            bar.append(Note(part, _swing(band, start), length * 0.94, pitch, velocity))
            start += length
        bars.append(tuple(bar))
    return Section(chords, tuple(bars))


def _nearest_chord_tone(degree: int, chord: int) -> int:
    return min(
        range(degree - 3, degree + 4),
        key=lambda d: ((d - chord) % 7 not in (0, 2, 4), abs(d - degree)),
    )


def _play_chords(band: Band, chord: int) -> list[Note]:
    style = band.style
    degrees = (chord, chord + 2, chord + 4)
    pitches = sorted(55 + (band.pitch(degree, chord=chord) - 55) % 12 for degree in degrees)
    pattern = _thin(style.chord_pattern, band) if style.is_arpeggiated else style.chord_pattern
    steps = [step for step, mark in enumerate(pattern) if mark != "."]
    notes = []
    for i, (step, after) in enumerate(zip(steps, [*steps[1:], len(pattern)], strict=True)):
        length = (after - step) / 2 * (1.4 if style.is_arpeggiated else 0.8)
        sounding = [(*pitches, pitches[1])[i % 4]] if style.is_arpeggiated else pitches
        velocity = 84 if step == 0 else 70
        start = _swing(band, step / 2)
        notes += [Note("chords", start, length, pitch, velocity) for pitch in sounding]
    if style.has_pad:
        notes += [Note("pad", 0, style.beats_per_bar, pitch, 64) for pitch in pitches]
    return notes


def _play_bass(band: Band, chord: int) -> list[Note]:
    pattern = _thin(band.style.bass_pattern, band)
    steps = [step for step, mark in enumerate(pattern) if mark != "."]
    root = 33 + (band.pitch(chord, chord=chord) - 33) % 12
    third = (band.pitch(chord + 2, chord=chord) - band.pitch(chord, chord=chord)) % 12
    intervals = {"r": 0, "t": third, "f": 7, "o": 12}
    return [
        Note(
            "bass",
            _swing(band, step / 2),
            (after - step) / 2 * 0.9,
            root + intervals[pattern[step]],
            100 if step == 0 else 86,
        )
        for step, after in zip(steps, [*steps[1:], len(pattern)], strict=True)
    ]


def _play_drums(rng: Generator, band: Band, *, has_fill: bool, has_crash: bool) -> list[Note]:
    style = band.style
    if not style.drums:
        return []
    n_steps = 2 * style.beats_per_bar
    fill_from = n_steps - int(rng.integers(2, 5)) if has_fill else n_steps
    notes = [
        Note("drums", _swing(band, step / 2), 0.25, drum, 104 if step % 4 == 0 else 88)
        for drum, pattern in style.drums
        for step, mark in enumerate(_thin(pattern, band) if drum == styles.CLOSED_HAT else pattern)
        if mark != "." and (step < fill_from or drum == styles.KICK)
    ]
    for step in range(fill_from, n_steps):
        drum = styles.TOMS[(step - fill_from) % len(styles.TOMS)]
        notes.append(Note("drums", _swing(band, step / 2), 0.25, drum, 92))
    if has_crash:
        notes.append(Note("drums", 0, 0.5, styles.CRASH, 84))
    return notes


def _play_last_chord(band: Band) -> list[Note]:
    length = RING_S * band.bpm / 60
    tonic = band.pitch(0, chord=0)
    third = band.pitch(2, chord=0)
    chord = [Note("chords", 0, length, pitch, 84) for pitch in (tonic - 12, third, tonic + 7)]
    notes = [*chord, Note("melody", 0, length, tonic + 12, 88)]
    notes.append(Note("bass", 0, length, 33 + (tonic - 33) % 12, 96))
    if band.style.drums:
        notes += [Note("drums", 0, 1, drum, 96) for drum in (styles.KICK, styles.CRASH)]
    return notes


def _thin(pattern: str, band: Band) -> str:
    """Without the off-beats where the tempo is fast, unless the style lives on them."""
    if band.bpm <= FAST_BPM or pattern.startswith("."):
        return pattern
    return "".join(mark if step % 2 == 0 else "." for step, mark in enumerate(pattern))


def _swing(band: Band, beats: float) -> float:
    """The off-beat eighth falls on the last third of the beat where the style swings."""
    return beats + 1 / 6 if band.style.is_swung and beats % 1 == 0.5 else beats


def _shift(note: Note, beats: float) -> Note:
    return replace(note, start_beats=note.start_beats + beats)


def _humanize(rng: Generator, note: Note, *, bpm: float) -> Note:
    """Hands are off by a few milliseconds and never strike twice alike."""
    spread_s = 0.002 if note.part in ("drums", "bass") else 0.005
    start = max(0.0, note.start_beats + float(rng.normal(0, spread_s)) * bpm / 60)
    velocity = int(np.clip(note.velocity + rng.normal(0, 5), 20, 127))
    return replace(note, start_beats=start, velocity=velocity)


def _set_level(samples: Signal) -> Signal:
    """Brought to the target level; peaks are bent smoothly to stay below `PEAK`."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    scaled = samples * (TARGET_RMS / max(rms, 1e-9))
    over = np.abs(scaled) - KNEE
    room = PEAK - KNEE
    bent = np.sign(scaled) * (KNEE + room * np.tanh(over / room))
    return np.where(over > 0, bent, scaled).astype(np.float32)


def _die_away(samples: Signal, *, n_ring: int) -> Signal:
    """With held notes, too, dying away as a struck string does: evenly in decibels."""
    ramp = 10 ** (np.linspace(0, RING_DB, min(n_ring, samples.shape[1])) / 20)
    dying = samples.copy()
    dying[:, samples.shape[1] - len(ramp) :] *= ramp.astype(np.float32)
    return dying


def _fade_out(samples: Signal, *, n_fade: int) -> Signal:
    ramp = np.cos(np.linspace(0, np.pi / 2, n_fade, dtype=np.float32)) ** 2
    faded = samples.copy()
    faded[:, samples.shape[1] - n_fade :] *= ramp
    return faded
