"""Tracker modules, played by libopenmpt: their rows tell where the beats are."""

import ctypes
import ctypes.util
from pathlib import Path

import numpy as np

from truths.pieces import LENGTH_S, SR, Samples

ROWS_PER_BEAT = 4
FASTEST_BPM = 200.0
"""Where a beat would be faster, it has twice the rows."""
_STEP = 128
"""Frames between two looks at the row: 3 ms."""


def play_module(path: Path) -> tuple[Samples, list[float]] | None:
    """(one channel, beat times) of a module's first stretch; None where it is none."""
    library = _load_library()
    content = path.read_bytes()
    rows_per_beat = find_rows_per_beat(content)
    if rows_per_beat is None:
        return None
    module = library.openmpt_module_create_from_memory2(
        content, len(content), None, None, None, None, None, None, None
    )
    if not module:
        return None
    try:
        return _play(library, module, rows_per_beat)
    finally:
        library.openmpt_module_destroy(module)


def find_rows_per_beat(content: bytes) -> int | None:
    """Rows of a beat: those that the author of an IT file lights up, four where nothing says.

    None for a file that lights up every second row, which is no beat.
    """
    is_impulse = content[:4] == b"IMPM"
    lit = content[0x1E] if is_impulse and content[0x1E] else ROWS_PER_BEAT
    return lit if lit >= 3 else None


def _play(library: ctypes.CDLL, module: int, rows_per_beat: int) -> tuple[Samples, list[float]]:
    buffer = (ctypes.c_float * _STEP)()
    blocks, rows, speeds = [], [], []
    place, n = None, 0
    while n < LENGTH_S * SR:
        got = library.openmpt_module_read_float_mono(module, SR, _STEP, buffer)
        if got == 0:
            break
        now = (
            library.openmpt_module_get_current_order(module),
            library.openmpt_module_get_current_row(module),
        )
        if now != place:
            place = now
            rows.append((n / SR, now[1]))
            speeds.append(
                library.openmpt_module_get_current_speed(module)
                / library.openmpt_module_get_current_tempo(module)
            )
        blocks.append(np.ctypeslib.as_array(buffer)[:got].copy())
        n += got
    mono = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if not rows:
        return mono, []
    # A row lasts `speed` ticks of 2.5 s / tempo.
    bpm = 60.0 / (rows_per_beat * 2.5 * float(np.median(speeds)))
    per_beat = rows_per_beat * (2 if bpm > FASTEST_BPM else 1)
    return mono, [time_s for time_s, row in rows if row % per_beat == 0]


def _load_library() -> ctypes.CDLL:
    library = ctypes.CDLL(ctypes.util.find_library("openmpt") or "libopenmpt.so.0")
    pointer = ctypes.c_void_p
    library.openmpt_module_create_from_memory2.restype = pointer
    library.openmpt_module_create_from_memory2.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        *([pointer] * 7),
    ]
    library.openmpt_module_destroy.argtypes = [pointer]
    library.openmpt_module_read_float_mono.restype = ctypes.c_size_t
    library.openmpt_module_read_float_mono.argtypes = [
        pointer,
        ctypes.c_int32,
        ctypes.c_size_t,
        pointer,
    ]
    for name in ("order", "row", "speed", "tempo"):
        getattr(library, f"openmpt_module_get_current_{name}").argtypes = [pointer]
    return library
