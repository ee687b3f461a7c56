"""A catalogue as text: what is written can be read again, and nothing else is taken for one."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.standin_world import make_id, make_items

from wkmp_lab.cli import main
from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.fingerprinting.fingerprint import encode_fingerprint
from wkmp_lab.io.catalogue.catalogue import Catalogue, StoredFingerprint
from wkmp_lab.io.catalogue.jsonl import (
    compute_generation,
    load_fingerprints,
    open_catalogue,
    read_catalogue_file,
    write_catalogue_file,
)
from wkmp_lab.io.web.answers import Recording

RAIN, SNOW = (make_items(np.random.default_rng(seed), duration_s=60.0) for seed in (1, 2))
TEXT = encode_fingerprint(RAIN)
NAMES = st.one_of(st.none(), st.text(max_size=20))


def stored(*, title="Rain", items=RAIN, start_s=0.0, mbid=None) -> StoredFingerprint:
    return StoredFingerprint(Recording(mbid, title, "The Drops", 60.0), items, "a.flac", start_s)


def facts_of(fingerprints):
    return [(f.recording, f.items.tolist(), f.origin, f.start_s) for f in fingerprints]


@given(title=st.text(min_size=1), artist=NAMES, origin=NAMES, start_s=st.floats(0, 1e5))
def test_what_is_written_can_be_read_again(tmp_path_factory, title, artist, origin, start_s):
    path = tmp_path_factory.mktemp("text") / "known.jsonl"
    recording = Recording(make_id("rain"), title, artist, 60.0)
    written = [StoredFingerprint(recording, RAIN, origin, start_s), stored(items=SNOW)]
    assert write_catalogue_file(written, path) == 2
    assert facts_of(read_catalogue_file(path)) == facts_of(written)


def test_a_catalogue_goes_through_a_text_and_comes_back_the_same(tmp_path):
    path = tmp_path / "known.jsonl"
    with Catalogue(":memory:") as first, Catalogue(":memory:") as second:
        load_fingerprints(first, [stored(), stored(items=SNOW, start_s=60.0)])
        write_catalogue_file(first.read_fingerprints(), path)
        assert load_fingerprints(second, read_catalogue_file(path)) == 2
        assert load_fingerprints(second, read_catalogue_file(path)) == 0
        assert facts_of(second.read_fingerprints()) == facts_of(first.read_fingerprints())
        (match,) = second.query(SNOW[100:300])
    assert match.offset_s == pytest.approx(60.0 + 100 * 1365 / 11025, abs=0.1)


def test_a_text_is_asked_like_a_catalogue_and_nothing_is_written_beside_it(tmp_path):
    path = tmp_path / "known.jsonl"
    write_catalogue_file([stored()], path)
    with open_catalogue(path) as catalogue:
        (match,) = catalogue.query(RAIN[50:250])
    assert (match.recording.title, match.bit_error) == ("Rain", 0.0)
    assert [each.name for each in tmp_path.iterdir()] == ["known.jsonl"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no json", "line 2"),
        ("[]", "line 2"),
        (json.dumps({"title": "Rain"}), "fingerprint"),
        (json.dumps({"fingerprint": TEXT}), "needs an id or a title"),
        (json.dumps({"title": 7, "fingerprint": TEXT}), "Expected `str"),
        (json.dumps({"title": "Rain", "fingerprint": TEXT[:-30]}), "cut off"),
        (json.dumps({"recording_mbid": "x", "fingerprint": TEXT}), "must be a UUID, got 'x'"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path, line, message):
    path = tmp_path / "known.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(InvalidInputError, match=message):
        list(read_catalogue_file(path))
    with pytest.raises(StoreError, match="cannot be used as a catalogue"):
        open_catalogue(path)


@pytest.mark.parametrize("name", ["known.jsonl", "known.sqlite"])
def test_the_generation_changes_with_what_is_added_and_only_with_that(tmp_path, name):
    path = tmp_path / name
    assert compute_generation(path) is None
    seen = []
    for fingerprints in ([stored()], [stored(), stored(items=SNOW)]):
        if name.endswith("jsonl"):
            write_catalogue_file(fingerprints, path)
        else:
            with Catalogue(path) as catalogue:
                load_fingerprints(catalogue, fingerprints)
        seen += [compute_generation(path), compute_generation(path)]
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_a_damaged_catalogue_has_a_generation_too(tmp_path):
    path = tmp_path / "known.sqlite"
    path.write_bytes(b"no database, but long enough to be looked at" * 30)
    assert compute_generation(path) == "unreadable"


def test_the_command_takes_a_text_in_and_writes_it_out(tmp_path, capsys):
    text, again = tmp_path / "known.jsonl", tmp_path / "again.jsonl"
    write_catalogue_file([stored()], text)
    place = ["--catalogue", str(tmp_path / "known.sqlite")]
    assert main(["catalogue", "add", str(text), *place]) == 0
    assert main(["catalogue", "write", str(again), *place]) == 0
    assert again.read_bytes() == text.read_bytes()
    assert main(["catalogue", "add", str(text), "--catalogue", str(again)]) == 2
    assert "SQLite file" in capsys.readouterr().err
