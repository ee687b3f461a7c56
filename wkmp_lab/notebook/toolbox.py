"""What the notebooks import beside the package itself."""

import contextlib
from functools import partial
from pathlib import Path

import pandas as pd

from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.flavoring.descriptors import DESCRIPTORS
from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.io.tags.reading import read_length_s
from wkmp_lab.pipeline import measure
from wkmp_lab.runner.decoder_child import run_in_child
from wkmp_lab.signals import LevelProfile
from wkmp_lab.tables.shown import mark


def find_sample() -> Path:
    """The folder of sample music: that of the checkout, from wherever a notebook runs.

    Raises
    ------
    InvalidInputError
        There is none, as in an installation without the checkout.
    """
    places = [*Path.cwd().parents, Path.cwd(), Path(__file__).parents[2]]
    for place in reversed(places):
        folder = place / "data" / "sample"
        if (folder / "truth.json").is_file():
            return folder
    raise InvalidInputError("the sample music is not here: name a folder of music instead")


def find_longest(folder: str | Path) -> str:
    """The audio file of a folder that lasts longest, by what the files say of themselves.

    Raises
    ------
    InvalidInputError
        The folder holds no audio file.
    """
    lengths_s: dict[str, float] = {}
    for file in scan_folder(folder).files:
        with contextlib.suppress(WkmpLabError, OSError):
            work = partial(read_length_s, file.path)
            lengths_s[file.path] = run_in_child(work, path=file.path) or 0.0
    if not lengths_s:
        raise InvalidInputError(f"no audio file was found in {str(folder)!r}")
    return max(lengths_s, key=lambda path: (lengths_s[path], path))


def read_profile(path: str | Path) -> LevelProfile:
    """The level profile of a file: what cutting it anew needs, without another decode.

    It is decoded in a child process.

    Raises
    ------
    DecodeError
        The file holds no audio that can be decoded.
    OSError
        The file cannot be opened.
    """
    return run_in_child(partial(measure.read_profile, path), path=path)


def list_descriptors() -> pd.DataFrame:
    """What the numbers of a flavor are: a row for each, with unit, range, meaning and source."""
    return mark(pd.DataFrame(DESCRIPTORS))
