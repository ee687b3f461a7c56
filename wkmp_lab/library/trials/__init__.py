"""Trials: a sample of a library imported several ways, to see which takes how long."""
