"""What may do the work, and which of these an address of a cluster stands for."""

import re
from typing import Literal, get_args

from wkmp_lab.errors import InvalidInputError

Backend = Literal["loky", "dask", "ray", "threading", "sequential"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
LOCAL_CLUSTER = "auto"
"""In the place of an address: a Dask cluster on this machine, for the run."""
_ADDRESS = re.compile(r"(tcp|tls|ray)://[^\s/]+:\d{1,5}")


def imply_backend(cluster: str, *, told: Backend | None = None) -> Backend:
    """The backend that a cluster's address stands for.

    Parameters
    ----------
    cluster
        ``auto``, or an address with its port.
    told
        The backend that was asked for, if any.

    Raises
    ------
    InvalidInputError
        It is no address, or another backend was asked for.

    >>> imply_backend("tcp://localhost:8786")
    'dask'
    """
    is_text = isinstance(cluster, str)
    if not is_text or not (cluster == LOCAL_CLUSTER or _ADDRESS.fullmatch(cluster)):
        what = "auto, tcp://host:port or tls://host:port (Dask), or ray://host:port (Ray)"
        raise InvalidInputError(f"cluster must be {what}, got {cluster!r}")
    implied: Backend = "ray" if cluster.startswith("ray:") else "dask"
    if told not in (None, implied):
        needed = f"cluster {cluster!r} needs the backend {implied!r}"
        raise InvalidInputError(f"{needed}, got backend {told!r}")
    return implied
