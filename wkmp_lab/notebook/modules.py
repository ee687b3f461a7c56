"""The code that runs in the page: modules of ``notebook/static``, joined into the one it gets.

A widget hands one module over, and from there nothing else can be imported. So that the code may
still lie in files of one idea each, as plain modules that every tool reads, they are joined here:
each becomes a function that returns what it exports. No build, and nothing that is generated.
"""

import functools
import re
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.M)


@functools.cache
def read_module(name: str) -> str:
    """A module with all that it imports, as the text of one.

    Parameters
    ----------
    name
        Its place in ``notebook/static``, with slashes. It exports a default; what it imports
        lies beside it and exports functions, constants and classes by name.

    >>> "import {" in read_module("browser/browser.js")
    False
    """
    path = STATIC / name
    order: list[str] = []
    _find_parts(path.parent, path.name, order)
    *parts, last = order
    texts = [_wrap(part, _read(path.parent / part)) for part in parts]
    return "\n".join([*texts, _bind(_read(path.parent / last))])


def read_style(*names: str) -> str:
    """Style sheets, by their places in the room of the notebook, as one."""
    return "\n".join(_read(STATIC.parent / name) for name in names)


def _find_parts(folder: Path, name: str, order: list[str]) -> None:
    """Put a module behind all that it imports; each stands once."""
    for _, part in _IMPORT.findall(_read(folder / name)):
        if part not in order:
            _find_parts(folder, part, order)
    if name not in order:
        order.append(name)


def _wrap(name: str, text: str) -> str:
    exported = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _bind(text))
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"


def _bind(text: str) -> str:
    """The text of a module that takes what it imports from the variables of the others."""
    return _IMPORT.sub(lambda found: f"const {{{found[1]}}} = {_variable(found[2])};\n", text)


def _variable(name: str) -> str:
    return "$" + name.removesuffix(".js").replace("-", "_")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
