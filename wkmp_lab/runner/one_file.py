"""One file measured in the child, for whoever asks for a single one."""

from dataclasses import replace
from functools import partial

from wkmp_lab.model import FileResult
from wkmp_lab.progress.board import PHASES, Board
from wkmp_lab.runner.decoder_child import WorkerDiedError, call_twice, keep_child
from wkmp_lab.runner.worker import Task, fail, leave_out_measure, measure_warm
from wkmp_lab.settings import Settings


def measure_apart(task: Task, settings: Settings) -> FileResult:
    """Measure one file in the child of this process; whatever happens there is a result.

    Parameters
    ----------
    task
        The file, with what is known of it.
    settings
        Of the measuring phases.

    Returns
    -------
    FileResult
        Of status ``failed``, with the phase and how the child died, where it died of the file
        twice.
    """
    board = Board.create(1)
    try:
        sent = settings.with_named_order()
        work = partial(measure_warm, replace(task, index=0), sent, board)
        _, _, result = call_twice(keep_child(), work)
        assert result is not None, "nobody cancels a single file"
    except WorkerDiedError as error:
        record, reason = board.read()[0], str(error)
        without = leave_out_measure(task, record, settings, reason=reason)
        if without is not None:
            return measure_apart(without, settings)
        return fail(task, PHASES[int(record["phase"])], reason, settings=settings)
    finally:
        board.remove()
    return result
