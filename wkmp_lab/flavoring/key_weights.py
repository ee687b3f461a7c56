"""Weights of the evidence for a key."""

MAJOR_WEIGHTS = (0.0,) * 48
MINOR_WEIGHTS = (0.0,) * 48
MINOR_BIAS = 0.0
