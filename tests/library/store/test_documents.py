"""A result in a store is the result, in few bytes."""

import zlib
from dataclasses import replace
from importlib.resources import files

import msgspec
import pytest
from support.example_results import make_failure, make_library, make_measured, make_result
from support.generated import generate_results, make_sources

from wkmp_lab.library.store import documents
from wkmp_lab.library.store.documents import pack_result, unpack_result

SONGS = list(generate_results(make_sources(20)))


def read_back(result):
    """A result from its bytes, with what stands in columns."""
    return replace(
        unpack_result(*pack_result(result)),
        source=result.source,
        sha256=result.sha256,
        audio_hash=result.audio_hash,
        duplicate_of=result.duplicate_of,
    )


@pytest.mark.parametrize(
    "result", [*make_library()[:2], make_measured(), make_failure(), SONGS[0]]
)
def test_a_result_is_the_same_after_being_packed(result):
    assert read_back(result) == result


@pytest.mark.parametrize(
    "text", ["", "no fingerprint at all", "AQADtEmU", "AQADtEm=", "caf\u00e9"]
)
def test_whatever_stands_for_a_fingerprint_comes_back_to_the_letter(text):
    (first, *others) = make_result().passages
    passage = replace(first, fingerprint=replace(first.fingerprint, text=text))
    result = make_result(passages=(passage, *others), file_fingerprint=passage.fingerprint)
    assert read_back(result) == result


def test_a_song_takes_less_than_2_kB_beside_its_fingerprints():
    packed = [pack_result(song) for song in SONGS]
    assert sum(len(document) for document, _ in packed) / len(packed) < 2000
    texts = [song.passages[0].fingerprint.text + song.file_fingerprint.text for song in SONGS]
    ratio = sum(len(prints) for _, prints in packed) / sum(map(len, texts))
    assert ratio == pytest.approx(0.75, abs=0.01), "bytes, not the text that spells them"


def test_results_of_older_schemas_are_read_from_json():
    assert unpack_result(msgspec.json.encode(SONGS[0]).decode(), None) == SONGS[0]


def test_a_damaged_document_is_an_error():
    document, prints = pack_result(SONGS[0])
    with pytest.raises(zlib.error):
        unpack_result(document[:40] + b"\0" + document[41:], prints)
    with pytest.raises(msgspec.DecodeError, match="fingerprints are damaged"):
        unpack_result(document, prints[:-1] + b"\0")


def test_the_words_that_stores_are_read_by_never_change():
    words = files(documents.__package__).joinpath(documents.WORDS).read_bytes()
    assert (len(words), zlib.crc32(words)) == (12007, 2199283077)
