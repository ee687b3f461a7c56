"""An import as a notebook holds it: the session with its pictures and its widgets.

Whatever draws is loaded when it is asked for: a script that never looks does not pay for it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from wkmp_lab.library.session import ImportSession
from wkmp_lab.notebook.environment import Ui
from wkmp_lab.notebook.showing import choose_ui, show_session
from wkmp_lab.settings import AnalyzeSettings, IdentifySettings, SegmentSettings

if TYPE_CHECKING:
    from wkmp_lab.notebook.browser.browser import Browser
    from wkmp_lab.notebook.explorer.explorer import Explorer
    from wkmp_lab.notebook.review.review import Review
    from wkmp_lab.notebook.session_plots import SessionPlots
    from wkmp_lab.notebook.tuner.tuner import Tuner


class NotebookSession(ImportSession):
    """One import of one folder, with what a notebook shows of it.

    Attributes
    ----------
    ui
        How its progress was asked to be shown; None: as fits.
    """

    ui: Ui | None = None

    # Self, as the base returns it, is more than jedi follows behind a call.

    def wait(self, timeout: float | None = None) -> "NotebookSession":
        """Wait for the end, at most ``timeout`` seconds; None waits as long as it takes.

        Raises
        ------
        TimeoutError
            The import was still running; it goes on.
        KeyboardInterrupt
            The wait was interrupted; the import is cancelled, finished files are kept.
        WkmpLabError
            The import could not be carried out.
        """
        return super().wait(timeout)

    def retry(self) -> "NotebookSession":
        """A new import of the same folder that also tries the failed files again, shown here."""
        return self._show(super().retry())

    def identify(self, settings: IdentifySettings | None = None) -> "NotebookSession":
        """A new import of the folder that asks what is still open; nothing is decoded again.

        Its progress is shown here, as that of any import.

        Parameters
        ----------
        settings
            Others than before decide every passage anew, from stored fingerprints.
        """
        return self._show(super().identify(settings))

    def retune(
        self,
        *,
        segmenting: SegmentSettings | None = None,
        analyzing: AnalyzeSettings | None = None,
        redo: bool = False,
    ) -> "NotebookSession":
        """Cut and measure the whole library by other settings, from its kept profiles, undecoded.

        Cuts, levels, loudness and leads are then those of a fresh import by these settings, to the
        last bit. Passages that begin or end elsewhere have to be heard anew: they lack
        fingerprint, descriptors and identity until the next import, which decodes their files,
        and those without a profile. What was decided by hand stays. ``preview_retune`` tells
        what would change.

        Parameters
        ----------
        segmenting, analyzing
            How files are cut, and how leads are found; None: as before.
        redo
            Start that next import at once, shown here, and return it as it begins.
        """
        later = super().retune(segmenting=segmenting, analyzing=analyzing, redo=redo)
        return self._show(later) if redo else later

    def _show(self, later: "NotebookSession") -> "NotebookSession":
        later.ui = self.ui
        show_session(later, ui=choose_ui(self.ui))
        return later

    @property
    def plot(self) -> "SessionPlots":
        """The pictures of the session, as in ``session.plot.timeline()``; by itself, a list."""
        from wkmp_lab.notebook.session_plots import SessionPlots

        return SessionPlots(self)

    def explore(self, path: str | Path) -> "Explorer":
        """See, hear and move the cuts of one file; the last expression of a cell shows it.

        Parameters
        ----------
        path
            A file of the library, absolute or from its folder. It opens from the level profile
            that the import has kept; where it has none it is decoded once, now.

        Raises
        ------
        DecodeError
            The file holds no audio that can be decoded.
        InvalidInputError
            The session does not know the file.
        """
        from wkmp_lab.notebook.explorer.explorer import explore

        return explore(path, session=self)

    def tune(self) -> "Tuner":
        """Move the settings of cutting and levelling, and see which files change, and why.

        The last expression of a cell shows it; in a terminal it prints what would change.

        Raises
        ------
        InvalidInputError
            The import still runs.
        """
        from wkmp_lab.notebook.tuner.tuner import tune

        return tune(self)

    def review(self) -> "Review":
        """What is not sure, to be decided by hand: one by one, or many in a table."""
        from wkmp_lab.notebook.review.review import review

        return review(self)

    def browse(self) -> "Browser":
        """The library as one view: sort, filter, hear and select; ``.selection`` is a table.

        It fills while an import runs. A row is played with its button or Enter, and selected with
        a click or Space; so are those inside a lasso on the map or the scatter. In a terminal it
        is a table.
        """
        from wkmp_lab.notebook.browser.browser import browse

        return browse(self)
