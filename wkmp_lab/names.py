"""Titles, artists and ids as people write them, made comparable."""

import difflib
import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType

MAX_COMPARED = 200
"""Characters that are compared; a longer name is a description, not a name."""

_FEATURING = re.compile(r"\s[(\[]?(?:feat\.?|ft\.?|featuring)\s.*$")
_VERSION = re.compile(
    r"\s(?:-\s|[(\[])(?:\d{4}\s)?(?:digital(?:ly)?\s)?remaster(?:ed)?(?:\s(?:version|\d{4}))*[)\]]?$"
    r"|\s[(\[](?:album|lp)\sversion[)\]]$"
)
"""Additions that name an edition of the same recording; live, remix and the like do not."""
_ARTICLE_LAST = re.compile(r",\s*the\s*$")
_NOT_WORD = re.compile(r"[\W_]+")
_PARTS = frozenset("part pt parts vol volume act book chapter disc teil".split())
_WORDS = "one two three four five six seven eight nine ten".split()
_ROMAN = "i ii iii iv v vi vii viii ix x".split()
_NUMERALS: Mapping[str, int] = MappingProxyType(
    {
        **{word: n for words in (_WORDS, _ROMAN) for n, word in enumerate(words, 1)},
        **{str(n): n for n in range(1, 100)},
        **{f"0{n}": n for n in range(1, 10)},
    }
)
_PLACEHOLDER = re.compile(
    r"(?:audio ?)?(?:track|titel|piste|pista|traccia|spur|faixa|nummer|title) ?\d+"
    r"|(?:unknown|no) (?:artist|album|title)|unknown|not available|n a"
    r"|unbekannt(?:er (?:interpret|kunstler|titel)|es album)?"
    r"|(?:artiste|album|titre) inconnu|(?:artista|album|titolo) sconosciuto"
    r"|(?:artista|album|titulo) desconocido"
)
"""What rippers and players write where a disc is in no data base, in normalized form."""


def normalize_name(name: str | None) -> str:
    """A name without case, accents, signs, article, guests and edition; empty for a missing one.

    >>> normalize_name("Café  Müller (feat. Someone)")
    'cafe muller'
    >>> normalize_name("Rain - 2009 Remaster"), normalize_name("Rain (Live)")
    ('rain', 'rain live')
    >>> normalize_name("Beatles, The"), normalize_name("!!!")
    ('beatles', '!!!')
    """
    folded = unicodedata.normalize("NFKD", (name or "")[:MAX_COMPARED]).casefold()
    plain = "".join(sign for sign in folded if not unicodedata.combining(sign))
    bare = _VERSION.sub("", _FEATURING.sub("", plain.replace("&", " and ")))
    words = _NOT_WORD.sub(" ", _ARTICLE_LAST.sub("", bare)).strip()
    return words.removeprefix("the ") or plain.strip()


def read_part(name: str | None) -> int | None:
    """Which part of several a title is, by the number at its end or behind a word for it; None
    where it tells none.

    >>> read_part("Tales, Pt. II"), read_part("Volume One (Live)"), read_part("Tales")
    (2, 1, None)
    """
    words = normalize_name(name).split()
    named = [word for before, word in pairwise(words) if before in _PARTS]
    told = (_NUMERALS.get(word) for word in (*named, *words[1:][-1:]))
    return next((number for number in told if number is not None), None)


def is_placeholder(name: str | None) -> bool:
    """True for a name that a program gave to what it did not know.

    >>> is_placeholder("Track 01"), is_placeholder("Unknown Artist"), is_placeholder("Track")
    (True, True, False)
    """
    return bool(_PLACEHOLDER.fullmatch(normalize_name(name)))


def describe_song(title: str | None, artist: str | None, *, is_quoted: bool = True) -> str:
    """A song in words; empty where it has no title.

    >>> describe_song("Rain", "The Drops"), describe_song("Rain", None, is_quoted=False)
    ("'Rain' by The Drops", 'Rain')
    """
    if not title:
        return ""
    quoted = f"{title!r}" if is_quoted else title
    return f"{quoted} by {artist}" if artist else quoted


def compute_similarity(name: str | None, other: str | None) -> float:
    """How alike two names are: 0 (nothing in common, or one is missing) to 1 (the same).

    One less the share of characters to change (Levenshtein, 1966), of normalized names as they
    stand or with their words sorted, whichever is nearer.

    >>> compute_similarity("The Café", "the cafe")
    1.0
    >>> compute_similarity("Davis, Miles", "Miles Davis")
    1.0
    >>> compute_similarity("Anything", None)
    0.0
    """
    from rapidfuzz.distance import Levenshtein

    first, second = normalize_name(name), normalize_name(other)
    if not first or not second:
        return 0.0
    as_written = Levenshtein.normalized_similarity(first, second)
    return max(
        as_written, Levenshtein.normalized_similarity(_sort_words(first), _sort_words(second))
    )


def find_near_names(asked: str, names: Iterable[str], *, n: int = 3) -> list[str]:
    """The ``n`` names that one may have been meant for, nearest first, whatever their case; empty
    where none is like it.

    >>> find_near_names("pasages", ["files", "passages", "plot"])
    ['passages']
    """
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(asked.casefold(), folded, n=n, cutoff=0.6)
    return [folded[name] for name in near]


def offer_near_names(asked: str, names: Iterable[str]) -> str:
    """The end of a message about a name that there is not; empty where none is like it.

    >>> offer_near_names("pasages", ["files", "passages", "plot"])
    "; did you mean 'passages'?"
    """
    near = find_near_names(asked, names)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def read_missing(noun: object, name: str) -> object:
    """For ``__getattr__``: an attribute that was not found.

    Raises
    ------
    AttributeError
        With the names that may have been meant; or what a property of that name has raised.
    """
    kind = type(noun)
    if hasattr(kind, name):
        return object.__getattribute__(noun, name)
    known = () if name.startswith("_") else (each for each in dir(kind) if each[0] != "_")
    near = offer_near_names(name, known)
    raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r}{near}")


def _sort_words(name: str) -> str:
    return " ".join(sorted(name.split()))


def read_mbid(text: str | None) -> str | None:
    """A MusicBrainz id in its canonical form; None where it is missing or malformed.

    >>> read_mbid("A3B1C2D4-0000-4000-8000-000000000000")
    'a3b1c2d4-0000-4000-8000-000000000000'
    >>> read_mbid("none") is None
    True
    """
    try:
        return str(uuid.UUID(text)) if text else None
    except ValueError:
        return None
