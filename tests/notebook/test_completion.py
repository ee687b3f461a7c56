"""What Tab offers in a cell, asked of the completer that kernels use."""

import jedi
import pytest
from IPython.core.completer import IPCompleter, provisionalcompleter

import wkmp_lab
from wkmp_lab.notebook.session import NotebookSession
from wkmp_lab.notebook.session_plots import SessionPlots


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Of an import of nothing."""
    folder = tmp_path_factory.mktemp("library")
    music = folder / "music"
    music.mkdir()
    settings = wkmp_lab.Settings(running=wkmp_lab.RunSettings(backend="sequential"))
    started = NotebookSession.start(music, settings=settings, store=folder / "kept.wkmp.db")
    return started.wait()


def public_names(noun):
    return {name for name in dir(noun) if not name.startswith("_")}


def complete(code, **names):
    return {each.name for each in jedi.Interpreter(code, [names]).complete()}


def test_tab_offers_every_public_name_of_a_session(session):
    assert public_names(session) <= complete("session.", session=session)


def test_tab_offers_every_picture_of_a_session(session):
    assert public_names(SessionPlots) <= complete("session.plot.", session=session)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("session.snapshot().", {"fraction", "remaining_s", "in_flight"}),
        ("session.passages.", {"sort_values", "groupby"}),
        ("session.wait().", {"passages", "export"}),
        ("wl.", set(wkmp_lab.__all__) - {"__version__"}),
        ("wl.open_session('music').", {"passages", "explore", "review", "plot"}),
        ("wl.open_session('music').plot.", {"timeline", "flavor_map"}),
    ],
)
def test_tab_goes_on_behind_what_is_returned(session, code, names):
    assert names <= complete(code, session=session, wl=wkmp_lab)


def test_the_completer_of_a_cell_offers_what_jedi_does(session):
    completer = IPCompleter(namespace={"session": session}, global_namespace={}, use_jedi=True)
    for code, noun in (("session.", session), ("session.plot.", SessionPlots)):
        with provisionalcompleter():
            offered = {each.text for each in completer.completions(code, len(code))}
        assert public_names(noun) <= {text.lstrip(".") for text in offered}
