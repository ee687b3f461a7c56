import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.display.safe_text import (
    MAX_NAME_BYTES,
    clean_path,
    clean_text,
    elide,
    neutralise_formula,
    safe_file_name,
)

ANY_TEXT = st.text(st.characters(), max_size=300)
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(ANY_TEXT)
def test_clean_text_is_one_encodable_line(text):
    shown = clean_text(text)
    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in shown)
    assert clean_text(shown) == shown


def test_bidi_marks_are_removed_and_letters_of_every_script_stay():
    assert clean_text(f"a{BIDI}b") == "ab"
    assert clean_text("שלום Łódź 東京 👩\u200d🎤") == "שלום Łódź 東京 👩\u200d🎤"


@given(ANY_TEXT, ANY_TEXT)
def test_different_paths_are_shown_differently(path, other):
    assert (clean_path(path) == clean_path(other)) == (path == other)


@given(ANY_TEXT, st.integers(1, 50))
def test_an_elided_text_fits_and_keeps_both_ends(text, max_length):
    short = elide(text, max_length)
    assert len(short) <= max_length
    if len(text) <= max_length:
        assert short == text
    elif max_length >= 3:
        assert short[0] == text[0]
        assert short[-1] == text[-1]


SEEN_BY_NOBODY = "\u200b\u200d\u2060\ufeff\u00ad\u180e\ufe0f\u034f\u00a0\u3000\u3164\u2800"


@pytest.mark.parametrize(
    "text",
    [
        *("=1", "+1", "-1", "@x", "\t=1", " =1", '"=1', "'=1", "\x00=1", "\uff1d1"),
        *(f"{sign}=1" for sign in SEEN_BY_NOBODY),
    ],
)
def test_what_a_spreadsheet_would_run_is_prefixed(text):
    assert neutralise_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Rain", "1=1", "A-ha", "'Round Midnight", "12 - x"])
def test_other_text_is_left_alone(text):
    assert neutralise_formula(text) == text


@given(ANY_TEXT)
def test_a_file_name_stays_in_its_folder_on_every_system(text):
    name = safe_file_name(text, suffix=".cue")
    for kind in (PurePosixPath, PureWindowsPath):
        assert kind(name).parts == (name,)
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert name not in (".cue", "..cue")
    assert not name.startswith(".")


@pytest.mark.parametrize("name", ["CON", "con.txt", "nul", "COM1", "lpt9.x", "aux "])
def test_reserved_names_are_changed(name):
    safe = safe_file_name(name)
    assert safe.split(".")[0].upper() not in {"CON", "NUL", "COM1", "LPT9", "AUX"}


@pytest.mark.parametrize("name", ["", ".", "..", "...", " ", "/", "\x00"])
def test_an_empty_name_becomes_one(name):
    assert safe_file_name(name).strip(" .")
