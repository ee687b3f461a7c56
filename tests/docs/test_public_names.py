"""Notebooks, README and documentation show public names only: those of ``wl`` or of a folder."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

import wkmp_lab as wl

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```\{?(?:code-cell|python|py|ipython3?)\b[^\n]*\n(.*?)^```", re.M | re.S)
DOTTED = re.compile(r"`(wkmp_lab(?:\.[A-Za-z_]\w*)+)[`(]")
SHORT = re.compile(r"\bwl\.([A-Za-z_]\w*)")


def read_pages() -> dict[str, tuple[str, str]]:
    """Name of each page to its prose and its Python."""
    pages = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = {"markdown": "", "code": ""}
        for cell in cells:
            texts[cell["cell_type"]] += "".join(cell["source"]) + "\n"
        pages[path.name] = texts["markdown"], texts["code"]
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = path.read_text(encoding="utf-8")
        code = "\n".join(re.sub(r"^:.*$", "", block, flags=re.M) for block in BLOCK.findall(text))
        pages[path.relative_to(ROOT).as_posix()] = BLOCK.sub("", text), code
    return pages


PAGES = read_pages()


def is_public(name: str) -> bool:
    """True for what a folder's ``__all__``, or that of the package, names, and for the folder."""
    folder, _, last = name.rpartition(".")
    if not folder:
        return name == "wkmp_lab"
    try:
        names = importlib.import_module(folder).__all__
    except (ImportError, AttributeError):
        return False
    try:
        return last in names or bool(importlib.import_module(name).__all__)
    except (ImportError, AttributeError):
        return False


def names_imported(code: str) -> list[str]:
    """What code imports of the package, in full; an await at the top is a notebook's."""
    lines = [line for line in code.splitlines() if not line.lstrip().startswith(("%", "!"))]
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile("\n".join(lines), "page", "exec", flags)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in nodes if (node.module or "").startswith("wkmp_lab")]
    return [f"{node.module}.{alias.name}" for node in ours for alias in node.names]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_public_names_only(page):
    prose, code = PAGES[page]
    shown = {f"wkmp_lab.{name}" for name in SHORT.findall(prose + code)}
    told = set() if "decisions/" in page else set(DOTTED.findall(prose))
    private = {name for name in shown | told | set(names_imported(code)) if not is_public(name)}
    assert not private


def test_a_private_name_would_be_found():
    assert not is_public("wkmp_lab.dsp.levels")
    assert not is_public("wkmp_lab.library.session.ImportSession")
    assert is_public("wkmp_lab.segmenting.find_passages")
    assert is_public("wkmp_lab.plots")
    code = "from wkmp_lab.tables import files_table, gaps_table\nx = 1\n"
    assert names_imported(code) == [
        "wkmp_lab.tables.files_table",
        "wkmp_lab.tables.gaps_table",
    ]


@pytest.mark.parametrize(
    "folder",
    sorted(
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for path in (ROOT / "wkmp_lab").rglob("__init__.py")
    ),
)
def test_what_a_folder_names_is_there(folder):
    module = importlib.import_module(folder)
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None


def test_wl_names_what_it_promises():
    assert {"import_folder", "start_import", "open_session", "examine", "plan"} <= set(wl.__all__)
