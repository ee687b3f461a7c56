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
from support.standin import Standin

from wkmp_lab.io.web.answers import Outcome, OutcomeKind
from wkmp_lab.io.web.connection import Reply, Request, Timeouts
from wkmp_lab.io.web.http_cache import HttpCache, make_key
from wkmp_lab.io.web.transport import Host, Patience, Transport

QUICK = Host(
    "musicbrainz",
    0.02,
    Patience(pause_s=0.01, linger_s=0.01, break_s=60.0, timeouts=Timeouts(1.0, 0.3, 0.6)),
)


def make_transport(folder: Path, is_cancelled=lambda: False) -> Transport:
    return Transport(folder, user_agent="wkmp_lab/test ( a@b.c )", is_cancelled=is_cancelled)


def ask(transport: Transport, standin: Standin, host: Host = QUICK) -> Outcome[bytes]:
    url = f"{standin.url}/ws/2/release/{next(iter(standin.world.releases))}"

    def accept(reply: Reply) -> Outcome[bytes]:
        return Outcome(OutcomeKind.MATCH, reply.body)

    return transport.ask(host, lambda: Request(url), accept)


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
        ("huge", 6, OutcomeKind.MALFORMED),
        ("hang:1", 2, OutcomeKind.UNAVAILABLE),
        ("drip", 2, OutcomeKind.UNAVAILABLE),
        ("circle", 6, OutcomeKind.MALFORMED),
        ("elsewhere", 1, OutcomeKind.REJECTED),
    ],
)
def test_a_lasting_trouble_ends_in_a_typed_outcome(standin, tmp_path, fault, n_requests, kind):
    standin.faults["musicbrainz"].extend([fault] * 20)
    outcome = ask(make_transport(tmp_path), standin)
    assert (outcome.kind, standin.count("musicbrainz")) == (kind, n_requests)
    assert outcome.why


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
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        context.wrap_socket(listening, server_side=True) as server,
    ):
        thread = threading.Thread(target=refuse_politely, args=(server,))
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        outcome = make_transport(tmp_path).ask(QUICK, lambda: Request(url), lambda reply: None)
        thread.join(10)
    assert outcome.kind is OutcomeKind.UNAVAILABLE
    assert "certificate" in outcome.why.lower()


def refuse_politely(server):
    with contextlib.suppress(OSError):
        server.accept()


@pytest.mark.parametrize("fault", ["hang:5", "later:30"])
def test_cancelling_ends_a_request_and_a_wait_within_a_second(standin, tmp_path, fault):
    standin.faults["musicbrainz"].append(fault)
    cancelled = threading.Event()
    transport = make_transport(tmp_path, cancelled.is_set)
    threading.Timer(0.2, cancelled.set).start()
    start = time.monotonic()
    outcome = ask(transport, standin, Host("musicbrainz", 0.02))
    assert outcome.kind is OutcomeKind.CANCELLED
    assert time.monotonic() - start < 1.2


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
