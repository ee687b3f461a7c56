"""Make the set of other people's music that tempo and key are judged on.

    python benchmarks/truth_sets.py OUT [--packages FOLDER] [--asap FOLDER] [--pop909 FOLDER]
        [--repositories FOLDER]

Nothing of it is kept here: modules, MIDI files, projects and recordings come from Debian packages
(installed, or unpacked below FOLDER), scores from music21's corpus and public repositories. The
program fluidsynth with the soundfonts named below plays them; lmms and h2cli the projects. What
is not there is left out and said to be. truths/README.md tells which source is for what.
"""

import argparse
import dataclasses
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from truths import kern, midi, modules, people, projects, scores
from truths.packages import MIDI_FILES, MODULES
from truths.pieces import LENGTH_S, Samples, Truth, find_median_bpm, find_path, write_piece
from truths.repositories import REPOSITORIES

WADS = {"freedoom": ("tuning", "usr/share/games/doom")}
PROJECTS = {
    "lmms-common": ("heldout", "usr/share/lmms/projects", (".mmpz", ".mmp"), projects.play_lmms),
    "hydrogen-data": ("tuning", "usr/share/hydrogen", (".h2song",), projects.play_hydrogen),
    "fretsonfire": ("tuning", "usr/share/games/fretsonfire", (".mid",), projects.play_frets),
}
SCORES: dict[str, tuple[str, str, tuple[str, ...], tuple[float, float], int]] = {
    "music21-bach": ("tuning", "bach", (".mxl",), (44.0, 88.0), 40),
    "music21-oneills": ("tuning", "airdsAirs", (".abc",), (60.0, 140.0), 6),
    "music21-monteverdi": ("tuning", "monteverdi", (".mxl",), (50.0, 100.0), 12),
    "music21-haydn": ("tuning", "haydn", (".mxl",), (50.0, 140.0), 9),
    "music21-mozart": ("tuning", "mozart", (".mxl",), (50.0, 140.0), 16),
    "music21-schumann": ("tuning", "schumann_robert", (".mxl",), (50.0, 120.0), 6),
    "music21-clara": ("tuning", "schumann_clara", (".mxl", ".xml"), (60.0, 120.0), 5),
    "music21-ryan": ("tuning", "ryansMammoth", (".abc",), (60.0, 140.0), 24),
    "music21-palestrina": ("tuning", "palestrina", (".krn",), (45.0, 85.0), 8),
}
"""Side, folder, kinds, range of tempos drawn (their authors name none), and how many."""
ASAP_GROUPS = {
    "1": ("Beethoven", "Haydn", "Schubert", "Liszt", "Ravel", "Balakirev", "Brahms"),
    "2": ("Bach", "Chopin", "Mozart", "Schumann", "Debussy", "Glinka", "Scriabin"),
}
N_ASAP = 25
"""Scores and performances of ASAP of each group of composers, all for tuning."""
N_POP = 50
SOUNDFONTS = {
    "tuning": (
        "usr/share/sounds/sf2/FluidR3_GM.sf2",
        "usr/share/sounds/sf2/OPL-3_FM_128M.sf2",
        "usr/share/sounds/sf3/MuseScore_General_Lite.sf3",
    ),
    "heldout": (
        "usr/share/sounds/sf2/TimGM6mb.sf2",
        "usr/share/sounds/sf2/A320U.sf2",
        "usr/share/sounds/sf2/FluidR3_GM.sf2",
    ),
}
SEED = 20


@dataclass(frozen=True, slots=True)
class Places:
    """Where the sources stand."""

    packages: Path
    asap: Path | None
    pop909: Path | None
    repositories: Path | None

    def soundfont(self, side: str, k: int) -> Path:
        """The k-th soundfont of a side, over and over."""
        found = [p for name in SOUNDFONTS[side] if (p := self.packages / name).is_file()]
        if not found:
            raise FileNotFoundError(f"no soundfont of {SOUNDFONTS[side]} below {self.packages}")
        return found[k % len(found)]


Played = tuple[Truth, Callable[[], tuple[Samples, Truth] | None]]
"""A piece by name and side, and what plays it."""


