"""How well and how fast the local catalogue finds music among many other pieces.

    python benchmarks/catalogue.py --music FOLDER [--n-tracks 100000]

The pieces of FOLDER are put into a catalogue among synthetic ones (none with ``--n-tracks 0``),
whose items are assembled from the bits of real items. Then each piece is asked for in other
encodings, shifted, and as clips; and the pieces of which only a half is known are asked for as
unknown music, so that no version of a piece may be taken for another one. What is asked for and
what came out of it are printed at the end; the exit status is 1 where a goal was missed. Needs
ffmpeg.
"""

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from wkmp_lab.fingerprinting.fingerprint import (
    compute_fingerprint,
    decode_fingerprint,
)
from wkmp_lab.identifying.recording import identify_recording
from wkmp_lab.io.catalogue.catalogue import Catalogue
from wkmp_lab.io.catalogue.index import ITEM_S, WINDOW_S
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.io.web.answers import Recording
from wkmp_lab.lookup.passage_lookup import statement_of_match
from wkmp_lab.model import Candidate

SR = 22_050
ENCODINGS = {
    "mp3 128k": ("-c:a", "libmp3lame", "-b:a", "128k", "out.mp3"),
    "mp3 64k": ("-c:a", "libmp3lame", "-b:a", "64k", "out.mp3"),
    "opus 48k": ("-c:a", "libopus", "-b:a", "48k", "out.opus"),
}
CLIPS_S = (60, 30, 15, 10, 7)
MIN_RECALL = 0.99
"""Of each kind of query but the shortest clips, which may be too short to be told."""
MIN_RECALL_OVER_ALL = 0.98
MAX_MEDIAN_MS = 10.0
MAX_MEMORY_MB = 2000.0


@dataclass(frozen=True)
class Query:
    kind: str
    name: str
    items: np.ndarray


@dataclass(frozen=True)
class Answer:
    """What the program said to a query, the name of the file that it took it for."""

    query: Query
    taken_for: str | None
    level: str
    bit_error: float
    cpu_ms: float

    @property
    def is_right(self) -> bool:
        return self.taken_for == self.query.name


def read_mono(path: Path) -> np.ndarray:
    signal = read_signal(str(path))
    return soxr.resample(signal.samples.mean(axis=0), signal.sr, SR, quality="HQ")


def fingerprint(mono: np.ndarray) -> np.ndarray:
    return decode_fingerprint(compute_fingerprint(mono.astype(np.float32), sr=SR).text)


def reencode(path: Path, encoding: str, folder: Path) -> np.ndarray:
    *options, name = ENCODINGS[encoding]
    command = ["ffmpeg", "-v", "error", "-y", "-i", f"file:{path}", "-vn", *options, folder / name]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return read_mono(folder / name)


def make_queries(path: Path, rng: np.random.Generator) -> Iterator[Query]:
    name = path.name
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        encoded = {each: reencode(path, each, folder) for each in ENCODINGS}
    for encoding, mono in encoded.items():
        yield Query(encoding, name, fingerprint(mono))
    mono = encoded["mp3 128k"]
    yield Query("+3 s silence", name, fingerprint(np.concatenate([np.zeros(3 * SR), mono])))
    if mono.size > 40 * SR:
        yield Query("-12 s", name, fingerprint(mono[round(12.3 * SR) :]))
    for clip_s, encoding in itertools.product(CLIPS_S, ("mp3 64k", "opus 48k")):
        whole = encoded[encoding]
        if whole.size > (clip_s + 2) * SR:
            start = int(rng.integers(0, whole.size - clip_s * SR))
            clip = whole[start : start + clip_s * SR]
            yield Query(f"clip {clip_s} s", name, fingerprint(clip))


