"""The colours of phases and match levels: Okabe-Ito, told apart by colour-blind eyes too.

Wherever they are used, a word or a number stands beside them (Okabe & Ito, "Color Universal
Design", 2008).
"""

from wkmp_lab.model import MatchLevel, Phase

PHASE_COLORS: dict[Phase, str] = {
    Phase.SCANNING: "#999999",
    Phase.EXTRACTING: "#56b4e9",
    Phase.DECODING: "#0072b2",
    Phase.SEGMENTING: "#f0e442",
    Phase.FINGERPRINTING: "#009e73",
    Phase.IDENTIFYING: "#cc79a7",
    Phase.ANALYZING: "#e69f00",
    Phase.FLAVORING: "#d55e00",
    Phase.MEASURING: "#8c6bb1",
}
MATCH_COLORS: dict[MatchLevel, str] = {
    "high": "#009e73",
    "medium": "#56b4e9",
    "low": "#e69f00",
    "unidentified": "#999999",
}
ACCENT = "#0072b2"
CURVE = "#2f8fd0"
"""Between the blues: one curve or one kind of mark, seen on white and on black."""
WARNING = "#d55e00"
NEUTRAL = "#7a7a7a"
"""Axes, grids and words of pictures: 4.3 to 1 on white and on JupyterLab's black alike."""
