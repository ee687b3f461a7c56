"""Nouns that hold arrays: a signal, and the level profile of a file.

They never cross a process boundary; what does is in :mod:`wkmp_lab.model`.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from wkmp_lab.errors import InvalidInputError

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

BAND_EDGES_HZ = (0.0, 60.0, 150.0, 400.0, 1000.0, 2500.0, 5000.0, 9000.0, 14000.0)
"""Lower edges of the profile's bands; the last one reaches to the Nyquist frequency."""

SILENT_AMPLITUDE = 1e-5
"""Up to here (-100 dBFS) a sample is digital silence; one step of 16 bits lies above."""
SILENT_STEP_S = 0.0005


class Samples(Protocol):
    """Mono float32 samples that can be sliced: an array, or a stretch of a long recording."""

    def __len__(self) -> int: ...
    def __getitem__(self, span: slice, /) -> FloatArray: ...


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """Samples with their layout.

    Attributes
    ----------
    samples
        float32, shape ``(n_channels, n_samples)``; full scale is 1.0 and may be exceeded.
    sr
        Sample rate in Hz.
    """

    samples: FloatArray
    sr: int

    def __post_init__(self) -> None:
        if self.sr <= 0:
            raise InvalidInputError(f"sr must be positive, got {self.sr}")
        if self.samples.ndim != 2 or self.samples.dtype != np.float32:
            raise InvalidInputError(
                "samples must be float32 of shape (n_channels, n_samples), "
                f"got {self.samples.dtype} of shape {self.samples.shape}"
            )

    @property
    def n_channels(self) -> int:
        return int(self.samples.shape[0])

    @property
    def n_samples(self) -> int:
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        return self.n_samples / self.sr


@dataclass(frozen=True, slots=True, eq=False)
class LevelProfile:
    """Levels of a whole file in short frames: all that segmenting and analyzing need.

    The fine frames are about 10 ms long (``hop_s``, exact), the coarse ones are
    ``coarse_factor`` fine frames. Frame ``i`` covers ``[i * hop_s, (i + 1) * hop_s)``. The last,
    partial frame is kept, so that ``n_frames * hop_s >= duration_s``.

    Attributes
    ----------
    power
        Mean square over channels, per fine frame, float32, shape ``(n_frames,)``.
    peak
        Largest absolute sample of any channel, per fine frame.
    true_peak
        Largest absolute 4x oversampled value of any channel (ITU-R BS.1770-4), per fine frame;
        never below ``peak``.
    k_power
        K-weighted mean square, summed over channels with the BS.1770-4 channel weights.
    a_power
        A-weighted mean square of the channel mean (IEC 61672-1), per coarse frame.
    band_power
        Mean square of the channel mean in each band of ``BAND_EDGES_HZ``, per coarse frame,
        shape ``(n_coarse, n_bands)``; bands above Nyquist are 0.
    mean_spectrum
        Mean one-sided power spectrum of the whole file's channel mean, shape ``(n_bins,)``; bin
        ``k`` lies at ``k * bin_hz``, and the sum over all bins is the mean square.
    channel_power, channel_mean
        Mean square and mean (DC) of each channel, per coarse frame, ``(n_channels, n_coarse)``.
    side_power
        Mean square of (left - right) / 2, per coarse frame; 0 where there are not two channels.
    n_clipped, n_clipped_runs
        Samples at full scale in runs of three or more, over all channels, and these runs, per
        fine frame.
    n_silent
        Of the samples that lie :data:`SILENT_STEP_S` apart, those with no channel over
        :data:`SILENT_AMPLITUDE`, per fine frame.
    bend_peak, bend_mean
        Largest and mean absolute second difference of any channel, per fine frame, float16: half
        the memory, and as exact as an impulse needs.
    coding_traces
        How clearly the frames of each kind of lossy encoder are seen in the samples; see
        :func:`wkmp_lab.dsp.coding_traces.measure_traces`. Empty where nobody has looked.
    speech_log_odds
        Of the windows of :func:`wkmp_lab.dsp.speech.measure_speech` over the whole file; None
        where nobody has looked.
    """

    duration_s: float
    sr: int
    n_channels: int
    hop_s: float
    coarse_factor: int
    power: FloatArray
    peak: FloatArray
    true_peak: FloatArray
    k_power: FloatArray
    a_power: FloatArray
    band_power: FloatArray
    mean_spectrum: FloatArray
    channel_power: FloatArray
    channel_mean: FloatArray
    side_power: FloatArray
    n_clipped: npt.NDArray[np.uint16]
    n_clipped_runs: npt.NDArray[np.uint16]
    n_silent: npt.NDArray[np.uint16]
    bend_peak: npt.NDArray[np.float16]
    bend_mean: npt.NDArray[np.float16]
    coding_traces: tuple[tuple[str, float], ...] = ()
    speech_log_odds: DoubleArray | None = None

    @property
    def coarse_hop_s(self) -> float:
        return self.hop_s * self.coarse_factor

    def find_frames(self, *, start_s: float = 0.0, end_s: float | None = None) -> slice:
        """The fine frames of a passage, its ends rounded to whole frames.

        Raises
        ------
        InvalidInputError
            Where the passage does not lie within the file.
        """
        return self._find(self.hop_s, self.power.size, start_s, end_s)

    def find_coarse_frames(self, *, start_s: float = 0.0, end_s: float | None = None) -> slice:
        """The coarse frames of a passage; see :meth:`find_frames`."""
        return self._find(self.coarse_hop_s, self.a_power.size, start_s, end_s)

    def _find(self, hop_s: float, n_frames: int, start_s: float, end_s: float | None) -> slice:
        stop_s = self.duration_s if end_s is None else end_s
        if not 0.0 <= start_s <= stop_s <= self.duration_s + self.hop_s:
            raise InvalidInputError(
                f"a passage needs 0 <= start <= end <= {self.duration_s:.6f} s, "
                f"got {start_s} and {end_s}"
            )
        is_to_end = stop_s > self.duration_s - 0.5 * self.hop_s
        stop = n_frames if is_to_end else min(round(stop_s / hop_s), n_frames)
        return slice(min(round(start_s / hop_s), stop), stop)

    @property
    def bin_hz(self) -> float:
        """Distance of the bins of ``mean_spectrum``."""
        return 0.5 * self.sr / (self.mean_spectrum.size - 1)

    @property
    def level_dbfs(self) -> FloatArray:
        """RMS level of each fine frame in dBFS (a full-scale square wave is 0 dBFS)."""
        level: FloatArray = np.float32(10.0) * np.log10(np.maximum(self.power, np.float32(1e-20)))
        return level