def main() -> None:
    """Make what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--packages", type=Path, default=Path("/"))
    parser.add_argument("--asap", type=Path)
    parser.add_argument("--pop909", type=Path)
    parser.add_argument("--repositories", type=Path, help="a folder with one of each")
    parser.add_argument("--only", help="sources whose names hold this")
    options = parser.parse_args()
    places = Places(options.packages, options.asap, options.pop909, options.repositories)
    pieces = list(list_pieces(places))
    # In a mixed order, so that what is there is a fair sample at any time.
    for k in np.random.default_rng(SEED).permutation(len(pieces)):
        truth, play = pieces[k]
        if options.only and options.only not in truth.source:
            continue
        if find_path(options.out, truth).is_file():
            continue
        try:
            played = play()
        except Exception as error:  # noqa: BLE001 - one bad file of many must not end the rest
            print(f"{truth.source} {truth.name}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        is_kept = played is not None and write_piece(options.out, played[1], played[0])
        print(f"{truth.source:24} {truth.name:40} {'kept' if is_kept else 'left out'}", flush=True)


def list_pieces(places: Places) -> Iterator[Played]:
    """Every piece of every source, in a fixed order."""
    yield from list_modules(places)
    yield from list_midi(places)
    yield from list_projects(places)
    yield from list_scores(places)
    yield from list_asap(places)
    yield from list_pop(places)
    yield from list_repositories(places)


def list_modules(places: Places) -> Iterator[Played]:
    """Tracker modules: tempo and beats by their rows."""
    for source, (_, folder) in MODULES.items():
        for path in _find(places, source, folder, (".mod", ".xm", ".it", ".s3m")):
            truth = Truth(path.stem, source, "tuning")
            yield truth, lambda t=truth, p=path: _with_beats(t, modules.play_module(p))


def list_midi(places: Places) -> Iterator[Played]:
    """MIDI files whose notes keep to their beats, those in WAD files among them."""
    rows = [
        (source, path.stem, path)
        for source, (_, folder) in MIDI_FILES.items()
        for path in _find(places, source, folder, (".mid",))
    ]
    for source, name, path in rows:
        font = places.soundfont("tuning", len(name) + ord(name[-1]))
        truth = Truth(name, source, "tuning")
        yield truth, lambda t=truth, p=path, f=font: _play_grid(t, midi.read_midi(p), f)
    for source, (side, folder) in WADS.items():
        lumps: dict[str, bytes] = {}
        for path in _find(places, source, folder, (".wad",)):
            lumps |= midi.read_lumps(path)
        unique = {content: name for name, content in sorted(lumps.items(), reverse=True)}
        for k, (content, name) in enumerate(sorted(unique.items(), key=lambda pair: pair[1])):
            truth, font = Truth(name, source, side), places.soundfont(side, k)
            yield truth, lambda t=truth, c=content, f=font: _play_grid(t, midi.parse_midi(c), f)


def list_projects(places: Places) -> Iterator[Played]:
    """Projects of music programs, and recordings with a tempo map."""
    for source, (side, folder, suffixes, play) in PROJECTS.items():
        for path in _find(places, source, folder, suffixes):
            name = path.parent.name if path.stem == "notes" else path.stem
            truth = Truth(name, source, side)
            yield truth, lambda t=truth, p=path, f=play: _with_beats(t, f(p))


def list_scores(places: Places) -> Iterator[Played]:
    """Scores with a certain key, at a tempo drawn from a range."""
    rng = np.random.default_rng(SEED)
    for source, (side, folder, suffixes, (low, high), n) in SCORES.items():
        paths = scores.list_scores(folder, suffixes)
        chosen = [paths[k] for k in sorted(rng.permutation(len(paths))[:n])]
        for k, path in enumerate(chosen):
            bpm = float(np.round(np.exp(rng.uniform(np.log(low), np.log(high)))))
            truth = Truth(f"{path.parent.name}-{path.stem}", source, side)
            font = places.soundfont(side, k)
            yield truth, lambda t=truth, p=path, b=bpm, f=font: _play_score(t, p, b, f)


def list_asap(places: Places) -> Iterator[Played]:
    """Piano works: scores as they stand, and as played by people."""
    if places.asap is None:
        print("no --asap: left out", file=sys.stderr)
        return
    rng = np.random.default_rng(SEED)
    for (group, composers), kind in itertools.product(ASAP_GROUPS.items(), ("score", "played")):
        found = [p for c in composers for p in sorted(places.asap.glob(f"{c}/**/*.mid"))]
        found = [p for p in found if (p.stem == "midi_score") == (kind == "score")]
        for k, n in enumerate(sorted(rng.permutation(len(found))[:N_ASAP])):
            path = found[n]
            name = "-".join(path.relative_to(places.asap).with_suffix("").parts)
            truth = Truth(name, f"asap-{kind}-{group}", "tuning", key=people.find_wtc_key(path))
            font = places.soundfont("tuning", k)
            marks = path.with_name(f"{path.stem}_annotations.txt")
            yield (
                truth,
                lambda t=truth, p=path, f=font, m=marks: _play_marked(
                    t, p, f, people.read_asap_beats(m)
                ),
            )


def list_pop(places: Places) -> Iterator[Played]:
    """Piano arrangements of songs, with keys by people."""
    if places.pop909 is None:
        print("no --pop909: left out", file=sys.stderr)
        return
    folders = sorted(p for p in places.pop909.rglob("[0-9][0-9][0-9]") if p.is_dir())
    chosen = np.random.default_rng(SEED).permutation(len(folders))[:N_POP]
    for k, n in enumerate(sorted(chosen)):
        folder = folders[n]
        key, font = people.read_pop_key(folder), places.soundfont("tuning", k)
        truth = Truth(folder.name, "pop909", "tuning", key=key)
        path = folder / f"{folder.name}.mid"
        yield (
            truth,
            lambda t=truth, p=path, f=font, d=folder: _play_marked(
                t, p, f, people.read_pop_beats(d)
            ),
        )


def list_repositories(places: Places) -> Iterator[Played]:
    """Scores, MIDI files and songs of public repositories."""
    if places.repositories is None:
        print("no --repositories: left out", file=sys.stderr)
        return
    for source, repository in REPOSITORIES.items():
        root = places.repositories / source / repository.folder
        roots = [root / part for part in repository.parts] or [root]
        paths = [p for r in roots for p in sorted(r.rglob(f"*{repository.suffix}"))]
        # What a game's engine is tested with is no music.
        paths = [path for path in paths if not path.parent.name.endswith("test")]
        chosen = np.random.default_rng(SEED).permutation(len(paths))[: repository.n]
        if not paths:
            print(f"{source}: nothing below {root}: left out", file=sys.stderr)
        for k, path in enumerate(paths[n] for n in sorted(chosen)):
            name = path.parent.name if path.suffix == ".ogg" else path.stem
            truth = Truth(name, source, repository.side)
            font = places.soundfont(repository.side, k)
            yield truth, lambda t=truth, p=path, f=font: _play_file(t, p, f)


def _play_file(truth: Truth, path: Path, font: Path) -> tuple[Samples, Truth] | None:
    if path.suffix == ".ogg":
        return _with_beats(truth, projects.play_chart(path))
    if path.suffix == ".mid":
        return _play_grid(truth, midi.read_midi(path), font)
    played = kern.play_kern(path)
    if played is None:
        return None
    score, key = played
    return _play_grid(dataclasses.replace(truth, key=key), score, font)


def _find(places: Places, source: str, folder: str, suffixes: tuple[str, ...]) -> list[Path]:
    root = places.packages / folder
    found = sorted(p for p in root.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
    if not found:
        print(f"{source}: nothing below {root}: left out", file=sys.stderr)
    return found


def _with_beats(
    truth: Truth, played: tuple[Samples, list[float]] | None
) -> tuple[Samples, Truth] | None:
    if played is None:
        return None
    mono, beats_s = played
    heard = tuple(round(b, 4) for b in beats_s if 0.0 <= b <= len(mono) / midi.SR)
    bpm = find_median_bpm(list(heard))
    if bpm is None or not 38.0 <= bpm <= 220.0:
        return None
    return mono, Truth(truth.name, truth.source, truth.side, bpm, heard, truth.key)


def _play_grid(truth: Truth, read: midi.MidiFile, font: Path) -> tuple[Samples, Truth] | None:
    beats_s = midi.find_beats(read, until_s=LENGTH_S)
    notes_s = [time_s for time_s, _ in midi.find_notes(read, until_s=LENGTH_S)]
    if midi.measure_on_grid(notes_s, beats_s) < midi.LEAST_ON_GRID:
        return None
    return _with_beats(truth, (midi.render_midi(read, font), beats_s))


def _play_marked(
    truth: Truth, path: Path, font: Path, beats_s: list[float]
) -> tuple[Samples, Truth] | None:
    return _with_beats(truth, (midi.render_midi(midi.read_midi(path), font), beats_s))


def _play_score(truth: Truth, path: Path, bpm: float, font: Path) -> tuple[Samples, Truth] | None:
    read, key = scores.play_score(path, bpm=bpm)
    named = Truth(truth.name, truth.source, truth.side, key=key)
    return _play_grid(named, read, font)


if __name__ == "__main__":
    main()
