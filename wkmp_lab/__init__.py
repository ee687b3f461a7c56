"""wkmp_lab: import and study a music library in Jupyter.

>>> import wkmp_lab as wl
>>> session = wl.import_folder("~/Music")  # doctest: +SKIP
>>> session.passages  # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING, Any

from wkmp_lab._version import __version__ as __version__

if TYPE_CHECKING:
    from wkmp_lab.api import examine as examine
    from wkmp_lab.api import import_folder as import_folder
    from wkmp_lab.api import last_session as last_session
    from wkmp_lab.api import open_session as open_session
    from wkmp_lab.api import start_import as start_import
    from wkmp_lab.errors import WkmpLabError as WkmpLabError
    from wkmp_lab.notebook.environment import allow_nested_loops as allow_nested_loops
    from wkmp_lab.notebook.explore import explore as explore
    from wkmp_lab.planning import plan as plan
    from wkmp_lab.session import ImportSession as ImportSession
    from wkmp_lab.settings import Settings as Settings

_HOMES = {
    "ImportSession": "wkmp_lab.session",
    "Settings": "wkmp_lab.settings",
    "WkmpLabError": "wkmp_lab.errors",
    "allow_nested_loops": "wkmp_lab.notebook.environment",
    "explore": "wkmp_lab.notebook.explore",
    "examine": "wkmp_lab.api",
    "import_folder": "wkmp_lab.api",
    "last_session": "wkmp_lab.api",
    "open_session": "wkmp_lab.api",
    "plan": "wkmp_lab.planning",
    "start_import": "wkmp_lab.api",
}
"""Where each public name lives; it is loaded when it is first asked for."""

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wkmp_lab' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
