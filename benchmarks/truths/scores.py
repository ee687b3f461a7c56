"""Scores of music21's corpus: key signatures and last notes, played at a tempo drawn here."""

import tempfile
from pathlib import Path
from typing import Any

import mido

from truths.midi import read_midi

TONICS = {
    "major": ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"),
    "minor": ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"),
}
"""By the number of sharps from -7 to 7."""
MOST_BYTES = 40_000
"""Longer scores take music21 minutes to read."""
MODES = {"ionian": "major", "aeolian": "minor", "major": "major", "minor": "minor"}


def name_signature(n_sharps: int, mode: str) -> str:
    """
    >>> name_signature(-2, "major")
    'Bb major'
    """
    return f"{TONICS[mode][n_sharps + 7]} {mode}"


def list_scores(folder: str, suffixes: tuple[str, ...]) -> list[Path]:
    """Files of a folder of the corpus."""
    import music21

    root = Path(music21.__file__).parent / "corpus" / folder
    found = sorted(path for path in root.rglob("*") if path.suffix in suffixes)
    return [path for path in found if path.stat().st_size <= MOST_BYTES]


def play_score(path: Path, *, bpm: float) -> tuple[mido.MidiFile, str | None]:
    """A score as MIDI at a tempo of its beat, and its key where it is certain."""
    from music21 import converter, meter, tempo

    score: Any = converter.parse(path)
    key = find_key(score)
    for mark in list(score.recurse().getElementsByClass(tempo.TempoIndication)):
        mark.activeSite.remove(mark)
    signature = next(iter(score.recurse().getElementsByClass(meter.TimeSignature)), None)
    quarters = signature.beatDuration.quarterLength if signature is not None else 1.0
    first = score.parts[0] if score.parts else score
    first.insert(0, tempo.MetronomeMark(number=bpm * float(quarters)))
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "score.mid")
        score.write("midi", fp=written)
        return read_midi(written), key


def find_key(score: Any) -> str | None:
    """Key of one signature whose tonic is the last bass note; None where it is not certain."""
    from music21 import key as keys

    signatures = list(score.recurse().getElementsByClass(keys.KeySignature))
    sharps = {signature.sharps for signature in signatures}
    if len(sharps) != 1:
        return None
    named = {MODES.get(str(getattr(signature, "mode", None))) for signature in signatures}
    last = [n for part in (score.parts or [score]) for n in list(part.flatten().notes)[-1:]]
    if not last:
        return None
    bass = min(p.midi for note in last for p in note.pitches) % 12
    for mode, tonic in (("major", 0), ("minor", 9)):
        if (7 * next(iter(sharps)) + tonic) % 12 == bass and named <= {mode, None}:
            return name_signature(next(iter(sharps)), mode)
    return None
