"""AcousticBrainz: a server that answers, one that is gone, and the dumps that remain."""

import contextlib
import io
import json
import sqlite3
import tarfile
import uuid
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.standin import Standin, make_document

from wkmp_lab.cli import main
from wkmp_lab.errors import InvalidInputError, StoreError
from wkmp_lab.flavors import CATEGORIES, Flavor
from wkmp_lab.io.catalogue import flavor_dump
from wkmp_lab.io.catalogue.flavor_dump import FlavorFile, add_dump, read_document
from wkmp_lab.io.web.acousticbrainz import (
    PATIENCE,
    AcousticbrainzClient,
    read_answer,
)
from wkmp_lab.io.web.connection import Timeouts
from wkmp_lab.io.web.http_cache import HttpCache
from wkmp_lab.io.web.transport import Host, Transport
from wkmp_lab.model.reasons import OutcomeKind

HALF_PRECISION = 2.0**-11
"""Relative step of the 16 bits that a probability is kept in."""


@contextlib.contextmanager
def open_client(standin: Standin, folder: Path, *, base_url: str | None = None):
    transport = Transport(folder, user_agent="wkmp_lab/test", is_cancelled=lambda: False)
    host = Host("acousticbrainz", 0.01, replace(PATIENCE, timeouts=Timeouts(0.5, 0.3, 1.0)))
    with HttpCache(folder / "answers.sqlite") as cache:
        url = base_url or standin.url
        yield AcousticbrainzClient(transport, cache, host=host, base_url=url)


def mbids_of(standin: Standin, n: int = 40) -> list[str]:
    return list(standin.world.recordings)[:n]


def test_forty_flavors_come_in_two_requests_and_then_in_none(standin, tmp_path):
    mbids = mbids_of(standin)
    with open_client(standin, tmp_path) as client:
        first = client.fetch_flavors(mbids)
        assert standin.count("acousticbrainz") == 2
    with open_client(standin, tmp_path) as client:
        second = client.fetch_flavors(mbids)
    assert standin.count("acousticbrainz") == 2
    assert first == second
    assert first.flavors.keys() == set(mbids)
    told = make_document(mbids[7])["highlevel"]["moods_mirex"]["all"]
    flavor = first.flavors[mbids[7]]
    assert flavor.categories["moods_mirex"] == pytest.approx(told)
    assert (flavor.source, flavor.submission) == ("acousticbrainz", 0)


def test_an_unknown_recording_is_answered_and_not_asked_again(standin, tmp_path):
    known, unknown = mbids_of(standin, 2)
    standin.unflavored.add(unknown)
    with open_client(standin, tmp_path) as client:
        answers = [client.fetch_flavors([known, unknown]) for _ in range(2)]
    assert standin.count("acousticbrainz") == 1
    for answer in answers:
        assert answer.flavors.keys() == {known}
        assert not answer.unanswered


@pytest.mark.parametrize(
    "fault", ["status:404", "status:410", "html200", "empty200", "list200", "hang:1", "reset"]
)
def test_a_server_that_is_gone_is_asked_once_and_left_alone(standin, tmp_path, fault):
    mbids = mbids_of(standin, 40)
    standin.faults["acousticbrainz"].extend([fault] * 50)
    with open_client(standin, tmp_path) as client:
        answer = client.fetch_flavors(mbids)
        again = client.fetch_flavors(mbids)
    assert set(answer.unanswered) == set(again.unanswered) == set(mbids)
    assert answer.why
    assert standin.count("acousticbrainz") <= PATIENCE.n_tries
    standin.faults["acousticbrainz"].clear()
    with open_client(standin, tmp_path) as client:
        assert len(client.fetch_flavors(mbids).flavors) == 40


def test_a_name_that_does_not_exist_costs_one_try(standin, tmp_path):
    with open_client(standin, tmp_path, base_url="http://127.0.0.1:9") as client:
        answer = client.fetch_flavors(mbids_of(standin, 30))
    assert len(answer.unanswered) == 30
    assert "unreachable" in answer.why


def test_of_several_submissions_the_first_sound_number_counts():
    body = {
        "A" * 36: {"7": make_document("seven"), "10": make_document("ten"), "x": 1},
        "b": {"9" * 5000: make_document("huge")},
        "c": [1, 2],
        "d": {"0": {"highlevel": {}}},
        "mbid_mapping": {},
    }
    found = read_answer(json.dumps(body).encode()).found
    assert {mbid: flavor.submission for mbid, flavor in found.items()} == {"a" * 36: 7}


@given(st.binary(max_size=60))
def test_any_body_is_an_answer_or_malformed(body):
    assert read_answer(body).kind in (OutcomeKind.MATCH, OutcomeKind.MALFORMED)


# -- the file -------------------------------------------------------------------------------


def write_dump(folder: Path, n: int = 5) -> list[str]:
    """A dump as the service published it: folders by the first letters of the id."""
    mbids = [str(uuid.UUID(int=k * 0x1234567)) for k in range(n)]
    for mbid in mbids:
        for number in (0, 1):
            path = folder / "highlevel" / mbid[:2] / mbid[2:3] / f"{mbid}-{number}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(make_document(f"{mbid}-{number}")))
    return mbids


def pack(folder: Path, path: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, "dump")
    return path


