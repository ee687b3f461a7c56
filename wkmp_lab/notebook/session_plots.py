"""The pictures of a session, by name: ``session.plot.timeline()``."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from wkmp_lab.display.safe_text import clean_path
from wkmp_lab.library.session import ImportSession
from wkmp_lab.names import read_missing
from wkmp_lab.notebook.toolbox import read_profile
from wkmp_lab.plots import copies, flavor, library, timeline
from wkmp_lab.plots import passages as plots

RADAR = (
    *("onset_rate_hz", "pulse_clarity", "chord_change_rate_hz", "centroid_hz_mean"),
    *("flatness_mean", "dynamic_complexity_db", "chroma_entropy", "danceability"),
)
"""Descriptors of a radar where none are asked for: of rhythm, harmony, brightness, dynamics."""


class SessionPlots:
    """What can be drawn of a session, running or ended; every method returns the axes.

    Each takes ``ax`` to draw on; without it, on new axes, which a notebook shows by themselves.
    """

    def __init__(self, session: ImportSession) -> None:
        self._session = session

    def __repr__(self) -> str:
        pictures = [(f"session.plot.{call}", sentence) for call, sentence in list_pictures()]
        width = max(len(call) for call, _ in pictures)
        return "\n".join(f"{call:{width}}  {sentence}" for call, sentence in pictures)

    if not TYPE_CHECKING:  # whoever checks types is told of a miss by that

        def __getattr__(self, name: str) -> object:
            return read_missing(self, name)

    def timeline(self, *, ax: Axes | None = None) -> Axes:
        """Files over phases in time; see :func:`plots.plot_timeline`."""
        session = self._session
        return timeline.plot_timeline(session.timeline, record=session.record, ax=ax)

    def phase_times(self, *, ax: Axes | None = None) -> Axes:
        """Time per phase; see :func:`plots.plot_phase_times`."""
        return plots.plot_phase_times(self._session.timeline, ax=ax)

    def slowest(self, n: int = 10, *, ax: Axes | None = None) -> Axes:
        """The ``n`` files that took longest; see :func:`plots.plot_slowest`."""
        files = self._session.files.sort_values("elapsed_s", ascending=False, kind="stable")
        slowest = [self._session.get_result(path) for path in files["path"].head(n)]
        return plots.plot_slowest(slowest, n_files=n, ax=ax)

    def passages(self, path: str | Path, *, ax: Axes | None = None) -> Axes:
        """Passages, cuts and lead points of one file; see :func:`plots.plot_passages`.

        The file is decoded for its levels, in a child process.
        """
        result = self._session.get_result(path)
        return plots.plot_passages(read_profile(result.path), result, ax=ax)

    def copies(self, path: str | Path, other_path: str | Path, *, ax: Axes | None = None) -> Axes:
        """What is left of a copy without the other; see :func:`copies.plot_null_test`.

        Both files are decoded, in a child process.
        """
        return copies.plot_null_test(self._session.compare_copies(path, other_path), ax=ax)

    def gaps(self, *, ax: Axes | None = None) -> Axes:
        """Which gaps were taken, and how surely; see :func:`library_plots.plot_gaps`."""
        return library.plot_gaps(self._session.gaps, ax=ax)

    def leads(self, *, ax: Axes | None = None) -> Axes:
        """Lead-in and lead-out; see :func:`library_plots.plot_leads`."""
        return library.plot_leads(self._session.passages, ax=ax)

    def dynamics(self, *, ax: Axes | None = None) -> Axes:
        """Loudness range over loudness; see :func:`library_plots.plot_dynamics`."""
        return library.plot_dynamics(self._session.passages, ax=ax)

    def loudness_tempo(self, *, ax: Axes | None = None) -> Axes:
        """Loudness over tempo; see :func:`library_plots.plot_loudness_tempo`."""
        return library.plot_loudness_tempo(self._session.passages, ax=ax)

    def match_levels(self, *, ax: Axes | None = None) -> Axes:
        """Passages by match level; see :func:`library_plots.plot_match_levels`."""
        return library.plot_match_levels(self._session.passages, ax=ax)

    def tempo(self, *, ax: Axes | None = None) -> Axes:
        """How tempos are spread; see :func:`library_plots.plot_tempo`."""
        return library.plot_tempo(self._session.passages, ax=ax)

    def keys(self, *, ax: Axes | None = None) -> Axes:
        """How often each key was found; see :func:`library_plots.plot_keys`."""
        return library.plot_keys(self._session.passages, ax=ax)

    def flavor_map(
        self,
        path: str | Path | None = None,
        passage: int = 0,
        *,
        n: int = 5,
        ax: Axes | None = None,
    ) -> Axes:
        """Passages by flavor; see :func:`flavor_plots.plot_flavor_map`."""
        asked = None if path is None else clean_path(self._session.get_result(path).path)
        heard = self._session.passages[["path", "passage", "tempo_bpm", "key"]]
        table = self._session.flavors.merge(heard, on=["path", "passage"])
        return flavor.plot_flavor_map(table, path=asked, passage=passage, n=n, ax=ax)

    def flavor_radar(
        self,
        rows: Sequence[int] | None = None,
        *,
        descriptors: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Rows of ``session.flavors`` side by side; see :func:`flavor_plots.plot_flavor_radar`.

        Without rows, the first three; without descriptors, those of :data:`RADAR` that there are.
        """
        flavors = self._session.flavors
        return flavor.plot_flavor_radar(
            flavors,
            rows=range(min(3, len(flavors))) if rows is None else rows,
            descriptors=descriptors or [name for name in RADAR if name in flavors.columns],
            ax=ax,
        )


def list_pictures() -> list[tuple[str, str]]:
    """How each picture is called, and what it shows in a sentence.

    >>> dict(list_pictures())["dynamics()"]
    'Loudness range over loudness'
    """
    pictures = []
    for name, draw in inspect.getmembers(SessionPlots, inspect.isfunction):
        if name.startswith("_"):
            continue
        needed = [
            each.name
            for each in list(inspect.signature(draw).parameters.values())[1:]
            if each.default is inspect.Parameter.empty
        ]
        sentence = (draw.__doc__ or "").partition("\n")[0].partition("; see")[0]
        sentence = sentence.rstrip(".").replace("``", "")
        pictures.append((f"{name}({', '.join(needed)})", sentence))
    return pictures
