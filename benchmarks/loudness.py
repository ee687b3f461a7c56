"""Loudness, loudness range and true peak beside ffmpeg's ebur128 filter and pyloudnorm.

    python benchmarks/loudness.py [--music FOLDER] [--sr 44100 48000 96000] [--rounds 3]

First the tone recipes of EBU Tech 3341 and 3342, with the published tolerances: in stereo, case 6
in 5.1, and the first two also in mono, where the one channel counts once; then, with
``--music``, every file of a folder (read once; all three get the same samples). Costs are CPU
milliseconds per minute of audio, the least of the rounds, without decoding: ours is the whole
level meter (levels, A- and K-weighting, bands, true peak), ffmpeg's the filter with ``peak=true``
fed through a pipe, pyloudnorm's the integrated loudness alone. A dash: the tool has no such
figure. ffmpeg looks at windows every 100 ms, so it misses the best-placed one in 3341-13 and -14.
"""

import argparse
import importlib.util
import re
import resource
import shutil
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wkmp_lab.analyzing.loudness import measure_loudness
from wkmp_lab.dsp.levels import measure_levels, warm_up
from wkmp_lab.errors import DecodeError
from wkmp_lab.io.files.audio import AudioReader
from wkmp_lab.signals import Signal

Figures = dict[str, float]
Row = list[tuple[float | None, float]]

UNITS = {"I": "LUFS", "LRA": "LU", "M": "LUFS", "S": "LUFS", "TP": "dBTP"}
TOLERANCES = {
    "I": (0.1, 0.1),
    "LRA": (1.0, 1.0),
    "M": (0.1, 0.1),
    "S": (0.1, 0.1),
    "TP": (0.4, 0.2),
}
"""Below and above what is expected (Tech 3341, section 2.10; Tech 3342, section 4)."""

TONES: dict[str, tuple[Row, str, float]] = {
    "3341-1": ([(-23, 20)], "I", -23.0),
    "3341-2": ([(-33, 20)], "I", -33.0),
    "3341-3": ([(-36, 10), (-23, 60), (-36, 10)], "I", -23.0),
    "3341-4": ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], "I", -23.0),
    "3341-5": ([(-26, 20), (-20, 20.1), (-26, 20)], "I", -23.0),
    "3341-9": ([(-20, 1.34), (-30, 1.66)] * 5, "S", -23.0),
    "3341-10": ([(None, 1.35), (-23, 3), (None, 1)], "S", -23.0),
    "3341-11": ([(None, 2.85), (-19, 3), (None, 0.15)], "S", -19.0),
    "3341-12": ([(-20, 0.18), (-30, 0.22)] * 25, "M", -23.0),
    "3341-13": ([(None, 0.26), (-23, 0.4), (None, 1)], "M", -23.0),
    "3341-14": ([(None, 0.38), (-19, 0.4), (None, 0.02)], "M", -19.0),
    "3342-1": ([(-20, 20), (-30, 20)], "LRA", 10.0),
    "3342-2": ([(-20, 20), (-15, 20)], "LRA", 5.0),
    "3342-3": ([(-40, 20), (-20, 20)], "LRA", 20.0),
    "3342-4": ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], "LRA", 15.0),
}
PEAKS = {
    "3341-15": (4, 0.0, 0.5, -6.0),
    "3341-16": (4, 45.0, 0.5, -6.0),
    "3341-17": (6, 60.0, 0.5, -6.0),
    "3341-18": (8, 67.5, 0.5, -6.0),
    "3341-19": (4, 45.0, 1.41, 3.0),
}


class Case(NamedTuple):
    name: str
    signal: Signal
    figure: str
    expected: float


def make_tone(row: Row, *, sr: int, gains_db: tuple[float, ...] = (0.0, 0.0)) -> Signal:
    stops = np.round(np.cumsum([length_s for _, length_s in row]) * sr).astype(int)
    amplitudes = [0.0 if level is None else 10 ** (level / 20) for level, _ in row]
    envelope = np.repeat(amplitudes, np.diff(stops, prepend=0))
    tone = envelope * np.sin(2 * np.pi * 1000.0 / sr * np.arange(envelope.size))
    gains = 10 ** (np.array(gains_db)[:, None] / 20)
    return Signal((gains * tone).astype(np.float32), sr)