@pytest.mark.parametrize("is_archive", [False, True])
def test_a_dump_is_taken_in_whole_and_once(tmp_path, is_archive):
    mbids = write_dump(tmp_path / "dump")
    source = pack(tmp_path / "dump", tmp_path / "dump.tar.gz") if is_archive else tmp_path / "dump"
    with FlavorFile(tmp_path / "flavors.sqlite", is_writer=True) as flavors:
        first, second = add_dump(flavors, source), add_dump(flavors, source)
        assert (first.n_read, first.n_new, second.n_new, len(flavors)) == (10, 10, 0, 10)
        found = flavors.read([*mbids, str(uuid.uuid4())])
    assert list(found) == mbids
    for mbid, flavor in found.items():
        assert flavor.submission == 0
        for name, told in make_document(f"{mbid}-0")["highlevel"].items():
            expected = pytest.approx(told["all"], rel=4 * HALF_PRECISION)
            assert flavor.categories[name] == expected
            assert sum(flavor.categories[name].values()) == pytest.approx(1.0, abs=1e-12)


def test_a_flavor_takes_less_than_two_hundred_bytes(tmp_path):
    entries = [(str(uuid.uuid4()), _read(make_document(str(k)))) for k in range(2000)]
    with FlavorFile(tmp_path / "flavors.sqlite", is_writer=True) as flavors:
        assert flavors.add_many(entries) == 2000
    # SQLite fills the pages of a table with random keys to about three quarters.
    assert (tmp_path / "flavors.sqlite").stat().st_size / 2000 < 260


def _read(document) -> Flavor:
    return read_document(f"{uuid.uuid4()}-3.json", json.dumps(document).encode())[1]


def test_categories_that_are_missing_stay_missing(tmp_path):
    document = make_document("one")
    del document["highlevel"]["gender"]
    mbid = str(uuid.uuid4())
    with FlavorFile(":memory:", is_writer=True) as flavors:
        flavors.add_many([(mbid, _read(document))])
        (found,) = flavors.read([mbid]).values()
    assert found.categories.keys() == CATEGORIES.keys() - {"gender"}
    assert found.submission == 3


def test_what_is_no_flavor_is_passed_over_and_told(tmp_path):
    mbids = write_dump(tmp_path, 1)
    (tmp_path / "README.json").write_text("{}")
    (tmp_path / f"{mbids[0]}-2.json").write_text("<html>")
    (tmp_path / f"{mbids[0]}-3.json").write_text('{"highlevel": {}}')
    told = []
    with FlavorFile(tmp_path / "flavors.sqlite", is_writer=True) as flavors:
        count = add_dump(flavors, tmp_path, on_progress=lambda now: told.append(now.n_read))
    assert (count.n_read, count.n_new, count.n_passed_over) == (5, 2, 3)
    assert "README.json" in count.why
    assert told == [5]


def test_an_archive_that_cannot_be_read_names_a_way(tmp_path):
    path = tmp_path / "dump.tar.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(1000))
    with (
        FlavorFile(":memory:", is_writer=True) as flavors,
        pytest.raises(InvalidInputError, match=r"zstd -dc FILE"),
    ):
        add_dump(flavors, path)
    with (
        FlavorFile(":memory:", is_writer=True) as flavors,
        pytest.raises(InvalidInputError, match="found none at"),
    ):
        add_dump(flavors, tmp_path / "nowhere")


def test_names_in_an_archive_lead_nowhere(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    path = inner / "dump.tar"
    body = json.dumps(make_document("one")).encode()
    with tarfile.open(path, "w") as archive:
        for name in (f"../../{uuid.uuid4()}-0.json", f"/etc/{uuid.uuid4()}-0.json"):
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    before = sorted(tmp_path.rglob("*"))
    with FlavorFile(":memory:", is_writer=True) as flavors:
        assert add_dump(flavors, path).n_new == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_foreign_newer_and_damaged_files_are_refused(tmp_path):
    foreign, newer, damaged = (tmp_path / name for name in ("foreign", "newer", "damaged"))
    with closing(sqlite3.connect(foreign)) as db:
        db.execute("CREATE TABLE mine(x)")
    FlavorFile(newer, is_writer=True).__exit__()
    with closing(sqlite3.connect(newer)) as db:
        db.execute("PRAGMA user_version=9")
    damaged.write_bytes(b"SQLite format 3\x00" + bytes(range(256)) * 20)
    for path, why in ((foreign, "no flavors of"), (newer, "newer"), (damaged, "cannot be used")):
        with pytest.raises(StoreError, match=why):
            FlavorFile(path, is_writer=True)
    with pytest.raises(StoreError, match="there are no flavors"):
        FlavorFile(tmp_path / "missing")


def test_the_command_takes_a_dump_in_and_shows_a_flavor(tmp_path, capsys, monkeypatch):
    mbids = write_dump(tmp_path / "dump")
    archive = pack(tmp_path / "dump", tmp_path / "dump.tar.gz")
    kept = ["--flavors", str(tmp_path / "flavors.sqlite")]
    stdin = io.TextIOWrapper(io.BytesIO(archive.read_bytes()))
    monkeypatch.setattr(flavor_dump.sys, "stdin", stdin)
    assert main(["flavors", "add", "-", *kept]) == 0
    assert "10 flavors added; 10 in" in capsys.readouterr().out
    assert main(["flavors", "query", mbids[2].upper(), *kept]) == 0
    assert "acousticbrainz, submission 0" in capsys.readouterr().out
    assert main(["flavors", "query", mbids[2], "--json", *kept]) == 0
    assert json.loads(capsys.readouterr().out)["categories"].keys() == CATEGORIES.keys()
    assert main(["flavors", "query", "rain", *kept]) == 2
    assert "a recording id is a UUID" in capsys.readouterr().err
