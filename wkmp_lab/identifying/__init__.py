"""Phase three: from evidence to candidates to a decision; nothing is asked here."""

from wkmp_lab.identifying.recording import identify_recording

__all__ = ["identify_recording"]
