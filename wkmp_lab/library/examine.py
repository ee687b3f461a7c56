"""One file through all phases, now."""

from pathlib import Path

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.lookup.lookup_thread import identify_now
from wkmp_lab.lookup.services import find_library
from wkmp_lab.model import FileResult, SourceFile
from wkmp_lab.runner.one_file import measure_apart
from wkmp_lab.runner.worker import Task
from wkmp_lab.settings import Settings


def examine(path: str | Path, *, settings: Settings | None = None) -> FileResult:
    """One file through all phases; nothing is stored. It is decoded in a child process.

    Raises
    ------
    InvalidInputError
        There is no such file, or it is a folder.
    """
    file = Path(path).expanduser().absolute()
    if file.is_dir():
        raise InvalidInputError(f"expected an audio file, got a folder to import: {str(path)!r}")
    if not file.is_file():
        raise InvalidInputError(f"there is no audio file at {str(path)!r}")
    stat = file.stat()
    source = SourceFile(str(file), stat.st_size, stat.st_mtime_ns, (stat.st_dev, stat.st_ino))
    settings = settings or Settings()
    measured = measure_apart(Task(0, source), settings)
    return identify_now(measured, settings, folder=find_library(file))
