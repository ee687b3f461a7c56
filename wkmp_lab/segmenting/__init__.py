"""Phase one: where the passages of a file begin and end."""

from wkmp_lab.segmenting.passages import find_passages, find_passages_in
from wkmp_lab.segmenting.profile_measures import measure_profile

__all__ = ["find_passages", "find_passages_in", "measure_profile"]
