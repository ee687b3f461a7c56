"""What measures of one's own have found, and what is kept of such a measure: all but its code."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from wkmp_lab.model.reasons import Cause

CellValue = bool | int | float | str | None
"""What a measure may put into a cell; None: there is nothing to say."""
MeasureTarget = Literal["passage", "file"]
TARGETS: tuple[MeasureTarget, ...] = ("passage", "file")


@dataclass(frozen=True, slots=True)
class MeasureInfo:
    """A measure of one's own as results and stores keep it.

    >>> MeasureInfo("zcr", "1", "ab12", (("zcr_hz", "Hz"),)).key
    '1-3d909cb2'
    """

    name: str
    version: str
    code_hash: str
    """Of its code, of what it holds and of what it names."""
    columns: tuple[tuple[str, str], ...]
    """(column, unit) pairs."""
    on: MeasureTarget = "passage"
    sr: int | None = None
    """Rate of the mono signal that it is given, in Hz; None: all channels at the file's rate."""

    @property
    def key(self) -> str:
        """What its values are known by: another key makes them stale."""
        parts = (self.code_hash, self.columns, self.on, self.sr)
        return f"{self.version}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:8]}"

    @property
    def names(self) -> tuple[str, ...]:
        """Of its columns."""
        return tuple(name for name, _ in self.columns)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measure found in one passage, or in one file as a whole."""

    measure: str
    """Its name."""
    cells: tuple[tuple[str, CellValue], ...] = ()
    """(column, value) pairs; columns that could not be filled are not here."""
    error: str | None = None
    """Why cells are missing."""
    cause: Cause = "file"
    """Of the error: what the machine did is tried again by the next import."""
