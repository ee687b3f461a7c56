"""Why nothing is known: records that print as the words that users see."""

import pytest

from wkmp_lab.errors import InvalidInputError
from wkmp_lab.model.reasons import FailedLookup, OutcomeKind, Silence, WhyUnidentified


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
