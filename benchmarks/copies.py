"""Which of two copies is better, and whether a lossless file was lossy: right how often?

    python benchmarks/copies.py WORK [--packages FOLDER] [--minutes N]

Originals are rendered from modules and MIDI files in Debian packages (installed, or unpacked
below FOLDER; see ``truths/originals.py``), 16 s of each. Of each are made: three files of which a
lossless one holds what was lossy, two lossy ones and one of these coded again, one that is
clipped, and two that have little treble but were never coded. What is measured is kept in WORK,
so that a run goes on where one ended; after N minutes the summary tells how far it came. Needs
openmpt123, fluidsynth and ``imageio_ffmpeg`` with libmp3lame, libvorbis, libopus and FFmpeg's AAC.
"""

import argparse
import dataclasses
import json
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import soundfile
import soxr
from truths import originals

from wkmp_lab.analyzing.amplitude import measure_amplitude
from wkmp_lab.analyzing.origin import SURE_PROBABILITY
from wkmp_lab.collection.copies import SongCopy, choose_better, describe_copy
from wkmp_lab.dsp.levels import LevelMeter
from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.model import FileResult, Passage, SourceFile
from wkmp_lab.units import ticks_from_seconds

FAMILIES = {
    "mp3": [
        *(("-c:a", "libmp3lame", "-q:a", str(q)) for q in range(10)),
        *(("-c:a", "libmp3lame", "-b:a", f"{b}k") for b in (320, 256, 192, 160, 128, 96)),
    ],
    "m4a": [("-c:a", "aac", "-b:a", f"{b}k") for b in (256, 192, 160, 128, 96, 64)],
    "ogg": [("-c:a", "libvorbis", "-q:a", str(q)) for q in (8, 6, 5, 3, 2, 0)],
    "opus": [("-c:a", "libopus", "-b:a", f"{b}k") for b in (192, 160, 128, 96, 64)],
}
"""Encoders by the ends of names, best first (MP3: variable rates, then constant ones)."""
AFTERWARDS = {
    "": (),
    "gain": ("-af", "volume=-3dB"),
    "clipped": ("-af", "volume=4dB"),
    "bits24": ("-c:a", "pcm_s24le"),
    "cut": ("-ss", "0.777"),
    "48k": ("-ar", "48000"),
    "44k": ("-ar", "44100"),
}
PLAIN = ("", "", "gain", "clipped", "bits24", "cut", "48k", "44k")
TWICE_SHARE = 0.2
Row = dict[str, Any]
"""Of one piece: its side and name, copies, pairs, names of fakes, and what was never coded."""
GOALS = {"right": 0.99, "decided": 0.95, "found": 0.9, "alarms": 0.01}


