"""Music that is the same to the byte wherever it is made, and the stores that old versions made.

``tests/library/stores/VERSION.wkmp.db.gz`` was left by that version after

    session = wl.import_folder("/music/old", store=..., settings=...)  # offline, one process
    session.recut("side.wav", [21.0])
    session.decide("song.wav", 0, "accept")
    session.decide("side.wav", 0, "reject")

on the folder that :func:`write_music` makes.
"""

import gzip
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
from mutagen.id3 import TIT2, TPE1
from mutagen.wave import WAVE

STORES = Path(__file__).parents[1] / "library" / "stores"
FOLDER = Path("/music/old")
"""Where the music lay when the stores were made."""
SR = 8000

Samples = npt.NDArray[np.int16]


def unpack_store(version: str, folder: Path) -> Path:
    """The store that a version made, as a file that may be written to."""
    path = folder / f"{version}.wkmp.db"
    path.write_bytes(gzip.decompress((STORES / f"{version}.wkmp.db.gz").read_bytes()))
    return path


def write_music(folder: Path) -> None:
    """A side of three pieces with 3 s of silence between them, and a tagged song."""
    folder.mkdir(parents=True, exist_ok=True)
    gap = np.zeros(SR * 3, "<i2")
    pieces = [make_piece(period, seconds) for period, seconds in ((37, 20), (53, 24), (29, 18))]
    side = np.concatenate([pieces[0], gap, pieces[1], gap, pieces[2]])
    write_wav(folder / "side.wav", side)
    write_wav(folder / "song.wav", make_piece(41, 30))
    tags = WAVE(folder / "song.wav")
    tags.add_tags()
    tags.tags.add(TIT2(encoding=3, text="Rain"))
    tags.tags.add(TPE1(encoding=3, text="The Drops"))
    tags.save()


def make_piece(period: int, seconds: int) -> Samples:
    """Two saw teeth with a beat, in integers alone: no library's rounding shows."""
    n = np.arange(SR * seconds, dtype=np.int64)
    tone = ((n * 65536 // period) % 65536 - 32768) // 8
    other = ((n * 65536 // (period * 3 // 2)) % 65536 - 32768) // 16
    beat = np.where(n % (SR // 2) < SR // 8, 2, 1)
    steps = 1 + (n // SR) % 4
    return ((tone * steps // 2 + other) * beat // 2).astype("<i2")


def write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SR)
        file.writeframes(samples.tobytes())
