"""Where songs join on an album side: ours beside ffmpeg, librosa and the WKMP presets.

    python benchmarks/segmenting.py --music FOLDER [--seed 0] [--sides 6] [--quick]

Sides of five songs are made with a seed, under eight conditions, and every song alone under five
kinds of noise. A cut is right within half a second of the stretch between two songs; a cell shows
precision/recall/F-measure, a song counts as cut where a method cuts it at all. Under ours
stand the goals for F. The last rows score ours as MIREX does, by the distance to the middle of the
join. ``cue`` was told the exact lengths of the pieces, as a cue sheet has them, ``list`` whole
seconds, as a printed track list.
"""

import argparse
import itertools
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import librosa
import mir_eval
import numpy as np
from album_sides import (
    CONDITIONS,
    NOISES,
    SR,
    Condition,
    Side,
    Song,
    make_side,
    make_single,
    read_songs,
)

from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.segmenting.passages import find_passages, find_passages_in
from wkmp_lab.segmenting.profile_measures import measure_profile
from wkmp_lab.settings import SegmentSettings
from wkmp_lab.signals import FloatArray, LevelProfile, Signal
from wkmp_lab.units import seconds_from_ticks

TOLERANCE_S = 0.5
MIREX_WINDOWS_S = (0.5, 3.0)
N_THREADS = 2
Cuts = list[float]

OURS = "wkmp_lab"
GOALS = {
    "digital 2 s": 0.97,
    "dither 1 s": 0.97,
    "vinyl -58": 0.93,
    "worn -46": 0.85,
    "cassette -50": 0.93,
}
"""F-measures without an oracle; and of at least 60 songs alone, one may be cut."""
AUDIBLE_GOAL, BUTT_GOAL = 0.98, 0.90
"""F-measures with known lengths, where gaps are audible and where songs touch."""
CUE, TRACK_LIST = "wkmp_lab, cue", "wkmp_lab, list"
FFMPEG = {"ffmpeg -60 dB 2 s": ("-60dB", 2.0), "ffmpeg -50 dB 0.5 s": ("-50dB", 0.5)}
LIBROSA = "librosa split"
PRESETS = {
    "wkmp_lab, vinyl": SegmentSettings(medium="vinyl"),
    "wkmp_lab, cassette": SegmentSettings(medium="cassette"),
    "WKMP cd": SegmentSettings(threshold_dbfs=-80.0, min_passage_s=0.0),
    "WKMP vinyl": SegmentSettings(threshold_dbfs=-60.0, min_passage_s=0.0),
    "WKMP cassette": SegmentSettings(threshold_dbfs=-50.0, min_passage_s=0.0),
    "WKMP -35 dB 0.3 s": SegmentSettings(
        threshold_dbfs=-35.0, min_silence_s=0.3, min_passage_s=0.1
    ),
}


class Score(NamedTuple):
    """Right, missed and wrong cuts."""

    n_hit: int = 0
    n_missed: int = 0
    n_wrong: int = 0

    def __str__(self) -> str:
        precision = self.n_hit / max(self.n_hit + self.n_wrong, 1)
        recall = self.n_hit / max(self.n_hit + self.n_missed, 1)
        f_measure = 2 * self.n_hit / max(2 * self.n_hit + self.n_missed + self.n_wrong, 1)
        return f"{precision:.2f}/{recall:.2f}/{f_measure:.2f}"


def score_cuts(cuts: Sequence[float], joins_s: Iterable[tuple[float, float]]) -> Score:
    """Each join counts once; a second cut in it is wrong."""
    joins = list(joins_s)
    n_hit = sum(any(a - TOLERANCE_S <= c <= b + TOLERANCE_S for c in cuts) for a, b in joins)
    return Score(n_hit, len(joins) - n_hit, len(cuts) - n_hit)


def add_scores(scores: Iterable[Score]) -> Score:
    """The sum over sides."""
    return Score(*(sum(column) for column in zip(*scores, strict=True)))


def find_ours(profile: LevelProfile, settings: SegmentSettings | None = None) -> Cuts:
    """Inner cuts in seconds."""
    spans = find_passages(profile, settings=settings).spans_ticks
    return [seconds_from_ticks(start) for start, _ in spans[1:]]


