"""How right progress is while an import runs: percent, time left, and the plan before it.

    python benchmarks/progress.py [--jobs N] [--rounds R] [--library songs|short|long]

Three libraries, made by code: songs of usual length in several formats; 300 short files, 69 of
them copies; one of 40 minutes beside 100 short ones. A snapshot is taken eight times a second, as
the panel does. Of the time left: from a tenth of the run on, how far it was from what was left in
truth, as a share of that or, near the end, of a tenth of the whole. Of the percent: the largest
step between two looks. Of the plan: its time beside the run's.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.audio_factory import music_like, write_audio

from wkmp_lab.library.plan import plan
from wkmp_lab.library.session import start_import
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SR = 44_100
LOOK_S = 0.125
Track = list[tuple[float, float, float | None]]


def make_songs(folder: Path) -> None:
    """Eighteen songs of two to four minutes."""
    song = music_like(seed=1, seconds=240, sr=SR, n_channels=2)
    for index in range(18):
        part = np.roll(song, 9999 * index, axis=1)[:, : SR * (120 + 7 * index)]
        write_audio(folder / f"{index:02d}.{('flac', 'wav', 'ogg')[index % 3]}", part, SR)


def make_short(folder: Path) -> None:
    """300 files of three to twelve seconds, 69 of
    them copies, as a set of samples has them."""
    song = music_like(seed=2, seconds=60, sr=SR)
    for index in range(231):
        part = np.roll(song, 3333 * index, axis=1)[:, : SR * (3 + index % 10)]
        write_audio(folder / f"{index:03d}.{('flac', 'ogg')[index % 2]}", part, SR)
    for index in range(69):
        source = folder / f"{3 * index:03d}.{('flac', 'ogg')[3 * index % 2]}"
        shutil.copy(source, folder / f"copy {source.name}")


def make_long(folder: Path) -> None:
    """One of 40 minutes beside a hundred of eight seconds."""
    song = music_like(seed=3, seconds=120, sr=SR)
    write_audio(folder / "side.flac", np.tile(song, (1, 20)), SR)
    for index in range(100):
        part = np.roll(song, 5555 * index, axis=1)[:, : SR * 8]
        write_audio(folder / f"{index:03d}.flac", part, SR)


LIBRARIES = {"songs": make_songs, "short": make_short, "long": make_long}


def watch(music: Path, store: Path, settings: Settings) -> tuple[Track, float]:
    """(time, fraction, time left) of each look, and the whole time, in s."""
    begun_s = time.perf_counter()
    session = start_import(music, settings=settings, store=store)
    track: Track = []
    while not session.is_ended:
        now = session.snapshot()
        track.append((time.perf_counter() - begun_s, now.fraction, now.remaining_s))
        time.sleep(LOOK_S)
    return track, time.perf_counter() - begun_s


def describe(track: Track, wall_s: float, planned_s: float) -> str:
    """One row of the table."""
    told = [(at_s, left_s) for at_s, _, left_s in track if left_s is not None]
    late = [(at_s, left_s) for at_s, left_s in told if at_s >= 0.1 * wall_s]
    errors = [
        abs(left_s - (wall_s - at_s)) / max(wall_s - at_s, 0.1 * wall_s) for at_s, left_s in late
    ]
    steps = np.diff([0.0, *(fraction for _, fraction, _ in track)])
    at_90 = next((at_s for at_s, fraction, _ in track if fraction >= 0.9), wall_s)
    first = f"{told[0][0] / wall_s:.0%}" if told else "never"
    within = f"{np.mean(np.array(errors) <= 0.2):.0%}" if errors else "-"
    worst = f"{max(errors):.0%}" if errors else "-"
    return (
        f"{wall_s:6.1f} s | {planned_s:6.1f} s ({planned_s / wall_s - 1.0:+4.0%}) | {first:>5} | "
        f"{within:>5} | {np.median(errors) if errors else np.nan:6.0%} | {worst:>5} | "
        f"{100 * steps.max():4.1f} | {at_90 / wall_s:4.0%}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=min(max(os.cpu_count() or 2, 2), 8))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--library", choices=sorted(LIBRARIES), action="append")
    parser.add_argument("--csv", type=Path, help="where every look is written, a row each")
    options = parser.parse_args()
    settings = Settings(
        identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=options.jobs)
    )
    print("library | run | planned | told from | within 20 % | median | worst | step | 90 % at")
    for name in options.library or LIBRARIES:
        with tempfile.TemporaryDirectory() as folder:
            music = Path(folder) / "music"
            music.mkdir()
            LIBRARIES[name](music)
            for round_ in range(options.rounds):
                store = Path(folder) / f"{round_}.wkmp.db"
                planned_s = plan(music, settings=settings, store=store).measuring_s or 0.0
                track, wall_s = watch(music, store, settings)
                print(f"{name:7} | {describe(track, wall_s, planned_s)}", flush=True)
                if options.csv:
                    rows = [f"{name},{at},{part},{left}" for at, part, left in track]
                    with options.csv.open("a") as file:
                        file.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
