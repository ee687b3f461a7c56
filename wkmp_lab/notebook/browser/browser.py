"""The library as one view: sorted, filtered, heard and chosen from, while an import runs too."""

import os
import threading
import time
from typing import Any

import pandas as pd
from IPython import get_ipython

from wkmp_lab.library.session import ImportSession
from wkmp_lab.notebook.browser.desk import Desk
from wkmp_lab.notebook.browser.record import format_browser_html, format_browser_text
from wkmp_lab.notebook.browser.shelf import Shelf
from wkmp_lab.notebook.environment import find_ui
from wkmp_lab.notebook.standing import Bundle, Standing

LOOK_S = 0.5
"""Between two looks at an import that runs."""
REST = 20
"""Times as long as a look has taken, until the next: large libraries are looked at less often."""


def browse(session: ImportSession) -> "Browser":
    """Look at a library as a whole; the last expression of a cell shows it.

    Parameters
    ----------
    session
        An import, running or ended; what comes later is shown as it comes.
    """
    return Browser(session)


class Browser:
    """A table of all passages with a player, and two planes that share its selection.

    In a notebook it is a widget, where nobody looks a table, in a terminal a few lines.
    """

    def __init__(self, session: ImportSession) -> None:
        self._session = session
        self._shelf = Shelf(session)
        self._standing = Standing()
        self._page: Any = None

    @property
    def selection(self) -> pd.DataFrame:
        """The rows of ``session.passages`` that are selected, with their index there.

        What has been cut otherwise since is not among them. It is a new table at each call, so it
        can be kept, and filtered like any other.
        """
        return self._shelf.make_selection()

    def close(self) -> None:
        """End the browsing: tables, which a saved file keeps, take the place of the widget."""
        self._standing.end(self._make_bundle())
        if self._page is not None:
            self._page.close()
            self._page = None

    def __repr__(self) -> str:
        self._shelf.renew()
        return format_browser_text(self._shelf)

    def _ipython_display_(self) -> None:
        ui = find_ui(shell=get_ipython(), environment=os.environ, is_terminal=True)
        if ui != "widgets":
            self._standing.show_static(self._make_bundle())
            return
        self._open_page()
        self._standing.show(self._page.make_view(), self._make_bundle())

    # -- inside ------------------------------------------------------------------------------

    def _open_page(self) -> None:
        if self._page is not None:
            return
        from wkmp_lab.notebook.browser.page import BrowserPage  # where nobody looks, none is made

        page = BrowserPage(lambda message, buffers: desk.take(message, buffers))
        desk = Desk(self._session, self._shelf, send=page.send, on_change=self._keep)
        self._page = page
        if not self._session.is_ended:
            follow = threading.Thread(target=self._follow, args=(desk,), name="wkmp-browse-follow")
            follow.daemon = True
            follow.start()

    def _follow(self, desk: Desk) -> None:
        """Look at the import until it ends, a last time then."""
        is_ended = False
        while not is_ended and self._page is not None:
            began_s = time.monotonic()
            is_ended = self._session.is_ended
            desk.renew()
            if not is_ended:
                time.sleep(max(LOOK_S, REST * (time.monotonic() - began_s)))

    def _keep(self) -> None:
        if self._page is not None:
            self._standing.keep(self._make_bundle())

    def _make_bundle(self) -> Bundle:
        return {
            "text/html": format_browser_html(self._shelf),
            "text/plain": format_browser_text(self._shelf),
        }
