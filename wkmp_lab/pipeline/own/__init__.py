"""Measures of one's own in the course of a file."""
