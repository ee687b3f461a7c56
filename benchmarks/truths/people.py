"""Performances with beats marked by people: ASAP's pianists and POP909's arrangements.

Both are public repositories (fosfrancesco/asap-dataset, music-x-lab/POP909-Dataset); a check-out
of each is read where it is given.
"""

import re
from pathlib import Path

WTC = "C,c,C#,c#,D,d,Eb,eb,E,e,F,f,F#,f#,G,g,Ab,g#,A,a,Bb,bb,B,b".split(",")
"""Keys of the Well-Tempered Clavier, in the order of BWV 846 to 869 and 870 to 893."""


def read_asap_beats(path: Path) -> list[float]:
    """Beats of an annotation file."""
    rows = [line.split("\t") for line in path.read_text().splitlines() if line.strip()]
    return [float(row[0]) for row in rows if row[2].split(",")[0] in ("b", "db")]


def find_wtc_key(path: Path) -> str | None:
    """Key of a prelude or fugue of the Well-Tempered Clavier, by its number."""
    found = re.search(r"bwv_(\d+)", str(path))
    if found is None or not 846 <= int(found[1]) <= 893:
        return None
    name = WTC[(int(found[1]) - 846) % 24]
    return f"{name[0].upper()}{name[1:]} {'minor' if name[0].islower() else 'major'}"


def read_pop_beats(folder: Path) -> list[float]:
    """Beats of a song, from its MIDI file."""
    lines = (folder / "beat_midi.txt").read_text().split("\n")
    return [float(line.split()[0]) for line in lines if line.strip()]


def read_pop_key(folder: Path) -> str | None:
    """Key of a song that has one key."""
    names = {line.split()[-1] for line in (folder / "key_audio.txt").read_text().splitlines()}
    if len(names) != 1:
        return None
    tonic, mode = names.pop().split(":")
    return f"{tonic} {'minor' if mode == 'min' else 'major'}"
