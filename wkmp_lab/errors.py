"""The exceptions that wkmp_lab raises on purpose."""

import traceback
from pathlib import Path


class WkmpLabError(Exception):
    """Base of every error that wkmp_lab raises on purpose.

    What went wrong stands in its message, so a notebook shows the line that called, and no more;
    a script shows the whole way.
    """

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython shows in place of its own."""
        frames = traceback.extract_tb(self.__traceback__)
        is_ours = [frame.filename.startswith(str(Path(__file__).parent)) for frame in frames]
        name = f"\x1b[31m{type(self).__name__}\x1b[39m: {self}"
        if True not in is_ours[1:]:
            return [name]
        call = frames[is_ours.index(True, 1) - 1]
        is_cell = "ipykernel_" in call.filename or call.filename.startswith("<ipython-input")
        place = "In this cell" if is_cell else f"In {call.filename}"
        return [f"{place}, line {call.lineno}:", f"----> {call.line}", "", name]


class InvalidInputError(WkmpLabError, ValueError):
    """An argument, a setting or a file name does not fit what was required."""


def require(is_fit: bool, what: str, came: object) -> None:
    """Raise InvalidInputError where something is not as it must be.

    Parameters
    ----------
    is_fit
        Whether it is.
    what
        What is required, in words.
    came
        What came instead.
    """
    if not is_fit:
        raise InvalidInputError(f"{what}, got {came!r}")


class DecodeError(WkmpLabError):
    """A file holds no audio that can be decoded.

    Parameters
    ----------
    reason
        Why, in words for whoever owns the file.
    path
        The file, where the reason does not stand in a row of its own.
    """

    def __init__(self, reason: str, path: str | None = None) -> None:
        super().__init__(reason if path is None else f"{reason}: {path!r}")
        self.reason = reason


class FingerprintError(WkmpLabError):
    """A fingerprint cannot be computed, or a fingerprint text cannot be read."""


class StoreError(WkmpLabError):
    """The store is missing, foreign, newer than this version, damaged or locked."""


class ServiceError(WkmpLabError):
    """A web service could not be used in the way that was asked."""


class CancelledError(WkmpLabError):
    """The import was cancelled while a file was being worked on."""
