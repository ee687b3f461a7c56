"""FINGERPRINTING: the Chromaprint of a passage, as AcoustID knows it."""

import contextlib
import functools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from wkmp_lab.dsp.chromaprint import (
    Items,
    decode_text,
    encode_items,
    measure_bit_error,
)
from wkmp_lab.errors import FingerprintError
from wkmp_lab.fingerprinting.decimation import Pcm, iterate_halved, quantise
from wkmp_lab.model import Fingerprint
from wkmp_lab.settings import FingerprintSettings
from wkmp_lab.signals import Samples

__all__ = [
    "compute_fingerprint",
    "decode_fingerprint",
    "encode_fingerprint",
    "find_fingerprint_tool",
    "measure_bit_error",
    "truncate_fingerprint",
    "warm_up",
]

CHOICE_VARIABLE = "WKMP_LAB_CHROMAPRINT"
"""``library``, ``ffmpeg`` or ``none``: which tool to use; unset: the first one that is there."""

CHROMAPRINT_SR = 11_025
ITEM_RATE_HZ = CHROMAPRINT_SR / 1365
"""Chromaprint's items per second: frames of 4096 samples at 11,025 Hz, a third of one apart."""

_BLOCK_SAMPLES = 1 << 15
_FRAME_SAMPLES = 4096
_N_FRAMES_PER_ITEM = 20
"""An item looks at 16 frames, each smoothed over five."""
_LATENCY_SAMPLES = 9.5
"""What Chromaprint's resampler keeps back at the end, at 11,025 Hz (measured)."""

_ADVICE = (
    "no fingerprint tool: install libchromaprint with the system's package manager, "
    "or 'pip install wkmp-lab[chromaprint]'"
)


def compute_fingerprint(
    mono: Samples, *, sr: int, settings: FingerprintSettings | None = None
) -> Fingerprint:
    """The fingerprint of a passage; for a whole file, what ``fpcalc`` gives for it.

    Parameters
    ----------
    mono
        float32 samples; at 22,050 Hz the result is that of the file's own rate.
    sr
        Their rate in Hz.
    settings
        Shortest and longest stretch.

    Raises
    ------
    FingerprintError
        The passage is too short, or there is no tool; the message is the reason for the table.

    Notes
    -----
    Algorithm 1 ("TEST2") of Chromaprint, computed by its library through pyacoustid's binding, or
    by the muxer of an FFmpeg.
    """
    settings = settings or FingerprintSettings()
    duration_s = len(mono) / sr
    if duration_s < settings.min_duration_s:
        raise FingerprintError(
            f"too short: {duration_s:.1f} s, a fingerprint needs {settings.min_duration_s:g} s"
        )
    tool = find_fingerprint_tool()
    if tool is None:
        raise FingerprintError(_ADVICE)
    run = _run_library if tool.startswith("libchromaprint") else _run_ffmpeg
    n_samples = min(len(mono), int(settings.max_duration_s * sr))
    blocks = _iterate_pcm(mono, n_samples)
    # Chromaprint's own resampler would take three quarters of the time.
    is_halved = sr == 2 * CHROMAPRINT_SR
    text = run(*((iterate_halved(blocks), CHROMAPRINT_SR) if is_halved else (blocks, sr)))
    return Fingerprint(text, n_samples / sr, tool)


def warm_up() -> None:
    """Compile the kernels, or load them compiled, by a first call."""
    for _ in iterate_halved(_iterate_pcm(np.zeros(100, np.float32), 100)):
        pass


def find_fingerprint_tool() -> str | None:
    """Name and version of what computes fingerprints here; None where nothing does."""
    choice = os.environ.get(CHOICE_VARIABLE, "")
    if choice in ("", "library") and (library := _load_library()) is not None:
        version = library._libchromaprint.chromaprint_get_version().decode()
        return f"libchromaprint {version}"
    if choice in ("", "ffmpeg") and _find_ffmpeg() is not None:
        return f"ffmpeg of imageio-ffmpeg {_read_ffmpeg_version()}"
    return None


