"""Text from outside made safe to show: on a page, in a spreadsheet, in a terminal, as a file name.

File names and tags come from strangers. Whatever shows them goes through this module; HTML is
escaped in :mod:`wkmp_lab.display.templating`.
"""

import hashlib
import re
import unicodedata

MAX_NAME_BYTES = 120
"""Longest file name made from a tag, in UTF-8 bytes: every file system takes it."""

_MAX_WORD = 20
_SPACING = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# Control characters, bidi marks and overrides, and what is not a character at all.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_IN_PATH = re.compile(f"{_HIDDEN.pattern}|{_SURROGATE.pattern}|[\u2028\u2029]")
_FORMULA_STARTS = frozenset("=+-@\t\r\x00\uff1d\uff0b\uff0d\uff20")
"""Also in full width: spreadsheets of East Asia take those for the same."""
_UNSEEN = frozenset({"Cc", "Cf", "Mn", "Me", "Zs", "Zl", "Zp"})
"""Categories of signs that show nothing by themselves: zero-width ones, marks, blanks."""
_UNSEEN_SIGNS = frozenset("\"'\u115f\u1160\u2800\u3164\uffa0")
"""Quotes, and blanks that are filed as letters."""
_NOT_IN_NAME = re.compile(r'[<>:"/\\|?*]+')
_RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL"} | {f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10)}
)


def clean_text(text: str) -> str:
    """A text in one line without control and bidi characters; undecodable bytes become U+FFFD.

    >>> clean_text("So\\x00ng\\nof\\u202e the\\udce9 day")
    'Song of the� day'
    """
    if text.isprintable():
        return text
    return _SURROGATE.sub("\ufffd", _HIDDEN.sub("", _SPACING.sub(" ", text)))


def clean_path(path: str) -> str:
    """A path as tables show it: itself, or made visible and marked where it holds hidden signs.

    Control and bidi characters and undecodable bytes become U+FFFD; a short hash of the exact
    path then keeps two such paths apart.

    >>> clean_path("/music/café.flac")
    '/music/café.flac'
    >>> clean_path("/music/caf\\udce9.flac")
    '/music/caf�.flac [c42f0f55]'
    """
    if path.isprintable():
        return path
    shown = _IN_PATH.sub("\ufffd", path)
    return path if shown == path else f"{shown} [{compute_text_id(path)}]"


def clean_name(path: str) -> str:
    """The name of a file, without its folders, as :func:`clean_path` shows it.

    >>> clean_name("/music/café.flac"), clean_name("C:\\\\music\\\\a.mp3")
    ('café.flac', 'a.mp3')
    """
    return clean_path(path).replace("\\", "/").rpartition("/")[2]


def compute_text_id(text: str) -> str:
    """Eight hexadecimal digits that stand for exactly this text, undecodable bytes and all."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def elide(text: str, max_length: int) -> str:
    """A text with its middle left out where it is longer than ``max_length`` characters.

    What is left out begins and ends between words, unless a word is longer than 20 characters.

    >>> elide("/music/a-very-long-name.flac", 15)
    '/music/…me.flac'
    >>> elide("no source knows it; the best candidate is not confirmed", 30)
    'no source knows… not confirmed'
    """
    if len(text) <= max_length:
        return text
    n_kept = max(max_length - 1, 0)
    n_tail = n_kept // 2
    head, tail = text[: n_kept - n_tail], text[len(text) - n_tail :]
    last, first = head.rfind(" "), tail.find(" ")
    if len(head) - _MAX_WORD <= last and last > 0 and text[len(head)] != " ":
        head = head[: last + 1]
    if 0 <= first < min(_MAX_WORD, len(tail) - 1) and text[len(text) - n_tail - 1] != " ":
        tail = tail[first:]
    return f"{head}…{tail}"


def clean_and_elide(text: str, max_length: int) -> str:
    """A text in one line, cleaned, its middle left out where it is longer than ``max_length``.

    >>> clean_and_elide("a\\nvery\\x00 long name", 9)
    'a …name'
    """
    return elide(clean_text(text), max_length)


def neutralise_formula(text: str) -> str:
    """A text that no spreadsheet runs: prefixed with ``'`` where one would take it for a formula.

    The first character counts, also behind quotes and what is not seen: spaces, zero-width signs
    (OWASP ASVS 5.0, 1.2.10).

    >>> neutralise_formula("=1+1"), neutralise_formula(" @SUM(A1)"), neutralise_formula("C=D")
    ("'=1+1", "' @SUM(A1)", 'C=D')
    >>> neutralise_formula("\\u200b=1+1") == "'\\u200b=1+1"
    True
    """
    for sign in text:
        if sign in _FORMULA_STARTS:
            return f"'{text}"
        if sign not in _UNSEEN_SIGNS and unicodedata.category(sign) not in _UNSEEN:
            break
    return text


def safe_file_name(text: str, *, suffix: str = "") -> str:
    """A file name made from any text, that stays in its folder on every system.

    No separators, control characters, leading or trailing dots, nor names that Windows reserves;
    at most ``MAX_NAME_BYTES`` long and never empty. Where the text had to be changed, a short
    hash of it keeps two names apart.

    Parameters
    ----------
    text
        A title, an album, a path.
    suffix
        The ending, with its dot; ours, so it is not cleaned.

    >>> safe_file_name("Side A", suffix=".cue")
    'Side A.cue'
    >>> safe_file_name("../../etc/passwd")
    '_.._etc_passwd-3754d6cb'
    >>> safe_file_name("con").startswith("con-")
    True
    """
    plain = unicodedata.normalize("NFC", clean_text(text))
    name = _NOT_IN_NAME.sub("_", plain).strip(" .")
    room = MAX_NAME_BYTES - len(suffix.encode())
    is_reserved = name.split(".")[0].rstrip().upper() in _RESERVED
    if name == text and name and not is_reserved and len(name.encode()) <= room:
        return name + suffix
    mark = f"-{compute_text_id(text)}"
    short = name.encode()[: room - len(mark)].decode(errors="ignore").strip(" .")
    if is_reserved:
        # A reserved name stays reserved whatever ending follows its first dot.
        short = short.replace(".", "_")
    return f"{short or 'untitled'}{mark}{suffix}"


def format_duration(seconds: float) -> str:
    """A duration as people say it.

    >>> format_duration(7.4), format_duration(3725)
    ('7 s', '1 h 02 min')
    >>> format_duration(59.6), format_duration(125)
    ('1 min 00 s', '2 min 05 s')
    """
    n_seconds = round(seconds)
    if n_seconds < 60:
        return f"{n_seconds} s"
    if n_seconds < 3600:
        return f"{n_seconds // 60} min {n_seconds % 60:02d} s"
    return f"{n_seconds // 3600} h {n_seconds % 3600 // 60:02d} min"
