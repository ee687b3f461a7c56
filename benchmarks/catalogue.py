"""How well and how fast the local catalogue finds music among many other pieces.

    python benchmarks/catalogue.py --music FOLDER [--n-tracks 100000]

The pieces of FOLDER are put into a catalogue among synthetic ones (none with ``--n-tracks 0``),
whose items are assembled from the bits of real items. Then each piece is asked for in other
encodings, shifted, and as clips; and the pieces of which only a half is known are asked for as
unknown music, so that no version of a piece may be taken for another one. The exit status is 1
where an answer is wrong or too few are right. Needs ffmpeg.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import soxr

from wkmp_lab.fingerprinting import compute_fingerprint, decode_fingerprint
from wkmp_lab.identifying import identify_recording
from wkmp_lab.inquiries import claim_of_match
from wkmp_lab.io.answers import Recording
from wkmp_lab.io.audio import read_signal
from wkmp_lab.io.catalogue import Catalogue
from wkmp_lab.io.catalogue_index import ITEM_S, WINDOW_S
from wkmp_lab.io.scanning import scan_folder
from wkmp_lab.model import Candidate

SR = 22_050
ENCODINGS = {
    "mp3 128k": ("-c:a", "libmp3lame", "-b:a", "128k", "out.mp3"),
    "mp3 64k": ("-c:a", "libmp3lame", "-b:a", "64k", "out.mp3"),
    "opus 48k": ("-c:a", "libopus", "-b:a", "48k", "out.opus"),
}
CLIPS_S = (60, 30, 15, 10, 7)
MIN_RECALL = 0.98
"""Of all queries but the shortest clips, which may be too short to be told."""


@dataclass(frozen=True)
class Query:
    kind: str
    name: str
    items: np.ndarray


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
    claims = [claim_of_match(match, query_s) for match in catalogue.query(items)]
    return identify_recording(claims, duration_s=query_s, is_whole_file=False).chosen


def measure(catalogue: Catalogue, queries: list[Query]) -> dict[str, dict[str, float]]:
    rows: dict[str, dict[str, float]] = {}
    for kind in dict.fromkeys(query.kind for query in queries):
        of_kind = [query for query in queries if query.kind == kind]
        times, right, wrong = [], [], []
        for query in of_kind:
            start = time.thread_time()
            chosen = decide(catalogue, query.items)
            times.append(1000 * (time.thread_time() - start))
            if chosen is None:
                continue
            error = next(e.value for e in chosen.evidence if e.source == "catalogue")
            if chosen.title == query.name:
                right.append((error, chosen.level))
            else:
                wrong.append(chosen)
                found = f"{chosen.title} ({error:.3f}, {chosen.level})"
                print(f"  {kind}: {query.name} -> {found}", flush=True)
        errors = [error for error, _ in right]
        rows[kind] = {
            "n": len(of_kind),
            "recall": len(right) / len(of_kind),
            "sure": sum(level == "high" for _, level in right) / len(of_kind),
            "wrong": len(wrong),
            "bit_error_median": float(np.median(errors)) if errors else float("nan"),
            "bit_error_max": max(errors, default=float("nan")),
            "cpu_ms_median": float(np.median(times)),
            "cpu_ms_p95": float(np.percentile(times, 95)),
        }
    return rows


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
        path = Path(place) / "catalogue.sqlite"
        held_out = set(list(known)[1::2])
        start = time.monotonic()
        with Catalogue(path) as catalogue:
            catalogue.add_many(make_distractors(list(known.values()), options.n_tracks, rng))
            catalogue.add_many(
                (Recording(None, name, None), items, name)
                for name, items in known.items()
                if name not in held_out
            )
            print(f"added {len(catalogue)} pieces in {time.monotonic() - start:.0f} s")
            start = time.monotonic()
            catalogue.query(queries[0].items)
            print(f"first query, index made: {time.monotonic() - start:.1f} s")
            sizes = {each.name: each.stat().st_size / 1e6 for each in Path(place).iterdir()}
            print("files, MB:", {name: round(size) for name, size in sizes.items()})
            print("pieces that are not in the catalogue (every accept is named):")
            unknown = [query for query in queries if query.name in held_out]
            false = measure(catalogue, unknown)
            catalogue.add_many(
                (Recording(None, name, None), known[name], name) for name in held_out
            )
            with Catalogue(":memory:") as other:
                other.add_many(
                    (Recording(None, name, None), known[name], name) for name in held_out
                )
                others = [query for query in queries if query.name not in held_out]
                print("the other half, as unknown among the first:")
                false_too = measure(other, others)
            print("all pieces in the catalogue (every wrong one is named):")
            table = measure(catalogue, queries)
            memory_mb = psutil.Process().memory_info().rss / 1e6
    print_table(table)
    n_wrong = sum(row["wrong"] for row in [*false.values(), *false_too.values()])
    figures = {
        "n_tracks": options.n_tracks,
        "precision": compute_precision(table),
        "recall": compute_recall(table),
        "recall_from_10_s": compute_recall(table, left_out=(f"clip {min(CLIPS_S)} s",)),
        "unknown_pieces_accepted": f"{n_wrong:.0f} of {len(queries)}",
        "memory_after_queries_mb": round(memory_mb),
    }
    print(json.dumps(figures, indent=1))
    if options.out:
        details = {"known": table, "unknown": false, "files_mb": sizes}
        options.out.write_text(json.dumps({**figures, **details}, indent=1) + os.linesep)
    is_good = figures["precision"] == 1.0 and figures["recall_from_10_s"] >= MIN_RECALL
    return int(not is_good or n_wrong > 0)


def compute_precision(rows: dict[str, dict[str, float]]) -> float:
    """Share of the answers that were right."""
    n_right = sum(row["recall"] * row["n"] for row in rows.values())
    return n_right / (n_right + sum(row["wrong"] for row in rows.values()))


def compute_recall(rows: dict[str, dict[str, float]], *, left_out: tuple[str, ...] = ()) -> float:
    """Share of the queries that were answered rightly."""
    counted = [row for kind, row in rows.items() if kind not in left_out]
    return sum(row["recall"] * row["n"] for row in counted) / sum(row["n"] for row in counted)


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
