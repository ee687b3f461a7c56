"""The exceptions that wkmp_lab raises on purpose."""


class WkmpLabError(Exception):
    """Base of every error that wkmp_lab raises on purpose."""


class InvalidInputError(WkmpLabError, ValueError):
    """An argument, a setting or a file name does not fit what was required."""


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
