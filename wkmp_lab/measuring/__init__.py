"""Measures of one's own: what a function must be to become a phase, and what it may return."""

from wkmp_lab.measuring.measure import Measure, PassageInFile

__all__ = ["Measure", "PassageInFile"]
