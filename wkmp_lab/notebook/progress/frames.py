"""Our tables as a notebook shows them: short paths, steady decimals, words to the left.

The tables themselves stay as they are: only their HTML is ours, and no other table's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from wkmp_lab.analyzing.quality import find_faults
from wkmp_lab.display.safe_text import clean_and_elide, clean_path
from wkmp_lab.display.templating import render
from wkmp_lab.tables.shown import ASKED, FOLDER, IS_WHOLE, MARK, read_meanings

MAX_COLUMNS = 12
"""Of a table with more, those that people ask for are shown, and what the user has added."""
MAX_ROWS = 60
SHOWN_ROWS = 20
"""Of a table with more than ``MAX_ROWS``."""
MAX_WHOLE_ROWS = 1000
"""Of a table that is to be shown whole."""
MAX_TIP = 800
LINE_LENGTH = 120
MIN_TEXT, MAX_TEXT = 24, 90
"""Characters of a text or a path: what a line of so many has room for. Rows are one line high; the
whole stands in the tool tip."""
DIGEST_LENGTH = 12
DIGESTS = ("sha256", "audio_hash", "content", "fingerprint")
PATHS = ("path", "duplicate_of")
DECIMALS = {
    "_s": 2,
    "_bpm": 1,
    "_dbfs": 1,
    "_dbtp": 1,
    "_lufs": 1,
    "_lu": 1,
    "_db": 1,
    "_hz": 1,
    "score": 2,
    "weight": 2,
    "distance": 3,
}
"""By the end of a column's name; of others, three digits that count."""
_NO_FORMULAS = "tex2jax_ignore mathjax_ignore"
_LEFT = "text-align:left;vertical-align:top;white-space:nowrap"
_RIGHT = "text-align:right;vertical-align:top;white-space:nowrap"


class _Cell(NamedTuple):
    """What a cell shows: CSS, text, and the words of its tool tip; None: it has none."""

    style: str
    text: str
    tip: str | None = None


