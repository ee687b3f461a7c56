"""wkmp_lab: import and study a music library in Jupyter.

>>> import wkmp_lab as wl
>>> session = wl.import_folder("~/Music")  # doctest: +SKIP
>>> session.passages  # doctest: +SKIP

To begin with
    import_folder     import a folder, with progress to look at, and wait for the end
    start_import      the same, and the kernel stays free; ``await session`` waits
    open_session      what an earlier import of a folder has left
    examine           one file, now; nothing is stored
    plan              what an import would do and cost; nothing is imported

A session then has
    tables            session.files, .passages, .candidates, .evidence, .failures, ...
    pictures          session.plot lists them, as in session.plot.timeline()
    widgets           session.explore(file) moves cuts; session.review() decides what is doubtful
    ways on           session.export(folder), .retry(), .identify(), .compare(other)

Settings, a record per phase, all of which Settings holds
    wl.Settings(segmenting=wl.SegmentSettings(medium="vinyl"),
                running=wl.RunSettings(n_jobs=2))

Tab completes every name; ``?`` behind one tells what it does. The documentation has a page
per job.
"""

import importlib
from typing import TYPE_CHECKING, Any

from wkmp_lab._version import __version__ as __version__
from wkmp_lab.names import offer_near_names

if TYPE_CHECKING:
    from wkmp_lab.api import examine as examine
    from wkmp_lab.api import import_folder as import_folder
    from wkmp_lab.api import last_session as last_session
    from wkmp_lab.api import open_session as open_session
    from wkmp_lab.api import start_import as start_import
    from wkmp_lab.collection.labels import predict_labels as predict_labels
    from wkmp_lab.collection.labels import train_labels as train_labels
    from wkmp_lab.errors import WkmpLabError as WkmpLabError
    from wkmp_lab.io.keys import ask_key as ask_key
    from wkmp_lab.io.web.acousticbrainz import read_flavor as read_flavor
    from wkmp_lab.library.measures import measure as measure
    from wkmp_lab.library.plan import plan as plan
    from wkmp_lab.library.session import ImportSession as ImportSession
    from wkmp_lab.library.trials.designs import compare_designs as compare_designs
    from wkmp_lab.library.trials.speedup import measure_speedup as measure_speedup
    from wkmp_lab.model import FileResult as FileResult
    from wkmp_lab.notebook.environment import allow_nested_loops as allow_nested_loops
    from wkmp_lab.notebook.explorer.explorer import explore as explore
    from wkmp_lab.notebook.made_music import make_labelled_pieces as make_labelled_pieces
    from wkmp_lab.notebook.made_music import make_record_side as make_record_side
    from wkmp_lab.notebook.toolbox import find_longest as find_longest
    from wkmp_lab.notebook.toolbox import find_sample as find_sample
    from wkmp_lab.notebook.toolbox import list_descriptors as list_descriptors
    from wkmp_lab.notebook.toolbox import read_profile as read_profile
    from wkmp_lab.settings import MEDIUM_THRESHOLD_DBFS as MEDIUM_THRESHOLD_DBFS
    from wkmp_lab.settings import AnalyzeSettings as AnalyzeSettings
    from wkmp_lab.settings import FingerprintSettings as FingerprintSettings
    from wkmp_lab.settings import FlavorSettings as FlavorSettings
    from wkmp_lab.settings import IdentifySettings as IdentifySettings
    from wkmp_lab.settings import RunSettings as RunSettings
    from wkmp_lab.settings import ScanSettings as ScanSettings
    from wkmp_lab.settings import SegmentHints as SegmentHints
    from wkmp_lab.settings import SegmentSettings as SegmentSettings
    from wkmp_lab.settings import Settings as Settings
    from wkmp_lab.tables.shown import show_all as show_all

_HOMES = {
    "allow_nested_loops": "wkmp_lab.notebook.environment",
    "AnalyzeSettings": "wkmp_lab.settings",
    "ask_key": "wkmp_lab.io.keys",
    "compare_designs": "wkmp_lab.library.trials.designs",
    "examine": "wkmp_lab.api",
    "explore": "wkmp_lab.notebook.explorer.explorer",
    "FileResult": "wkmp_lab.model",
    "find_longest": "wkmp_lab.notebook.toolbox",
    "find_sample": "wkmp_lab.notebook.toolbox",
    "FingerprintSettings": "wkmp_lab.settings",
    "FlavorSettings": "wkmp_lab.settings",
    "IdentifySettings": "wkmp_lab.settings",
    "import_folder": "wkmp_lab.api",
    "ImportSession": "wkmp_lab.library.session",
    "last_session": "wkmp_lab.api",
    "list_descriptors": "wkmp_lab.notebook.toolbox",
    "make_labelled_pieces": "wkmp_lab.notebook.made_music",
    "make_record_side": "wkmp_lab.notebook.made_music",
    "measure": "wkmp_lab.library.measures",
    "measure_speedup": "wkmp_lab.library.trials.speedup",
    "MEDIUM_THRESHOLD_DBFS": "wkmp_lab.settings",
    "open_session": "wkmp_lab.api",
    "plan": "wkmp_lab.library.plan",
    "predict_labels": "wkmp_lab.collection.labels",
    "read_profile": "wkmp_lab.notebook.toolbox",
    "read_flavor": "wkmp_lab.io.web.acousticbrainz",
    "RunSettings": "wkmp_lab.settings",
    "ScanSettings": "wkmp_lab.settings",
    "SegmentHints": "wkmp_lab.settings",
    "SegmentSettings": "wkmp_lab.settings",
    "Settings": "wkmp_lab.settings",
    "show_all": "wkmp_lab.tables.shown",
    "start_import": "wkmp_lab.api",
    "train_labels": "wkmp_lab.collection.labels",
    "WkmpLabError": "wkmp_lab.errors",
}
"""Where each public name lives; it is loaded when it is first asked for."""

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        near = "" if name.startswith("_") else offer_near_names(name, _HOMES)
        raise AttributeError(f"module 'wkmp_lab' has no attribute {name!r}{near}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
