"""The styles that :mod:`compose` writes in: patterns and instruments, nothing else.

A pattern is a bar in eighth notes, a character a step; ``.`` is a rest. In bass patterns ``r``,
``t`` and ``f`` are the chord's root, third and fifth, ``o`` the root an octave up.
"""

from dataclasses import dataclass

# Drum keys of General MIDI.
KICK, STICK, SNARE, CLAP, CLOSED_HAT, OPEN_HAT, RIDE, CRASH = 36, 37, 38, 39, 42, 46, 51, 49
TOMS = (50, 48, 45, 43)


@dataclass(frozen=True, slots=True)
class Style:
    """How a band of this kind plays."""

    name: str
    beats_per_bar: int
    bpm_range: tuple[int, int]
    """Where the style is at home, in beats per minute; any other tempo is possible."""
    melody_programs: tuple[int, ...]
    """General-MIDI programs, 0-based; section A and B may use different ones."""
    chord_programs: tuple[int, ...]
    bass_programs: tuple[int, ...]
    chord_pattern: str
    bass_pattern: str
    drums: tuple[tuple[int, str], ...]
    """(drum key, pattern) pairs; empty for a style without drums."""
    is_swung: bool = False
    is_arpeggiated: bool = False
    has_pad: bool = False
    """A sustained string chord under everything."""


STYLES: tuple[Style, ...] = (
    Style(
        name="rock",
        beats_per_bar=4,
        bpm_range=(90, 190),
        melody_programs=(27, 29, 81),
        chord_programs=(25, 28, 16),
        bass_programs=(33, 34),
        chord_pattern="x.xxx.x.",
        bass_pattern="r.rrr.rf",
        drums=((KICK, "x...x..."), (SNARE, "..x...x."), (CLOSED_HAT, "xxxxxxxx")),
    ),
    Style(
        name="ballad",
        beats_per_bar=4,
        bpm_range=(50, 95),
        melody_programs=(73, 65, 40),
        chord_programs=(0, 4),
        bass_programs=(32, 35),
        chord_pattern="xxxxxxxx",
        bass_pattern="r.r.f.r.",
        drums=((KICK, "x...x..."), (STICK, "..x...x."), (CLOSED_HAT, "x.x.x.x.")),
        is_arpeggiated=True,
        has_pad=True,
    ),
    Style(
        name="waltz",
        beats_per_bar=3,
        bpm_range=(85, 190),
        melody_programs=(21, 40, 71),
        chord_programs=(0, 24),
        bass_programs=(32, 43),
        chord_pattern="..x.x.",
        bass_pattern="r.....",
        drums=((KICK, "x....."), (CLOSED_HAT, "..x.x."), (RIDE, "x.....")),
    ),
    Style(
        name="swing",
        beats_per_bar=4,
        bpm_range=(100, 190),
        melody_programs=(66, 56, 11),
        chord_programs=(26, 0),
        bass_programs=(32,),
        chord_pattern="x.x.x.x.",
        bass_pattern="r.t.f.t.",
        drums=((KICK, "x.x.x.x."), (CLOSED_HAT, "..x...x."), (RIDE, "x.xxx.xx")),
        is_swung=True,
    ),
    Style(
        name="electronic",
        beats_per_bar=4,
        bpm_range=(100, 150),
        melody_programs=(80, 81, 82),
        chord_programs=(90, 62, 5),
        bass_programs=(38, 39),
        chord_pattern="x..x..x.",
        bass_pattern=".r.r.r.o",
        drums=((KICK, "x.x.x.x."), (CLAP, "..x...x."), (OPEN_HAT, ".x.x.x.x")),
        has_pad=True,
    ),
    Style(
        name="classical",
        beats_per_bar=4,
        bpm_range=(60, 140),
        melody_programs=(40, 73, 68),
        chord_programs=(6, 46, 0),
        bass_programs=(42, 70),
        chord_pattern="x.x.x.x.",
        bass_pattern="r.r.f.r.",
        drums=(),
        is_arpeggiated=True,
        has_pad=True,
    ),
)
