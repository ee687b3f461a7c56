"""What every card of widgets needs: its styles, and the line that tells what was done."""

import ipywidgets as widgets

from wkmp_lab.display.templating import render

_TEMPLATE = "notebook/templates/card.html.jinja"


def make_style(*sheets: str) -> widgets.HTML:
    """A widget that is not seen, with style sheets of ``notebook/templates``."""
    html = render(_TEMPLATE, "style", {"sheets": sheets})
    return widgets.HTML(html, layout=widgets.Layout(display="none"))


def format_status(words: str) -> str:
    """What a button has done, or why not: told to those who hear the page, too."""
    return render(_TEMPLATE, "status", {"words": words})
