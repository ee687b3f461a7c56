"""The one SQLite file of a library: where it lies, its tables, its rows, and what damages them."""

from wkmp_lab.library.store.places import (
    SUFFIX,
    find_store_path,
    find_stores,
    is_written_elsewhere,
    read_folder,
)
from wkmp_lab.library.store.profiles import ProfileStore, find_profiles
from wkmp_lab.library.store.rows import StoredRun
from wkmp_lab.library.store.store import Store

__all__ = [
    "SUFFIX",
    "ProfileStore",
    "Store",
    "StoredRun",
    "find_profiles",
    "find_store_path",
    "find_stores",
    "is_written_elsewhere",
    "read_folder",
]
