"""An import as a notebook holds it: the session with its pictures and its widgets.

Whatever draws is loaded when it is asked for: a script that never looks does not pay for it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from wkmp_lab.library.session import ImportSession

if TYPE_CHECKING:
    from wkmp_lab.notebook.explorer.explorer import Explorer
    from wkmp_lab.notebook.review.review import Review
    from wkmp_lab.notebook.session_plots import SessionPlots


class NotebookSession(ImportSession):
    """One import of one folder, with what a notebook shows of it."""

    @property
    def plot(self) -> "SessionPlots":
        """The pictures of the session, as in ``session.plot.timeline()``."""
        from wkmp_lab.notebook.session_plots import SessionPlots

        return SessionPlots(self)

    def explore(self, path: str | Path) -> "Explorer":
        """See, hear and move the cuts of one file; the last expression of a cell shows it.

        Parameters
        ----------
        path
            A file of the library, absolute or from its folder. It is decoded once, now.

        Raises
        ------
        DecodeError
            The file holds no audio that can be decoded.
        InvalidInputError
            The session does not know the file.
        """
        from wkmp_lab.notebook.explorer.explorer import explore

        return explore(path, session=self)

    def review(self) -> "Review":
        """What is not sure, to be decided by hand: one by one, or many in a table."""
        from wkmp_lab.notebook.review.review import review

        return review(self)
