"""What the notebooks import beside the package itself."""

from pathlib import Path

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.io.scanning import scan_folder
from wkmp_lab.pipeline import read_profile as read_profile

__all__ = ["find_longest", "find_sample", "read_profile"]


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
    """The audio file of a folder that holds the most bytes: most often the longest.

    Raises
    ------
    InvalidInputError
        The folder holds no audio file.
    """
    files = scan_folder(folder).files
    if not files:
        raise InvalidInputError(f"no audio file was found in {str(folder)!r}")
    return max(files, key=lambda file: file.size_bytes).path
