"""What the documentation is built with: a room to run its pages in, inventories, a last look.

``conf.py`` calls these; nothing here knows of Sphinx.
"""

import hashlib
import importlib
import os
import re
import shutil
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = "docs-room"

PLACES: Mapping[str, Mapping[str, str]] = {
    "https://docs.python.org/3/": {
        "collections.abc.Callable": "library/collections.abc.html",
        "collections.abc.Iterable": "library/collections.abc.html",
        "collections.abc.Mapping": "library/collections.abc.html",
        "collections.abc.Sequence": "library/collections.abc.html",
        "enum.StrEnum": "library/enum.html",
        "pathlib.Path": "library/pathlib.html",
        "BaseException": "library/exceptions.html",
        "Exception": "library/exceptions.html",
        "KeyboardInterrupt": "library/exceptions.html",
        "TimeoutError": "library/exceptions.html",
        "UserWarning": "library/exceptions.html",
        "ValueError": "library/exceptions.html",
        **dict.fromkeys(("bool", "float", "int", "str"), "library/functions.html"),
        **dict.fromkeys(("dict", "list", "tuple"), "library/stdtypes.html"),
    },
    "https://matplotlib.org/stable/": {
        "matplotlib.axes._axes.Axes": "api/axes_api.html#matplotlib.axes.Axes",
    },
    "https://numpy.org/doc/stable/": {
        "numpy.dtype": "reference/generated/numpy.dtype.html",
        "numpy.float32": "reference/arrays.scalars.html",
        "numpy.ndarray": "reference/generated/numpy.ndarray.html",
    },
    "https://pandas.pydata.org/docs/": {"pandas.DataFrame": "reference/api/pandas.DataFrame.html"},
}
"""Where the types of others are described: their own inventories hold thousands of names and would
have to be fetched. A name that is missing here makes the build fail, and is added by hand."""

ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe|audio|video|source|embed)\b[^>]*?\bsrc\s*=\s*["']?(?:https?:)?//[^>]*>
      |<link\b(?=[^>]*\brel\s*=\s*["']?(?:stylesheet|preload|modulepreload|icon|preconnect))
             [^>]*?\bhref\s*=\s*["']?(?:https?:)?//[^>]*>
      |@import\s+(?:url\()?["']?(?:https?:)?//[^;]*""",
    re.IGNORECASE | re.VERBOSE,
)
"""What a browser would fetch from another host by itself; links to follow are no such thing."""


def write_inventories(folder: Path) -> dict[str, tuple[str, str]]:
    """Write an inventory a host, and return what ``intersphinx_mapping`` wants of them."""
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for base, places in PLACES.items():
        name = base.split("/")[2].split(".")[-2]
        head = f"# Sphinx inventory version 2\n# Project: {name}\n# Version: \n"
        lines = "".join(
            f"{word} py:{_role_of(word)} 1 {place}{'' if '#' in place else '#$'} -\n"
            for word, place in sorted(places.items())
        )
        path = folder / f"{name}.inv"
        zipped = zlib.compress(lines.encode())
        path.write_bytes(f"{head}# The remainder is compressed using zlib.\n".encode() + zipped)
        mapping[name] = (base, str(path))
    return mapping


def _role_of(word: str) -> str:
    is_raised = word.endswith(("Error", "Exception", "Interrupt", "Warning"))
    return "exception" if is_raised else "class"


def copy_notebooks(folder: Path) -> None:
    """Bring the notebooks to where Sphinx reads them; a page is written anew where one changed."""
    sources = {path.name: path for path in (ROOT / "notebooks").glob("*.ipynb")}
    for old in folder.glob("*.ipynb"):
        if old.name not in sources:
            old.unlink()
    for name, source in sources.items():
        target = folder / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copyfile(source, target)


def find_room(build: Path) -> Path:
    """Where the pages are run for this state of package and sample; another state has another."""
    digest = hashlib.sha256((ROOT / "data" / "sample" / "SHA256SUMS").read_bytes())
    for path in sorted((ROOT / "wkmp_lab").rglob("*.*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return build / ROOMS / digest.hexdigest()[:8]


def enter_room(room: Path) -> None:
    """Let the kernels to come find this package and its command, and nothing of who builds."""
    for old in (room.parents[1] / ROOMS).glob("*"):
        if old.name != room.name:
            shutil.rmtree(old)
    for name in list(os.environ):
        if name.startswith(("WKMP_LAB_", "XDG_")):
            del os.environ[name]
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    commands = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    os.environ |= {
        "HOME": str(room / "home"),
        "USERPROFILE": str(room / "home"),
        "IPYTHONDIR": str(room / "ipython"),
        "MPLCONFIGDIR": str(room / "matplotlib"),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PATH": os.pathsep.join(commands),
    }
    profile = room / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    # Each kernel would warn that what it says on this machine is not encrypted.
    (profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 'ERROR'\n")


def make_home(room: Path) -> None:
    """Give the next page a reader's home as if new, whose ``~/Music`` is the sample.

    So a page can say what its readers will write, touches no library of whoever builds, and shows
    the same whichever pages were run before.
    """
    shutil.rmtree(room / "home", ignore_errors=True)
    shutil.copytree(ROOT / "data" / "sample", room / "home" / "Music")


def hide_places(text: str, room: Path) -> str:
    """The text of an output without the folders of this machine."""
    return text.replace(str(room / "home"), "~").replace(f"{ROOT}{os.sep}", "")


def find_elsewhere(site: Path) -> Iterator[tuple[str, str]]:
    """(page, tag) of everything that a browser would fetch from another host."""
    for path in sorted([*site.rglob("*.html"), *site.rglob("*.css")]):
        for found in ELSEWHERE.finditer(path.read_text(encoding="utf-8")):
            yield path.relative_to(site).as_posix(), found.group(0)[:200]


def name_pandas() -> None:
    """Give modules that load pandas only where a table is made the name in their annotations."""
    pandas = importlib.import_module("pandas")
    for path in sorted((ROOT / "wkmp_lab").rglob("*.py")):
        if "if TYPE_CHECKING:\n    import pandas as pd\n" in path.read_text(encoding="utf-8"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            importlib.import_module(name).pd = pandas
