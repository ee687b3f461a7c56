"""The house rules that a machine can check: who imports whom, and what importing costs."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "wkmp_lab"
MODULES = sorted(PACKAGE.rglob("*.py"))
PHASES = {"segmenting", "fingerprinting", "identifying", "analyzing", "flavoring"}
FRONT_ENDS = {"notebook", "cli", "cli_options", "terminal"}
HEAVY = {
    *("ipywidgets", "IPython", "matplotlib", "pandas", "librosa", "sklearn", "scipy.signal"),
    *("urllib3", "httpx", "requests", "filelock", "rapidfuzz"),
}


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, *, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_of(path: Path) -> set[str]:
    """The second parts of what a module imports from the package: dsp, io, tables, ..."""
    return {name.split(".")[1] for name in imports_of(path) if name.startswith("wkmp_lab.")}


@pytest.mark.parametrize("phase", sorted(PHASES))
def test_a_phase_imports_no_other_phase_and_no_io(phase):
    rooms = rooms_of(PACKAGE / f"{phase}.py")
    assert not rooms & (PHASES - {phase})
    assert "io" not in rooms


def test_dsp_imports_only_what_lies_below_it():
    for path in (PACKAGE / "dsp").glob("*.py"):
        assert rooms_of(path) <= {"dsp", "errors", "units", "model", "settings", "signals"}, path


def test_io_imports_no_phase_but_the_fingerprint_code():
    for path in (PACKAGE / "io").glob("*.py"):
        assert not rooms_of(path) & (PHASES - {"fingerprinting"}), path


def test_nothing_imports_a_front_end_but_front_ends():
    for path in MODULES:
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if own not in FRONT_ENDS | {"__main__", "__init__"}:
            assert not rooms_of(path) & FRONT_ENDS, path


def test_only_tables_and_what_shows_them_know_pandas():
    knowing = {name_of(path) for path in MODULES if "pandas" in imports_of(path)}
    rooms = {name.split(".")[1] for name in knowing}
    tables = {"tables", "result_tables"}
    assert rooms <= tables | {"export", "session", "neighbours", "notebook", "planning"}


def test_only_the_runner_knows_joblib():
    knowing = {name_of(p) for p in MODULES if any(n.startswith("joblib") for n in imports_of(p))}
    assert knowing == {"wkmp_lab.runner"}


def test_there_are_no_circles():
    names = {name_of(path) for path in MODULES}
    graph = {
        name_of(path): {n for n in imports_of(path, top_level_only=True) if n in names}
        for path in MODULES
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in graph[name] - {name}:
                visit(other, (*trail, name))
            done.add(name)

    for name in names:
        visit(name, ())


def test_no_file_is_two_ideas():
    too_long = {p.name: n for p in MODULES if (n := len(p.read_text("utf-8").splitlines())) > 400}
    assert not too_long


TAG = re.compile(r"</?[a-z][a-z0-9]*[ >/]")
OUTSIDE_WORDS = {
    *("path", "name", "title", "artist", "folder", "reason", "sentence", "detail", "why"),
    *("release_title", "verdict", "text", "message", "notes", "error"),
}
"""Attributes that hold what tags, file names and servers say."""


def find_bare_words(tree: ast.AST) -> list[str]:
    """What f-strings that hold HTML show of outside words without escaping them."""

    def visit(node: ast.AST) -> list[str]:
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if is_call and re.match(r"escape_html|format_|_|len", node.func.id):
            return []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):  # a method
            return [word for child in (node.func.value, *node.args) for word in visit(child)]
        mine = isinstance(node, ast.Attribute) and node.attr in OUTSIDE_WORDS
        found = [f"line {node.lineno}: {ast.unparse(node)}"] if mine else []
        return found + [word for child in ast.iter_child_nodes(node) for word in visit(child)]

    pages = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        and TAG.search("".join(v.value for v in node.values if isinstance(v, ast.Constant)))
    ]
    return [
        word
        for page in pages
        for part in page.values
        if isinstance(part, ast.FormattedValue)
        for word in visit(part.value)
    ]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_outside_word_stands_bare_in_html(path):
    assert not find_bare_words(ast.parse(path.read_text(encoding="utf-8")))


def test_a_bare_word_in_html_would_be_found():
    bare = 'f"<b>{song.title}</b> {escape_html(song.artist)} {len(song.path)}"'
    assert find_bare_words(ast.parse(bare)) == ["line 1: song.title"]


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_heavy():
    loaded = run_python("import sys, wkmp_lab; print(*sys.modules)").split()
    assert not HEAVY & set(loaded)
    assert "numpy" not in loaded


def test_a_worker_loads_nothing_heavy():
    loaded = run_python("import sys, wkmp_lab.worker; print(*sys.modules)").split()
    assert not HEAVY & set(loaded)


WEB = {"urllib3", "httpx", "requests", "certifi"}


def test_offline_nothing_of_the_web_client_is_loaded(tmp_path):
    settings = "Settings(identifying=IdentifySettings(is_offline=True))"
    loaded = run_python(
        "import sys\n"
        "from wkmp_lab.services import open_services\n"
        "from wkmp_lab.settings import IdentifySettings, Settings\n"
        f"with open_services({settings}, is_cancelled=bool): print(*sys.modules)"
    ).split()
    assert "wkmp_lab.io.wire" in loaded
    assert not WEB & set(loaded)


def test_every_public_name_can_be_had():
    import wkmp_lab

    for name in wkmp_lab.__all__:
        assert getattr(wkmp_lab, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = wkmp_lab.nonsense
