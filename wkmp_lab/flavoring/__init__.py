"""Phase five: what a passage sounds like, in numbers."""

from wkmp_lab.flavoring.descriptors import DESCRIPTORS, measure_descriptors
from wkmp_lab.flavors import flavor_distance

__all__ = ["DESCRIPTORS", "flavor_distance", "measure_descriptors"]
