"""The truth about the sample: what was planned, and what its decoded samples measure.

Nothing of the package is used here: PyAV decodes, pyloudnorm measures the loudness.
"""

import itertools
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyloudnorm
from encode import CODECS
from plans import PLANS, Piece, Plan
from score import Signal
from sides import FRAME_S, Interval, measure_frames_dbfs

TOLERANCES = {"boundary_s": 0.5, "duration_s": 0.1, "tempo_ratio": 0.04, "loudness_lu": 0.5}
CODEC_NAMES = {**CODECS, ".mp3": "mp3", ".opus": "opus", ".ogg": "vorbis"}
PAUSE_DBFS = -45.0
WHOLE_SHARE = 0.75
"""A piece of which less than this is heard does not end in its own way."""


def read_samples(path: Path) -> tuple[Signal, int]:
    """All that can be decoded, float32 of shape ``(n_channels, n)``, and its rate."""
    blocks = []
    with av.open(str(path), metadata_errors="replace") as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("fltp", stream.layout, stream.rate)
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                blocks += [out.to_ndarray() for out in resampler.resample(frame)]
        return np.concatenate(blocks, axis=1), stream.rate


def describe_file(plan: Plan, places: tuple[Interval, ...], out: Path) -> dict[str, Any]:
    """The truth about one file: what was planned, and what its decoded samples measure."""
    path = out / plan.path
    samples, sr = read_samples(path)
    duration_s = samples.shape[1] / sr
    status = {"silent": "no_audio"}.get(plan.kind, "duplicate" if plan.copy_of else "done")
    declared_s = plan.pieces[0].duration_s if plan.kind == "damaged" else duration_s
    original = next((each for each in PLANS if each.path == plan.copy_of), plan)
    passages = [
        _describe_passage(piece, (start_s, min(end_s, duration_s)), samples, sr=sr)
        for piece, (start_s, end_s) in zip(plan.pieces, places, strict=True)
    ]
    return {
        "path": plan.path,
        "purpose": plan.purpose,
        "status": status,
        "is_damaged": plan.kind == "damaged",
        "duplicate_of": plan.copy_of,
        "same_music_as": plan.same_music_as,
        "codec": CODEC_NAMES[path.suffix],
        "sr": sr,
        "n_channels": samples.shape[0],
        "duration_s": round(duration_s, 3),
        "declared_duration_s": round(declared_s, 3),
        "tags": original.tags.as_dict(),
        "passages": passages,
        "gaps": [
            {"start_s": round(before[1], 3), "end_s": round(after[0], 3)}
            for before, after in itertools.pairwise(places)
        ],
        "pauses": _find_pauses(plan, places, samples, sr=sr),
    }


def _describe_passage(
    piece: Piece, place: Interval, samples: Signal, *, sr: int
) -> dict[str, Any]:
    start_s, end_s = place
    heard = samples[:, round(start_s * sr) : round(end_s * sr)]
    is_whole = end_s - start_s > WHOLE_SHARE * piece.duration_s
    return {
        "title": piece.title,
        "start_s": round(start_s, 3),
        "end_s": round(end_s, 3),
        "style": piece.style,
        "tempo_bpm": piece.bpm,
        "other_tempos_bpm": piece.other_bpm,
        "key": piece.key,
        "end_type": piece.end_type if is_whole else "hard",
        "loudness_lufs": round(float(pyloudnorm.Meter(sr).integrated_loudness(heard.T)), 2),
        "peak_dbfs": round(float(20 * np.log10(np.abs(heard).max())), 2),
    }


def _find_pauses(
    plan: Plan, places: tuple[Interval, ...], samples: Signal, *, sr: int
) -> list[dict[str, float]]:
    """Where a general pause is softer than `PAUSE_DBFS`."""
    found = []
    for piece, (start_s, _) in zip(plan.pieces, places, strict=True):
        if piece.pause_bar is None:
            continue
        bar_s = 240 / piece.bpm
        first = start_s + piece.pause_bar * bar_s
        bar = samples[:, round(first * sr) : round((first + bar_s) * sr)]
        quiet = np.flatnonzero(measure_frames_dbfs(bar, sr=sr) < PAUSE_DBFS)
        found.append(
            {
                "start_s": round(first + quiet[0] * FRAME_S, 3),
                "end_s": round(first + (quiet[-1] + 1) * FRAME_S, 3),
            }
        )
    return found