def find_with_ffmpeg(samples: FloatArray, noise: str, length_s: float) -> Cuts:
    """Middles of the silences that the silencedetect filter reports, the file's ends left out."""
    command = f"ffmpeg -hide_banner -nostats -f f32le -ar {SR} -ac 1 -i - -af"
    filter_text = f"silencedetect=noise={noise}:duration={length_s}"
    log = subprocess.run(
        [*command.split(), filter_text, "-f", "null", "-"],
        input=samples.tobytes(),
        capture_output=True,
        check=True,
    ).stderr.decode()
    times = re.findall(r"silence_(start|end): (-?[\d.]+)", log)
    starts, ends = ([float(t) for kind, t in times if kind == k] for k in ("start", "end"))
    return _middles(zip(starts, ends, strict=False), len(samples) / SR)


def find_with_librosa(samples: FloatArray) -> Cuts:
    """Middles of what lies between the sounding intervals, where that is 0.5 s long."""
    intervals = librosa.effects.split(samples) / SR
    gaps = [(a, b) for a, b in zip(intervals[:-1, 1], intervals[1:, 0], strict=True)]
    return _middles([(a, b) for a, b in gaps if b - a >= 0.5], len(samples) / SR)


def _middles(stretches: Iterable[tuple[float, float]], end_s: float) -> Cuts:
    return [(a + b) / 2 for a, b in stretches if a > 0.05 and b < end_s - 0.05]


def find_all(samples: FloatArray, durations_s: tuple[float, ...] | None) -> dict[str, Cuts]:
    """The cuts of every method; the profile is measured once."""
    profile = measure_levels(Signal(samples[None], SR))
    found = {OURS: find_ours(profile)}
    if durations_s is not None:
        whole_s = tuple(float(round(length_s)) for length_s in durations_s)
        found[CUE] = find_ours(profile, SegmentSettings(durations_s=durations_s))
        found[TRACK_LIST] = find_ours(profile, SegmentSettings(durations_s=whole_s))
    found |= {name: find_ours(profile, settings) for name, settings in PRESETS.items()}
    found[LIBROSA] = find_with_librosa(samples)
    if shutil.which("ffmpeg"):
        found |= {name: find_with_ffmpeg(samples, *rule) for name, rule in FFMPEG.items()}
    return found


def score_as_mirex(cuts: Cuts, side: Side, window_s: float) -> tuple[float, float, float]:
    """Precision, recall and F-measure of ``mir_eval.segment.detection``."""
    if not cuts:
        return 0.0, 0.0, 0.0
    end_s = len(side.samples) / SR
    middles = [(a + b) / 2 for a, b in side.joins_s]
    true, found = (
        mir_eval.util.boundaries_to_intervals(np.array([0.0, *sorted(times), end_s]))
        for times in (middles, cuts)
    )
    scores: tuple[float, float, float] = mir_eval.segment.detection(
        true, found, window=window_s, trim=True
    )
    return scores


class SideScores(NamedTuple):
    """What every method made of one side; the second is ours as MIREX counts, by window."""

    by_method: dict[str, Score]
    as_mirex: dict[str, tuple[float, float, float]]


