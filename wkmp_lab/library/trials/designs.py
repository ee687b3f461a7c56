"""Both designs of an import on the same files: what each takes of time, cores and services."""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from wkmp_lab.collection.flight import read_flight
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.library.session import ImportSession
from wkmp_lab.library.trials.sample import Sample, lay_out_sample
from wkmp_lab.lookup.services import find_catalogue
from wkmp_lab.model import DesignTrial
from wkmp_lab.runner.worker import warm_up
from wkmp_lab.settings import Design, Settings
from wkmp_lab.tables.tables import designs_table

if TYPE_CHECKING:
    import pandas as pd

DESIGNS: tuple[Design, ...] = ("lanes", "files")
N_FILES = 24
N_ROUNDS = 3


def compare_designs(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    n_files: int | None = N_FILES,
    n_rounds: int = N_ROUNDS,
) -> "pd.DataFrame":
    """Import a sample of a folder by each design, in turns, and compare.

    ``lanes`` lets workers go on with the next files while those that are measured wait for
    answers; by ``files`` a file keeps its place until it is identified. Every import has a store
    and a memory of answers of its own, in a temporary folder: services that the settings name are
    asked anew each time. Who begins changes from round to round; a first import, which makes the
    workers, is not counted.

    Parameters
    ----------
    folder
        The music; it is only read.
    settings
        Of every phase; the defaults where None. Their own design does not count.
    n_files
        Files of the sample at most, of all sizes; None: all of the folder.
    n_rounds
        Imports by each design.

    Returns
    -------
    DataFrame
        A row per design: medians of the rounds, and the shortest and longest time;
        :func:`wkmp_lab.plots.plot_designs` draws it.

    Raises
    ------
    InvalidInputError
        The folder is missing or without music, or a number is too small.
    WkmpLabError
        One of the imports could not be carried out.
    """
    if n_rounds < 1:
        raise InvalidInputError(f"n_rounds must be >= 1, got {n_rounds}")
    chosen = settings or Settings()
    known = find_catalogue(chosen.identifying, folder)  # one that the music brings is not linked
    chosen = replace(chosen, identifying=replace(chosen.identifying, catalogue=str(known)))
    trials: dict[Design, list[DesignTrial]] = {design: [] for design in DESIGNS}
    with lay_out_sample(folder, n_files=n_files) as sample:
        warm_up()
        _try(sample, chosen, "lanes", is_offline=True)
        for number in range(n_rounds):
            for design in DESIGNS if number % 2 == 0 else DESIGNS[::-1]:
                trials[design].append(_try(sample, chosen, design))
    return designs_table([sum_up(trials[design]) for design in DESIGNS])


def _try(
    sample: Sample, settings: Settings, design: Design, *, is_offline: bool = False
) -> DesignTrial:
    with TemporaryDirectory(dir=sample.buffer) as made:
        identifying = replace(
            settings.identifying,
            cache=str(Path(made, "answers")),
            is_offline=is_offline or settings.identifying.is_offline,
        )
        running = replace(settings.running, design=design)
        chosen = replace(settings, identifying=identifying, running=running)
        store = Path(made, "trial.wkmp.db")
        session = ImportSession.start(sample.folder, settings=chosen, store=store).wait()
    flight = read_flight(session.results, session.record)
    finished_s = [max(span.end_s for span in r.spans) for r in session.results if r.spans]
    return DesignTrial(
        design=design,
        n_files=len(session.results),
        n_jobs=session.n_jobs,
        n_rounds=1,
        passed_s=flight.passed_s,
        shortest_s=flight.passed_s,
        longest_s=flight.passed_s,
        first_result_s=min(finished_s, default=flight.origin_s) - flight.origin_s,
        cores_busy=flight.cores_busy,
        n_requests=session.snapshot().n_requests,
    )


def sum_up(trials: Sequence[DesignTrial]) -> DesignTrial:
    """Several trials of one design as one: medians, and how far the times lie apart."""
    return replace(
        trials[0],
        n_rounds=len(trials),
        passed_s=statistics.median(each.passed_s for each in trials),
        shortest_s=min(each.passed_s for each in trials),
        longest_s=max(each.passed_s for each in trials),
        first_result_s=statistics.median(each.first_result_s for each in trials),
        cores_busy=statistics.median(each.cores_busy for each in trials),
        n_requests=round(statistics.median(each.n_requests for each in trials)),
    )
