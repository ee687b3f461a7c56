"""Waiting for the end of an import; an interrupted wait cancels it and keeps what is finished."""

import asyncio
import time

from wkmp_lab.board import Control
from wkmp_lab.importing import ImportCourse

CANCEL_WAIT_S = 10.0
"""How long an interrupted wait gives the workers to come to an end."""


def wait_for_end(course: ImportCourse, *, timeout_s: float | None = None) -> None:
    """Block until an import has ended.

    Parameters
    ----------
    course
        The import.
    timeout_s
        None waits as long as it takes.

    Raises
    ------
    TimeoutError
        The import was still running; it goes on.
    KeyboardInterrupt
        The wait was interrupted; the import is cancelled.
    WkmpLabError
        The import could not be carried out.
    """
    give_up = None if timeout_s is None else time.monotonic() + timeout_s
    try:
        while not course.ended.wait(0.1):
            if give_up is not None and time.monotonic() > give_up:
                raise TimeoutError(f"the import still runs after {timeout_s} s")
    except KeyboardInterrupt:
        _cancel(course)
        raise
    _raise_error(course)


async def await_end(course: ImportCourse) -> None:
    """Let others run until an import has ended; errors as in :func:`wait_for_end`."""
    try:
        while not course.ended.is_set():
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        _cancel(course)
        raise
    _raise_error(course)


def _cancel(course: ImportCourse) -> None:
    course.set_control(Control.CANCEL)
    course.ended.wait(CANCEL_WAIT_S)


def _raise_error(course: ImportCourse) -> None:
    if course.error is not None:
        raise course.error
