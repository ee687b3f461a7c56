"""Pictures of results and tables, on matplotlib axes.

Each takes ``ax`` to draw on and returns it; without it, it draws on new axes, which a notebook
shows by themselves.
"""

from wkmp_lab.plots.copies import plot_null_test
from wkmp_lab.plots.flavor import plot_flavor_map, plot_flavor_radar
from wkmp_lab.plots.library import (
    plot_dynamics,
    plot_gaps,
    plot_keys,
    plot_leads,
    plot_loudness_tempo,
    plot_match_levels,
    plot_tempo,
)
from wkmp_lab.plots.passages import (
    plot_passages,
    plot_phase_times,
    plot_slowest,
)
from wkmp_lab.plots.spectrogram import plot_spectrogram
from wkmp_lab.plots.timeline import plot_timeline
from wkmp_lab.plots.trials import plot_designs

__all__ = [
    "plot_designs",
    "plot_dynamics",
    "plot_flavor_map",
    "plot_flavor_radar",
    "plot_gaps",
    "plot_keys",
    "plot_leads",
    "plot_loudness_tempo",
    "plot_match_levels",
    "plot_null_test",
    "plot_passages",
    "plot_phase_times",
    "plot_slowest",
    "plot_spectrogram",
    "plot_tempo",
    "plot_timeline",
]
