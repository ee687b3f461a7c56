"""What every template promises: words from outside are words, and nothing is silently left out."""

from dataclasses import replace
from html.parser import HTMLParser

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import example_results as example
from support.fake_session import make_snapshot

from wkmp_lab.collection.recuts import Recut
from wkmp_lab.collection.review_queue import find_open
from wkmp_lab.display.pages import PAGE
from wkmp_lab.display.summary import format_result_html, format_session_html
from wkmp_lab.display.templating import PACKAGE, _join_lines, render
from wkmp_lab.export.html_report import format_report
from wkmp_lab.export.run_report import format_run_report
from wkmp_lab.identifying.decisions import make_identity_decision
from wkmp_lab.model import Failure, FileResult, FlightRecord, Phase, SourceFile
from wkmp_lab.notebook.card import format_status
from wkmp_lab.notebook.progress import panel
from wkmp_lab.notebook.progress.frames import format_frame_html
from wkmp_lab.notebook.progress.records import format_record_html
from wkmp_lab.notebook.review.html import format_item_html, format_review_html
from wkmp_lab.notebook.review.table import _format_facts
from wkmp_lab.notebook.tuner.words import format_tuning_html
from wkmp_lab.plots.figures import Picture
from wkmp_lab.progress.snapshot import InFlight
from wkmp_lab.settings import Settings
from wkmp_lab.tables.tables import files_table

TEMPLATES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.jinja"))
BROWSER = "notebook/templates/browser.html.jinja"
CARD = "notebook/templates/card.html.jinja"
EXPLORER = "notebook/templates/explorer.html.jinja"
WORDS = "<img src=x onerror=y> {{7*7}} $\\frac$"
HOSTILE = f"\x00{WORDS}\u202e"
PATH = "/m/" + HOSTILE.replace("/", "")


def make_files():
    """A file in whose every text the words stand, and one that failed with them."""
    whole = example.make_result(PATH)
    (passage, other), cut = whole.passages, whole.segmentation
    best = passage.identity.candidates[0]
    evidence = (replace(best.evidence[0], detail=HOSTILE),)
    named = replace(best, title=HOSTILE, artist=HOSTILE, release_title=HOSTILE, evidence=evidence)
    identity = replace(other.identity, candidates=(named,), sentence=HOSTILE)
    file = replace(
        whole,
        tags=replace(whole.tags, title=HOSTILE, artist=HOSTILE, album=HOSTILE),
        audio=replace(whole.audio, codec=HOSTILE),
        segmentation=replace(cut, verdict=HOSTILE, gaps=(replace(cut.gaps[0], reason=HOSTILE),)),
        passages=(
            replace(passage, identity=replace(identity, level="high", chosen=named)),
            replace(other, identity=identity),
        ),
        notes=(HOSTILE,),
        provenance=((HOSTILE, HOSTILE),),
    )
    failed = FileResult(
        SourceFile(PATH, 1, 1), "failed", failure=Failure(Phase.EXTRACTING, HOSTILE)
    )
    return file, failed


def make_moment():
    return make_snapshot(
        folder=PATH,
        remaining_reason=HOSTILE,
        in_flight=(InFlight(PATH, Phase.ANALYZING, 0.5, 1.0, "1"),),
        failures=((PATH, HOSTILE),),
        remarks=(HOSTILE,),
    )


def show_panel():
    parts = ("title", "whole", "phases", "match", "files", "failures", "notes")
    return "".join(getattr(panel, f"format_{part}")(make_moment()) for part in parts)


def show_review():
    files = make_files()
    decided = [(1.0, make_identity_decision(files[0], 1, "accept"))]
    (item,) = find_open(files)
    return format_item_html(item) + format_review_html(decided, [item])


def show_explorer():
    picture = {"png": "", "words": HOSTILE, "least_width_px": 1}
    verdict = {"n_passages": 1, "n_left": 1, "threshold_dbfs": -60.0, "how": HOSTILE}
    return (
        render(EXPLORER, "picture", picture).replace("<img", "<picture")  # this one is ours
        + render(EXPLORER, "verdict", verdict)
        + render(EXPLORER, "saved_code", {"lines": [HOSTILE]})
    )


