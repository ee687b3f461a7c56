"""One HTTP exchange over a socket: bounded in time and size, and cancellable at any moment."""

import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import certifi

MAX_BODY_BYTES = 8 << 20
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


class UnreachableError(Exception):
    """No connection: the name is unknown, the port closed, the certificate wrong."""


class TimedOutError(Exception):
    """The server took too long; it may still be at work on the request."""


class BrokenReplyError(Exception):
    """The connection broke, or the reply is cut, too large or no HTTP."""


class StoppedError(Exception):
    """The caller does not want the reply any more."""


def exchange(request: Request, *, timeouts: Timeouts, is_cancelled: Callable[[], bool]) -> Reply:
    """Send a request and read the whole reply.

    The exchange runs in a thread of its own, so that a silent server cannot hold a cancelled
    caller: the socket is shut under it.

    Raises
    ------
    UnreachableError, TimedOutError, BrokenReplyError, StoppedError
    """
    call = _Call(request, timeouts)
    thread = threading.Thread(target=call.run, name="wkmp-wire", daemon=True)
    thread.start()
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
    return call.reply


class _Call:
    """An exchange in its thread."""

    def __init__(self, request: Request, timeouts: Timeouts) -> None:
        self._request = request
        self._timeouts = timeouts
        self._connection = _connect_to(request.url, timeouts.connect_s)
        self._is_aborted = False
        self.is_done = threading.Event()
        self.reply: Reply | None = None
        self.error: Exception | None = None

    def abort(self) -> None:
        """Shut the socket under the thread."""
        self._is_aborted = True
        sock = self._connection.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def run(self) -> None:
        try:
            self.reply = self._exchange()
        except (UnreachableError, BrokenReplyError, StoppedError) as error:
            self.error = error
        except TimeoutError:
            self.error = TimedOutError(f"no bytes for {self._timeouts.read_s:g} s")
        except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
            self.error = BrokenReplyError(str(error) or type(error).__name__)
        finally:
            self._connection.close()
            self.is_done.set()

    def _exchange(self) -> Reply:
        try:
            self._connection.connect()
        except OSError as error:
            raise UnreachableError(str(error) or type(error).__name__) from error
        if self._is_aborted:
            raise StoppedError
        self._connection.sock.settimeout(self._timeouts.read_s)
        parts = urlsplit(self._request.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        method = "GET" if self._request.body is None else "POST"
        headers = {"Accept-Encoding": "gzip", "Connection": "close", **self._request.headers}
        self._connection.request(method, target, self._request.body, headers)
        response = self._connection.getresponse()
        body = _read_body(response)
        if response.getheader("Content-Encoding", "").lower() == "gzip":
            body = _unpack(body)
        kept = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, kept, body, self._request.url)


def _connect_to(url: str, timeout_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return http.client.HTTPSConnection(host, parts.port, timeout=timeout_s, context=context)


def _read_body(response: http.client.HTTPResponse) -> bytes:
    body = bytearray()
    while chunk := response.read(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BrokenReplyError(f"the reply is larger than {MAX_BODY_BYTES} bytes")
    if response.length:
        raise BrokenReplyError(f"the reply is cut: {response.length} bytes are missing")
    return bytes(body)


def _unpack(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    plain = unpacker.decompress(body, MAX_BODY_BYTES + 1)
    if len(plain) > MAX_BODY_BYTES:
        raise BrokenReplyError(f"the reply unpacks to more than {MAX_BODY_BYTES} bytes")
    if not unpacker.eof:
        raise BrokenReplyError("the packed reply is cut")
    return plain
