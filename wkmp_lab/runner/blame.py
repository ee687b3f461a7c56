"""Whose fault it is that a worker died: a measure of one's own costs its cells, not the file."""

from dataclasses import replace
from typing import Any

from wkmp_lab.model import Phase
from wkmp_lab.model.reasons import Cause
from wkmp_lab.pipeline.own_measures import LeftOut
from wkmp_lab.progress.board import PHASES
from wkmp_lab.runner.worker import Task
from wkmp_lab.settings import Settings


def leave_out_measure(
    task: Task, record: Any, settings: Settings, *, reason: str, cause: Cause = "file"
) -> Task | None:
    """The task without the measure that was at work; None where none was.

    Parameters
    ----------
    task
        Of a file whose worker died.
    record
        What the board tells of the file.
    reason, cause
        How it died: the error of the measure's cells.
    """
    is_measuring = PHASES[int(record["phase"])] is Phase.MEASURING
    if not is_measuring or not record["measure"]:
        return None
    name = settings.measures[int(record["measure"]) - 1].name
    return replace(task, left_out=(*task.left_out, (name, reason, cause)))


def leave_out_measures(task: Task, settings: Settings, *, reason: str) -> Task | None:
    """The task without any measure, where nobody can tell which one was at work; None where it
    had none any more.
    """
    if not settings.measures or task.left_out:
        return None
    left_out: LeftOut = tuple((each.name, reason, "file") for each in settings.measures)
    return replace(task, left_out=left_out)
