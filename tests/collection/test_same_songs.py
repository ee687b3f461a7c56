"""Teaching the catalogue what a library holds, and finding the same piece twice."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from support.standin_world import distort, make_id, make_items

from wkmp_lab.collection.same_songs import find_same_songs
from wkmp_lab.collection.teach import add_results
from wkmp_lab.fingerprinting.fingerprint import (
    compute_fingerprint,
    decode_fingerprint,
    encode_fingerprint,
    find_fingerprint_tool,
)
from wkmp_lab.identifying.recording import identify_recording
from wkmp_lab.io.catalogue.catalogue import Catalogue
from wkmp_lab.io.catalogue.jsonl import open_catalogue
from wkmp_lab.io.files.audio import read_signal
from wkmp_lab.lookup.passage_lookup import statement_of_match
from wkmp_lab.model import (
    AudioFormat,
    Candidate,
    FileResult,
    Fingerprint,
    Identity,
    Passage,
    SourceFile,
    Tags,
)
from wkmp_lab.tables import tables
from wkmp_lab.units import ticks_from_seconds

RAIN, SNOW = (make_items(np.random.default_rng(seed), duration_s=100.0) for seed in (1, 2))


def file_of(path: str, items, *, tags: Tags | None = None, sr: int = 44_100) -> FileResult:
    fingerprint = Fingerprint(encode_fingerprint(items), 100.0, "test")
    passage = Passage(0, 0, ticks_from_seconds(100.0), fingerprint)
    return FileResult(
        SourceFile(path, 1_000_000, 1),
        "done",
        tags=tags or Tags(),
        audio=AudioFormat("any", Path(path).suffix[1:] or "flac", sr, 2, 100 * sr, 100.0),
        passages=(passage,),
    )


def identified(result: FileResult, level: str) -> FileResult:
    chosen = Candidate(make_id("rain"), "Rain", "The Drops", 0.9, level)
    passage = dataclasses.replace(result.passages[0], identity=Identity(level, "why", chosen))
    return dataclasses.replace(result, passages=(passage,))


@pytest.mark.parametrize(("level", "mbid"), [("high", make_id("rain")), ("low", None)])
def test_a_sure_identity_is_taught_and_a_guess_is_not(level, mbid):
    file = identified(file_of("a.flac", RAIN, tags=Tags(title="Drizzle")), level)
    with Catalogue(":memory:") as catalogue:
        assert add_results(catalogue, [file]) == 1
        assert add_results(catalogue, [file]) == 0
        (entry,) = catalogue.list_recordings()
    assert entry.recording.mbid == mbid
    assert entry.recording.title == ("Rain" if mbid else "Drizzle")


def test_what_has_no_name_bears_that_of_its_file_unless_this_is_not_wanted():
    nameless = file_of("/music/a \udce9.flac", RAIN)
    odd = file_of("/music/b.flac", SNOW, tags=Tags(recording_mbid="no id at all"))
    with Catalogue(":memory:") as catalogue:
        assert add_results(catalogue, [nameless, odd], is_named_by_file=False) == 0
        assert add_results(catalogue, [nameless, odd]) == 2
        assert [e.recording.title for e in catalogue.list_recordings()] == ["a ?", "b"]


def test_what_has_no_fingerprint_is_not_taught():
    passage = dataclasses.replace(file_of("a", RAIN).passages[0], fingerprint=None)
    mute = dataclasses.replace(file_of("a", RAIN, tags=Tags(title="Rain")), passages=(passage,))
    with Catalogue(":memory:") as catalogue:
        assert add_results(catalogue, [mute]) == 0


def test_a_piece_in_two_encodings_is_found_with_its_better_copy():
    good = file_of("rain.flac", RAIN, sr=96_000)
    poor = file_of("rain.mp3", distort(RAIN, bit_error=0.03)[40:], sr=22_050)
    (pair,) = find_same_songs([good, file_of("snow.flac", SNOW), poor])
    assert (pair.first.path, pair.second.path) == ("rain.flac", "rain.mp3")
    assert pair.bit_error == pytest.approx(0.03, abs=0.01)
    assert pair.offset_s == pytest.approx(40 * 1365 / 11025, abs=0.2)
    assert pair.better == pair.first
    assert pair.reason == "lossless, not MP3"


def test_pairs_stand_in_a_table_with_the_better_copy():
    good = file_of("rain.flac", RAIN, sr=96_000)
    poor = file_of("rain.mp3", distort(RAIN, bit_error=0.03)[40:], sr=22_050)
    table = tables.same_songs_table(find_same_songs([good, poor]))
    row = table.iloc[0]
    assert (row.path, row.other_path, row.better_path) == ("rain.flac", "rain.mp3", "rain.flac")
    assert (row.passage, row.overlap_s > 30.0) == (0, True)
    assert list(tables.same_songs_table([])) == list(table)


def test_copies_that_nothing_tells_apart_have_no_better_one():
    (pair,) = find_same_songs([file_of("a", RAIN), file_of("b", RAIN)])
    assert (pair.bit_error, pair.better) == (0.0, None)


def test_other_pieces_and_empty_libraries_make_no_pairs():
    assert find_same_songs([file_of("a", RAIN), file_of("b", SNOW)]) == []
    assert find_same_songs([]) == []


DATA = Path(__file__).parents[2] / "data"
SAMPLE = [
    entry
    for entry in json.loads((DATA / "sample" / "truth.json").read_text("utf-8"))["files"]
    if entry["passages"] and not entry["duplicate_of"]
]


@pytest.mark.parametrize("entry", SAMPLE, ids=[entry["path"] for entry in SAMPLE])
def test_every_piece_of_the_sample_is_known_by_the_catalogue_of_its_scores(entry):
    if find_fingerprint_tool() is None:
        pytest.skip("needs Chromaprint: libchromaprint or an ffmpeg with its muxer")
    signal = read_signal(DATA / "sample" / entry["path"])
    mono = signal.samples.mean(axis=0)
    with open_catalogue(DATA / "sample" / "wkmp_catalogue.jsonl") as catalogue:
        for piece in entry["passages"]:
            start, end = (round(piece[key] * signal.sr) for key in ("start_s", "end_s"))
            fingerprint = compute_fingerprint(mono[start:end], sr=signal.sr)
            items = decode_fingerprint(fingerprint.text)
            statements = [
                statement_of_match(m, fingerprint.duration_s) for m in catalogue.query(items)
            ]
            identity = identify_recording(
                statements, duration_s=fingerprint.duration_s, is_whole_file=False
            )
            assert identity.level in ("high", "medium"), identity.sentence
            assert identity.chosen.title == piece["title"]
