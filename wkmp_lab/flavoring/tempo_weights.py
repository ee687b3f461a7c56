"""Weights of the evidence for a tempo."""

WEIGHTS = (0.0,) * 153