def score_side(songs: Sequence[Song], condition: Condition, seed: Sequence[int]) -> SideScores:
    """Make a side of five songs that are drawn with the seed, and let every method cut it."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(songs), min(5, len(songs)), replace=False)
    side = make_side([songs[i] for i in chosen], condition, rng=rng)
    found = find_all(side.samples, side.durations_s)
    return SideScores(
        {name: score_cuts(cuts, side.joins_s) for name, cuts in found.items()},
        {
            f"{OURS}, mir_eval {window_s:g} s": score_as_mirex(found[OURS], side, window_s)
            for window_s in MIREX_WINDOWS_S
        },
    )


def find_cutters(song: Song, noise: str, seed: Sequence[int]) -> dict[str, bool]:
    """Which methods cut one song alone."""
    samples = make_single(song, noise, rng=np.random.default_rng(seed))
    return {name: bool(cuts) for name, cuts in find_all(samples, None).items()}


def print_table(
    sides: Mapping[str, Sequence[SideScores]], singles: Sequence[Mapping[str, bool]]
) -> None:
    """A row per method, a column per condition."""
    print(f"{'':24}" + "".join(f"{name:>16}" for name in sides) + f"{'songs cut':>12}")
    first = next(iter(sides.values()))[0]
    for method in first.by_method:
        cells = [str(add_scores(s.by_method[method] for s in column)) for column in sides.values()]
        n_cut = sum(found.get(method, False) for found in singles)
        cut = f"{n_cut}/{len(singles)}" if method in singles[0] else "-"
        print(f"{method:24}" + "".join(f"{cell:>16}" for cell in cells) + f"{cut:>12}")
        print_goals(method, list(sides))
    for row in first.as_mirex:
        means = [np.mean([s.as_mirex[row] for s in column], axis=0) for column in sides.values()]
        cells = ["/".join(f"{value:.2f}" for value in mean) for mean in means]
        print(f"{row:24}" + "".join(f"{cell:>16}" for cell in cells))


def print_goals(method: str, conditions: Sequence[str]) -> None:
    """The goals of our rows, under them."""
    if method not in (OURS, CUE, TRACK_LIST):
        return
    known = dict.fromkeys(GOALS, AUDIBLE_GOAL) | {"butt-joined": BUTT_GOAL}
    goals = GOALS if method == OURS else known
    cells = [f">= {goals[name]:.2f}" if name in goals else "-" for name in conditions]
    last = "<= 1/60" if method == OURS else "-"
    print(f"{'  goal':24}" + "".join(f"{cell:>16}" for cell in cells) + f"{last:>12}")


def measure_recut(songs: Sequence[Song]) -> float:
    """Processor time in ms of cutting an hour of songs anew with other settings."""
    gap = np.zeros(2 * SR, np.int16)
    parts, n_samples = [], 0
    for song in itertools.cycle(songs):
        if n_samples >= 3600 * SR:
            break
        parts += [song, gap]
        n_samples += len(song) + len(gap)
    hour = np.concatenate(parts)[: 3600 * SR].astype(np.float32) / 32768.0
    profile = measure_levels(Signal(hour[None], SR))
    measures = measure_profile(profile)
    times_s = []
    for threshold_dbfs in np.linspace(-70.0, -50.0, 11):
        start_s = time.process_time()
        settings = SegmentSettings(threshold_dbfs=float(threshold_dbfs))
        find_passages_in(measures, settings=settings)
        times_s.append(time.process_time() - start_s)
    return 1e3 * float(np.median(times_s))


def main() -> None:
    """Make the sides, cut them, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sides", type=int, default=6, help="per condition (default: 6)")
    parser.add_argument("--quick", action="store_true", help="one side, six songs alone")
    options = parser.parse_args()
    songs = list(read_songs(options.music).values())
    if len(songs) < 2:
        raise SystemExit(f"{options.music} needs two songs of 30 s or more, found {len(songs)}")
    n_sides = 1 if options.quick else options.sides
    alone = songs[:6] if options.quick else songs
    start_s = time.perf_counter()
    with ThreadPoolExecutor(N_THREADS) as pool:
        pending = {
            condition.name: [
                pool.submit(score_side, songs, condition, [options.seed, i, k])
                for k in range(n_sides)
            ]
            for i, condition in enumerate(CONDITIONS)
        }
        pending_singles = [
            pool.submit(find_cutters, song, noise, [options.seed, i])
            for noise in NOISES
            for i, song in enumerate(alone)
        ]
        sides = {name: [f.result() for f in futures] for name, futures in pending.items()}
        singles = [future.result() for future in pending_singles]
    if not shutil.which("ffmpeg"):
        print("ffmpeg is not installed: left out")
    print(
        f"{len(songs)} songs, {n_sides} sides a condition, seed {options.seed}, "
        f"librosa {librosa.__version__}; precision/recall/F-measure"
    )
    print_table(sides, singles)
    n_cut = sum(any(found[OURS] for found in singles[i :: len(alone)]) for i in range(len(alone)))
    print(f"{OURS} cuts {n_cut} of {len(alone)} different songs under one noise or another")
    print(f"an hour cut anew with another threshold: {measure_recut(songs):.0f} ms of CPU (50)")
    print(f"{time.perf_counter() - start_s:.0f} s")


if __name__ == "__main__":
    main()
