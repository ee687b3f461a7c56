"""Phase two: the Chromaprint of a passage."""

from wkmp_lab.fingerprinting.fingerprint import compute_fingerprint, decode_fingerprint

__all__ = ["compute_fingerprint", "decode_fingerprint"]
