"""What earlier imports know of some audio, and how workers ask for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wkmp_lab.model import FileResult


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier imports know of some audio."""

    result: FileResult
    boundaries_ticks: tuple[int, ...] | None = None
    """Where a person has it cut; None: where listening tells."""


Recall = Callable[[str], Sequence[Known]]
"""Tells what is known of audio whose hash begins so; travels to workers, so it must pickle."""
