"""Phase four: how loud a passage is, where its sound begins and fades, and how good it is."""

from wkmp_lab.analyzing.amplitude import measure_amplitude

__all__ = ["measure_amplitude"]
