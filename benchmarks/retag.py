"""What other tags cost a library that is known, and what the hash of the audio costs an import.

    python benchmarks/retag.py --music FOLDER [--files N] [--seconds S]

First, in each format: processor time of hashing the packets of one file as a share of its whole
import. Second, N files of S seconds in four formats are imported, all tagged anew, and imported
again: files that were decoded, decisions by hand that were lost, and the workers' processor time
against that of taking each file apart, hashing its bytes and reading its tags here, one by one.
"""

import argparse
import contextlib
import tempfile
import time
from pathlib import Path

import av
import mutagen
from mutagen.id3 import ID3, TIT2
from single_file import FORMATS

from wkmp_lab.identifying.decisions import make_candidate
from wkmp_lab.io.files import container as opening
from wkmp_lab.io.files.audio_hash import AudioHasher, compute_audio_hash
from wkmp_lab.io.files.scanning import compute_sha256
from wkmp_lab.io.tags.reading import read_tags
from wkmp_lab.library.session import import_folder
from wkmp_lab.model import SourceFile
from wkmp_lab.pipeline.measure import measure_file
from wkmp_lab.runner.worker import warm_up
from wkmp_lab.settings import IdentifySettings, RunSettings, Settings

SETTINGS = Settings(identifying=IdentifySettings(is_offline=True), running=RunSettings(n_jobs=2))
CHOSEN = make_candidate("b1a9c0e9-d987-4042-ae91-78d6a3267d69", title="Chosen by hand")
LIBRARY = ("flac", "mp3", "ogg", "m4a")
LONG_S = 120.0


def main() -> None:
    """Print both findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    warm_up()
    kinds = (".flac", ".ogg")
    found = [path for path in options.music.rglob("*") if path.suffix in kinds]
    longest = max(found, key=read_length)
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as buffer:
        for kind in FORMATS:
            measure_share(encode(longest, Path(buffer) / f"long.{kind}", 0.0, LONG_S))
        # Parts that begin elsewhere in the music, so that no two files are alike.
        last_s = max(0.0, read_length(Path(buffer) / "long.wav") - options.seconds)
        starts_s = [last_s * k / options.files for k in range(options.files)]
        retag_library(Path(buffer), starts_s, options.seconds)


def read_length(path: Path) -> float:
    """Seconds of a file, as its header tells."""
    with av.open(str(path)) as container:
        return (container.duration or 0) / av.time_base


def measure_share(path: Path) -> None:
    """The hash of one file against all of its import."""
    start_s = time.process_time()
    result = measure_file(SourceFile(str(path), path.stat().st_size, path.stat().st_mtime_ns))
    whole_s = time.process_time() - start_s
    with contextlib.ExitStack() as closing:
        container = opening.open_container(str(path), closing).container
        stream = opening.find_stream(container, str(path))
        packets = list(container.demux(stream))
        start_s = time.process_time()
        hasher = AudioHasher()
        hasher.begin(stream)
        for packet in packets:
            hasher.update(packet)
        assert hasher.finish() == result.audio_hash
        hash_s = time.process_time() - start_s
    print(
        f"{path.suffix[1:]:5s} hash {1000 * hash_s:.1f} ms of {1000 * whole_s:.0f} ms for "
        f"{result.duration_s:.0f} s: {hash_s / whole_s:.2%} of the import",
        flush=True,
    )


def retag_library(buffer: Path, starts_s: list[float], seconds: float) -> None:
    """Import, tag, import again; told with what it costs at least."""
    folder = buffer / "music"
    folder.mkdir()
    store = folder.with_name("kept.wkmp.db")
    n_files = len(starts_s)
    for k, at_s in enumerate(starts_s):
        ending = LIBRARY[k % len(LIBRARY)]
        copy_part(buffer / f"long.{ending}", folder / f"{k:05d}.{ending}", at_s, seconds)
    start_s = time.perf_counter()
    session = import_folder(folder, settings=SETTINGS, store=store)
    first_s = time.perf_counter() - start_s
    for result in session.results[::10]:
        session.decide(result.path, 0, "choose", candidate=CHOSEN)
    for path in folder.iterdir():
        tag(path, "Another title")
    began_s, start_s = time.time(), time.perf_counter()
    session = import_folder(folder, settings=SETTINGS, store=store)
    second_s = time.perf_counter() - start_s
    spans = [s for r in session.results for s in r.spans if s.start_s >= began_s]
    spent_s = sum(span.cpu_s or 0.0 for span in spans)
    start_s = time.process_time()
    for result in session.results:
        compute_audio_hash(result.path)
        compute_sha256(result.path)
        read_tags(result.path)
    least_s = time.process_time() - start_s
    kept = sum(r.passages[0].recording_mbid == CHOSEN.recording_mbid for r in session.results)
    print(
        f"{n_files} files tagged anew: import {first_s:.1f} s, again {second_s:.1f} s; "
        f"{sum(span.phase == 'DECODING' for span in spans)} decoded, "
        f"{-(-n_files // 10) - kept} decisions lost; {spent_s:.2f} s of processor in the workers, "
        f"{spent_s / least_s:.2f} times taking apart, hashing and reading tags ({least_s:.2f} s)"
    )


def encode(source: Path, path: Path, start_s: float, seconds: float) -> Path:
    """A stretch of a file in the format of a name."""
    codec, bit_rate = FORMATS[path.suffix[1:]]
    rate = 48_000 if codec == "libopus" else 44_100
    options = {"strict": "experimental"} if codec == "vorbis" else {}
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream(codec, rate=rate, layout="stereo", options=options)
        if bit_rate:
            stream.bit_rate = bit_rate
        size = None if codec.startswith("pcm") else stream.codec_context.frame_size or 4096
        resampler = av.AudioResampler(stream.format, "stereo", rate, size)
        old.seek(int(start_s * av.time_base))
        n_left = round(seconds * rate)
        for frame in old.decode(audio=0):
            frame.pts = None
            for part in resampler.resample(frame):
                part.pts = None
                new.mux(stream.encode(part))
                n_left -= part.samples
            if n_left <= 0:
                break
        new.mux(stream.encode(None))
    return path


def copy_part(source: Path, path: Path, start_s: float, seconds: float) -> None:
    """A stretch of a file, packet by packet, without a codec."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = old.streams.audio[0]
        copy = new.add_stream_from_template(stream)
        first = None
        for packet in old.demux(stream):
            if packet.pts is None or packet.pts * stream.time_base < start_s:
                continue
            first = packet.pts if first is None else first
            if (packet.pts - first) * stream.time_base >= seconds:
                break
            packet.pts -= first
            packet.dts = packet.pts
            packet.stream = copy
            new.mux(packet)


def tag(path: Path, title: str) -> None:
    """Write a title into a file, as a tagger does; files of other kinds stay as they are."""
    file = mutagen.File(path)
    if file is None:
        return
    if file.tags is None:
        file.add_tags()
    if isinstance(file.tags, ID3):
        file.tags.add(TIT2(encoding=3, text=title))
    else:
        file.tags["\xa9nam" if path.suffix == ".m4a" else "title"] = [title]
    file.save()


if __name__ == "__main__":
    main()
