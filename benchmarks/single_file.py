"""What one file costs on one core, beside decoding it and beside the tools of the trade.

    python benchmarks/single_file.py --music FOLDER [--seconds S] [--rounds R] [--quick]

The longest file of the folder is cut to S seconds and encoded in each format. The unit is
CPU milliseconds (children included) per minute of audio; methods are interleaved and the least
of R rounds counts. Every method runs in a process of its own that has done a warm-up file, so that
start-up and compilation count for nobody.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import peers
import soundfile

FORMATS = {
    "mp3": ("libmp3lame", 192_000),
    "flac": ("flac", None),
    "ogg": ("vorbis", None),
    "opus": ("libopus", 128_000),
    "m4a": ("aac", 192_000),
    "wav": ("pcm_s16le", None),
}
GOALS = {
    "decode": 1 / 3.0,
    "fpcalc -length 0": 1 / 2.2,
    "bliss-audio": 1.5,
    "librosa notebook": 12.0,
    "Essentia MusicExtractor": 15.0,
}
"""Least cost of each peer as a multiple of ours that was set as the goal."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="without the slow peers")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure_one(options.one[0], Path(options.one[1]))))
        return
    methods = ["wkmp_lab", "decode", *peers.PEERS]
    if options.quick:
        methods = [m for m in methods if m not in ("librosa notebook", "Essentia MusicExtractor")]
    methods = [m for m in methods if m in ("wkmp_lab", "decode") or peers.find_version(m)]
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as buffer:
        files = make_files(options.music, options.seconds, Path(buffer))
        costs = compare(methods, files, options.rounds, options.seconds / 60)
    print_table(methods, list(files), costs)


def make_files(music: Path, seconds: float, buffer: Path) -> dict[str, Path]:
    """The same music in every format."""
    from wkmp_lab.io.files.audio import read_signal

    source = max((p for p in music.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    signal = read_signal(source, end_s=seconds)
    stereo = signal.samples[[0, min(1, signal.n_channels - 1)]]
    repeats = int(np.ceil(seconds * signal.sr / signal.n_samples))
    samples = np.tile(stereo, repeats)[:, : int(seconds * signal.sr)]
    files = {}
    for name, (codec, bit_rate) in FORMATS.items():
        files[name] = buffer / f"music.{name}"
        encode(files[name], samples, signal.sr, codec, bit_rate)
    return files


def encode(path: Path, samples: np.ndarray, sr: int, codec: str, bit_rate: int | None) -> None:
    """Write stereo float32 samples with one of FFmpeg's encoders."""
    if codec == "vorbis":  # PyAV's wheels have no good encoder of it
        blocks = np.array_split(samples.T, max(samples.shape[1] // sr, 1))
        with soundfile.SoundFile(path, "w", sr, 2, format="OGG", subtype="VORBIS") as file:
            for block in blocks:
                file.write(block)
        return
    with av.open(str(path), "w") as container:
        rate = 48_000 if codec == "libopus" else sr
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        if bit_rate:
            stream.bit_rate = bit_rate
        resampler = av.AudioResampler(stream.format, stream.layout, rate)
        pcm = np.clip(np.rint(samples * 32767), -32768, 32767).astype(np.int16)
        fifo = av.AudioFifo()
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(pcm), format="s16p", layout="stereo"
        )
        frame.sample_rate = sr
        for converted in [*resampler.resample(frame), *resampler.resample(None)]:
            converted.pts = None
            fifo.write(converted)
        size = stream.codec_context.frame_size or 1024
        while (part := fifo.read(size, partial=False)) is not None:
            container.mux(stream.encode(part))
        if (rest := fifo.read(0, partial=True)) is not None and rest.samples:
            container.mux(stream.encode(rest))
        container.mux(stream.encode(None))


def compare(
    methods: list[str], files: dict[str, Path], n_rounds: int, minutes: float
) -> dict[tuple[str, str], tuple[float, float]]:
    """(method, format) to (CPU ms per minute, peak memory in MB)."""
    costs: dict[tuple[str, str], tuple[float, float]] = {}
    for _ in range(n_rounds):
        for name, path in files.items():
            for method in methods:
                found = run_one(method, path)
                if found is None:
                    continue
                cost = (1000 * found["cpu_s"] / minutes, found["peak_mb"])
                costs[method, name] = min(costs.get((method, name), cost), cost)
    return costs


def run_one(method: str, path: Path) -> dict[str, float] | None:
    """Measure a method in a fresh process; None where it cannot read the format."""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--one", method, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        return None
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure_one(method: str, path: Path) -> dict[str, float]:
    """CPU seconds of the second run of a method on a file, and the peak memory of the process."""
    work = METHODS.get(method) or peers.PEERS[method]
    work(path)
    before = cpu_s()
    work(path)
    return {"cpu_s": cpu_s() - before, "peak_mb": read_peak_mb()}


def read_peak_mb() -> float:
    """Peak memory of this process; getrusage would also tell that of the process before exec."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def run_ours(path: Path) -> None:
    """All measuring phases of wkmp_lab."""
    from wkmp_lab.model import SourceFile
    from wkmp_lab.pipeline.measure import measure_file

    stat = path.stat()
    result = measure_file(SourceFile(str(path), stat.st_size, stat.st_mtime_ns))
    if result.status != "done":
        raise RuntimeError(f"{path}: {result.failure}")


def run_decode(path: Path) -> None:
    """Our own decoding alone."""
    from wkmp_lab.io.files.audio import AudioReader

    with AudioReader(path) as reader:
        for _ in reader.blocks():
            pass


METHODS: dict[str, Callable[[Path], None]] = {"wkmp_lab": run_ours, "decode": run_decode}


def print_table(
    methods: list[str],
    formats: list[str],
    costs: dict[tuple[str, str], tuple[float, float]],
) -> None:
    """Costs, then ratios to ours with the goals."""
    print("CPU ms per minute of audio (peak MB)")
    print(f"{'':26}" + "".join(f"{name:>14}" for name in formats))
    for method in methods:
        cells = [costs.get((method, name)) for name in formats]
        row = "".join(f"{c[0]:8.0f} ({c[1]:3.0f})" if c else f"{'cannot':>14}" for c in cells)
        version = peers.find_version(method) if method in peers.PEERS else ""
        print(f"{method + ' ' + (version or ''):26}{row}")
    print("\nCost as a multiple of ours (goal)")
    for method in methods[1:]:
        ratios = [
            costs[method, n][0] / costs["wkmp_lab", n][0] if (method, n) in costs else None
            for n in formats
        ]
        row = "".join(f"{r:14.2f}" if r else f"{'':>14}" for r in ratios)
        print(f"{method:26}{row}   (>= {GOALS[method]:.2f})")


if __name__ == "__main__":
    main()