def main() -> None:
    """Make, measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--packages", type=Path, default=Path("/"))
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    path = options.work / "measured.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    done = {(row["side"], row["name"]) for row in rows}
    until_s = time.monotonic() + 60.0 * options.minutes
    pieces = originals.list_originals(options.packages, options.work / "originals")
    random.Random(20).shuffle(pieces)
    with path.open("a") as file:
        for side, speech in originals.list_speech(options.packages):
            name = f"speech__{speech.stem}"
            if (side, name) not in done and time.monotonic() < until_s:
                row = {"side": side, "name": name, "false": {"speech": measure_speech(speech)}}
                rows.append(row)
                file.write(json.dumps(row) + "\n")
        for piece in pieces:
            key = piece.side, piece.kept.stem
            if key in done or time.monotonic() > until_s or not piece.render():
                continue
            measured = measure_piece(piece.kept, options.work)
            row = {"side": piece.side, "name": piece.kept.stem, **measured}
            rows.append(row)
            file.write(json.dumps(row) + "\n")
            file.flush()
    for side in ("tuning", "heldout"):
        tell_side(side, [row for row in rows if row["side"] == side])


def measure_piece(original: Path, work: Path) -> Row:
    """The copies of one piece by name, and the pairs of them whose better one is known."""
    rng = random.Random(original.stem)
    folder = work / "made"
    folder.mkdir(exist_ok=True)
    for left in folder.iterdir():
        left.unlink()
    copies, pairs, fakes = {"original": read_copy(original)}, [], []
    for k in range(3):
        source, told = code(original, folder / f"fake{k}", rng)
        if rng.random() < TWICE_SHARE:
            source, more = code(source, folder / f"fake{k}_again", rng)
            told += f", {more}"
        afterwards = rng.choice(PLAIN)
        fake = run(source, folder / f"fake{k}.wav", afterwards)
        name = f"FLAC of {told} {afterwards}"
        copies[name] = read_copy(fake)
        fakes.append(name)
        pairs.append(("was lossy", "original", name))
        if k == 0:
            further, told = code(fake, folder / "further", rng)
            copies[f"{told} of {name}"] = read_copy(further)
            pairs.append(("was lossy, and a lossy copy of it", name, f"{told} of {name}"))
    suffix = rng.choice(list(FAMILIES))
    ways = FAMILIES[suffix][:10]
    high, low = sorted(rng.sample(range(len(ways)), 2))
    good = encode(original, folder / "high", suffix, ways[high])
    poor = encode(original, folder / "low", suffix, ways[low])
    again, told = code(good, folder / "again", rng)
    names = f"{suffix} {ways[high][-1]}", f"{suffix} {ways[low][-1]} low", f"{told} again"
    for name, path in zip(names, (good, poor, again), strict=True):
        copies[name] = read_copy(path)
        pairs.append(("lossy", "original", name))
    pairs.append(("two qualities of an encoder", names[0], names[1]))
    pairs.append(("lossy, and a lossy copy of it", names[0], names[2]))
    copies["clipped"] = read_copy(run(original, folder / "clip.wav", "clipped"))
    pairs.append(("clipped", "original", "clipped"))
    told_copies = {name: dataclasses.asdict(copy) for name, copy in copies.items()}
    false = measure_bands(original, copies["original"], folder, rng)
    return {"copies": told_copies, "pairs": pairs, "fakes": fakes, "false": false}


def measure_bands(
    original: Path, first: SongCopy, folder: Path, rng: random.Random
) -> dict[str, float | None]:
    """Probabilities of the original and of two versions with little treble."""
    samples, _ = soundfile.read(original, always_2d=True)
    found = {"original": first.lossy_probability}
    for kind in rng.sample(originals.BANDS, 2):
        noise = np.random.default_rng(rng.randrange(1 << 30))
        limited, sr = originals.limit_band(kind, samples, noise)
        path = folder / f"{kind}.wav"
        soundfile.write(path, np.clip(limited, -1.0, 1.0), sr, subtype="PCM_16")
        found[kind] = read_copy(path).lossy_probability
    return found


def measure_speech(path: Path) -> float | None:
    """The probability of speech of 8 kHz, as it would stand in a file of 44.1 kHz."""
    samples, sr = soundfile.read(path, always_2d=True)
    meter = LevelMeter(sr=originals.SR, n_channels=1)
    faster = soxr.resample(samples[:, 0], sr, originals.SR).astype(np.float32)
    meter.feed(faster[None, : 16 * originals.SR])
    return dict(measure_amplitude(meter.finish()).quality).get("lossy_probability")


def code(source: Path, made: Path, rng: random.Random) -> tuple[Path, str]:
    """(a lossy file, how) by an encoder drawn at random; MP3 as often as all others together."""
    suffix = rng.choice(["mp3", "mp3", "m4a", "ogg", "opus"])
    way = rng.choice(FAMILIES[suffix])
    return encode(source, made, suffix, way), f"{suffix} {way[-1]}"


def encode(source: Path, made: Path, suffix: str, way: tuple[str, ...]) -> Path:
    """A lossy file."""
    return run(source, made.with_name(f"{made.name}.{suffix}"), "", *way)


def run(source: Path, made: Path, afterwards: str, *more: str) -> Path:
    """What ffmpeg makes of a file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", "-i", str(source)]
    subprocess.run([*command, *AFTERWARDS[afterwards], *more, str(made)], check=True)
    return made


