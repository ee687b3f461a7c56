"""HTTP exchanges over kept connections: bounded in time and size, cancellable at any moment."""

import contextlib
import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection

MAX_BODY_BYTES = 8 << 20
MAX_IDLE_S = 30.0
"""A connection that rested for longer is not trusted: routers forget it without a word."""
_CHUNK_BYTES = 1 << 16
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds: to connect, for the next bytes, and in all."""

    connect_s: float = 5.0
    read_s: float = 15.0
    total_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; ``body`` makes it a POST."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, unpacked; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class ExchangeError(Exception):
    """There is no reply."""


class UnreachableError(ExchangeError):
    """No connection: the name is unknown, the port closed, the certificate wrong."""


class TimedOutError(ExchangeError):
    """The server took too long; it may still be at work on the request."""


class BrokenReplyError(ExchangeError):
    """The connection broke, or the reply is cut, too large or no HTTP."""


class StaleConnectionError(ExchangeError):
    """The server gave up a kept connection as the request was sent; a new one may do."""


class StoppedError(ExchangeError):
    """The caller does not want the reply any more."""


class Connections:
    """Connections to servers, one each, kept open between requests; for one thread.

    Redirects are not followed, no proxy is asked, and nothing is tried twice.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[HTTPConnection, float]] = {}
        self._trust: ssl.SSLContext | None = None

    def close(self) -> None:
        """Close what is open; a later exchange connects again."""
        while self._kept:
            self._kept.popitem()[1][0].close()

    def exchange(
        self, request: Request, *, timeouts: Timeouts, is_cancelled: Callable[[], bool]
    ) -> Reply:
        """Send a request and read the whole reply.

        The exchange runs in a thread of its own, so that a silent server cannot hold a cancelled
        caller: the socket is shut under it.

        Raises
        ------
        UnreachableError, TimedOutError, BrokenReplyError, StaleConnectionError, StoppedError
        """
        from urllib3.util import parse_url

        try:
            url = parse_url(request.url)
        except ValueError as error:
            raise UnreachableError(str(error)) from error
        if url.scheme not in ("http", "https") or not url.host:
            raise UnreachableError(f"an address must begin with http, got {request.url!r}")
        server = f"{url.scheme}://{url.netloc}"
        connection = self._take(server) or self._make(url.scheme, url.host, url.port)
        call = _Call(connection, request, url.request_uri, timeouts)
        threading.Thread(target=call.run, name="wkmp-wire", daemon=True).start()
        give_up = time.monotonic() + timeouts.total_s
        while not call.is_done.wait(_POLL_S):
            if is_cancelled():
                call.abort()
                raise StoppedError
            if time.monotonic() > give_up:
                call.abort()
                raise TimedOutError(f"no whole reply in {timeouts.total_s:g} s")
        if call.reply is None:
            raise call.error or BrokenReplyError("no reply")
        self._kept[server] = connection, time.monotonic()
        return call.reply

    def _take(self, server: str) -> "HTTPConnection | None":
        """The kept connection to a server, if there is one that has not rested too long."""
        connection, since = self._kept.pop(server, (None, 0.0))
        if connection is not None and time.monotonic() > since + MAX_IDLE_S:
            connection.close()
        return connection

    def _make(self, scheme: str, host: str, port: int | None) -> "HTTPConnection":
        from urllib3.connection import HTTPConnection, HTTPSConnection

        if scheme == "http":
            return HTTPConnection(host, port)
        self._trust = self._trust or _load_trust()
        return HTTPSConnection(host, port, ssl_context=self._trust)


def _load_trust() -> ssl.SSLContext:
    """Whom the system trusts, and whom Mozilla does: some systems have no list of their own."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Call:
    """An exchange in its thread."""

    def __init__(
        self, connection: "HTTPConnection", request: Request, target: str, timeouts: Timeouts
    ) -> None:
        self._connection = connection
        self._request = request
        self._target = target
        self._timeouts = timeouts
        self._socket: socket.socket | None = None
        self._is_aborted = False
        self.is_done = threading.Event()
        self.reply: Reply | None = None
        self.error: ExchangeError | None = None

    def abort(self) -> None:
        """Shut the socket under the thread."""
        self._is_aborted = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        from urllib3.exceptions import HTTPError
        from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

        try:
            self.reply = self._exchange()
        except ExchangeError as error:
            self.error = error
        except (TimeoutError, Urllib3TimeoutError):
            self.error = TimedOutError(f"no bytes for {self._timeouts.read_s:g} s")
        except (OSError, http.client.HTTPException, HTTPError, zlib.error, ValueError) as error:
            self.error = BrokenReplyError(str(error) or type(error).__name__)
        finally:
            if self.reply is None:
                self._connection.close()
            self.is_done.set()

    def _exchange(self) -> Reply:
        is_kept = self._connection.is_connected
        if not is_kept:
            self._connect()
        # Remembered here: a connection that the server closes after its reply forgets its socket.
        self._socket = self._connection.sock
        if self._is_aborted:
            raise StoppedError
        self._connection.timeout = self._timeouts.read_s
        method = "GET" if self._request.body is None else "POST"
        headers = {"Accept-Encoding": "gzip", **self._request.headers}
        try:
            self._connection.request(
                method,
                self._target,
                self._request.body,
                headers,
                preload_content=False,
                decode_content=False,
            )
            response = self._connection.getresponse()
        except (ConnectionError, ssl.SSLError) as error:
            if is_kept:
                raise StaleConnectionError(str(error) or type(error).__name__) from error
            raise
        with contextlib.closing(response):
            body = _join(response.stream(_CHUNK_BYTES))
        kept = {name.lower(): value for name, value in response.headers.items()}
        if body and kept.get("content-encoding", "").strip().lower() == "gzip":
            body = _unpack(body)
        return Reply(response.status, kept, body, self._request.url)

    def _connect(self) -> None:
        from urllib3.exceptions import HTTPError

        self._connection.close()  # of what the server has closed, our half is still open
        self._connection.timeout = self._timeouts.connect_s
        try:
            self._connection.connect()
        except (OSError, HTTPError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error


def _join(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BrokenReplyError(f"the reply is larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _unpack(body: bytes) -> bytes:
    # By hand: urllib3 (2.8) and httpx (0.28) take a packed reply that is cut for a whole one.
    unpacker = zlib.decompressobj(wbits=31)
    plain = unpacker.decompress(body, MAX_BODY_BYTES + 1)
    if len(plain) > MAX_BODY_BYTES:
        raise BrokenReplyError(f"the reply unpacks to more than {MAX_BODY_BYTES} bytes")
    if not unpacker.eof:
        raise BrokenReplyError("the packed reply is cut")
    return plain
