"""The documentation builds without a warning, its cells left unrun: ``make docs`` runs them."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import wkmp_lab as wl

pytest.importorskip("myst_nb", reason="the documentation needs wkmp-lab[docs]")
from sphinx.util.inventory import InventoryFile

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("site_tools", ROOT / "docs" / "site_tools.py")
assert _SPEC is not None
assert _SPEC.loader is not None
site_tools = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(site_tools)


def test_every_page_builds_without_a_warning_and_the_reference_has_all_that_wl_names(tmp_path):
    options = ["-n", "-W", "--keep-going", "-q", "-D", "nb_execution_mode=off"]
    places = ["-d", str(tmp_path / "doctrees"), str(ROOT / "docs"), str(tmp_path / "site")]
    command = [sys.executable, "-m", "sphinx", *options, *places]

    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "tutorials" / "01_import.html").is_file()
    assert (tmp_path / "site" / "explanation" / "promises.html").is_file()
    inventory = InventoryFile.loads((tmp_path / "site" / "objects.inv").read_bytes(), uri="")
    told = {name for kind in inventory.data.values() for name in kind}
    assert not {f"wkmp_lab.{name}" for name in wl.__all__} - told - {"wkmp_lab.__version__"}


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://cdn.example.org/a.js"></script>',
        "<script async src='//cdn.example.org/a.js'></script>",
        '<img alt="" src="http://example.org/a.png">',
        '<link href="https://fonts.example.org/css" rel="stylesheet">',
        '<link rel=stylesheet href="https://fonts.example.org/css">',
        '<style>@import url("https://example.org/a.css");</style>',
    ],
)
def test_what_a_page_would_fetch_from_another_host_is_found(tmp_path, tag):
    (tmp_path / "page.html").write_text(f"<p>Here</p>\n{tag}\n", encoding="utf-8")

    assert [page for page, _ in site_tools.find_elsewhere(tmp_path)] == ["page.html"]


def test_links_to_follow_and_pictures_of_the_site_are_no_such_thing(tmp_path):
    text = (
        '<a href="https://acoustid.org">AcoustID</a><img src="_images/a.png">'
        '<script src="_static/a.js"></script><link rel="stylesheet" href="_static/a.css">'
        '<link rel="canonical" href="https://example.org/page.html">'
    )
    (tmp_path / "page.html").write_text(text, encoding="utf-8")

    assert not list(site_tools.find_elsewhere(tmp_path))


def test_an_output_shows_no_folder_of_this_machine(tmp_path):
    home = tmp_path / "home" / "Music" / "song.flac"

    assert site_tools.hide_places(f"in '{home}'", tmp_path) == "in '~/Music/song.flac'"
    assert site_tools.hide_places(str(ROOT / "data" / "sample"), tmp_path) == "data/sample"