def format_frame_html(table: pd.DataFrame) -> str:
    """A table of ours as HTML: the columns that people ask for, rows one line high.

    Of large ones the first and the last rows. Paths are shown from the folder of the library, or
    from that which all of them share.

    >>> print(format_frame_html(pd.DataFrame({"path": ["/m/<b>.wav"], "end_s": [1.0]}))[:24])
    <div class="tex2jax_igno
    """
    is_whole = bool(table.attrs.get(IS_WHOLE))
    names = list(table.columns) if is_whole else _choose_columns(table)
    folder = _find_folder(table)
    limits = (MAX_WHOLE_ROWS,) * 2 if is_whole else (MAX_ROWS, SHOWN_ROWS)
    positions = _pick(list(range(len(table))), *limits)
    n_texts = sum(not _is_number(table[name]) for name in names)
    max_text = min(max(LINE_LENGTH // max(n_texts, 1), MIN_TEXT), MAX_TEXT)
    cut = _Cut(folder, max_text)
    values = {
        "heads": [_head(name, table) for name in names],
        "rows": [None if at is None else _row(table, at, names, cut) for at in positions],
        "n_rows": len(table),
        "n_columns": len(table.columns),
        "n_more": len(table.columns) - len(names),
        "folder": folder,
    }
    return render("notebook/templates/frame.html.jinja", "table", values)


class _Cut(NamedTuple):
    """How the texts of a table are shortened: from which folder paths are shown, and to what."""

    folder: str
    max_text: int


def _choose_columns(table: pd.DataFrame) -> list[Any]:
    """All columns of a narrow table; of others those that people ask for, and what is not ours."""
    names = list(table.columns)
    if len(names) <= MAX_COLUMNS:
        return names
    ours = read_meanings()
    asked = [name for name in table.attrs.get(ASKED, ()) if name in table.columns]
    added = [name for name in names if name not in ours and "." not in str(name)]
    chosen = [*asked, *added[:MAX_COLUMNS]]
    return chosen if len(asked) > 2 else names[:MAX_COLUMNS]


@dataclass(frozen=True, slots=True)
class FrameFormatter:
    """What a notebook shows of any DataFrame: ours in our way, all others as before.

    Attributes
    ----------
    before
        What showed DataFrames until now; None: they show themselves.
    """

    before: Callable[[pd.DataFrame], str | None] | None = None

    def __call__(self, table: pd.DataFrame) -> str | None:
        if not table.attrs.get(MARK):
            return self._show_as_before(table)
        # pandas' stubs leave it out; a grid puts its own in its place.
        draw: Any = getattr(pd.DataFrame, "_repr_html_")  # noqa: B009
        if draw.__module__ != "pandas.core.frame":
            return self._show_as_before(table)
        is_flat = table.columns.nlevels == table.index.nlevels == 1 and table.columns.is_unique
        return format_frame_html(table) if is_flat else _forbid_formulas(draw(table))

    def _show_as_before(self, table: pd.DataFrame) -> str | None:
        if self.before is not None:
            return self.before(table)
        draw: Any = getattr(table, "_repr_html_", None)
        shown: str | None = draw() if draw is not None else None
        return shown


def _forbid_formulas(html: str | None) -> str | None:
    """What pandas has drawn, with the classes that keep a ``$`` in a name from being a formula."""
    return html and html.replace('class="dataframe"', f'class="dataframe {_NO_FORMULAS}"', 1)


def format_value(name: str, value: Any, folder: str = "") -> str:
    """A value of a column as plain text; empty where it is missing.

    >>> format_value("tempo_bpm", 119.96), format_value("score", 2e-10)
    ('120.0', '0.00')
    >>> format_value("path", "/music/a/b.wav", "/music/"), format_value("size_bytes", 12345)
    ('a/b.wav', '12,345')
    """
    if not pd.api.types.is_scalar(value) or isinstance(value, (bool, str)):
        text = str(value)
        if name in DIGESTS and len(text) > DIGEST_LENGTH:
            return f"{text[:DIGEST_LENGTH]}…"
        return text.removeprefix(folder) if folder and _holds_paths(name) else text
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        decimals = next((n for end, n in DECIMALS.items() if str(name).endswith(end)), None)
        return f"{value:.{decimals}f}" if decimals is not None else _format_digits(value)
    return f"{value:,}" if str(name).endswith("_bytes") else str(value)


def _format_digits(value: float) -> str:
    is_usual = value == 0.0 or 1e-3 <= abs(value) < 1e3
    return f"{value:.3g}" if is_usual else f"{value:,.0f}" if abs(value) >= 1e3 else f"{value:.1e}"


def _holds_paths(name: object) -> bool:
    return name in PATHS or str(name).endswith("_path")


def _find_folder(table: pd.DataFrame) -> str:
    """The folder of the library, or of all paths in a table, with its slash; empty for none."""
    if library := table.attrs.get(FOLDER):
        return f"{clean_path(str(library)).rstrip('/')}/"
    columns = [table[name].dropna() for name in table.columns if _holds_paths(name)]
    ends = [end for paths in columns if len(paths) for end in (str(paths.min()), str(paths.max()))]
    if not ends:
        return ""
    low, high = min(ends), max(ends)
    n_same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    return low[: low.rfind("/", 0, n_same) + 1]


def _pick(items: Sequence[Any], max_items: int, n_shown: int) -> list[Any]:
    """All items, or the first and the last with None between them."""
    if len(items) <= max_items:
        return list(items)
    n_tail = n_shown // 2
    return [*items[: n_shown - n_tail], None, *items[len(items) - n_tail :]]


def _head(name: object, table: pd.DataFrame) -> _Cell:
    style = _RIGHT if _is_number(table[name]) else _LEFT
    return _Cell(style, clean_and_elide(str(name), MAX_TEXT), read_meanings().get(str(name)))


def _row(
    table: pd.DataFrame, at: int, names: Sequence[Any], cut: _Cut
) -> tuple[_Cell, list[_Cell]]:
    """The label of a row and its cells."""
    label = _Cell(_RIGHT, clean_and_elide(str(table.index[at]), MAX_TEXT))
    cells = [_cell(str(name), table[name], at, cut) for name in names]
    if "quality" in names:
        place = list(names).index("quality")
        cells[place] = cells[place]._replace(tip=_explain_quality(table, at))
    return label, cells


def _cell(name: str, column: "pd.Series[Any]", at: int, cut: _Cut) -> _Cell:
    text = format_value(name, column.iloc[at], cut.folder)
    if _is_number(column):
        return _Cell(_RIGHT, text)
    shown = clean_and_elide(text, cut.max_text)
    whole = clean_and_elide(str(column.iloc[at]), MAX_TIP)
    is_told = _holds_paths(name) or shown != text
    return _Cell(_LEFT, shown, whole if text and is_told else None)


def _explain_quality(table: pd.DataFrame, at: int) -> str | None:
    """The numbers behind a verdict, as far as the table has them, in sentences."""
    row = table.iloc[at]
    numbers = {name: row[name] for name in table.columns if _is_number(table[name])}
    measures = {name: float(value) for name, value in numbers.items() if not pd.isna(value)}
    return "; ".join(fault.sentence for fault in find_faults(measures)) or None


def _is_number(column: "pd.Series[Any]") -> bool:
    kind = column.dtype
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
