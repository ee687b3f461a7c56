"""Where a file is cut: by settings, or by hand; what the explorer shows and changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from wkmp_lab.analyzing.amplitude import measure_amplitude
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.identifying.decisions import (
    LEADS_BY_HAND,
    LeadPoints,
    place_boundaries,
    set_leads,
)
from wkmp_lab.library.session import ImportSession
from wkmp_lab.model import FileResult, Passage, Segmentation, SourceFile
from wkmp_lab.notebook.explorer.overview import Overview, find_calm_spot
from wkmp_lab.segmenting.passages import find_passages_in
from wkmp_lab.segmenting.profile_measures import measure_profile
from wkmp_lab.settings import SegmentHints, SegmentSettings
from wkmp_lab.units import seconds_from_ticks, ticks_from_seconds


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: settings that decide, and what was set by hand.

    Attributes
    ----------
    settings
        What decides where nothing was set by hand.
    boundaries_ticks
        The cuts that were set by hand; None: the settings decide.
    leads
        Lead points that were set by hand, the latest first.
    """

    settings: SegmentSettings
    boundaries_ticks: tuple[int, ...] | None = None
    leads: tuple[LeadPoints, ...] = ()


class Cutting:
    """The cuts of one file as they are asked for, and the passages that they give.

    Nothing is decoded: every cut is made from the level profile. Whatever is asked for can be
    taken back by :meth:`undo`; what is dragged is one step, from :meth:`end_step` to the next.

    Attributes
    ----------
    path
        The file.
    overview
        Its levels and its spectrogram.
    wish
        What was asked for.
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
        self.session = session
        leads = session.find_leads(path) if session is not None else ()
        self.wish = Wish(settings, hints.boundaries_ticks, leads)
        self._hints = hints
        self._past: list[Wish] = []
        self._future: list[Wish] = []
        self._step: object = None
        self._measures = measure_profile(overview.profile)
        self.result = self.cut()

    @property
    def segmentation(self) -> Segmentation:
        """Where the file was cut last, and every gap that was weighed."""
        found = self.result.segmentation
        assert found is not None
        return found

    @property
    def settings(self) -> SegmentSettings:
        """What decides where nothing was set by hand."""
        return self.wish.settings

    @property
    def is_by_hand(self) -> bool:
        """True where boundaries were set, and hold whatever the settings are."""
        return self.wish.boundaries_ticks is not None

    @property
    def can_release(self) -> bool:
        """True where cuts or leads were set by hand."""
        return self.is_by_hand or bool(self.wish.leads)

    @property
    def cuts_s(self) -> tuple[float, ...]:
        """The inner boundaries in seconds, as they were last asked for."""
        ticks = self.wish.boundaries_ticks
        if ticks is None:
            spans = self._find(self.settings, None).spans_ticks
            ticks = tuple(start for start, _ in spans[1:])
        return tuple(map(seconds_from_ticks, ticks))

    @property
    def leads_s(self) -> dict[int, tuple[float, float]]:
        """By passage: lead points in seconds of the file, where they were set by hand."""
        found = {}
        for passage in self.result.passages:
            if passage.amplitude and (LEADS_BY_HAND, 1.0) in passage.amplitude.parameters:
                first, second = map(seconds_from_ticks, place_leads(passage))
                found[passage.index] = (first, second)
        return found

    def cut(self) -> FileResult:
        """Cut the file as is asked for, and measure the passages' leads."""
        wish = self.wish
        found = self._find(wish.settings, wish.boundaries_ticks)
        passages = tuple(
            set_leads(self._measure(Passage(index, start, end)), wish.leads)
            for index, (start, end) in enumerate(found.spans_ticks)
        )
        status: Literal["done", "no_audio"] = "done" if passages else "no_audio"
        source = SourceFile(self.path, 0, 0)
        self.result = FileResult(source, status, segmentation=found, passages=passages)
        return self.result

    def tune(self, settings: SegmentSettings) -> None:
        """Let other settings decide; what was set by hand is given up."""
        self._ask(replace(self.wish, settings=settings, boundaries_ticks=None), step="tune")

    def move(self, number: int, to_s: float) -> None:
        """Move a cut; InvalidInputError where that leaves a passage under 0.1 s."""
        places_s = [to_s if each == number else at_s for each, at_s in enumerate(self.cuts_s)]
        self._set(places_s, step=("move", number))

    def split(self, at_s: float) -> None:
        """Cut at a further place; InvalidInputError where that leaves a passage under 0.1 s."""
        self._set(sorted([*self.cuts_s, at_s]))

    def join(self, number: int) -> None:
        """Take a cut away."""
        self._set([at_s for each, at_s in enumerate(self.cuts_s) if each != number])

    def snap(self, number: int) -> None:
        """Move a cut to the calmest spot within 2 s."""
        self.end_step()
        self.move(number, find_calm_spot(self.overview.profile, self.cuts_s[number]))
        self.end_step()

    def move_lead(self, index: int, *, to_s: float, is_lead_in: bool) -> None:
        """Move a lead point of a passage, at most to the ends of the passage."""
        passage = self.result.passages[index]
        start, end = passage.start_ticks, passage.end_ticks
        to = min(max(ticks_from_seconds(to_s), start), end)
        lead_in_ends, lead_out_begins = place_leads(passage)
        points = (to, lead_out_begins) if is_lead_in else (lead_in_ends, to)
        others = [each for each in self.wish.leads if not start <= each.start_ticks < end]
        leads = (LeadPoints(start, end, *points), *others)
        self._ask(replace(self.wish, leads=leads), step=("lead", index, is_lead_in))

    def release(self) -> None:
        """Forget what was set by hand."""
        self._ask(Wish(self.settings))

    @property
    def can_undo(self) -> bool:
        """True where something was asked for that can be taken back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """True where something was taken back, and nothing asked for since."""
        return bool(self._future)

    def undo(self) -> None:
        """Take back what was asked for last; nothing where nothing was."""
        self._turn(self._past, self._future)

    def redo(self) -> None:
        """Ask again for what was taken back last."""
        self._turn(self._future, self._past)

    def end_step(self) -> None:
        """What comes next is undone by itself, even where it changes the same thing."""
        self._step = None

    def save(self) -> FileResult:
        """Keep the boundaries in the session: the file is measured anew, now and in later runs.

        Raises
        ------
        InvalidInputError
            There is no session.
        """
        if self.session is None:
            raise InvalidInputError("nothing to keep them in: open with session.explore(path)")
        cuts_s = self.cuts_s if self.is_by_hand else None
        return self.session.recut(self.path, cuts_s, leads_s=self.leads_s)

    def _find(
        self, settings: SegmentSettings, boundaries_ticks: tuple[int, ...] | None
    ) -> Segmentation:
        hints = replace(self._hints, boundaries_ticks=boundaries_ticks)
        return find_passages_in(self._measures, settings=settings, hints=hints)

    def _set(self, cuts_s: Sequence[float], *, step: object = None) -> None:
        end_s = self.overview.profile.duration_s
        ticks = place_boundaries(cuts_s, end_s, path=self.path)
        self._ask(replace(self.wish, boundaries_ticks=ticks), step=step)

    def _ask(self, wish: Wish, *, step: object = None) -> None:
        """Ask for something else; wishes of one step leave one trace."""
        if wish == self.wish:
            return
        if step is None or step != self._step:
            self._past.append(self.wish)
        self._future.clear()
        self._step = step
        self.wish = wish

    def _turn(self, taken: list[Wish], given: list[Wish]) -> None:
        if taken:
            given.append(self.wish)
            self.wish = taken.pop()
            self.end_step()

    def _measure(self, passage: Passage) -> Passage:
        amplitude = measure_amplitude(
            self.overview.profile,
            start_s=passage.start_s,
            end_s=passage.end_s,
            settings=self.session.settings.analyzing if self.session else None,
        )
        return replace(passage, amplitude=amplitude)


def place_leads(passage: Passage) -> tuple[int, int]:
    """Where the lead-in of a passage ends and its lead-out begins, in ticks of the file."""
    amplitude = passage.amplitude
    if amplitude is None:
        return passage.start_ticks, passage.end_ticks
    lead_in_ends = passage.start_ticks + amplitude.lead_in_ticks
    return lead_in_ends, passage.end_ticks - amplitude.lead_out_ticks
