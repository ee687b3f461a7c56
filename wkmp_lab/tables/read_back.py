"""What tables give back to those who reckon: times of phases, numbers of passages.

Results give the same; of a large library a table is read far faster.
"""

from __future__ import annotations  # pandas is loaded by whoever brings a table

from typing import TYPE_CHECKING

import numpy as np

from wkmp_lab.collection.flight import PHASES, FlightSpans
from wkmp_lab.collection.neighbours import NAMES, OF_KEY, PassageVectors, place_key

if TYPE_CHECKING:
    import pandas as pd


def read_spans(timeline: pd.DataFrame) -> FlightSpans:
    """The spans of a table as ``session.timeline``."""
    file, paths = timeline["path"].factorize()
    worker, workers = timeline["worker"].factorize()
    epoch_s, since_s, until_s, cpu_s, waited_s = (
        timeline[name].to_numpy(np.float64)
        for name in ("started_epoch_s", "start_s", "end_s", "cpu_s", "waited_s")
    )
    phases = timeline["phase"].cat.set_categories([phase.value for phase in PHASES])
    return FlightSpans(
        paths=list(map(str, paths)),
        workers=list(map(str, workers)),
        file=file.astype(np.int64),
        worker=worker.astype(np.int64),
        phase=np.asarray(phases.cat.codes, np.int64),
        start_s=epoch_s,
        end_s=epoch_s + (until_s - since_s),
        cpu_s=np.nan_to_num(cpu_s),
        waited_s=waited_s,
    )


def read_vectors(flavors: pd.DataFrame) -> PassageVectors:
    """The numbers of passages from a table; see :func:`neighbours.collect_vectors`.

    Parameters
    ----------
    flavors
        A row per passage: ``path``, ``passage``, a column per descriptor as in
        ``session.flavors``, and ``tempo_bpm`` and ``key`` as in ``session.passages``.
    """
    raw = np.full((len(flavors), len(NAMES)), np.nan)
    for k, name in enumerate(NAMES):
        if name in flavors.columns:
            raw[:, k] = flavors[name].to_numpy(np.float64)
    raw[:, NAMES.index("log2_bpm")] = np.log2(flavors["tempo_bpm"].to_numpy(np.float64))
    first = NAMES.index(OF_KEY[0])
    for key in flavors["key"].dropna().unique():
        has_it = (flavors["key"] == key).to_numpy(bool, na_value=False)
        raw[has_it, first : first + len(OF_KEY)] = place_key(str(key))
    ids = zip(flavors["path"].tolist(), flavors["passage"].tolist(), strict=True)
    return PassageVectors(list(ids), raw)
