"""The picture of a sound: level over time and pitch."""

import math

import numpy as np
from matplotlib.axes import Axes

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.plots.figures import label_axes, label_time, make_axes, style_axes
from wkmp_lab.signals import FloatArray
from wkmp_lab.units import ANALYSIS_SR

N_FFT = 2048
N_BANDS = 128
MAX_COLUMNS = 1800
"""More than a page has pixels."""
RANGE_DB = 80.0


def plot_spectrogram(
    y: FloatArray, *, sr: int = ANALYSIS_SR, title: str = "", ax: Axes | None = None
) -> Axes:
    """The spectrogram of samples, as a measure of your own is given them.

    Level in 128 mel bands, down to 80 dB below the loudest, drawn by ``librosa.display.specshow``.

    Parameters
    ----------
    y
        Samples, shape ``(n,)`` or ``(n_channels, n)``, of which the mean is shown.
    sr
        Sample rate in Hz.
    title
        Of the picture.

    Raises
    ------
    InvalidInputError
        There are no samples, or ``sr`` is not positive.
    """
    import librosa
    import librosa.display  # loaded with the first such picture

    mono = np.asarray(y, np.float32).mean(axis=0) if np.ndim(y) == 2 else np.asarray(y)
    if sr <= 0 or not len(mono):
        raise InvalidInputError(f"a spectrogram needs samples and sr > 0, got {len(mono)}, {sr}")
    hop_length = max(N_FFT // 4, math.ceil(len(mono) / MAX_COLUMNS))
    power = librosa.feature.melspectrogram(
        y=mono, sr=sr, n_fft=N_FFT, hop_length=hop_length, n_mels=N_BANDS
    )
    level_db = librosa.power_to_db(power, ref=np.max, top_db=RANGE_DB)
    ax = make_axes() if ax is None else style_axes(ax)
    librosa.display.specshow(
        level_db,
        sr=sr,
        hop_length=hop_length,
        n_fft=N_FFT,
        x_axis="s",
        y_axis="mel",
        fmax=sr / 2,
        cmap="magma",
        ax=ax,
    )
    ax.grid(visible=False)
    x = label_time(ax, len(mono) / sr)
    alt = f"Spectrogram {title}".strip()
    return label_axes(ax, title=title or "Spectrogram", x=x, y="Hz", alt=alt)
