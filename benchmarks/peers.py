"""The tools that wkmp_lab is measured beside: each a function of a path, loaded when called."""

import importlib.metadata
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path


def run_fpcalc(path: Path) -> None:
    """Chromaprint's own tool over the whole file; Debian's exits with 3 at the end of a file."""
    done = subprocess.run(["fpcalc", "-length", "0", str(path)], capture_output=True, check=False)
    if done.returncode not in (0, 3):
        raise RuntimeError(f"fpcalc exits with {done.returncode} on {path}")


def run_bliss(path: Path) -> None:
    """The 23 numbers of bliss-audio."""
    import bliss_audio

    bliss_audio.Song(str(path))


def run_essentia(path: Path) -> None:
    """Essentia's MusicExtractor with its defaults (about 580 descriptors)."""
    import essentia
    import essentia.standard

    essentia.log.infoActive = False
    essentia.log.warningActive = False
    essentia.standard.MusicExtractor()(str(path))


def run_librosa(path: Path) -> None:
    """What a straightforward notebook does with librosa, pyloudnorm and a fingerprint."""
    import librosa
    import pyloudnorm

    y, sr = librosa.load(path, sr=22050)
    stereo, native_sr = librosa.load(path, sr=None, mono=False)
    librosa.feature.rms(y=y)
    librosa.feature.mfcc(y=y, sr=sr)
    librosa.feature.chroma_cqt(y=y, sr=sr)
    librosa.feature.tonnetz(y=y, sr=sr)
    librosa.feature.spectral_contrast(y=y, sr=sr)
    librosa.beat.beat_track(y=y, sr=sr)
    pyloudnorm.Meter(native_sr).integrated_loudness(stereo.T)
    run_fpcalc(path)


PEERS: dict[str, Callable[[Path], None]] = {
    "fpcalc -length 0": run_fpcalc,
    "bliss-audio": run_bliss,
    "librosa notebook": run_librosa,
    "Essentia MusicExtractor": run_essentia,
}
PACKAGES = {
    "bliss-audio": "bliss-audio",
    "librosa notebook": "librosa",
    "Essentia MusicExtractor": "essentia",
}


def find_version(peer: str) -> str | None:
    """The version of a peer, None where it is not installed."""
    if peer == "fpcalc -length 0":
        if shutil.which("fpcalc") is None:
            return None
        done = subprocess.run(["fpcalc", "-version"], capture_output=True, text=True, check=False)
        return done.stdout.split()[2] if done.stdout else "?"
    try:
        return importlib.metadata.version(PACKAGES[peer])
    except importlib.metadata.PackageNotFoundError:
        return None
