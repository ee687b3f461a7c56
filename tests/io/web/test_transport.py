"""The one HTTP client: limits, troubles, cancelling."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.standin import Standin

from wkmp_lab.io.web import connection
from wkmp_lab.io.web.answers import Outcome
from wkmp_lab.io.web.connection import Reply, Request, Timeouts
from wkmp_lab.io.web.http_cache import HttpCache, make_key
from wkmp_lab.io.web.transport import Host, Patience, Transport, read_pause_s
from wkmp_lab.model.reasons import OutcomeKind

QUICK = Host(
    "musicbrainz",
    0.02,
    Patience(pause_s=0.01, linger_s=0.01, break_s=60.0, timeouts=Timeouts(1.0, 0.3, 0.6)),
)


def make_transport(folder: Path, is_cancelled=lambda: False) -> Transport:
    return Transport(folder, user_agent="wkmp_lab/test ( a@b.c )", is_cancelled=is_cancelled)


def ask(
    transport: Transport, standin: Standin, host: Host = QUICK, turns: list[str] | None = None
) -> Outcome[bytes]:
    """Ask for a release; ``turns`` grows by one address for each turn that this takes."""
    url = f"{standin.url}/ws/2/release/{next(iter(standin.world.releases))}"

    def prepare() -> Request:
        if turns is not None:
            turns.append(url)
        return Request(url)

    def accept(reply: Reply) -> Outcome[bytes]:
        return Outcome(OutcomeKind.MATCH, reply.body)

    return transport.ask(host, prepare, accept)


@pytest.fixture
def kept(standin, tmp_path):
    """A transport to a stand-in that keeps connections open."""
    standin.keeps_alive = True
    with contextlib.closing(make_transport(tmp_path)) as transport:
        yield transport


def test_an_answer_arrives_whole_and_unpacked(standin, tmp_path):
    outcome = ask(make_transport(tmp_path), standin)
    assert outcome.kind is OutcomeKind.MATCH
    assert outcome.found.startswith(b"<?xml")
    assert standin.entries("musicbrainz")[0].agent == "wkmp_lab/test ( a@b.c )"


@pytest.mark.parametrize(
    "faults",
    [
        ["status:503"] * 5,
        ["status:502", "reset", "truncate", "gzipbad"],
        ["status:429", "status:500"],
        ["hang:0.5"],
    ],
)
def test_passing_troubles_are_sat_out(standin, tmp_path, faults):
    standin.faults["musicbrainz"].extend(faults)
    assert ask(make_transport(tmp_path), standin).kind is OutcomeKind.MATCH
    assert standin.count("musicbrainz") == len(faults) + 1


@pytest.mark.parametrize(
    ("fault", "n_requests", "kind"),
    [
        ("status:503", 6, OutcomeKind.UNAVAILABLE),
        ("status:429", 6, OutcomeKind.RATE_LIMITED),
        ("reset", 6, OutcomeKind.MALFORMED),
        ("truncate", 6, OutcomeKind.MALFORMED),
        ("badlen", 6, OutcomeKind.MALFORMED),
        ("gzipbad", 6, OutcomeKind.MALFORMED),
        ("gzipcut", 6, OutcomeKind.MALFORMED),
        ("huge", 6, OutcomeKind.MALFORMED),
        ("plainhuge", 6, OutcomeKind.MALFORMED),
        ("chunks", 6, OutcomeKind.MALFORMED),
        ("nohttp", 6, OutcomeKind.MALFORMED),
        ("headers", 6, OutcomeKind.MALFORMED),
        ("hang:1", 2, OutcomeKind.UNAVAILABLE),
        ("drip", 2, OutcomeKind.UNAVAILABLE),
        ("circle", 6, OutcomeKind.MALFORMED),
        ("location:", 1, OutcomeKind.MALFORMED),
        ("location://[", 1, OutcomeKind.MALFORMED),
        ("location:http://127.0.0.1:port/", 1, OutcomeKind.MALFORMED),
        ("location:http://127.0.0.1:99999/", 1, OutcomeKind.MALFORMED),
        ("location:http://example.org/", 1, OutcomeKind.REJECTED),
        ("location://example.org/ws", 1, OutcomeKind.REJECTED),
        ("location:file:///etc/passwd", 1, OutcomeKind.REJECTED),
    ],
)
def test_a_lasting_trouble_ends_in_a_typed_outcome(standin, tmp_path, fault, n_requests, kind):
    standin.faults["musicbrainz"].extend([fault] * 20)
    outcome = ask(make_transport(tmp_path), standin)
    assert (outcome.kind, standin.count("musicbrainz")) == (kind, n_requests)
    assert outcome.why


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("location:/ws/2/caf\xe9 noir?a=b c#d", OutcomeKind.MATCH),
        ("location:?again", OutcomeKind.MATCH),
        ("nolen", OutcomeKind.MATCH),
        ("nul200", OutcomeKind.MATCH),
        ("empty200", OutcomeKind.MATCH),
    ],
)
def test_an_odd_reply_that_can_be_read_is_a_reply(standin, tmp_path, fault, kind):
    standin.faults["musicbrainz"].append(fault)
    assert ask(make_transport(tmp_path), standin).kind is kind


@pytest.mark.parametrize(
    "pause",
    ["0", "-5", "\xb2", "9" * 5000, "soon", "", "Fri, 31 Dec 1999 23:59:59 GMT", "1, 2"],
)
def test_a_pause_that_cannot_be_read_is_our_own(standin, tmp_path, pause):
    standin.faults["musicbrainz"].append(f"later:{pause}")
    assert ask(make_transport(tmp_path), standin).kind is OutcomeKind.MATCH
    assert standin.count("musicbrainz") == 2


@pytest.mark.parametrize("text", ["3600", " 3600 ", "9" * 400, "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_an_hour_that_a_server_asks_for_is_a_minute(text):
    assert read_pause_s(text) == 60.0


@given(st.one_of(st.text(), st.from_regex(r"\w+, \d+ (Jan|Feb|x) -?\d+ \d+:\d+(:\d+)? [+-]?\w*")))
def test_no_header_breaks_the_reading_of_a_pause(text):
    assert 0.0 <= read_pause_s(text) <= 60.0


def ask_over_kept(transport: Transport, standin: Standin, n: int = 1, host: Host = QUICK) -> None:
    for _ in range(n):
        assert ask(transport, standin, host).kind is OutcomeKind.MATCH


def ports_of(standin: Standin) -> list[int]:
    return [entry.port for entry in standin.entries("musicbrainz")]


def test_questions_share_a_connection(kept, standin):
    ask_over_kept(kept, standin, 3)
    assert len(ports_of(standin)) == 3
    assert len(set(ports_of(standin))) == 1


def test_a_connection_that_was_closed_in_between_is_replaced_without_a_word(kept, standin):
    standin.faults["musicbrainz"].append("drop")
    ask_over_kept(kept, standin)
    wait_until_closed(kept)
    turns: list[str] = []
    assert ask(kept, standin, turns=turns).kind is OutcomeKind.MATCH
    first, second = ports_of(standin)
    assert first != second
    assert len(turns) == 1


def wait_until_closed(transport: Transport) -> None:
    ((connection, _),) = transport._connections._kept.values()
    deadline = time.monotonic() + 10.0
    while connection.is_connected and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not connection.is_connected


def test_a_connection_that_breaks_under_a_question_costs_a_turn_but_no_try(kept, standin):
    host = Host("musicbrainz", 0.2, Patience(n_tries=1, timeouts=Timeouts(1.0, 0.3, 0.6)))
    ask_over_kept(kept, standin, 1, host)
    standin.faults["musicbrainz"].append("reset")
    ask_over_kept(kept, standin, 1, host)
    first, broken, again = ports_of(standin)
    assert first == broken != again
    assert standin.min_gap_s("musicbrainz") >= 0.2


def test_a_new_connection_that_breaks_is_a_try(kept, standin):
    standin.faults["musicbrainz"].append("reset")
    once = Host("musicbrainz", 0.02, Patience(n_tries=1))
    assert ask(kept, standin, once).kind is OutcomeKind.MALFORMED


def test_a_connection_that_rested_too_long_is_not_trusted(kept, standin, monkeypatch):
    monkeypatch.setattr(connection, "MAX_IDLE_S", 0.0)
    ask_over_kept(kept, standin, 2)
    assert len(set(ports_of(standin))) == 2


def test_a_cancelled_question_leaves_no_connection_that_answers_the_next_one(standin, tmp_path):
    standin.keeps_alive = True
    cancelled = threading.Event()
    with contextlib.closing(make_transport(tmp_path, cancelled.is_set)) as transport:
        ask_over_kept(transport, standin)
        standin.faults["musicbrainz"].append("hang:2")
        threading.Timer(0.2, cancelled.set).start()
        patient = Host("musicbrainz", 0.02)
        assert ask(transport, standin, patient).kind is OutcomeKind.CANCELLED
        cancelled.clear()
        ask_over_kept(transport, standin)
    first, hung, after = ports_of(standin)
    assert first == hung != after


def test_a_folder_that_cannot_hold_slots_is_an_outcome(standin, tmp_path):
    (tmp_path / "file").write_text("no folder")
    outcome = ask(make_transport(tmp_path / "file"), standin)
    assert outcome.kind is OutcomeKind.UNAVAILABLE
    assert "file" in outcome.why


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "nonsense", "http://", "http://[::1/"])
def test_an_address_that_is_none_is_an_outcome(tmp_path, url):
    outcome = make_transport(tmp_path).ask(QUICK, lambda: Request(url), lambda reply: None)
    assert outcome.kind is OutcomeKind.UNAVAILABLE


def test_a_host_that_fails_again_and_again_is_left_alone(standin, tmp_path):
    standin.faults["musicbrainz"].extend(["status:503"] * 100)
    transport = make_transport(tmp_path)
    outcomes = [ask(transport, standin) for _ in range(5)]
    assert standin.count("musicbrainz") == 18
    assert outcomes[-1].why == "left alone after: HTTP 503"


def test_a_host_that_cannot_be_reached_costs_one_try(standin, tmp_path):
    transport = make_transport(tmp_path)
    outcome = transport.ask(QUICK, lambda: Request("http://127.0.0.1:9/"), lambda reply: None)
    assert outcome.kind is OutcomeKind.UNAVAILABLE
    assert "unreachable" in outcome.why
    assert ask(transport, standin).why.startswith("left alone after: unreachable")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    _, context = make_certificate(tmp_path, "IP:127.0.0.1")
    outcome = ask_over_tls(tmp_path, context)
    assert outcome.kind is OutcomeKind.UNAVAILABLE
    assert "certificate" in outcome.why.lower()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("IP:127.0.0.1", OutcomeKind.MATCH), ("DNS:example.org", OutcomeKind.UNAVAILABLE)],
)
def test_a_certificate_counts_for_its_own_host_alone(tmp_path, monkeypatch, name, kind):
    certificate, context = make_certificate(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert ask_over_tls(tmp_path, context).kind is kind


def make_certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    command += ["-addext", f"subjectAltName={name}", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


def ask_over_tls(folder: Path, context: ssl.SSLContext) -> Outcome[bytes]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        context.wrap_socket(listening, server_side=True) as server,
    ):
        thread = threading.Thread(target=answer_once, args=(server,))
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        outcome = make_transport(folder).ask(
            QUICK, lambda: Request(url), lambda reply: Outcome(OutcomeKind.MATCH, reply.body)
        )
        thread.join(10)
    return outcome


def answer_once(server):
    with contextlib.suppress(OSError):
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwhole")


@pytest.mark.parametrize("fault", ["hang:5", "later:30"])
def test_cancelling_ends_a_request_and_a_wait_within_a_second(standin, tmp_path, fault):
    standin.faults["musicbrainz"].append(fault)
    cancelled = threading.Event()
    transport = make_transport(tmp_path, cancelled.is_set)
    threading.Timer(0.2, cancelled.set).start()
    start = time.monotonic()
    outcome = ask(transport, standin, Host("musicbrainz", 0.02))
    assert outcome.kind is OutcomeKind.CANCELLED
    assert time.monotonic() - start < 4.0, "the answer would have come after five"


def test_requests_of_several_sessions_keep_their_distance(standin, tmp_path):
    host = Host("musicbrainz", 0.1)
    threads = [
        threading.Thread(target=lambda: ask(make_transport(tmp_path), standin, host))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert standin.count("musicbrainz") == 5
    assert standin.min_gap_s("musicbrainz") >= 0.1
    assert standin.max_in_flight("musicbrainz") == 1


def test_nothing_is_sent_where_the_answer_is_known_by_then(standin, tmp_path):
    outcome = make_transport(tmp_path).ask(QUICK, lambda: None, lambda reply: None)
    assert outcome.kind is OutcomeKind.NO_MATCH
    assert standin.count("musicbrainz") == 0


def test_the_cache_forgets_what_is_stale(tmp_path):
    now = [1000.0]
    with HttpCache(tmp_path / "answers.sqlite", clock=lambda: now[0]) as cache:
        key = make_key("musicbrainz", "recording", "1")
        cache.write(key, b"body", life_s=10.0)
        assert cache.read(key) == b"body"
        now[0] += 10.0
        assert cache.read(key) is None
