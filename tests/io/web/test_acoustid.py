"""AcoustID lookups: batches, memory, the key, and answers of every shape."""

import contextlib
import dataclasses
import gzip
import logging
from collections.abc import Iterator

import pytest
from support.standin import KEY, Standin
from support.standin_world import distort

from wkmp_lab.fingerprinting.fingerprint import encode_fingerprint
from wkmp_lab.io.keys import Secret, ask_key, read_key, write_key
from wkmp_lab.io.web.acoustid import AcoustidClient, read_matches
from wkmp_lab.io.web.http_cache import HttpCache
from wkmp_lab.io.web.transport import Host, Patience, Transport
from wkmp_lab.model import Fingerprint
from wkmp_lab.model.reasons import OutcomeKind

HOST = Host("acoustid", 0.02, Patience(pause_s=0.01, linger_s=0.01))


@pytest.fixture
def client(standin, tmp_path):
    with open_client(standin, tmp_path) as client:
        yield client


@contextlib.contextmanager
def open_client(standin: Standin, folder, key: str = KEY) -> Iterator[AcoustidClient]:
    transport = Transport(folder, user_agent="wkmp_lab/test", is_cancelled=lambda: False)
    url = standin.acoustid_url
    with HttpCache(folder / "answers.sqlite") as cache:
        yield AcoustidClient(transport, cache, host=HOST, base_url=url, key=Secret(key))


def fingerprint_of(recording, *, bit_error: float = 0.02) -> Fingerprint:
    text = encode_fingerprint(distort(recording.items, bit_error=bit_error))
    return Fingerprint(text, recording.duration_s, "test")


def test_a_library_is_looked_up_ten_at_a_time_and_joined_by_index(standin, client):
    recordings = list(standin.world.recordings.values())[:25]
    outcomes = client.lookup([fingerprint_of(recording) for recording in recordings])
    assert [o.found[0].recording.mbid for o in outcomes] == [r.mbid for r in recordings]
    assert standin.count("acoustid") == 3


def test_a_match_brings_names_length_and_releases(standin, client):
    known = next(iter(standin.world.recordings.values()))
    (outcome,) = client.lookup([fingerprint_of(known)])
    match = outcome.found[0]
    assert match.score > 0.9
    assert (match.recording.title, match.recording.artist) == (known.title, known.artist)
    assert match.recording.duration_s == known.duration_s
    original, deluxe = match.recording.releases
    assert (original.title, original.year) == ("Album Amber 0", 1990)
    assert deluxe.title == "Album Amber 0 (Deluxe)"


def test_a_second_run_asks_nothing(standin, client, tmp_path):
    fingerprints = [fingerprint_of(r) for r in standin.world.recordings.values()]
    first = client.lookup(fingerprints)
    n_asked = standin.count("acoustid")
    with open_client(standin, tmp_path) as second:
        assert second.lookup(fingerprints) == first
    assert standin.count("acoustid") == n_asked


def test_a_part_of_a_file_is_not_found(standin, client):
    known = next(iter(standin.world.recordings.values()))
    part = Fingerprint(encode_fingerprint(known.items[200:500]), known.duration_s, "test")
    assert client.lookup([part])[0].kind is OutcomeKind.NO_MATCH


def test_a_fingerprint_that_the_service_drops_is_rejected_not_unknown(standin, client):
    known = next(iter(standin.world.recordings.values()))
    bad = dataclasses.replace(fingerprint_of(known), text="!!!")
    outcomes = client.lookup([bad, fingerprint_of(known)])
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.REJECTED, OutcomeKind.MATCH]


def test_a_wrong_key_is_told_once_and_never_again(standin, tmp_path, caplog):
    fingerprints = [fingerprint_of(r) for r in standin.world.recordings.values()]
    with open_client(standin, tmp_path, key="a-wrong-key") as client:
        outcomes = client.lookup(fingerprints)
    assert {outcome.why for outcome in outcomes} == {"error 4: invalid API key"}
    assert standin.count("acoustid") == 1
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "a-wrong-key" not in caplog.text


@pytest.mark.parametrize("fault", ["html200", "empty200", "list200"])
def test_a_page_that_is_no_answer_is_malformed_and_not_kept(standin, client, fault):
    known = fingerprint_of(next(iter(standin.world.recordings.values())))
    standin.faults["acoustid"].append(fault)
    assert client.lookup([known])[0].kind is OutcomeKind.MALFORMED
    assert client.lookup([known])[0].kind is OutcomeKind.MATCH


def test_the_key_travels_in_the_packed_body_alone(standin, client, tmp_path):
    client.lookup([fingerprint_of(next(iter(standin.world.recordings.values())))])
    (entry,) = standin.entries("acoustid")
    assert KEY not in entry.path
    assert KEY.encode() in gzip.decompress(entry.body)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY.encode() not in kept


def test_a_secret_shows_nothing():
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]} {dataclasses.replace(secret)}"


def test_a_key_is_kept_for_its_owner_alone(tmp_path):
    path = write_key(Secret(KEY), path=tmp_path / "key")
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(environment={}, path=path) == Secret(KEY)
    assert read_key(environment={"WKMP_LAB_ACOUSTID_KEY": "other"}, path=path) == Secret("other")
    assert read_key(environment={}, path=tmp_path / "none") is None


@pytest.mark.parametrize(
    "results",
    [
        [None, 1, "x", {}],
        [{"id": "a", "score": None, "recordings": [{"id": "m"}]}],
        [{"id": "a", "score": float("nan"), "recordings": [{"id": "m"}]}],
        [{"id": "a", "score": 0.9}],
        [{"id": "a", "score": 0.9, "recordings": [{"title": "without an id"}]}],
    ],
)
def test_results_without_a_usable_link_give_nothing(results):
    assert read_matches(results) == ()


def test_nulls_everywhere_are_tolerated():
    link = {
        "id": "M",
        "title": None,
        "duration": None,
        "sources": None,
        "artists": [{"name": None, "joinphrase": None}, None],
        "releasegroups": [{"title": None, "releases": [{"id": "R", "date": None}, None]}],
    }
    (match,) = read_matches([{"id": "a", "score": 1, "recordings": [link]}])
    assert match.recording.mbid == "m"
    assert (match.recording.artist, match.share) == (None, 1.0)


def test_links_are_weighed_by_their_submissions():
    links = [{"id": "a", "sources": 100}, {"id": "b", "sources": 5}]
    first, second = read_matches([{"id": "x", "score": 0.9, "recordings": links}])
    assert (first.share, second.share) == (1.0, 0.05)


def test_a_key_that_is_typed_in_is_kept_and_not_shown(tmp_path, monkeypatch, capsys):
    typed = iter([KEY, "  "])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    path = tmp_path / "key"
    assert ask_key(path=path) == read_key(environment={}, path=path) == Secret(KEY)
    assert ask_key(path=path) is None
    assert KEY not in capsys.readouterr().out