def show_browser():
    told = {"words": HOSTILE, "asked": HOSTILE}
    return render(BROWSER, "headline", told) + render(BROWSER, "subject", {"words": HOSTILE})


def show_report():
    picture = Picture("", HOSTILE, 1, 1)
    return keep_words(format_report(make_files(), pictures=[picture]))


def show_run_report():
    told = format_run_report(
        make_moment(), make_files(), FlightRecord("x", 1.0, "9"), Settings(), hide=str
    )
    return keep_words(told)


def keep_words(page):
    """A page without the picture and the script that are ours."""
    script = render(PAGE, "script", {})
    return page.replace(f"<script>{script}</script>", "").replace("<img", "<picture")


SHOWN = {
    "display/templates/import.html.jinja": lambda: format_session_html(
        make_moment(), make_files()
    ),
    "display/templates/parts.html.jinja": lambda: panel.format_notes(make_moment()),
    "display/templates/result.html.jinja": lambda: format_result_html(make_files()[0]),
    "export/templates/report.html.jinja": show_report,
    PAGE: show_report,
    "export/templates/run_report.html.jinja": show_run_report,
    CARD: lambda: format_status(HOSTILE),
    EXPLORER: show_explorer,
    "notebook/templates/browser.html.jinja": show_browser,
    "notebook/templates/tuner.html.jinja": lambda: format_tuning_html(
        [Recut(PATH, "no profile", 3)], folder="/m", code=HOSTILE
    ),
    "notebook/templates/frame.html.jinja": lambda: format_frame_html(
        files_table(make_files())[["notes"]]
    ),
    "notebook/templates/panel.html.jinja": show_panel,
    "notebook/templates/record.html.jinja": lambda: format_record_html(make_files()[0].tags),
    "notebook/templates/review.html.jinja": show_review,
    "notebook/templates/review_table.html.jinja": lambda: _format_facts(
        find_open(make_files())[0]
    ),
}


class Page(HTMLParser):
    """What a browser makes of HTML: its words, its elements and the names of their attributes."""

    def __init__(self, html):
        super().__init__()
        self.words, self.elements, self.attributes = "", set(), set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.words += data


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_shows_hostile_words_as_words(template):
    html = SHOWN[template]()
    page = Page(html)
    assert WORDS in page.words
    assert not page.elements & {"img", "script", "svg", "iframe"}
    known = {"style", "class", "title", "dir", "scope", "open", "role", "colspan", "alt", "src"}
    known |= {
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "type",
        "width",
        "height",
        "data-sort",
    }
    assert {name for name in page.attributes if not name.startswith("aria-")} <= known
    assert not set(html) & {"\x00", "\u202e"}


SAVED = [
    *("display/templates/import.html.jinja", "display/templates/result.html.jinja"),
    *("notebook/templates/frame.html.jinja", "notebook/templates/record.html.jinja"),
]


@pytest.mark.parametrize("template", SAVED)
def test_what_a_notebook_saves_has_neither_styles_nor_mathematics(template):
    html = SHOWN[template]()
    assert html.startswith('<div class="tex2jax_ignore mathjax_ignore">')
    assert not Page(html).elements & {"style", "script", "svg", "link"}


@given(st.text(st.characters(), max_size=300))
def test_escaped_text_opens_nothing(text):
    shown = render(CARD, "status", {"words": text})
    assert not set(shown[len('<div role="status">') : -len("</div>")]) & set("<>\"'")


def test_a_long_text_is_cut_short_before_it_is_escaped():
    shown = render(CARD, "status", {"words": "<" * 1000})
    assert shown.count("&lt;") == 299


def test_a_value_that_is_missing_or_not_asked_for_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="'words' was not provided"):
        render(CARD, "status", {})
    with pytest.raises(TypeError, match="takes no keyword argument 'colour'"):
        render(CARD, "status", {"words": "", "colour": ""})
    with pytest.raises(jinja2.TemplateNotFound, match="nowhere"):
        render("display/templates/nowhere.html.jinja", "status", {})


def test_a_template_that_is_badly_written_is_told_with_its_line():
    source = _join_lines("<p>\n\n  {{ a }}\n  {% if %}\n</p>")
    with pytest.raises(jinja2.TemplateSyntaxError) as told:
        jinja2.Environment(autoescape=True).parse(source)
    assert told.value.lineno == 4
