"""The level profile of a file, measured in one pass over blocks of any size."""

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy  # whose parts are loaded when they are used

from wkmp_lab.dsp import codec_grids, coding_traces
from wkmp_lab.dsp.growing_arrays import make_profile_arrays
from wkmp_lab.dsp.level_kernels import (
    count_clipped,
    count_silent,
    filter_pair,
    measure_spectra,
    raise_bends,
    sum_pair,
)
from wkmp_lab.dsp.true_peak import (
    N_TAPS,
    compute_interpolator,
    fold_interpolator,
    raise_true_peaks,
)
from wkmp_lab.dsp.weighting import (
    compute_a_gain,
    compute_channel_weights,
    compute_k_filter,
)
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.signals import (
    BAND_EDGES_HZ,
    SILENT_AMPLITUDE,
    SILENT_STEP_S,
    FloatArray,
    LevelProfile,
    Signal,
)

COARSE_FACTOR = 5
"""Fine frames in a coarse one: 50 ms."""

_BATCH_COARSE = 32
_MAX_ENERGY = 1e30
_MAX_BEND = 6e4
"""What half a float can hold; full scale makes 4."""
_DoubleArray = npt.NDArray[np.float64]
_CountArray = npt.NDArray[np.uint16]


class _Plan(NamedTuple):
    """Everything of a meter that depends on rate and channels alone."""

    hop: int
    coarse: int
    prefix: int
    batch: int
    weights: _DoubleArray
    filters: _DoubleArray
    taps: FloatArray
    window: FloatArray
    weighed: _DoubleArray
    """Sum of the window's squares up to each sample."""
    n_fft: int
    a_gain: FloatArray
    first_bins: npt.NDArray[np.int64]


def _find_fft_length(n_samples: int) -> int:
    """Smallest even number from ``n_samples`` on without prime factors over 5.

    >>> _find_fft_length(2646)
    2700
    """
    length = n_samples + n_samples % 2
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 2


def _compute_bin_gain(window: FloatArray, *, n_fft: int, sr: int) -> _DoubleArray:
    """A-weighting of each bin, so that the sum over bins is right for windowed frames.

    A window smears a tone over neighbouring bins, and in the bass the weighting is so steep that
    the upper neighbours would add 0.5 dB at 63 Hz and 3.5 dB at 31.5 Hz. The smear of energies is
    a circular convolution, which a division by the window's autocorrelation undoes.
    """
    gain = compute_a_gain(scipy.fft.rfftfreq(n_fft, 1.0 / sr))
    smear = scipy.fft.irfft(np.abs(scipy.fft.rfft(window.astype(np.float64), n_fft)) ** 2, n_fft)
    sharpened = scipy.fft.rfft(scipy.fft.irfft(gain, n_fft) / (smear / smear[0])).real
    return np.asarray(np.maximum(sharpened, 0.0), dtype=np.float64)


@functools.lru_cache(maxsize=16)
def _make_plan(sr: int, n_channels: int, channels: tuple[str, ...] | None) -> _Plan:
    hop = max(round(sr / 100), 1)
    coarse = COARSE_FACTOR * hop
    # Edges of one fine frame, whose squares add up to 1 where windows overlap: every sample counts
    # once, as in a plain cut, yet bass does not leak into the bands above it.
    edge = np.sin(0.5 * np.pi * (np.arange(hop) + 0.5) / hop)
    window = np.concatenate([edge, np.ones(coarse - hop), edge[::-1]]).astype(np.float32)
    n_fft = _find_fft_length(window.size)
    bins_hz = scipy.fft.rfftfreq(n_fft, 1.0 / sr)
    first_bins = np.append(np.searchsorted(bins_hz, BAND_EDGES_HZ), bins_hz.size)
    weights = compute_channel_weights(n_channels, channels)
    return _Plan(
        hop=hop,
        coarse=coarse,
        prefix=max(hop, N_TAPS - 1),
        batch=_BATCH_COARSE * coarse,
        weights=np.append(weights, 0.0),
        filters=compute_k_filter(sr),
        taps=fold_interpolator(compute_interpolator()),
        window=window,
        weighed=np.cumsum(np.square(window, dtype=np.float64)),
        n_fft=n_fft,
        a_gain=_compute_bin_gain(window, n_fft=n_fft, sr=sr).astype(np.float32),
        first_bins=first_bins.astype(np.int64),
    )


