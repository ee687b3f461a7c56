"""Recordings of known kind: speech joined of other people's clips, other people's music, noise.

The sources are Debian packages, unpacked side by side in one folder::

    apt-get download PACKAGE && dpkg -x PACKAGE_*.deb FOLDER/PACKAGE

They were split before the first result: what stands in :data:`SEEN` chose features, weights and
limits, what stands in :data:`HELD_OUT` was only ever judged, but for one thing: of the two limits
between which ``segmenting`` believes in speech, it was seen that fillets-ng-data-cs and
klettres-data were cut under others. How often speech stays in one piece is no held-out figure.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr

from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.signals import FloatArray, Signal

SEEN: dict[str, str] = {
    "fillets-ng-data-nl": "speech",
    "asterisk-core-sounds-en-wav": "speech",
    "asterisk-prompt-fr-armelle": "speech",
    "codec2-examples": "speech",
    "espeak-ng": "speech",
    "hyperrogue-music": "music",
    "fillets-ng-data": "music",
    "asc-music": "music",
    "frozen-bubble-data": "music",
    "pingus-data": "music",
    "tecnoballz-data": "music",
    "openttd-openmsx": "music",
    "solo, even seeds": "music",
    "made, even seeds": "noise",
}
"""Beside them the songs of ``--music``, by source."""
HELD_OUT: dict[str, str] = {
    "fillets-ng-data-cs": "speech",
    "asterisk-core-sounds-ru-wav": "speech",
    "asterisk-core-sounds-it-wav": "speech",
    "asterisk-prompt-es-co": "speech",
    "pocketsphinx-testdata": "speech",
    "klettres-data": "speech",
    "ktuberling-data": "speech",
    "hedgewars-data": "speech",
    "flite": "speech",
    "fretsonfire-songs-sectoid": "music",
    "fretsonfire-songs-muldjord": "music",
    "drascula-music": "music",
    "extremetuxracer-data": "music",
    "hedgewars-data, songs": "music",
    "open-invaders-data": "music",
    "circuslinux-data": "music",
    "pianobooster": "music",
    "solo, odd seeds": "music",
    "made, odd seeds": "noise",
}
LEAST_SONG_S = 30.0
LONGEST_SONG_S = 240.0
LENGTHS_S = (40.0, 180.0)
PAUSES_S = (0.2, 2.2)
HISS_DB = -45.0
"""Of every second recording, below its own level."""
N_RECORDINGS = 12
CODEC2_SPEECH = (
    "big_dog cq_ref cross f2400 forig g3plx hts hts1 hts1a hts2 hts2a kristoff m2400 mmt1 morig "
    "ve9qrp vk5qi all david4 vk2tpm_004 speech_orig_16k wia_16kHz"
).split()
PLAYED = (".it", ".xm", ".mod", ".s3m", ".mid", ".midi")
SONGS = (".ogg", ".mp3", ".flac", ".wav", *PLAYED)
SOUNDFONT = "/usr/share/sounds/sf2/TimGM6mb.sf2"
DRUMS = 128
SOLO_PROGRAMS = (0, 24, 40, 42, 52, 53, 56, 65, 73, 75, 105, DRUMS)
"""Piano, guitar, violin, cello, choir, voice, trumpet, saxophone, flute, pan flute, banjo."""
TEXT = Path("/usr/share/common-licenses/GPL-3")
"""What the synthetic voices read."""


class Recording(NamedTuple):
    """Mono samples of one kind."""

    name: str
    source: str
    kind: str
    samples: FloatArray
    sr: int


def list_recordings(folder: Path, sources: dict[str, str]) -> Iterator[Recording]:
    """All recordings of the sources; a package that is not unpacked in the folder is left out."""
    for source, kind in sources.items():
        if kind == "noise":
            yield from _make_noises(source)
        elif source.startswith("solo"):
            yield from _play_solos(source)
        elif kind == "music":
            yield from list_songs(folder / source.partition(",")[0], source)
        elif source in _SPEAKERS:
            yield from _list_spoken(source, _SPEAKERS[source](folder))
        else:
            yield from _list_spoken(source, _list_clips(folder / source))


def list_songs(folder: Path, source: str) -> Iterator[Recording]:
    """Every song of a folder of at least half a minute, four minutes of it at most."""
    songs = {path.stem: path for path in sorted(folder.rglob("*")) if path.suffix in SONGS}
    for path in songs.values():
        try:
            signal = _play(path) if path.suffix in PLAYED else _read(path)
        except DecodeError:
            continue
        if signal.duration_s >= LEAST_SONG_S and np.any(signal.samples):
            yield Recording(path.name, source, "music", signal.samples.mean(axis=0), signal.sr)


def _read(path: Path) -> Signal:
    return read_signal(str(path), end_s=LONGEST_SONG_S)


def _play(path: Path) -> Signal:
    """A module or MIDI file, played."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "played.wav"
        if path.suffix.startswith(".mid"):
            player = ["fluidsynth", "-ni", "-q", "-F", str(made), "-r", "44100", SOUNDFONT]
        else:
            player = ["openmpt123", "--batch", "--quiet", "-o", str(made)]
        subprocess.run([*player, str(path)], check=False, capture_output=True, timeout=120)
        return _read(made)


