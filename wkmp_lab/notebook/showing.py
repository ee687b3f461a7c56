"""Progress beside a session, as fits where the code runs: widgets, HTML, a bar, or nothing."""

import os
import sys
import threading

from wkmp_lab.display import terminal
from wkmp_lab.notebook.environment import Ui, find_shell, find_ui, is_voila


def choose_ui(chosen: str | None = None) -> Ui:
    """How progress is shown here and now, where nothing is chosen; see :func:`find_ui`."""
    return find_ui(
        shell=find_shell(),
        environment=os.environ,
        is_terminal=sys.stderr is not None and sys.stderr.isatty(),
        chosen=chosen,
    )


def show_session(session: terminal.Watched, *, ui: Ui) -> threading.Thread:
    """Show a session until it ends; the thread that does so, running, is returned."""
    if ui in ("widgets", "html"):
        # Loaded here: a script must not pay for IPython and widgets.
        from wkmp_lab.notebook.progress.display import make_follower

        show = make_follower(session, ui=ui, is_page=is_voila(os.environ))
    elif ui in ("text", "log"):

        def show() -> None:
            terminal.show_progress(session, stream=sys.stderr)
    else:

        def show() -> None:
            """Nothing is shown."""

    thread = threading.Thread(target=show, name="wkmp-progress", daemon=True)
    thread.start()
    return thread