class LevelMeter:
    """Measures a :class:`LevelProfile` from blocks of any size.

    The blocks are gathered into batches that start at fixed samples of the file, so the profile
    does not depend, to the last bit, on how the file was cut into blocks.

    Parameters
    ----------
    sr
        Sample rate in Hz.
    n_channels
        Channels of every block.
    channels
        Their names, as in FL, FR, LFE; see :func:`compute_channel_weights` for what they are
        taken for where None.
    """

    def __init__(
        self, *, sr: int, n_channels: int, channels: tuple[str, ...] | None = None
    ) -> None:
        if sr <= 0 or n_channels <= 0:
            raise InvalidInputError(
                f"a level meter needs sr > 0 and n_channels > 0, got {sr} and {n_channels}"
            )
        self.sr, self.n_channels = sr, n_channels
        self._plan = plan = _make_plan(sr, n_channels, channels)
        # Each row: what went before, the batch, and room for the silence after the end.
        length = plan.prefix + plan.batch + N_TAPS
        self._staged = np.zeros((n_channels, length), dtype=np.float32)
        self._mono = np.zeros(length, dtype=np.float32)
        body = self._mono[plan.prefix - plan.hop :]
        self._frames = np.lib.stride_tricks.sliding_window_view(body, plan.window.size)[
            :: plan.coarse
        ]
        self._padded = np.zeros((_BATCH_COARSE, plan.n_fft), dtype=np.float32)
        self._n_staged = 0
        self._n_measured = 0
        self._k_state = np.zeros(((n_channels + 1) // 2, 2, 4))
        self._run_lengths = [0] * n_channels
        self._spectrum = np.zeros(plan.a_gain.size)
        self._spectrum_weight = 0.0
        self._arrays = make_profile_arrays(n_channels=n_channels, n_bands=len(BAND_EDGES_HZ))
        self._excerpts = coding_traces.ExcerptCollector(sr=sr)
        self._is_finished = False

    def feed(self, samples: FloatArray) -> FloatArray:
        """Take a block, shape ``(n_channels, n)``; returns its channel mean, shape ``(n,)``.

        Raises
        ------
        InvalidInputError
            When the shape or the type is not that of the meter, when a batch holds values that are
            not finite or absurdly large, or when the meter is finished.
        """
        if samples.ndim != 2 or samples.shape[0] != self.n_channels or samples.dtype != np.float32:
            raise InvalidInputError(
                f"a block must be float32 of shape ({self.n_channels}, n), "
                f"got {samples.dtype} of shape {samples.shape}"
            )
        if self._is_finished:
            raise InvalidInputError("a finished level meter takes no more blocks")
        mono: FloatArray = self._mix(samples)
        self._excerpts.feed(mono)
        prefix, batch = self._plan.prefix, self._plan.batch
        taken = 0
        while taken < mono.size:
            # A full batch waits for the next sample: the last one of a file is measured otherwise.
            if self._n_staged == batch:
                self._measure_batch(n_after=0)
                self._staged[:, :prefix] = self._staged[:, batch : prefix + batch]
                self._mono[:prefix] = self._mono[batch : prefix + batch]
            n_new = min(mono.size - taken, batch - self._n_staged)
            to = slice(prefix + self._n_staged, prefix + self._n_staged + n_new)
            self._staged[:, to] = samples[:, taken : taken + n_new]
            self._mono[to] = mono[taken : taken + n_new]
            self._n_staged += n_new
            taken += n_new
        return mono

    def _mix(self, samples: FloatArray) -> FloatArray:
        if self.n_channels == 1:
            return np.asarray(samples[0])
        # Channel by channel, for mean() takes ten times as long.
        mixed = samples[0] + samples[1]
        for channel in samples[2:]:
            mixed += channel
        mixed *= np.float32(1.0 / self.n_channels)
        return np.asarray(mixed)

    def finish(self) -> LevelProfile:
        """The profile of all that was fed; empty arrays where nothing was."""
        if self._n_staged:
            end = self._plan.prefix + self._n_staged
            self._staged[:, end:] = 0.0
            self._mono[end:] = 0.0
            self._measure_batch(n_after=N_TAPS)
        self._is_finished = True
        arrays = self._arrays
        return LevelProfile(
            duration_s=self._n_measured / self.sr,
            sr=self.sr,
            n_channels=self.n_channels,
            hop_s=self._plan.hop / self.sr,
            coarse_factor=COARSE_FACTOR,
            power=arrays.power.finish(),
            peak=arrays.peak.finish(),
            true_peak=arrays.true_peak.finish(),
            k_power=arrays.k_power.finish(),
            a_power=arrays.a_power.finish(),
            band_power=arrays.band_power.finish(),
            mean_spectrum=(self._spectrum / max(self._spectrum_weight, 1.0)).astype(np.float32),
            channel_power=arrays.channel_power.finish().T,
            channel_mean=arrays.channel_mean.finish().T,
            side_power=arrays.side_power.finish(),
            n_clipped=arrays.n_clipped.finish(),
            n_clipped_runs=arrays.n_clipped_runs.finish(),
            n_silent=arrays.n_silent.finish(),
            bend_peak=arrays.bend_peak.finish(),
            bend_mean=arrays.bend_mean.finish(),
            coding_traces=coding_traces.measure_traces(self._excerpts.finish(), sr=self.sr),
        )

    def _measure_batch(self, *, n_after: int) -> None:
        """Measure what is staged; the ``n_after`` zeros behind it end the last true peak."""
        plan, n_staged = self._plan, self._n_staged
        lengths = np.full(-(-n_staged // plan.hop), plan.hop, dtype=np.float64)
        lengths[-1] = n_staged - (lengths.size - 1) * plan.hop
        peak = self._measure_channels(lengths)
        true_peak = peak.copy()
        counts = np.zeros((3, lengths.size), dtype=np.uint16)
        bends = np.zeros((2, lengths.size), dtype=np.float32)
        end = plan.prefix + n_staged
        for c, samples in enumerate(self._staged):
            raise_true_peaks(samples, plan.prefix, end + n_after, plan.hop, plan.taps, true_peak)
            self._run_lengths[c] = count_clipped(
                samples[plan.prefix : end], self._run_lengths[c], plan.hop, peak, counts
            )
            raise_bends(samples, plan.prefix, end, plan.hop, bends[0], bends[1])
        step = max(round(SILENT_STEP_S * self.sr), 1)
        count_silent(self._staged, plan.prefix, end, plan.hop, step, SILENT_AMPLITUDE, counts[2])
        self._arrays.true_peak.append(true_peak)
        self._arrays.n_clipped.append(counts[0])
        self._arrays.n_clipped_runs.append(counts[1])
        self._arrays.n_silent.append(counts[2])
        self._arrays.bend_peak.append(np.minimum(bends[0], _MAX_BEND).astype(np.float16))
        self._arrays.bend_mean.append(np.minimum(bends[1], _MAX_BEND).astype(np.float16))
        self._measure_mono()
        self._n_measured += n_staged
        self._n_staged = 0

    def _measure_channels(self, lengths: _DoubleArray) -> FloatArray:
        """Measure all that comes from single channels; returns the sample peak of each frame."""
        plan, n_channels, arrays = self._plan, self.n_channels, self._arrays
        body = self._staged[:, plan.prefix : plan.prefix + self._n_staged]
        peak, k_energy, side = np.zeros((3, lengths.size))
        energies, totals = np.zeros((2, lengths.size, n_channels))
        sums = np.empty((lengths.size, 6))
        for pair, i in enumerate(range(0, n_channels, 2)):
            j = min(i + 1, n_channels - 1)
            weights, state = plan.weights[i : i + 2], self._k_state[pair]
            filter_pair(body[i], body[j], weights, plan.filters, state, plan.hop, k_energy)
            sum_pair(body[i], body[j], plan.hop, sums)
            energies[:, i], energies[:, j] = sums[:, 0], sums[:, 1]
            side = sums[:, 2] if n_channels == 2 else side
            totals[:, i], totals[:, j] = sums[:, 3], sums[:, 4]
            peak = np.maximum(peak, sums[:, 5])
        if not np.all(energies < _MAX_ENERGY):
            raise InvalidInputError(
                f"samples must be finite numbers of audio, got an energy of {energies.max()} "
                f"near {self._n_measured / self.sr:.3f} s"
            )
        starts = np.arange(0, lengths.size, COARSE_FACTOR)
        coarse_lengths = np.add.reduceat(lengths, starts)
        arrays.power.append(_single(energies.mean(axis=1) / lengths))
        arrays.k_power.append(_single(k_energy / lengths))
        arrays.side_power.append(_single(np.add.reduceat(side, starts) / coarse_lengths))
        for array, values in ((arrays.channel_power, energies), (arrays.channel_mean, totals)):
            array.append(_single(np.add.reduceat(values, starts) / coarse_lengths[:, None]))
        arrays.peak.append(_single(peak))
        return _single(peak)

    def _measure_mono(self) -> None:
        """Measure all that comes from the spectrum of each coarse frame of the channel mean."""
        plan, n_staged = self._plan, self._n_staged
        starts = np.arange(0, n_staged, plan.coarse)
        padded = self._padded[: starts.size]
        frames = self._frames[: starts.size]
        np.multiply(frames, plan.window, out=padded[:, : plan.window.size])
        spectra = scipy.fft.rfft(padded, axis=1)
        energies = np.empty((starts.size, 1 + len(BAND_EDGES_HZ)))
        total = np.zeros(plan.a_gain.size, np.float32)
        measure_spectra(spectra, plan.a_gain, plan.first_bins, energies, total)
        self._spectrum += total
        # What lies before the start or behind the end of the file does not count.
        ends = np.minimum(plan.hop + n_staged - starts, plan.window.size)
        weights = plan.weighed[ends - 1]
        if self._n_measured == 0:
            weights[0] -= plan.weighed[plan.hop - 1]
        self._spectrum_weight += float(weights.sum()) * plan.n_fft
        levels = _single(energies / (weights[:, None] * plan.n_fft))
        self._arrays.a_power.append(levels[:, 0])
        self._arrays.band_power.append(levels[:, 1:])


def _single(values: _DoubleArray) -> FloatArray:
    return np.asarray(values, dtype=np.float32)


def measure_levels(signal: Signal) -> LevelProfile:
    """The level profile of a signal that is in memory.

    >>> t = np.arange(44_100) / 44_100
    >>> sine = np.sin(2 * np.pi * 1000 * t).astype(np.float32)
    >>> profile = measure_levels(Signal(samples=sine[None], sr=44_100))
    >>> round(float(profile.level_dbfs.max()), 2)
    -3.01
    """
    meter = LevelMeter(sr=signal.sr, n_channels=signal.n_channels)
    meter.feed(signal.samples)
    return meter.finish()


def warm_up() -> None:
    """Compile every kernel of the meter (or load it from the cache) on a tiny signal."""
    for n_channels in (1, 2):
        measure_levels(Signal(samples=np.ones((n_channels, 1000), dtype=np.float32), sr=8000))
    codec_grids.warm_up()