def make_peak_tone(divisor: int, degrees: float, amplitude: float, *, sr: int) -> Signal:
    n = np.arange(2 * sr)
    fade = np.minimum(1.0, np.minimum(n, n[::-1]) / 500.0)
    tone = fade * amplitude * np.sin(2 * np.pi * n / divisor + np.radians(degrees))
    return Signal(np.tile(tone.astype(np.float32), (2, 1)), sr)


def make_burst(offset: int, *, sr: int) -> Signal:
    """A period of sr/4 in a tone of sr/6, made at 4 sr, peak 1, decimated from ``offset`` on."""
    n = np.arange(-2 * sr, 2 * sr)
    wave = 0.5 * np.sin(2 * np.pi * n / 24)
    wave[2 * sr : 2 * sr + 16] = np.sin(2 * np.pi * np.arange(16) / 16)
    taps = np.arange(-256, 257)
    wave = np.convolve(wave, 0.22 * np.sinc(0.22 * taps) * np.kaiser(taps.size, 8.0), "same")
    wave *= np.kaiser(wave.size, 12.0)
    return Signal(np.tile((wave / np.abs(wave).max()).astype(np.float32)[offset::4], (2, 1)), sr)


def make_cases(sr: int) -> list[Case]:
    cases = [Case(name, make_tone(row, sr=sr), *rest) for name, (row, *rest) in TONES.items()]
    surround = (-28.0, -28.0, -24.0, -200.0, -30.0, -30.0)
    cases.insert(5, Case("3341-6", make_tone([(0, 20)], sr=sr, gains_db=surround), "I", -23.0))
    for name in ("3341-1", "3341-2"):
        row, figure, expected = TONES[name]
        mono = make_tone(row, sr=sr, gains_db=(0.0,))
        cases.append(Case(f"{name} mono", mono, figure, expected - 3.01))
    for name, (divisor, degrees, amplitude, expected) in PEAKS.items():
        cases.append(
            Case(name, make_peak_tone(divisor, degrees, amplitude, sr=sr), "TP", expected)
        )
    cases += [Case(f"3341-{20 + n}", make_burst(n, sr=sr), "TP", 0.0) for n in range(4)]
    return cases


def measure_ours(signal: Signal) -> Figures:
    profile = measure_levels(signal)
    loudness = measure_loudness(profile)
    figures = {
        "I": loudness.integrated_lufs,
        "LRA": loudness.range_lu,
        "M": loudness.momentary_max_lufs,
        "S": loudness.short_term_max_lufs,
        "TP": 20 * np.log10(float(profile.true_peak.max())),
    }
    return {name: value for name, value in figures.items() if value is not None}


def _run_ffmpeg(signal: Signal, filters: str) -> str:
    command = ["ffmpeg", "-hide_banner", "-nostats", "-threads", "1", "-filter_threads", "1"]
    command += [
        "-f",
        "f32le",
        "-ar",
        str(signal.sr),
        "-ac",
        str(signal.n_channels),
        "-i",
        "pipe:0",
    ]
    command += ["-af", filters, "-f", "null", "-"]
    samples = np.ascontiguousarray(signal.samples.T).tobytes()
    return subprocess.run(command, input=samples, capture_output=True, check=True).stdout.decode()


def run_ffmpeg(signal: Signal) -> None:
    _run_ffmpeg(signal, "ebur128=peak=true:framelog=verbose")


def measure_ffmpeg(signal: Signal) -> Figures:
    text = _run_ffmpeg(signal, "ebur128=peak=true:metadata=1,ametadata=print:file=-")
    found = {
        key: [float(value) for value in re.findall(rf"r128\.{key}=(\S+)", text)]
        for key in ("I", "LRA", "M", "S", r"true_peaks_ch\d+")
    }
    peak = max(found.pop(r"true_peaks_ch\d+"))
    figures = {"TP": 20 * np.log10(peak)}
    for key, values in found.items():
        figures[key] = max(values) if key in "MS" else values[-1]
    return figures


def run_pyloudnorm(signal: Signal) -> float:
    import pyloudnorm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(pyloudnorm.Meter(signal.sr).integrated_loudness(signal.samples.T))