def make_distractors(
    real: list[np.ndarray], n_tracks: int, rng: np.random.Generator
) -> Iterator[tuple[Recording, np.ndarray, str]]:
    """Pieces whose items take at most 16 bits from any one real piece: same statistics.

    Each group of bits comes from another piece; else, among a million, some would by chance be
    half of a real piece.
    """
    n_items = 700
    long_enough = [items for items in real if items.size > n_items] or real
    n_items = min(n_items, *(items.size - 1 for items in long_enough))
    for index in range(n_tracks):
        low, high = sorted(rng.choice([8, 9, 10, 11, 12], 2))
        edges = [0, int(low), int(low + high), 32]
        items = np.zeros(n_items, np.uint32)
        donors = rng.choice(len(long_enough), 3, replace=False)
        for donor, (first, end) in zip(donors, itertools.pairwise(edges), strict=True):
            start = int(rng.integers(0, long_enough[donor].size - n_items))
            mask = np.uint32((1 << end) - (1 << first))
            items |= long_enough[donor][start : start + n_items] & mask
        yield Recording(None, f"distractor {index}", None, 120.0), items, "synthetic"


def decide(catalogue: Catalogue, items: np.ndarray) -> Candidate | None:
    """What the program would say that the items are, as passages of a longer file."""
    query_s = items.size * ITEM_S + WINDOW_S
    statements = [statement_of_match(match, query_s) for match in catalogue.query(items)]
    return identify_recording(statements, duration_s=query_s, is_whole_file=False).chosen


def ask(catalogue: Catalogue, queries: list[Query]) -> list[Answer]:
    """The answers in order; every wrong one is printed."""
    answers = []
    for query in queries:
        start = time.thread_time()
        chosen = decide(catalogue, query.items)
        cpu_ms = 1000 * (time.thread_time() - start)
        if chosen is None:
            answers.append(Answer(query, None, "unidentified", float("nan"), cpu_ms))
            continue
        error = next(e.value for e in chosen.evidence if e.source == "catalogue")
        answers.append(Answer(query, chosen.title, chosen.level, error, cpu_ms))
        if not answers[-1].is_right:
            found = f"{chosen.title} ({error:.3f}, {chosen.level})"
            print(f"  {query.kind}: {query.name} -> {found}", flush=True)
    return answers


def describe_kinds(answers: list[Answer]) -> dict[str, dict[str, float]]:
    """A row of figures for each kind of query."""
    rows: dict[str, dict[str, float]] = {}
    for kind in dict.fromkeys(answer.query.kind for answer in answers):
        of_kind = [answer for answer in answers if answer.query.kind == kind]
        right = [answer for answer in of_kind if answer.is_right]
        errors = [answer.bit_error for answer in right]
        times = [answer.cpu_ms for answer in of_kind]
        rows[kind] = {
            "n": len(of_kind),
            "recall": len(right) / len(of_kind),
            "sure": sum(answer.level == "high" for answer in right) / len(of_kind),
            "wrong": count_wrong(of_kind),
            "bit_error_median": float(np.median(errors)) if errors else float("nan"),
            "bit_error_max": max(errors, default=float("nan")),
            "cpu_ms_median": float(np.median(times)),
            "cpu_ms_p95": float(np.percentile(times, 95)),
        }
    return rows


def count_wrong(answers: list[Answer]) -> int:
    return sum(answer.taken_for is not None and not answer.is_right for answer in answers)


def is_version(name: str, other: str) -> bool:
    """True for another version of a piece, as the names of the files tell (``x``, ``x_fast``)."""
    short, long = sorted((Path(name).stem, Path(other).stem), key=len)
    return name != other and long.startswith(f"{short}_")