@functools.cache
def _read_ffmpeg_version() -> str:
    import importlib.metadata  # loads a parser of e-mail, and takes 2 ms a call

    return importlib.metadata.version("imageio-ffmpeg")


def decode_fingerprint(text: str) -> Items:
    """Items of a fingerprint text: uint32, shape ``(n,)``, one for each 0.124 s.

    Raises
    ------
    FingerprintError
        The text is no fingerprint.
    """
    return decode_text(text)


def encode_fingerprint(items: Items) -> str:
    """Compressed text of fingerprint items, as AcoustID takes it."""
    return encode_items(items)


def truncate_fingerprint(text: str, duration_s: float) -> str:
    """The fingerprint of the first ``duration_s`` seconds: a prefix of the whole one's items."""
    n_frames = int((duration_s * CHROMAPRINT_SR - _FRAME_SAMPLES - _LATENCY_SAMPLES) // 1365) + 1
    n_items = max(n_frames - _N_FRAMES_PER_ITEM + 1, 0)
    items = decode_text(text)
    return text if len(items) <= n_items else encode_items(items[:n_items])


def _iterate_pcm(mono: Samples, n_samples: int) -> Iterator[Pcm]:
    """16-bit samples, rounded and clipped as FFmpeg does, block by block."""
    for start in range(0, n_samples, _BLOCK_SAMPLES):
        stretch = mono[start : min(start + _BLOCK_SAMPLES, n_samples)]
        block = np.ascontiguousarray(stretch, np.float32)
        pcm = np.empty(len(block), np.int16)
        quantise(block, pcm)
        yield pcm


def _run_library(blocks: Iterator[Pcm], sr: int) -> str:
    library = _load_library()
    printer = library.Fingerprinter()
    try:
        printer.start(sr, 1)
        for block in blocks:
            printer.feed(block.tobytes())
        text = printer.finish()
    except library.FingerprintError as error:
        raise FingerprintError(f"libchromaprint gave no fingerprint at {sr} Hz") from error
    return str(text.decode("ascii"))


def _run_ffmpeg(blocks: Iterator[Pcm], sr: int) -> str:
    source = ["-f", "s16le", "-ar", str(sr), "-ac", "1", "-i", "pipe:0"]
    target = ["-f", "chromaprint", "-algorithm", "1", "-fp_format", "base64", "pipe:1"]
    command = [_find_ffmpeg() or "ffmpeg", "-nostdin", "-v", "error", *source, *target]
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryFile() as messages,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=messages) as program,
    ):
        # It answers at the end of its input: writing all first cannot block, and holds no copy.
        with contextlib.suppress(BrokenPipeError):
            for block in blocks:
                program.stdin.write(block.tobytes())  # type: ignore[union-attr]
        answer, _ = program.communicate()
        messages.seek(0)
        said = " ".join(messages.read(2000).decode("utf-8", "replace").split())
    if program.returncode != 0 or not answer:
        raise FingerprintError(f"ffmpeg gave no fingerprint (exit {program.returncode}): {said}")
    return answer.decode("ascii").strip().rstrip("=")


@functools.cache
def _load_library() -> Any:
    try:
        import chromaprint
    except ImportError:
        return None
    # Another package of that name colours terminal output.
    return chromaprint if hasattr(chromaprint, "Fingerprinter") else None


@functools.cache
def _find_ffmpeg() -> str | None:
    """The program of the imageio-ffmpeg wheel, where it can compute fingerprints."""
    try:
        import imageio_ffmpeg

        program = str(imageio_ffmpeg.get_ffmpeg_exe())
        listed = subprocess.run(
            [program, "-hide_banner", "-muxers"], capture_output=True, text=True, check=False
        )
    except (ImportError, RuntimeError, OSError):
        return None
    return program if "chromaprint" in listed.stdout else None
