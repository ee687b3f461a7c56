"""Public repositories of scores, MIDI files and songs by others, split before any result.

Each is read from a folder of its own name, below the folder that truth_sets.py is told.
"""

from typing import NamedTuple


class Repository(NamedTuple):
    """Where music stands, what it is, and how many pieces are drawn of it."""

    owner: str
    side: str
    folder: str
    suffix: str
    n: int
    parts: tuple[str, ...] = ()
    """Folders that are taken, where not all are: composers whose works are in no other source."""


PIANO_MIDI = (
    "Albeniz",
    "Borodin",
    "Burgmueller",
    "Christmas",
    "Clementi",
    "Godowsky",
    "Granados",
    "Grieg",
    "Mendelssohn",
    "Moszkowski",
    "Mussorgsky",
    "Sinding",
    "Tchaikovsky",
)
REPOSITORIES = {
    "mozart-piano-sonatas": Repository("craigsapp", "tuning", "kern", ".krn", 30),
    "beethoven-piano-sonatas": Repository("craigsapp", "tuning", "kern", ".krn", 30),
    "chopin-mazurkas": Repository("craigsapp", "tuning", "kern", ".krn", 25),
    "joplin": Repository("craigsapp", "heldout", "kern", ".krn", 30),
    "scarlatti-keyboard-sonatas": Repository("craigsapp", "heldout", "kern", ".krn", 30),
    "hummel-preludes": Repository("craigsapp", "heldout", "kern", ".krn", 24),
    "ClassicalPianoMIDI-dataset": Repository(
        "cheriell", "heldout", "midis", ".mid", 40, PIANO_MIDI
    ),
    "vgmidi": Repository("lucasnfe", "heldout", "labelled/midi", ".mid", 40),
    "RTP": Repository("EasyRPG", "heldout", "Music", ".mid", 30),
    "Kade-Engine": Repository("KadeDev", "heldout", "assets/songs", "Inst.ogg", 30),
}
