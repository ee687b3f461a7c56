"""What earlier imports know of some audio, and how workers ask for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wkmp_lab.model import FileResult


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier imports know of some audio."""

    result: FileResult
    boundaries_ticks: tuple[int, ...] | None = None
    """Where a person has it cut; None: where listening tells."""


Recall = Callable[[str], Sequence[Known]]
"""Tells what is known of audio whose hash begins so; travels to workers, so it must pickle."""


class ProfileKeeper(Protocol):
    """Keeps packed level profiles by the hash of the audio and the key of what made them.

    It travels to workers, so it must pickle. Whatever goes wrong there is no error: what cannot
    be read is not known, and what cannot be written is not kept.
    """

    def read(self, audio_hash: str, *, made_by: str) -> bytes | None: ...
    def write(self, audio_hash: str, packed: bytes, *, made_by: str) -> None: ...