def read_copy(path: Path) -> SongCopy:
    """What an import would know of the file's quality."""
    with AudioReader(path) as reader:
        meter = LevelMeter(sr=reader.sr, n_channels=reader.n_channels)
        for block in reader.blocks():
            meter.feed(block.samples)
        audio, profile = reader.describe(), meter.finish()
    end = ticks_from_seconds(profile.duration_s)
    passage = Passage(0, 0, end, amplitude=measure_amplitude(profile))
    source = SourceFile(str(path), path.stat().st_size, 1)
    result = FileResult(source, "done", audio=audio, passages=(passage,))
    return dataclasses.replace(describe_copy(result, passage), path=path.name)


def judge(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """(kind, right, wrong or none) of each pair; what is not right is printed."""
    verdicts = []
    for row in rows:
        copies = {name: remake(told) for name, told in row.get("copies", {}).items()}
        for kind, better, worse in row.get("pairs", []):
            chosen = choose_better(copies[better], copies[worse])
            is_wrong = chosen.better is copies[worse]
            answer = "wrong" if is_wrong else "none" if chosen.better is None else "right"
            verdicts.append((kind, answer))
            if answer != "right":
                print(f"  {row['name']}: {kind}: {worse}: {answer}: {chosen.reason}")
    return verdicts


def remake(told: dict[str, object]) -> SongCopy:
    """A copy from its JSON."""
    return SongCopy(**{**told, "families": tuple(told["families"])})


def tell_side(side: str, rows: Sequence[Row]) -> None:
    """Print what one side of the set says."""
    print(f"\n{side}: {sum('pairs' in row for row in rows)} originals")
    pairs = judge(rows)
    for kind in [*sorted({kind for kind, _ in pairs}), None]:
        answers = [answer for each, answer in pairs if kind in (each, None)]
        decided = [answer for answer in answers if answer != "none"]
        right = decided.count("right") / max(len(decided), 1)
        share = len(decided) / max(len(answers), 1)
        goals = f"   goals {GOALS['right']} and {GOALS['decided']}" if kind is None else ""
        told = f"right {right:.3f}   decided {share:.3f}"
        print(f"  {kind or 'all':35} n {len(answers):4}   {told}{goals}")
    said = [
        row["copies"][name]["lossy_probability"] for row in rows for name in row.get("fakes", [])
    ]
    fakes = np.array([p or 0.0 for p in said])
    false = np.array([p or 0.0 for row in rows for p in row["false"].values()])
    if not (fakes.size and false.size):
        return
    found, alarms = (np.mean(each >= SURE_PROBABILITY) for each in (fakes, false))
    print(f"  fake lossless found {found:.3f} of {fakes.size} (goal {GOALS['found']})")
    print(f"  false alarms {alarms:.3f} of {false.size} (goal {GOALS['alarms']})")
    said = np.concatenate([false, fakes])
    # At even odds, whatever there are more of.
    weights = np.repeat([0.5 / false.size, 0.5 / fakes.size], [false.size, fakes.size])
    is_fake = np.repeat([0.0, 1.0], [false.size, fakes.size])
    print("  reliability, said and true:", "  ".join(tell_reliability(said, is_fake, weights)))


def tell_reliability(
    said: originals.Samples, is_true: originals.Samples, weights: originals.Samples
) -> Iterator[str]:
    """Each fifth of what was said, with what is so; last the expected calibration error."""
    error = 0.0
    for low in np.arange(0.0, 1.0, 0.2):
        chosen = (said >= low) & ((said < low + 0.2) | (low > 0.7))
        if chosen.any():
            told, true = (np.average(v[chosen], weights=weights[chosen]) for v in (said, is_true))
            error += float(weights[chosen].sum() * abs(told - true))
            yield f"{told:.2f} {true:.2f} ({chosen.sum()})"
    yield f"error {error:.3f}"


if __name__ == "__main__":
    main()
