"""Makes data/sample: composes and renders every piece, encodes the files, measures the truth.

Needs the fluidsynth program, a General-MIDI soundfont and the packages mido and pyloudnorm
(``pip install -e .[bench]``). Run it as ``python data/make_sample.py``; ``--out`` names another
folder. With the same soundfont and encoders it writes the same bytes again.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
from encode import write_audio, write_tags
from plans import PLANS, Plan
from score import Signal
from sides import (
    Interval,
    damage_stream,
    dither,
    join_side,
    measure_extent,
    trim_piece,
    wear_record,
)
from truth import TOLERANCES, describe_file

QUIET_DBFS = -60.0
"""What is softer counts as silence between pieces."""
QUIET_ON_VINYL_DBFS = -46.0
VINYL_NOISE_DBFS = -52.0


def build_samples(plan: Plan) -> tuple[Signal, tuple[Interval, ...]]:
    """The sound of a file and where its pieces are, in seconds."""
    if plan.kind == "silent":
        return np.zeros((2, 12 * plan.sr), np.float32), ()
    if plan.kind in ("side", "vinyl"):
        quiet_dbfs = QUIET_ON_VINYL_DBFS if plan.kind == "vinyl" else QUIET_DBFS
        trimmed = [
            trim_piece(piece.render(sr=plan.sr), sr=plan.sr, quiet_dbfs=quiet_dbfs)
            for piece in plan.pieces
        ]
        side = join_side(trimmed, gaps_s=plan.gaps_s, lead_s=plan.lead_s, sr=plan.sr)
        if plan.kind == "vinyl":
            worn = wear_record(side.samples, sr=plan.sr, noise_dbfs=VINYL_NOISE_DBFS, seed=5)
            return worn, side.pieces
        return dither(side.samples, seed=6), side.pieces
    samples = plan.pieces[0].render(sr=plan.sr)
    if plan.n_channels == 1:
        samples = samples.mean(axis=0, keepdims=True)
    return samples, (measure_extent(samples, sr=plan.sr, quiet_dbfs=QUIET_DBFS),)


def make_file(plan: Plan, out: Path) -> tuple[Interval, ...]:
    """Write one file of the sample; returns where its pieces are."""
    path = out / plan.path
    samples, places = build_samples(plan)
    write_audio(path, samples, sr=plan.sr, bit_rate=plan.bit_rate)
    write_tags(path, plan.tags)
    if plan.kind == "damaged":
        path.write_bytes(damage_stream(path.read_bytes(), seed=7))
    return places


def write_checksums(out: Path) -> None:
    """SHA256SUMS of the music and the truth, as ``sha256sum -c`` reads them."""
    names = sorted([plan.path for plan in PLANS] + ["truth.json"])
    lines = [f"{hashlib.sha256((out / name).read_bytes()).hexdigest()}  {name}" for name in names]
    (out / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Make the whole folder."""
    parser = argparse.ArgumentParser(description="Make the sample music from its scores.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "sample")
    out = parser.parse_args().out
    files = []
    places: dict[str, tuple[Interval, ...]] = {}
    for plan in PLANS:
        path = out / plan.path
        if plan.copy_of:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(out / plan.copy_of, path)
            places[plan.path] = places[plan.copy_of]
        else:
            places[plan.path] = make_file(plan, out)
        files.append(describe_file(plan, places[plan.path], out))
        print(f"{path.stat().st_size:>9,} B  {plan.path}")
    truth = {"schema": 1, "licence": "CC0-1.0", "tolerances": TOLERANCES, "files": files}
    text = json.dumps(truth, indent=1, ensure_ascii=False)
    (out / "truth.json").write_text(text + "\n", encoding="utf-8")
    write_checksums(out)


if __name__ == "__main__":
    main()
