"""Why nothing is known: records that print as the words that users see."""

import pytest

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model.reasons import KEY_PAGE, FailedLookup, OutcomeKind, Silence, WhyUnidentified


@pytest.mark.parametrize("kind", [OutcomeKind.MATCH, OutcomeKind.NO_MATCH])
def test_an_answer_is_no_failed_lookup(kind):
    with pytest.raises(InvalidInputError, match="has no answer"):
        FailedLookup("acoustid", kind, "503")


def test_a_failed_lookup_prints_its_service_and_why_and_keeps_the_kind():
    failed = FailedLookup("musicbrainz", OutcomeKind.RATE_LIMITED, "503 after 6 tries")
    assert str(failed) == "lookup_failed(musicbrainz, 503 after 6 tries)"
    assert failed.why_not is WhyUnidentified.LOOKUP_FAILED


@pytest.mark.parametrize("why_not", WhyUnidentified)
def test_a_silence_prints_its_kind_first(why_not):
    assert str(Silence(why_not)) == why_not.value
    assert str(Silence(why_not, "x")) == f"{why_not.value}(x)"


@pytest.mark.parametrize("why_not", [each for each in WhyUnidentified if each != "lookup_failed"])
def test_a_silence_is_told_in_words_of_its_user(why_not):
    sentence = Silence(why_not, "acoustid: no key").sentence
    assert "_" not in sentence.replace("ask_key", "")
    assert len(sentence.split()) > 1


def test_who_was_not_asked_for_want_of_a_key_is_told_where_to_get_one():
    told = Silence(WhyUnidentified.NOT_ASKED, "acoustid: no key").sentence
    assert KEY_PAGE in told
    assert "wl.ask_key()" in told
    contact = Silence(WhyUnidentified.NOT_ASKED, "musicbrainz: no address of contact").sentence
    assert "wl.IdentifySettings(contact=...)" in contact
    assert "(a new one)" in Silence(WhyUnidentified.NOT_ASKED, "a new one").sentence


@pytest.mark.parametrize(
    ("service", "kind", "words"),
    [
        ("acoustid", OutcomeKind.REJECTED, "AcoustID refused to answer (503); wl.ask_key() keeps"),
        ("musicbrainz", OutcomeKind.REJECTED, "MusicBrainz refused to answer (503); session.id"),
        ("acoustid", OutcomeKind.UNAVAILABLE, "AcoustID did not answer (503); session.identify()"),
        ("catalogue", None, "the look-up in the catalogue broke off (503)"),
    ],
)
def test_a_failed_lookup_is_told_with_what_to_do_about_it(service, kind, words):
    assert FailedLookup(service, kind, "503").sentence.startswith(words)
