"""IPython in a terminal shows a page where plain Python would dump a record."""

from IPython.core.interactiveshell import InteractiveShell
from support.example_results import make_result

from wkmp_lab.notebook import environment


def test_a_result_is_a_page_in_ipython_of_a_terminal(monkeypatch):
    shell = InteractiveShell()
    monkeypatch.setattr(environment, "find_shell", lambda: shell)
    environment.prepare_shell()
    text = shell.display_formatter.format(make_result("/music/a.flac"))[0]["text/plain"]
    assert text.startswith("/music/a.flac\n")
    assert "FileResult(" not in text
