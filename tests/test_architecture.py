"""The house rules that import-linter cannot check: sizes, names, words from outside, import cost.

Who may import whom stands in ``pyproject.toml`` under ``[tool.importlinter]``.
"""

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "wkmp_lab"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {
    *("ipywidgets", "IPython", "matplotlib", "pandas", "librosa", "sklearn", "scipy.signal"),
    *("urllib3", "httpx", "requests", "filelock", "rapidfuzz", "jinja2"),
}


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def calls_in(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def find_loads_by_name(path: Path) -> list[str]:
    """What a module loads by a name that no import statement shows."""
    loads = [
        call
        for call in calls_in(path)
        if ast.unparse(call.func).split(".")[-1] in ("import_module", "__import__")
    ]
    return [ast.unparse(call) for call in loads]


def test_no_module_of_the_package_is_loaded_by_name():
    loads = {name_of(path): found for path in MODULES if (found := find_loads_by_name(path))}
    assert loads == {
        "wkmp_lab": ["importlib.import_module(_HOMES[name])"],
        "wkmp_lab.export.export": ["importlib.import_module('pyarrow')"],
        "wkmp_lab.runner.clusters.remote": ["importlib.import_module(package)"],  # dask or ray
    }


def test_the_plan_of_the_house_shows():
    n_files = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert n_files[PACKAGE] <= 12
    crowded = {str(folder): n for folder, n in n_files.items() if n > 12}
    assert not crowded


def names_of_types_in(path: Path) -> list[str]:
    """The public classes of a module, and what it calls by a type's name: aliases, no TypeVars."""
    found = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not is_type_variable(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [target.id for target in targets if isinstance(target, ast.Name)]
    return [name for name in found if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name)]


def is_type_variable(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "TypeVar"


def test_no_two_public_classes_share_a_name():
    homes = defaultdict(list)
    for path in MODULES:
        for name in names_of_types_in(path):
            homes[name].append(name_of(path))
    assert not {name: found for name, found in homes.items() if len(found) > 1}


def test_tests_stand_where_what_they_test_stands():
    homes = {path.relative_to(PACKAGE).parent for path in MODULES}
    own = {Path(name) for name in ("support", "torture", "browser", "docs")}
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    assert folders <= homes | own


def modules_named_in(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}


def test_no_test_imports_another():
    for path in TESTS.rglob("*.py"):
        words = {word for name in modules_named_in(path) for word in name.split(".")}
        assert not any(word.startswith("test_") for word in words), path


def test_no_file_is_two_ideas():
    too_long = {p.name: n for p in MODULES if (n := len(p.read_text("utf-8").splitlines())) > 400}
    assert not too_long


TAG = re.compile(r"</?[a-z][a-z0-9]*[ >/]")
OUTSIDE_WORDS = {
    *("path", "name", "title", "artist", "folder", "reason", "sentence", "detail", "why"),
    *("release_title", "verdict", "text", "message", "notes", "all_notes", "error"),
}
"""Attributes that hold what tags, file names and servers say."""


def find_bare_words(tree: ast.AST) -> list[str]:
    """What f-strings that hold HTML show of outside words without escaping them."""

    def visit(node: ast.AST) -> list[str]:
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if is_call and re.match(r"format_|_|len", node.func.id):
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
    bare = 'f"<b>{song.title}</b> {format_name(song.artist)} {len(song.path)}"'
    assert find_bare_words(ast.parse(bare)) == ["line 1: song.title"]


ELEMENTS = (
    "a|b|bdi|body|br|button|code|col|colgroup|dd|details|div|dl|dt|em|form|h[1-6]|head|html|i|img|"
    "input|label|li|link|meta|ol|p|pre|progress|script|small|span|strong|style|sub|summary|sup|"
    "svg|table|tbody|td|th|thead|title|tr|u|ul"
)
HTML = re.compile(rf"</?(?:{ELEMENTS})(?:[\s>/]|$)")
HTML_IN_PYTHON: dict[str, str] = {}
"""Modules that make HTML without a template, and why; may it stay empty."""


def find_html(tree: ast.AST) -> list[str]:
    """The texts of a module that hold HTML, its documentation left out."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        f"line {node.lineno}: {node.value!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in told and HTML.search(node.value)
    ]


def test_html_is_made_by_templates_alone():
    makers = {
        name_of(path): found
        for path in MODULES
        if (found := find_html(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert makers.keys() == HTML_IN_PYTHON.keys(), makers


def test_html_in_a_module_would_be_found():
    code = '"""Of <b>."""\nname = f"<td {style}>{words}"\nother = "<br>".join("a")'
    assert find_html(ast.parse(code)) == ["line 2: '<td '", "line 3: '<br>'"]


def test_no_template_and_no_module_takes_a_value_for_html():
    for path in PACKAGE.rglob("*.jinja"):
        assert not re.search(r"\|\s*safe\b|autoescape", path.read_text(encoding="utf-8")), path
    for path in MODULES:
        assert "markupsafe" not in modules_named_in(path), path
        assert "Markup" not in path.read_text(encoding="utf-8"), path


def test_the_first_process_compiles_whatever_is_compiled():
    from wkmp_lab.runner.worker import KERNEL_ROOMS

    compiled = {
        path.relative_to(PACKAGE).parts[0]
        for path in MODULES
        if re.search(r"@(numba\.)?n?jit", path.read_text(encoding="utf-8"))
    }
    assert compiled
    assert compiled <= set(KERNEL_ROOMS)


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_heavy():
    loaded = run_python("import sys, wkmp_lab; print(*sys.modules)").split()
    assert not HEAVY & set(loaded)
    assert "numpy" not in loaded


def test_a_worker_loads_nothing_heavy():
    loaded = run_python("import sys, wkmp_lab.runner.worker; print(*sys.modules)").split()
    assert not HEAVY & set(loaded)


WEB = {"urllib3", "httpx", "requests", "certifi"}


def test_offline_nothing_of_the_web_client_is_loaded(tmp_path):
    settings = "Settings(identifying=IdentifySettings(is_offline=True))"
    loaded = run_python(
        "import sys\n"
        "from wkmp_lab.lookup.services import open_services\n"
        "from wkmp_lab.settings import IdentifySettings, Settings\n"
        f"with open_services({settings}, is_cancelled=bool): print(*sys.modules)"
    ).split()
    assert "wkmp_lab.io.web.connection" in loaded
    assert not WEB & set(loaded)


def test_every_public_name_can_be_had():
    import wkmp_lab

    for name in wkmp_lab.__all__:
        assert getattr(wkmp_lab, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = wkmp_lab.nonsense