def measure_pyloudnorm(signal: Signal) -> Figures:
    has_figure = signal.n_channels <= 5 and signal.duration_s >= 0.4
    return {"I": run_pyloudnorm(signal)} if has_figure else {}


TOOLS: dict[str, tuple[Callable[[Signal], Figures], Callable[[Signal], object]]] = {
    "wkmp_lab": (measure_ours, measure_ours),
    "ffmpeg": (measure_ffmpeg, run_ffmpeg),
    "pyloudnorm": (measure_pyloudnorm, run_pyloudnorm),
}


def find_tools() -> list[str]:
    is_there = {
        "ffmpeg": shutil.which("ffmpeg"),
        "pyloudnorm": importlib.util.find_spec("pyloudnorm"),
    }
    missing = [name for name, found in is_there.items() if found is None]
    for name in missing:
        print(f"{name} is not installed: its column is left out")
    return [name for name in TOOLS if name not in missing]


def read_cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def measure_cost(run: Callable[[Signal], object], signal: Signal, rounds: int) -> float:
    costs = []
    for _ in range(rounds):
        start_s = read_cpu_s()
        run(signal)
        costs.append(read_cpu_s() - start_s)
    return min(costs) * 60_000.0 / signal.duration_s


def show(value: float | None, *, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def print_cases(tools: list[str], sr: int) -> bool:
    """The table of recipes; True where every figure of ours lies within its tolerance."""
    print(f"\nEBU recipes at {sr} Hz\n")
    print(f"{'case':12}{'expected':>22}" + "".join(f"{name:>16}" for name in tools))
    is_all_met = True
    for case in make_cases(sr):
        below, above = TOLERANCES[case.figure]
        line = f"{case.name:12}{case.figure:>4} {case.expected:6.1f} {UNITS[case.figure]:4}"
        line += f"-{below}/+{above}".rjust(6)
        for name in tools:
            value = TOOLS[name][0](case.signal).get(case.figure)
            is_met = value is None or -below <= round(value - case.expected, 3) <= above
            line += f"{show(value, digits=3)}{' ' if is_met else '!'}".rjust(16)
            is_all_met &= is_met or name != "wkmp_lab"
        print(line)
    print(f"\nWithin every tolerance: {'yes' if is_all_met else 'NO'}  (! = outside)")
    return is_all_met


def read_music(folder: Path) -> Iterator[tuple[str, Signal]]:
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        try:
            with AudioReader(path) as reader:
                blocks = [block.samples for block in reader.blocks()]
                yield path.name, Signal(np.concatenate(blocks, axis=1), reader.sr)
        except DecodeError as error:
            print(f"left out: {error}")


def print_music(tools: list[str], folder: Path, rounds: int) -> None:
    print("\nMusic: I in LUFS, LRA in LU, TP in dBTP, cost in CPU ms per minute of audio\n")
    heads = [f"{figure} {name}" for figure in ("I", "LRA", "TP", "ms") for name in tools]
    heads = [head for head in heads if head not in ("LRA pyloudnorm", "TP pyloudnorm")]
    print(f"{'file':24}" + "".join(f"{head:>16}" for head in heads))
    costs: dict[str, list[float]] = {name: [] for name in tools}
    for title, signal in read_music(folder):
        cells = {}
        for name in tools:
            measure, run = TOOLS[name]
            cells |= {f"{figure} {name}": value for figure, value in measure(signal).items()}
            costs[name].append(measure_cost(run, signal, rounds))
            cells[f"ms {name}"] = costs[name][-1]
        print(f"{title[:23]:24}" + "".join(f"{show(cells.get(head)):>16}" for head in heads))
    means = {name: float(np.mean(values)) for name, values in costs.items() if values}
    for name, mean in means.items():
        print(f"{name}: {mean:.0f} ms/min, {mean / means['wkmp_lab']:.1f} x ours")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, help="a folder of music to measure as well")
    parser.add_argument(
        "--sr", type=int, nargs="+", default=[44_100, 48_000, 96_000], help="rates of the recipes"
    )
    parser.add_argument("--rounds", type=int, default=3, help="the least cost of so many counts")
    arguments = parser.parse_args()
    warm_up()
    tools = find_tools()
    met = [print_cases(tools, sr) for sr in arguments.sr]
    if arguments.music:
        print_music(tools, arguments.music, arguments.rounds)
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
