"""Arrays that grow with the file while it is measured."""

from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

_Number = TypeVar("_Number", np.float32, np.float16, np.uint16)


class GrowingArray(Generic[_Number]):
    """Rows that arrive in pieces, kept in one array that grows where it lies.

    A list of pieces would have to be joined at the end, and hours of audio would then need twice
    the memory for a moment; growing a large array moves pages instead of copying them.
    """

    def __init__(self, dtype: type[_Number], *row_shape: int) -> None:
        self._rows: npt.NDArray[_Number] = np.empty((0, *row_shape), dtype)
        self._n_rows = 0

    def __len__(self) -> int:
        return self._n_rows

    def append(self, rows: npt.NDArray[_Number]) -> None:
        stop = self._n_rows + len(rows)
        if stop > len(self._rows):
            self._rows.resize((stop + stop // 8 + 1000, *self._rows.shape[1:]), refcheck=False)
        self._rows[self._n_rows : stop] = rows
        self._n_rows = stop

    def finish(self) -> npt.NDArray[_Number]:
        self._rows.resize((self._n_rows, *self._rows.shape[1:]), refcheck=False)
        return self._rows


class ProfileArrays(NamedTuple):
    """Everything of a profile that grows with the file; named as there."""

    power: GrowingArray[np.float32]
    peak: GrowingArray[np.float32]
    true_peak: GrowingArray[np.float32]
    k_power: GrowingArray[np.float32]
    n_clipped: GrowingArray[np.uint16]
    n_clipped_runs: GrowingArray[np.uint16]
    n_silent: GrowingArray[np.uint16]
    bend_peak: GrowingArray[np.float16]
    bend_mean: GrowingArray[np.float16]
    a_power: GrowingArray[np.float32]
    band_power: GrowingArray[np.float32]
    side_power: GrowingArray[np.float32]
    channel_power: GrowingArray[np.float32]
    channel_mean: GrowingArray[np.float32]


def make_profile_arrays(*, n_channels: int, n_bands: int) -> ProfileArrays:
    """Empty arrays for a file of ``n_channels``."""
    return ProfileArrays(
        power=GrowingArray(np.float32),
        peak=GrowingArray(np.float32),
        true_peak=GrowingArray(np.float32),
        k_power=GrowingArray(np.float32),
        n_clipped=GrowingArray(np.uint16),
        n_clipped_runs=GrowingArray(np.uint16),
        n_silent=GrowingArray(np.uint16),
        bend_peak=GrowingArray(np.float16),
        bend_mean=GrowingArray(np.float16),
        a_power=GrowingArray(np.float32),
        band_power=GrowingArray(np.float32, n_bands),
        side_power=GrowingArray(np.float32),
        channel_power=GrowingArray(np.float32, n_channels),
        channel_mean=GrowingArray(np.float32, n_channels),
    )
