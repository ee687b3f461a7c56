"""Frequency weightings of loudness at any rate: A (IEC 61672-1) and K (ITU-R BS.1770-4)."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wkmp_lab.errors import InvalidInputError

A_POLES_HZ = (20.598997, 107.65265, 737.86223, 12194.217)
"""Pole frequencies of the A-weighting; first and last are double (IEC 61672-1, annex E)."""

SURROUND_WEIGHT = 1.41
"""Power weight of channels between 60 and 120 degrees (BS.1770-4, table 4)."""

_LOW = {"LFE", "LFE2"}
_SIDES = {"SL", "SR", "SDL", "SDR"}
_BACKS = {"BL", "BR"}
_USUAL_CHANNELS = {
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
"""What so many channels are where the file names none: quad, 5.0, 5.1, 6.1, 7.1."""


def compute_a_gain(frequencies_hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Power gain of the A-weighting at each frequency; 1 at 1 kHz, 0 at 0 Hz.

    The analogue transfer function itself is evaluated, so the gain is right up to the Nyquist
    frequency, where digital filters made by the bilinear transform fall off.

    >>> 10 * np.log10(compute_a_gain([100.0, 1000.0, 10000.0])).round(2)
    array([-19.1,   0. ,  -2.5])
    """

    def response(f_squared: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        f1, f2, f3, f4 = (pole * pole for pole in A_POLES_HZ)
        poles = (f_squared + f1) ** 2 * (f_squared + f2) * (f_squared + f3) * (f_squared + f4) ** 2
        power: npt.NDArray[np.float64] = f_squared**4 / poles
        return power

    squared = np.square(np.asarray(frequencies_hz, dtype=np.float64))
    return response(squared) / response(np.array(1e6))


def compute_k_filter(sr: int) -> npt.NDArray[np.float64]:
    """Two biquads of the K-weighting, shape ``(2, 5)``: rows of ``b0 b1 b2 a1 a2``.

    BS.1770-4 tables its filters for 48 kHz alone. The analogue prototypes behind these tables
    (a shelf and a high-pass, each defined by frequency, gain and Q) give them back at 48 kHz to
    12 digits, and the right ones at every other rate.

    >>> compute_k_filter(48_000)[0].round(8).tolist()
    [1.53512486, -2.69169619, 1.19839281, -1.69065929, 0.73248077]
    """
    if sr <= 0:
        raise InvalidInputError(f"sr must be positive, got {sr}")
    shelf_gain = 10.0 ** (3.999843853973347 / 20.0)
    band_gain = shelf_gain**0.4996667741545416
    k, q = math.tan(math.pi * 1681.974450955533 / sr), 0.7071752369554196
    norm = 1.0 + k / q + k * k
    shelf = (
        (shelf_gain + band_gain * k / q + k * k) / norm,
        2.0 * (k * k - shelf_gain) / norm,
        (shelf_gain - band_gain * k / q + k * k) / norm,
        2.0 * (k * k - 1.0) / norm,
        (1.0 - k / q + k * k) / norm,
    )
    k, q = math.tan(math.pi * 38.13547087602444 / sr), 0.5003270373238773
    norm = 1.0 + k / q + k * k
    high_pass = (1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / norm, (1.0 - k / q + k * k) / norm)
    return np.array((shelf, high_pass), dtype=np.float64)


def compute_channel_weights(
    n_channels: int, channels: Sequence[str] | None = None
) -> npt.NDArray[np.float64]:
    """Power weight of each channel in the loudness sum, by what the channel is.

    An LFE counts 0, channels beside the listener 1.41, all others 1 (BS.1770-4, tables 3 and 4).
    The back pair counts as the surround pair of table 3 (110 degrees) where there are no side
    channels; beside those it stands at 135 degrees and counts 1. A back centre counts 1. Mono
    counts once, as in EBU Tech 3341.

    Parameters
    ----------
    n_channels
        How many there are.
    channels
        Their names as FFmpeg has them (FL, FR, FC, LFE, BL, ...). Where None, four channels are
        read as quadraphonic, five as 5.0, six as 5.1, seven as 6.1, eight as 7.1; other counts
        have no usual layout and count 1 each.

    >>> compute_channel_weights(6).tolist()
    [1.0, 1.0, 1.0, 0.0, 1.41, 1.41]
    >>> compute_channel_weights(4, ("FL", "FR", "FC", "BC")).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    if n_channels <= 0:
        raise InvalidInputError(f"n_channels must be positive, got {n_channels}")
    names = tuple(channels or _USUAL_CHANNELS.get(n_channels, ("FC",) * n_channels))
    if len(names) != n_channels:
        raise InvalidInputError(f"{n_channels} channels need as many names, got {names}")
    surrounds = _SIDES if _SIDES & set(names) else _BACKS
    weights = [
        0.0 if name in _LOW else SURROUND_WEIGHT if name in surrounds else 1.0 for name in names
    ]
    return np.array(weights, dtype=np.float64)
