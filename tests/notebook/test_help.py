"""Help where one looks, asked of a real kernel: Tab, the question mark, lists and errors."""

import pytest
from support.kernels import run_kernel

import wkmp_lab
from wkmp_lab.notebook.session import NotebookSession
from wkmp_lab.notebook.session_plots import SessionPlots

pytestmark = pytest.mark.slow

SETUP = """
import wkmp_lab as wl
settings = wl.Settings(running=wl.RunSettings(backend="sequential"))
session = wl.import_folder({music!r}, settings=settings, store={store!r}, ui="none")
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """With an import of nothing."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "music").mkdir()
    with run_kernel(folder) as kernel:
        kernel.run(SETUP.format(music=str(folder / "music"), store=str(folder / "kept.wkmp.db")))
        yield kernel


def public_names(noun):
    return {name for name in dir(noun) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("code", "prefix", "names"),
    [
        ("session.", "session.", public_names(NotebookSession)),
        ("session.plot.", "session.plot.", public_names(SessionPlots)),
        ("session.retry().plot.", "", public_names(SessionPlots)),
        ("session.wait().plot.", "", public_names(SessionPlots)),
        ("wl.", "wl.", set(wkmp_lab.__all__) - {"__version__"}),
        ("wl.Settings(", "", {"segmenting=", "identifying=", "running="}),
        ("wl.RunSettings(", "", {"n_jobs=", "backend="}),
        ("wl.import_folder(", "", {"settings=", "store="}),
    ],
)
def test_tab_offers_what_goes_on_there(kernel, code, prefix, names):
    offered = {each.rpartition(".")[2] for each in kernel.complete(code)}
    assert names <= offered


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "session.explore",
            ("path: str | pathlib.Path", "decoded once, now", "InvalidInputError"),
        ),
        ("session.retry", ("failed files again",)),
        ("wl.Settings", ("segmenting", "running")),
    ],
)
def test_a_question_mark_tells_the_call_itself(kernel, name, told):
    text = kernel.explain(name)
    assert all(words in text for words in told), text


def test_the_pictures_are_listed_with_a_sentence_each(kernel):
    (shown,) = kernel.show("session.plot")
    lines = shown["data"]["text/plain"].splitlines()
    assert len(lines) == len(public_names(SessionPlots))
    assert all(line.startswith("session.plot.") for line in lines)
    assert all(len(line.partition(")")[2].split()) >= 3 for line in lines), lines


def test_help_of_the_package_orients(kernel):
    (shown,) = kernel.show("help(wl)")
    for words in ("import_folder", "session.plot lists them", "wl.RunSettings(n_jobs=2)"):
        assert words in shown["text"]


def test_a_setting_in_the_wrong_place_is_told_where_it_belongs(kernel):
    (shown,) = kernel.show("wl.Settings(n_jobs=2)")
    assert "wl.Settings(running=wl.RunSettings(n_jobs=2))" in shown["evalue"]


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("session.pasages", "'passages'"),
        ("session.plot.timelin", "'timeline'"),
        ("wl.pln", "'plan'"),
    ],
)
def test_a_mistyped_attribute_is_told_what_may_have_been_meant(kernel, code, meant):
    (shown,) = kernel.show(code)
    assert shown["ename"] == "AttributeError"
    assert f"did you mean {meant}" in shown["evalue"]


@pytest.mark.parametrize("call", ["retry", "identify"])
def test_trying_and_asking_again_are_shown_as_an_import_is(kernel, call):
    shown = kernel.show(f"session.ui = 'html'; done = session.{call}().wait()")
    assert "Import" in shown[0]["data"]["text/plain"]
    assert kernel.ask("done.ui") == "html"


@pytest.mark.parametrize(
    "code",
    ["x = 1\nsession.explore('nowhere.flac')", "x = 1\nsession.plot.passages('nowhere.flac')"],
)
def test_our_own_errors_show_the_line_that_called_and_the_message(kernel, code):
    (shown,) = kernel.show(code)
    told = "\n".join(shown["traceback"])
    assert shown["ename"] == "InvalidInputError"
    assert told.startswith(f"In this cell, line 2:\n----> {code.splitlines()[1]}\n")
    assert "expected a file of" in told
    assert told.count("\n") == 3


def test_our_own_error_that_a_cell_raises_is_one_line(kernel):
    (shown,) = kernel.show("raise wl.WkmpLabError('out of tune')")
    assert shown["traceback"] == ["\x1b[31mWkmpLabError\x1b[39m: out of tune"]


def test_errors_of_others_are_shown_whole(kernel):
    (shown,) = kernel.show("def divide(): return 1 / 0\ndivide()")
    assert "".join(shown["traceback"]).count("divide()") >= 3


def test_tables_of_others_are_shown_as_before_and_no_option_of_pandas_is_set(kernel):
    kernel.run("import pandas as pd; own = pd.DataFrame({'path': ['/m/a.flac'], 'end_s': [1.25]})")
    (shown,) = kernel.show("own")
    assert shown["data"]["text/html"] == kernel.ask("own._repr_html_()")
    (ours,) = kernel.show("session.passages")
    assert "wl.show_all(table)" in ours["data"]["text/html"]
    assert kernel.ask("pd.get_option('display.max_columns')") == 20
    kernel.run(
        "get_ipython().display_formatter.formatters['text/html']"
        ".for_type(pd.DataFrame, lambda table: 'their own')"
    )
    assert kernel.show("own")[0]["data"]["text/html"] == "their own"
