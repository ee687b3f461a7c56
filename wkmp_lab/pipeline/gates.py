"""Where a file waits before a phase that only so many files may be in at once."""

import contextlib
from typing import Protocol

from wkmp_lab.model import Phase


class Gates(Protocol):
    """Keeps a place in a phase for the duration of a ``with`` block; may raise CancelledError."""

    def hold_place(self, phase: Phase) -> contextlib.AbstractContextManager[None]: ...


class OpenGates:
    """Gates that nobody waits at."""

    def hold_place(self, phase: Phase) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        return contextlib.nullcontext()