def judge(
    known: list[Answer], unknown: list[Answer], *, memory_mb: float
) -> list[tuple[str, str, bool]]:
    """What is asked for, what came out, and whether that is enough."""
    rows = describe_kinds(known)
    shortest = f"clip {min(CLIPS_S)} s"
    recalls = {kind: row["recall"] for kind, row in rows.items() if kind != shortest}
    worst = min(recalls, key=lambda kind: recalls[kind])
    lossy = [a for a in known if a.query.kind in ("mp3 64k", "opus 48k") or "clip" in a.query.kind]
    n_right = sum(answer.is_right for answer in lossy)
    recall = n_right / len(lossy)
    precision = n_right / (n_right + count_wrong(lossy))
    names = {answer.query.name for answer in known}
    versions = [a for a in (*known, *unknown) if any(is_version(a.query.name, n) for n in names)]
    n_mistaken = sum(
        answer.taken_for is not None and is_version(answer.query.name, answer.taken_for)
        for answer in versions
    )
    median_ms = float(np.median([answer.cpu_ms for answer in known]))
    n_false = count_wrong(unknown)
    return [
        (
            f"recall of every kind from 10 s on >= {MIN_RECALL}",
            f"{recalls[worst]:.3f} at worst ({worst})",
            recalls[worst] >= MIN_RECALL,
        ),
        (
            f"MP3 64k, Opus 48k and clips: precision 1, recall >= {MIN_RECALL_OVER_ALL}",
            f"{precision:.3f}, {recall:.3f} of {len(lossy)}",
            precision == 1.0 and recall >= MIN_RECALL_OVER_ALL,
        ),
        ("no unknown piece accepted", f"{n_false} of {len(unknown)}", n_false == 0),
        (
            "no version of a piece taken for another",
            f"{n_mistaken} of {len(versions)}"
            + f" ({', '.join(sorted({Path(a.query.name).stem for a in versions}))})",
            n_mistaken == 0,
        ),
        (
            f"median query <= {MAX_MEDIAN_MS:g} ms",
            f"{median_ms:.1f} ms",
            median_ms <= MAX_MEDIAN_MS,
        ),
        (
            f"memory, at its peak <= {MAX_MEMORY_MB:g} MB",
            f"{memory_mb:.0f} MB",
            memory_mb <= MAX_MEMORY_MB,
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, required=True)
    parser.add_argument("--n-tracks", type=int, default=100_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    paths = [Path(file.path) for file in scan_folder(str(options.music)).files]
    known = {path.name: fingerprint(read_mono(path)) for path in paths}
    queries = [query for path in paths for query in make_queries(path, rng)]
    with tempfile.TemporaryDirectory() as place:
        found, false = run(known, queries, options.n_tracks, Path(place), rng)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    table = describe_kinds(found)
    print_table(table)
    goals = judge(found, false, memory_mb=memory_mb)
    for wanted, got, is_met in goals:
        print(f"{wanted}: {got}{'' if is_met else '  MISSED'}")
    if options.out:
        told = {wanted: got for wanted, got, _ in goals}
        written = {"n_tracks": options.n_tracks, **told, "known": table}
        options.out.write_text(json.dumps(written, indent=1) + os.linesep)
    return int(not all(is_met for *_, is_met in goals))


def run(
    known: dict[str, np.ndarray],
    queries: list[Query],
    n_tracks: int,
    place: Path,
    rng: np.random.Generator,
) -> tuple[list[Answer], list[Answer]]:
    """What is said with all pieces in the catalogue, and of pieces that are not in it."""
    held_out = set(list(known)[1::2])
    entries = [(Recording(None, name, None), items, name) for name, items in known.items()]
    first, second = entries[::2], entries[1::2]
    start = time.monotonic()
    with Catalogue(place / "catalogue.sqlite") as catalogue:
        catalogue.add_many(make_distractors(list(known.values()), n_tracks, rng))
        catalogue.add_many(first)
        print(f"added {len(catalogue)} pieces in {time.monotonic() - start:.0f} s", flush=True)
        start = time.monotonic()
        catalogue.query(queries[0].items)
        print(f"first query, index made: {time.monotonic() - start:.1f} s")
        sizes = {each.name: round(each.stat().st_size / 1e6) for each in place.iterdir()}
        print("files, MB:", sizes)
        print("pieces that are not in the catalogue (every accept is named):")
        false = ask(catalogue, [query for query in queries if query.name in held_out])
        with Catalogue(":memory:") as other:
            other.add_many(second)
            false += ask(other, [query for query in queries if query.name not in held_out])
        catalogue.add_many(second)
        print("all pieces in the catalogue (every wrong one is named):", flush=True)
        return ask(catalogue, queries), false


def print_table(rows: dict[str, dict[str, float]]) -> None:
    print("query             n  recall   high  wrong  bit error     max     ms     p95  (CPU)")
    for kind, row in rows.items():
        print(
            f"{kind:14} {row['n']:4.0f} {row['recall']:7.3f} {row['sure']:6.2f} "
            f"{row['wrong']:6.0f} {row['bit_error_median']:10.4f} {row['bit_error_max']:7.3f} "
            f"{row['cpu_ms_median']:6.1f} {row['cpu_ms_p95']:7.1f}"
        )


if __name__ == "__main__":
    sys.exit(main())