def _play_solos(source: str) -> Iterator[Recording]:
    """One instrument alone, with rests, at a free or a steady tempo: the likest to speech."""
    for seed in range("odd" in source, 48, 2):
        rng = np.random.default_rng(2000 + seed)
        program = int(SOLO_PROGRAMS[seed // 2 % len(SOLO_PROGRAMS)])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "solo.mid"
            path.write_bytes(_write_solo(program, rng, is_free=seed % 4 < 2))
            signal = _play(path)
        mono = signal.samples.mean(axis=0)
        yield Recording(f"program {program}, {seed}", source, "music", mono, signal.sr)


def _write_solo(program: int, rng: np.random.Generator, *, is_free: bool) -> bytes:
    """A MIDI file of a wandering melody of a minute and more; 480 ticks are half a second."""
    scale = [0, 2, 4, 5, 7, 9, 11] if rng.random() < 0.5 else [0, 2, 3, 5, 7, 8, 10]
    channel, degree, at_s = (9 if program == DRUMS else 0), 7, 0.0
    step_s = float(rng.uniform(0.14, 0.45))
    events, before = bytearray([0, 0xC0 | channel, program % 128]), 0
    while at_s < 70.0:
        degree = int(np.clip(degree + rng.integers(-3, 4), 0, 20))
        key = 45 + 12 * (degree // 7) + scale[degree % 7]
        key = int(rng.choice([36, 38, 42, 46, 45])) if channel == 9 else key
        length_s = step_s * float(rng.choice([1, 1, 1, 2, 3]))
        length_s *= float(rng.uniform(0.6, 1.6)) if is_free else 1.0
        rest_s = step_s * float(rng.choice([0, 0, 0, 0, 0, 1, 4])) * (1.3 if is_free else 1.0)
        for when_s, status, force in (
            (at_s, 0x90, int(rng.integers(50, 110))),
            (at_s + 0.9 * length_s, 0x80, 0),
        ):
            tick = round(when_s * 960)
            events += _write_delta(tick - before) + bytes([status | channel, key, force])
            before = tick
        at_s += length_s + rest_s
    events += bytes([0, 0xFF, 0x2F, 0])
    head = b"MThd" + (6).to_bytes(4) + (0).to_bytes(2) + (1).to_bytes(2) + (480).to_bytes(2)
    return head + b"MTrk" + len(events).to_bytes(4) + bytes(events)


def _write_delta(ticks: int) -> bytes:
    """A variable-length quantity."""
    parts = [ticks & 0x7F]
    while ticks := ticks >> 7:
        parts.append((ticks & 0x7F) | 0x80)
    return bytes(reversed(parts))


def _list_clips(folder: Path) -> Iterator[tuple[str, list[tuple[FloatArray, int]]]]:
    """Spoken clips by language or speaker, as far as the folders tell."""
    by_group: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".ogg", ".wav", ".raw", ".gsm") and _is_speech(path):
            by_group.setdefault(_name_group(path), []).append(path)
    for group, paths in by_group.items():
        order = np.random.default_rng(len(paths)).permutation(len(paths))
        yield group, [clip for i in order for clip in _read_clip(paths[i])]


def _is_speech(path: Path) -> bool:
    parts = path.parts
    if "codec2-examples" in parts:
        return path.stem in CODEC2_SPEECH
    if "hedgewars-data" in parts:
        return "voices" in parts and path.parent.name not in ("Singer", "Robot")
    # Of the fish only the dialogs of rooms are told apart from noises of the game.
    return "music" not in parts and "silence" not in parts and "x" not in path.stem.split("-")[1:2]


def _name_group(path: Path) -> str:
    parent = path.parent
    if parent.name in ("alpha", "syllab"):
        return parent.parent.name
    return "all" if "fillets" in str(path) or "asterisk" in str(path) else parent.name


def _read_clip(path: Path) -> list[tuple[FloatArray, int]]:
    if path.suffix == ".raw":
        sr = 16_000 if "pocketsphinx" in str(path) else 8_000
        return [(np.fromfile(path, "<i2").astype(np.float32) / 32768.0, sr)]
    try:
        signal = read_signal(str(path))
    except DecodeError:
        return []
    return [(signal.samples.mean(axis=0), signal.sr)]


def _speak_with_espeak(folder: Path) -> Iterator[tuple[str, list[tuple[FloatArray, int]]]]:
    library = ":".join(str(p) for p in sorted(folder.glob("lib*/usr/lib/*-linux-gnu")))
    (data,) = folder.glob("espeak-ng-data/usr/lib/*/espeak-ng-data")
    program = folder / "espeak-ng/usr/bin/espeak-ng"
    voices = "en-us+m1 en-gb+f2 de+m3 fr+f4 ru+m5 es+f1 it+m7 pl+m2 fi+f3 cs+croak".split()
    for k, voice in enumerate(voices):
        arguments = [str(program), "-v", voice, "-s", str(120 + 12 * k), "--stdout"]
        yield voice, _speak(arguments, library, {"ESPEAK_DATA_PATH": str(data)}, k)


def _speak_with_flite(folder: Path) -> Iterator[tuple[str, list[tuple[FloatArray, int]]]]:
    library = ":".join(str(p) for p in sorted(folder.glob("lib*/usr/lib/*-linux-gnu")))
    for k, voice in enumerate(("kal16", "awb", "rms", "slt", "kal")):
        program = str(folder / "flite/usr/bin/flite")
        arguments = [program, "-voice", voice, "-o", "/dev/stdout", "-t"]
        yield voice, _speak(arguments, library, {}, 100 + k)


def _speak(
    arguments: list[str], library: str, environment: dict[str, str], seed: int
) -> list[tuple[FloatArray, int]]:
    sentences = [s.strip() for s in TEXT.read_text().replace("\n", " ").split(".")]
    spoken = []
    for i in np.random.default_rng(seed).permutation(len(sentences))[:24]:
        words = " ".join(sentences[i].split())
        if len(words) < 10:
            continue
        made = subprocess.run(
            [*arguments, words],
            check=True,
            capture_output=True,
            env={**os.environ, "LD_LIBRARY_PATH": library, **environment},
        ).stdout
        at = made.index(b"data") + 8
        sr = int.from_bytes(made[24:28], "little")
        part = made[at : at + (len(made) - at) // 2 * 2]
        spoken.append((np.frombuffer(part, "<i2").astype(np.float32) / 32768.0, sr))
    return spoken


_SPEAKERS: dict[str, Callable[[Path], Iterator[tuple[str, list[tuple[FloatArray, int]]]]]] = {
    "espeak-ng": _speak_with_espeak,
    "flite": _speak_with_flite,
}


def _list_spoken(
    source: str, groups: Iterator[tuple[str, list[tuple[FloatArray, int]]]]
) -> Iterator[Recording]:
    """Recordings of 40 s to 3 min: clips with pauses between, half of them under hiss."""
    rng = np.random.default_rng(len(source))
    for group, clips in groups:
        rest = list(clips)
        for n in range(N_RECORDINGS):
            length_s, sr = rng.uniform(*LENGTHS_S), max((sr for _, sr in rest), default=0)
            parts: list[FloatArray] = []
            while rest and sum(map(len, parts)) < length_s * sr:
                samples, own = rest.pop()
                same = samples if own == sr else soxr.resample(samples, own, sr)
                pause = np.zeros(round(rng.uniform(*PAUSES_S) * sr), np.float32)
                parts += [np.asarray(same, np.float32), pause]
            if sum(map(len, parts)) < 0.5 * LENGTHS_S[0] * sr or not parts:
                break
            joined = np.concatenate(parts) * np.float32(rng.uniform(0.2, 0.9))
            if n % 2:
                level = np.sqrt(np.square(joined).mean()) * 10 ** (HISS_DB / 20)
                joined += level * rng.standard_normal(len(joined)).astype(np.float32)
            yield Recording(f"{group} {n}", source, "speech", joined, sr)


def _make_noises(source: str) -> Iterator[Recording]:
    """Hiss of several colours, steady, in waves or in showers; hums and drones."""
    sr, n = 22_050, 40 * 22_050
    hz = np.fft.rfftfreq(n, 1 / sr)
    t = np.arange(n) / sr
    for seed in range("odd" in source, 40, 2):
        rng = np.random.default_rng(1000 + seed)
        slope = (0.0, 0.5, 1.0, 0.7)[seed // 2 % 4]
        hiss = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) / np.maximum(hz, 20) ** slope, n)
        hiss /= np.std(hiss)
        if seed % 10 in (2, 3):
            hiss *= 1 + 0.8 * np.sin(2 * np.pi * t / rng.uniform(4, 9))
        elif seed % 10 in (4, 5):
            hiss *= rng.random(n) > 0.995
        elif seed % 10 in (6, 7):
            base = rng.choice([50.0, 60.0, 110.0])
            hiss = sum(np.sin(2 * np.pi * base * k * t) / k for k in range(1, 9)) + 0.01 * hiss
        level = 10 ** (rng.uniform(-50, -12) / 20) / max(np.std(hiss), 1e-9)
        yield Recording(f"{seed}", source, "noise", (hiss * level).astype(np.float32), sr)
