"""Where a file is cut: by settings, or by hand; what the explorer shows and changes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from wkmp_lab.analyzing.amplitude import measure_amplitude
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.identifying.decisions import place_boundaries
from wkmp_lab.library.session import ImportSession
from wkmp_lab.model import FileResult, Passage, Segmentation, SourceFile
from wkmp_lab.notebook.explorer.overview import Overview, find_calm_spot
from wkmp_lab.segmenting.passages import find_passages_in
from wkmp_lab.segmenting.profile_measures import measure_profile
from wkmp_lab.settings import SegmentHints, SegmentSettings
from wkmp_lab.units import seconds_from_ticks


class Cutting:
    """The cuts of one file as they are asked for, and the passages that they give.

    Nothing is decoded: every cut is made from the level profile.

    Attributes
    ----------
    path
        The file.
    overview
        Its levels and its spectrogram.
    settings
        What decides where nothing was set by hand.
    boundaries_ticks
        What was set by hand; None: the settings decide.
    result
        The passages, with their lead points, and the gaps; made anew by :meth:`cut`.
    """

    def __init__(
        self,
        path: str,
        overview: Overview,
        *,
        settings: SegmentSettings,
        hints: SegmentHints,
        session: ImportSession | None,
    ) -> None:
        self.path = path
        self.overview = overview
        self.settings = settings
        self.session = session
        self.boundaries_ticks = hints.boundaries_ticks
        self._hints = hints
        self._measures = measure_profile(overview.profile)
        self.result = self.cut()

    @property
    def segmentation(self) -> Segmentation:
        """Where the file was cut last, and every gap that was weighed."""
        found = self.result.segmentation
        assert found is not None
        return found

    @property
    def is_by_hand(self) -> bool:
        """True where boundaries were set, and hold whatever the settings are."""
        return self.boundaries_ticks is not None

    @property
    def cuts_s(self) -> tuple[float, ...]:
        """The inner boundaries in seconds, as they were last asked for."""
        ticks = self.boundaries_ticks
        if ticks is None:
            spans = self._find(self.settings, None).spans_ticks
            ticks = tuple(start for start, _ in spans[1:])
        return tuple(map(seconds_from_ticks, ticks))

    def cut(self) -> FileResult:
        """Cut the file as is asked for, and measure the passages' leads."""
        found = self._find(self.settings, self.boundaries_ticks)
        passages = tuple(
            self._measure(Passage(index, start, end))
            for index, (start, end) in enumerate(found.spans_ticks)
        )
        status: Literal["done", "no_audio"] = "done" if passages else "no_audio"
        source = SourceFile(self.path, 0, 0)
        self.result = FileResult(source, status, segmentation=found, passages=passages)
        return self.result

    def tune(self, settings: SegmentSettings) -> None:
        """Let other settings decide; what was set by hand is given up."""
        self.settings, self.boundaries_ticks = settings, None

    def move(self, number: int, to_s: float) -> None:
        """Move a cut; InvalidInputError where that leaves a passage under 0.1 s."""
        self._set([to_s if each == number else at_s for each, at_s in enumerate(self.cuts_s)])

    def split(self, at_s: float) -> None:
        """Cut at a further place; InvalidInputError where that leaves a passage under 0.1 s."""
        self._set(sorted([*self.cuts_s, at_s]))

    def join(self, number: int) -> None:
        """Take a cut away."""
        self._set([at_s for each, at_s in enumerate(self.cuts_s) if each != number])

    def snap(self, number: int) -> None:
        """Move a cut to the calmest spot within 2 s."""
        self.move(number, find_calm_spot(self.overview.profile, self.cuts_s[number]))

    def release(self) -> None:
        """Forget what was set by hand."""
        self.boundaries_ticks = None

    def save(self) -> FileResult:
        """Keep the boundaries in the session: the file is measured anew, now and in later runs.

        Raises
        ------
        InvalidInputError
            There is no session.
        """
        if self.session is None:
            raise InvalidInputError("nothing to keep them in: open with session.explore(path)")
        return self.session.recut(self.path, self.cuts_s if self.is_by_hand else None)

    def _find(
        self, settings: SegmentSettings, boundaries_ticks: tuple[int, ...] | None
    ) -> Segmentation:
        hints = replace(self._hints, boundaries_ticks=boundaries_ticks)
        return find_passages_in(self._measures, settings=settings, hints=hints)

    def _set(self, cuts_s: Sequence[float]) -> None:
        end_s = self.overview.profile.duration_s
        self.boundaries_ticks = place_boundaries(cuts_s, end_s, path=self.path)

    def _measure(self, passage: Passage) -> Passage:
        amplitude = measure_amplitude(
            self.overview.profile,
            start_s=passage.start_s,
            end_s=passage.end_s,
            settings=self.session.settings.analyzing if self.session else None,
        )
        return replace(passage, amplitude=amplitude)
