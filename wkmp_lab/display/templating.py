"""HTML from templates: the one place where it is made, and the house's rules for what it shows.

Templates stand beside the modules that fill them, in the folder ``templates`` of the room. Each
holds macros, which are called like functions. Whatever a template shows is escaped (autoescape)
and cleaned of control and bidi characters; a name that it was not given is an error. HTML goes
from one template to another by ``import`` alone: no value is ever taken for HTML.
"""

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wkmp_lab.display.numbers import (
    MAX_NAME,
    MAX_PLACE,
    MAX_REASON,
    MAX_ROWS,
    MAX_SENTENCE,
    format_clock,
    format_count,
    split_links,
    split_name,
)
from wkmp_lab.display.safe_text import clean_and_elide, clean_text

if TYPE_CHECKING:
    from jinja2 import Environment

PACKAGE = Path(__file__).parents[1]
_TAG_OR_BREAK = re.compile(
    r"(\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\})|(?<=[>}])\s*\n\s*|\s*\n\s*(?=[<{])", re.DOTALL
)


def render(template: str, part: str, values: Mapping[str, object]) -> str:
    """HTML of one macro of a template.

    Parameters
    ----------
    template
        Its place in the package, with slashes.
    part
        Name of the macro.
    values
        What the macro takes, by name.

    Raises
    ------
    jinja2.TemplateNotFound, AttributeError
        There is no such template, or no such macro in it.
    jinja2.UndefinedError, TypeError
        The macro was not given what it shows, or was given what it does not take.

    >>> render("notebook/templates/card.html.jinja", "status", {"words": "<b> & \\u202e\\x00"})
    '<div role="status">&lt;b&gt; &amp; </div>'
    """
    macro = getattr(_environment().get_template(template).module, part)
    return str(macro(**values))


@functools.cache
def _environment() -> "Environment":
    """Compiles each template once in a process; made when the first is shown."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        loader=FunctionLoader(_read_template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        auto_reload=False,
    )
    made.filters.update(
        elide=clean_and_elide,
        format_clock=format_clock,
        format_count=format_count,
        split_links=split_links,
        split_name=split_name,
    )
    made.globals.update(
        MAX_NAME=MAX_NAME,
        MAX_PLACE=MAX_PLACE,
        MAX_REASON=MAX_REASON,
        MAX_ROWS=MAX_ROWS,
        MAX_SENTENCE=MAX_SENTENCE,
    )
    return made


def _read_template(name: str) -> tuple[str, str, None] | None:
    path = PACKAGE / name
    if not path.is_file():
        return None
    return _join_lines(path.read_text(encoding="utf-8")), str(path), None


def _join_lines(source: str) -> str:
    """A template whose line breaks beside tags are for its reader alone: they show nothing.

    Where an empty line stands, one break stays. Comments take the place of the others, so that
    a syntax error names the line of the file.

    >>> _join_lines("<p>\\n  {{ name }}\\n\\n</p> of\\n  two")
    '<p>{#\\n#}{{ name }}\\n{#\\n#}</p> of\\n  two'
    """
    return _TAG_OR_BREAK.sub(lambda found: found[1] or _hide_breaks(found[0].count("\n")), source)


def _hide_breaks(n_breaks: int) -> str:
    return "{#\n#}" if n_breaks == 1 else "\n{#" + "\n" * (n_breaks - 1) + "#}"


def _clean(value: object) -> object:
    """Texts cleaned; numbers, and the HTML of other macros, as they are."""
    return clean_text(value) if type(value) is str else value
