"""The exceptions that wkmp_lab raises on purpose."""


class WkmpLabError(Exception):
    """Base of every error that wkmp_lab raises on purpose."""


class InvalidInputError(WkmpLabError, ValueError):
    """An argument, a setting or a file name does not fit what was required."""


class DecodeError(WkmpLabError):
    """A file holds no audio that can be decoded."""


class FingerprintError(WkmpLabError):
    """A fingerprint cannot be computed, or a fingerprint text cannot be read."""


class StoreError(WkmpLabError):
    """The store is missing, foreign, newer than this version, damaged or locked."""


class ServiceError(WkmpLabError):
    """A web service could not be used in the way that was asked."""


class CancelledError(WkmpLabError):
    """The import was cancelled while a file was being worked on."""
