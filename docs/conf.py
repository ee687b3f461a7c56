"""How the documentation is built; see ``make docs``."""

import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path[:0] = [str(DOCS), str(ROOT)]

import site_tools  # noqa: E402 (a neighbour, found by the line above)

import wkmp_lab  # noqa: E402

BUILD = ROOT / "build"
ROOM = site_tools.find_room(BUILD)
site_tools.copy_notebooks(DOCS / "tutorials")
site_tools.name_pandas()

project = "wkmp_lab"
project_copyright = "the wkmp_lab contributors, MIT licence"
version = release = wkmp_lab.__version__
extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["images/*"]
nitpicky = True
nitpick_ignore_regex = [
    # Docstrings also lead a reader of the source to modules and constants that have no page here.
    # What the reference does list must be found.
    (r"py:.*", r"wkmp_lab\.(?!(?:model|settings|signals|flavors|errors)\.)\w+\..*"),
    (r"py:(?:attr|data|func|meth|mod)", r"(?!wkmp_lab\.)[a-z_]+\..*|[A-Z_]+"),
    # Classes that are loaded when they are first asked for: their annotations are bare names.
    (r"py:class", r"Explorer|Review|SessionPlots|Tuner"),
]

# -- pages with cells: run once for a state of the package, each in a home of its own -------------
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOM / "executed")
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 600
nb_output_stderr = "warn"
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
"""Without a kernel no widget lives: pages show what stays of them, and load no script for it."""

# -- the reference --------------------------------------------------------------------------------
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autosummary_generate = False
linkcheck_timeout = 20
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"
intersphinx_mapping = site_tools.write_inventories(BUILD / "docs-inventories")

# -- how it looks ---------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "wkmp_lab"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "images/logo_light.svg"
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "getting_started": [], "gallery": []}
html_theme_options = {
    "logo": {
        "text": "wkmp_lab",
        "image_light": "images/logo_light.svg",
        "image_dark": "images/logo_dark.svg",
    },
    "header_links_before_dropdown": 7,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}


def enter_room(_app: Sphinx, config: Config) -> None:
    """Prepare the room that pages are run in, where they are run at all."""
    if config.nb_execution_mode != "off":
        site_tools.enter_room(ROOM)


def make_home(app: Sphinx, _page: str, _content: list[str]) -> None:
    """A new home for the next page."""
    if app.config.nb_execution_mode != "off":
        site_tools.make_home(ROOM)


def hide_places(_app: Sphinx, page: nodes.document) -> None:
    """Show ``~`` and paths from the checkout on, so that every machine makes the same page."""
    for text in list(page.findall(nodes.Text)):
        told = site_tools.hide_places(str(text), ROOM)
        if told != text:
            parent = text.parent
            parent.replace(text, nodes.Text(told))
            parent.rawsource = told


def look_over(app: Sphinx, exception: Exception | None) -> None:
    """A warning, which fails the build, for whatever a page would fetch from another host."""
    if exception is None and app.builder.format == "html":
        for page, tag in site_tools.find_elsewhere(Path(app.outdir)):
            logging.getLogger(__name__).warning("%s fetches from another host: %s", page, tag)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("config-inited", enter_room)
    app.connect("source-read", make_home)
    app.connect("doctree-read", hide_places)
    app.connect("build-finished", look_over)
