"""Phase one: where the passages of a file begin and end."""

from wkmp_lab.segmenting.passages import find_passages

__all__ = ["find_passages"]
