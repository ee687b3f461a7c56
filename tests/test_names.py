"""Names as people write them: what is the same, what is not, and what no measure can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkmp_lab.identifying.evidence import AGREEMENT, CONTRADICTION, MIN_SEARCH_TITLE
from wkmp_lab.names import compute_similarity, normalize_name

SAME = [
    ("The Beatles", "Beatles, The"),
    ("Miles Davis", "Davis, Miles"),
    ("Johann Sebastian Bach", "Bach, Johann Sebastian"),
    ("Bob Marley & The Wailers", "The Wailers & Bob Marley"),
    ("Simon & Garfunkel", "Simon and Garfunkel"),
    ("Guns N' Roses", "Guns and Roses"),
    ("AC/DC", "ACDC"),
    ("Motörhead", "Motorhead"),
    ("Led Zeppelin", "Led Zepplin"),
    ("Lynyrd Skynyrd", "Lynard Skynard"),
    ("Radiohead", "Radio Head"),
    ("Santana feat. Rob Thomas", "Santana"),
    ("Чайковский", "ЧАЙКОВСКИЙ"),
    ("宇多田ヒカル", "宇多田 ヒカル"),
    ("Perfume", "ＰＥＲＦＵＭＥ"),
    ("Bohemian Rhapsody", "Bohemian Rapsody"),
    ("Blue Monday", "Blue Monday (2015 Remastered Version)"),
    ("Don't Stop Me Now", "Dont Stop Me Now"),
    ("Sgt. Pepper's Lonely Hearts Club Band", "Sergeant Pepper's Lonely Hearts Club Band"),
    ("Knockin' on Heaven's Door", "Knocking on Heaven's Door"),
    ("Nothing Compares 2 U", "Nothing Compares to You"),
    (
        "Symphony No. 5 in C minor, Op. 67: I. Allegro con brio",
        "Symphony No.5 in C Minor Op.67 - 1. Allegro con brio",
    ),
    ("Like a Rolling Stone", "Like A Rollin' Stone"),
    ("Straße", "Strasse"),
]
DIFFERENT = [
    ("Love", "Love Me Do"),
    ("Yesterday", "Yesterday Once More"),
    ("Hey Jude", "Hey Joe"),
    ("Time", "Time After Time"),
    ("Rain", "Purple Rain"),
    ("Rain (Live)", "Rain"),
    ("Blue Monday (Extended Mix)", "Blue Monday"),
    ("Queen", "Queensrÿche"),
    ("Genesis", "Nemesis"),
    ("Bob Dylan", "Bob Marley"),
    ("Michael Jackson", "Janet Jackson"),
    ("Elton John", "Olivia Newton-John"),
    ("The Beatles", "The Eagles"),
    ("Let It Be", "Let It Bleed"),
    ("Let It Be", "Let It Go"),
    ("Moonlight Sonata", "Moonlight Serenade"),
    ("Morning Ferry", "Evening Ferry"),
    ("Born in the U.S.A.", "Back in the U.S.S.R."),
    ("Live at Leeds", "Live at Budokan"),
    ("Kino", "Кино"),
]
WRITTEN_AT_LENGTH = [
    ("Wolfgang Amadeus Mozart", "Mozart"),
    ("Tchaikovsky", "Pyotr Ilyich Tchaikovsky"),
    ("Requiem in D minor, K. 626: Lacrimosa", "Lacrimosa"),
    ("Prelude in C major, BWV 846", "Well-Tempered Clavier Book 1: Prelude No. 1"),
    ("Piano Sonata No. 14 in C-sharp minor: I. Adagio sostenuto", "Moonlight Sonata"),
    ("Le nozze di Figaro, K. 492: Overture", "The Marriage of Figaro - Overture"),
]
UNRELATED = [
    ("Yesterday", "Comfortably Numb"),
    ("The Beatles", "Björk"),
    ("Superstition", "Clair de lune"),
    ("Miles Davis", "AC/DC"),
    ("Night Bus", "Águas de Março"),
]
TOO_ALIKE = [
    ("Michael Jackson", "Michael Johnson"),
    ("The Byrds", "The Birds"),
    ("Wish You Were Here", "Wish You Were Mine"),
    ("Led Zeppelin II", "Led Zeppelin IV"),
    ("Part 1", "Part 2"),
]
TOO_ODD = [("R.E.M.", "REM"), ("P!nk", "Pink"), ("Tchaikovsky", "Чайковский")]


@pytest.mark.parametrize(("name", "other"), SAME)
def test_one_name_in_two_spellings_agrees(name, other):
    assert compute_similarity(name, other) >= AGREEMENT


@pytest.mark.parametrize(("name", "other"), DIFFERENT)
def test_names_of_two_things_do_not_agree(name, other):
    assert compute_similarity(name, other) < AGREEMENT < MIN_SEARCH_TITLE


@pytest.mark.parametrize(("name", "other"), WRITTEN_AT_LENGTH)
def test_a_name_and_its_long_form_do_not_contradict_each_other(name, other):
    assert compute_similarity(name, other) >= CONTRADICTION


@pytest.mark.parametrize(("name", "other"), UNRELATED)
def test_names_that_have_nothing_in_common_contradict_each_other(name, other):
    assert compute_similarity(name, other) < CONTRADICTION


@pytest.mark.parametrize(("name", "other"), TOO_ALIKE)
def test_no_likeness_tells_near_names_of_two_things_apart(name, other):
    """Known limits: sound, length and artist have to."""
    assert compute_similarity(name, other) >= AGREEMENT


@pytest.mark.parametrize(("name", "other"), TOO_ODD)
def test_no_likeness_knows_signs_for_letters_and_other_scripts(name, other):
    """Known limits: such tags are taken for another name."""
    assert compute_similarity(name, other) < AGREEMENT


names = st.text(max_size=40)


@given(names, names)
def test_likeness_is_symmetric_and_bounded(name, other):
    likeness = compute_similarity(name, other)
    assert 0.0 <= likeness <= 1.0
    assert likeness == compute_similarity(other, name)


@given(names)
def test_a_name_is_like_itself_alone(name):
    assert compute_similarity(name, name) == float(bool(normalize_name(name)))
