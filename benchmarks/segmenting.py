"""Where songs join on an album side: ours beside ffmpeg, librosa and the WKMP presets.

    python benchmarks/segmenting.py --music FOLDER [--seed 0] [--sides 6] [--quick]

Sides of five songs are made with a seed, under eight conditions, and every song alone under five
kinds of noise. A cut is right within half a second of the stretch between two songs; a cell shows
precision/recall/F-measure, a song counts as cut where a method cuts it at all. The last rows score
ours as MIREX does, by the distance to the middle of the join. ``known`` was told the lengths of
the pieces.
"""

import argparse
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import librosa
import mir_eval
import numpy as np
from album_sides import CONDITIONS, SR, Side, Song, make_side, make_single, read_songs

from wkmp_lab.dsp.levels import measure_levels
from wkmp_lab.segmenting import find_passages
from wkmp_lab.settings import SegmentSettings
from wkmp_lab.signals import FloatArray, LevelProfile, Signal
from wkmp_lab.units import seconds_from_ticks

TOLERANCE_S = 0.5
Cuts = list[float]

OURS = "wkmp_lab"
KNOWN = "wkmp_lab, known"
FFMPEG = {"ffmpeg -60 dB 2 s": ("-60dB", 2.0), "ffmpeg -50 dB 0.5 s": ("-50dB", 0.5)}
LIBROSA = "librosa split"
PRESETS = {
    "WKMP cd": SegmentSettings(medium="cd", min_passage_s=0.0),
    "WKMP vinyl": SegmentSettings(medium="vinyl", min_passage_s=0.0),
    "WKMP cassette": SegmentSettings(medium="cassette", min_passage_s=0.0),
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


def find_with_ffmpeg(samples: FloatArray) -> dict[str, Cuts]:
    """Middles of the silences that the silencedetect filter reports, the file's ends left out."""
    chain = ",".join(
        f"silencedetect@{i}=noise={noise}:duration={length_s}"
        for i, (noise, length_s) in enumerate(FFMPEG.values())
    )
    command = f"ffmpeg -hide_banner -nostats -f f32le -ar {SR} -ac 1 -i - -af {chain} -f null -"
    log = subprocess.run(
        command.split(), input=samples.tobytes(), capture_output=True, check=True
    ).stderr.decode()
    found = {}
    for i, name in enumerate(FFMPEG):
        times = re.findall(rf"silencedetect@{i} @ .*?silence_(start|end): (-?[\d.]+)", log)
        starts, ends = ([float(t) for kind, t in times if kind == k] for k in ("start", "end"))
        found[name] = _middles(zip(starts, ends, strict=False), len(samples) / SR)
    return found


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
        found[KNOWN] = find_ours(profile, SegmentSettings(durations_s=durations_s))
    found |= {name: find_ours(profile, settings) for name, settings in PRESETS.items()}
    found[LIBROSA] = find_with_librosa(samples)
    if shutil.which("ffmpeg"):
        found |= find_with_ffmpeg(samples)
    return found


def score_as_mirex(cuts: Cuts, side: Side, window_s: float) -> tuple[float, float, float]:
    """Precision, recall and F-measure of ``mir_eval.segment.detection``."""
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


def make_scores(songs: Sequence[Song], condition, seed: int) -> dict[str, object]:
    """One side, every method."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(songs), min(5, len(songs)), replace=False)
    side = make_side([songs[i] for i in chosen], condition, rng=rng)
    found = find_all(side.samples, side.durations_s)
    scores: dict[str, object] = {n: score_cuts(cuts, side.joins_s) for n, cuts in found.items()}
    for window_s in (0.5, 3.0):
        scores[f"{OURS}, mir_eval {window_s:g} s"] = score_as_mirex(found[OURS], side, window_s)
    return scores


def count_cut(song: Song, noise: str, seed: int) -> dict[str, bool]:
    """One song alone: which methods cut it."""
    samples = make_single(song, noise, rng=np.random.default_rng(seed))
    return {name: bool(cuts) for name, cuts in find_all(samples, None).items()}
