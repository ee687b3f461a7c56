"""Results that version 0.1.0 stored: words become records, nothing is lost and nothing stale."""

import json

import msgspec
import pytest

from wkmp_lab.library.store import Store
from wkmp_lab.model import FileResult
from wkmp_lab.model.reasons import CutHint, FailedLookup, WhyUnidentified
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.cache_keys import Hint
from wkmp_lab.pipeline.old_results import renew_result

OLD = {
    "source": {"path": "/music/side.flac", "size_bytes": 1, "mtime_ns": 2},
    "status": "done",
    "passages": [
        {
            "index": index,
            "start_ticks": 28224000 * index,
            "end_ticks": 28224000 * (index + 1),
            "identity": {"level": "unidentified", "reason": reason, "sentence": "in words"},
        }
        for index, reason in enumerate(
            (
                "no_match",
                "lookup_failed(acoustid, error 4: invalid API key)",
                "not_asked(acoustid: no key)",
                "by_hand",
                "something else",
            )
        )
    ],
    "notes": [
        "damaged: 2 packets could not be decoded",
        "lookup_failed(acoustid, error 4: invalid API key)",
        "lookup_failed(catalogue, '/c.sqlite' cannot be used (locked))",
        "album: passage #1 seems to hold tracks 2 and 3 of 'Songs #7'",
        "album: passages #2 and #3 may be one passage: both are 'Rain'",
        "stale: SEGMENTING by other settings or another version; import again",
    ],
    "provenance": [["SEGMENTING", "2-0123"], ["hints", "siblings"], ["lengths", "61.500 70.250"]],
}


def read_old(**changes):
    document = json.dumps({**OLD, **changes})
    return renew_result(msgspec.json.decode(document, type=FileResult))


def test_notes_on_services_and_cuts_become_records_and_the_others_stay():
    result = read_old()
    assert result.notes == ("damaged: 2 packets could not be decoded",)
    assert result.failed_lookups == (
        FailedLookup("acoustid", None, "error 4: invalid API key"),
        FailedLookup("catalogue", None, "'/c.sqlite' cannot be used (locked)"),
    )
    assert result.cut_hints == (
        CutHint((1,), "passage #1 seems to hold tracks 2 and 3 of 'Songs #7'"),
        CutHint((2, 3), "passages #2 and #3 may be one passage: both are 'Rain'"),
    )


def test_notes_that_were_stored_as_words_are_told_again_and_look_ups_with_the_next_step():
    result = read_old()  # what is stale is found out anew
    asked = {str(failed): failed.sentence for failed in result.failed_lookups}
    assert list(result.all_notes) == [asked.get(note, note) for note in OLD["notes"][:-1]]


def test_lengths_among_the_keys_ask_for_another_cut_as_before():
    result = read_old()
    assert result.track_lengths_s == (61.5, 70.25)
    assert result.provenance == (("SEGMENTING", "2-0123"), ("hints", "siblings"))
    assert cache_keys.find_hints(result) == {Hint.SIBLINGS}
    assert cache_keys.is_to_be_cut_again(result)
    cut = read_old(provenance=[["hints", "siblings+lengths:0123"], ["lengths", "61.500 70.250"]])
    assert not cache_keys.is_to_be_cut_again(cut)


def test_identities_learn_why_there_is_none():
    identities = [passage.identity for passage in read_old().passages]
    assert [identity.why_not for identity in identities] == [
        WhyUnidentified.NO_MATCH,
        WhyUnidentified.LOOKUP_FAILED,
        WhyUnidentified.NOT_ASKED,
        WhyUnidentified.BY_HAND,
        None,
    ]
    assert [identity.is_by_hand for identity in identities] == [False, False, False, True, False]
    assert identities[4].reason == "something else"


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("worker died (signal 15)", "machine"),
        ("OSError: [Errno 28] No space left on device", "machine"),
        ("unexpected MemoryError: no message", "machine"),
        ("vanished: the file is no longer there", "machine"),
        ("worker died (signal 9)", "file"),
        ("worker died (signal 11)", "file"),
        ("worker died", "file"),
        ("no progress for 180 s: its worker was ended", "file"),
        ("no audio stream", "file"),
    ],
)
def test_a_failure_is_put_down_to_the_machine_where_its_words_are_sure(reason, cause):
    failure = {"phase": "SEGMENTING", "reason": reason}
    result = read_old(status="failed", passages=[], failure=failure)
    assert (result.failure.reason, result.failure.cause) == (reason, cause)
    assert renew_result(result) is result


def test_a_result_of_this_version_is_given_back_as_it_is():
    once = read_old(passages=OLD["passages"][:4])
    assert renew_result(once) is once


def test_a_store_gives_renewed_results_and_keeps_them_so(tmp_path):
    old = msgspec.json.decode(json.dumps(OLD), type=FileResult)
    with Store(tmp_path / "store.db", folder=tmp_path / "music") as store:
        store.put(old)
        (result,) = store.read_results()
        store.put(result)
        (again,) = store.read_results()
    assert result == again == read_old()
