"""Small calls to one server over connections that stay open: HTTP/1.1 (RFC 9112) and nothing that we do not need.

The general client took a third of an update's work: it is made for any address, body and cookie. Here there is one
address, the body is in memory and the answer is JSON. Files, downloads and proxies stay with the general client.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httptools
from aiohappyeyeballs import start_connection

#: A server may close an idle connection at any time; an older one is not used for a call any more.
IDLE_S = 30.0
MOST_ANSWER = 64 << 20
#: Seconds after which a second address of the server is tried beside the first (RFC 8305).
HAPPY_EYEBALLS_S = 0.25
LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
_INFORMATIONAL = range(100, 200)

Seconds = float | None


class ConnectionBroken(OSError):
    """The server closed the connection, or did not answer in HTTP: whether the call was done is not known."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a server is: scheme, host and port (RFC 9110, section 4.3.1)."""

    is_tls: bool
    host: str
    port: int
    authority: str  #: As the `Host` field has it.

    @classmethod
    def of(cls, parts: SplitResult) -> "Origin | None":
        """Return None for an address of another kind, or not in plain ASCII."""
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
            return None
        is_tls = parts.scheme == "https"
        return cls(is_tls, parts.hostname, parts.port or (443 if is_tls else 80), parts.netloc)


class Connection(asyncio.Protocol):
    """One connection, one call at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, among: "set[Connection]") -> None:
        """It is in `among`, the open connections, until it is lost."""
        self._loop = loop
        self._among = among
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._body = bytearray()
        self._has_length = self._is_ended_by_closing = False
        self._silence: asyncio.TimerHandle | None = None
        self._patience: Seconds = None
        self.idle_since = 0.0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def exchange(self, request: bytes, patience: Seconds) -> tuple[int, bytes]:
        """Send this and return status and body; raise `TimeoutError` after this many seconds without a byte."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ConnectionBroken
        self._answer = self._loop.create_future()
        self._patience = patience
        transport.write(request)
        self._listen()
        try:
            return await self._answer
        finally:
            if not self._answer.done() or self._answer.cancelled():
                self.close()  # Its answer would be taken for the next call's.
            self._answer = None
            self._stop_listening()
            self.idle_since = self._loop.time()

    def _listen(self) -> None:
        if self._patience is not None:
            self._silence = self._loop.call_later(self._patience, self._fail, TimeoutError())

    def _stop_listening(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def _fail(self, error: Exception) -> None:
        self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._among.add(self)

    def data_received(self, data: bytes) -> None:
        self._stop_listening()
        if self._answer is None:
            self.close()  # No call is waiting.
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail(ConnectionBroken())
            return
        if not self._answer.done():
            self._listen()

    def connection_lost(self, exc: Exception | None) -> None:
        self._among.discard(self)
        if self._is_ended_by_closing and exc is None:
            self._complete()
        self._fail(exc or ConnectionBroken())

    # --- httptools ---

    def on_message_begin(self) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # A second answer to one call would be taken for the next call's.
        self._body.clear()
        self._has_length = self._is_ended_by_closing = False

    def on_header(self, name: bytes, _value: bytes) -> None:
        self._has_length |= name.lower() in LENGTHS

    def on_headers_complete(self) -> None:
        self._is_ended_by_closing = not self._has_length

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > MOST_ANSWER:
            self._fail(ConnectionBroken())

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() not in _INFORMATIONAL:
            self._complete()

    def _complete(self) -> None:
        self._is_ended_by_closing = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), bytes(self._body)))
        if not self._parser.should_keep_alive():
            self.close()


class HttpPool:
    """The idle connections to the server; the caller limits how many there are at once."""

    def __init__(self, user_agent: str, context: Callable[[], ssl.SSLContext]) -> None:
        self._loop = asyncio.get_running_loop()
        self._user_agent = user_agent
        self._context = context
        self._tls: ssl.SSLContext | None = None
        self._open: set[Connection] = set()
        self._free: dict[Origin, list[Connection]] = {}
        self._origins: dict[str, Origin | None] = {}

    async def close(self) -> None:
        """Close all, also those in use, and wait until they are closed."""
        self._free.clear()
        while self._open:
            for each in self._open:
                each.close()
            await asyncio.sleep(0)

    def reaches(self, url: str) -> bool:
        """Whether this address is for this pool, and not for the general client."""
        return url.isascii() and url.isprintable() and " " not in url and self._origin(url) is not None

    def _origin(self, url: str) -> Origin | None:
        base = "/".join(url.split("/", 3)[:3])
        if base not in self._origins:
            self._origins[base] = None
            with contextlib.suppress(ValueError):
                self._origins[base] = Origin.of(urlsplit(base))
        return self._origins[base]

    async def post(self, url: str, body: bytes, kind: str, *, connect: Seconds, read: Seconds) -> tuple[int, bytes]:
        """Return status and body. Raise `OSError`, or `TimeoutError` when there is no connection or no byte in time."""
        origin = self._origin(url)
        assert origin is not None
        path = "/" + (url.split("/", 3)[3:] or [""])[0].partition("#")[0]
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {origin.authority}\r\nUser-Agent: {self._user_agent}\r\n"
            f"Accept: */*\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection = self._kept(origin) or await self._opened(origin, connect)
        answer = await connection.exchange(head.encode("ascii") + body, read)
        if connection.is_open:
            self._free.setdefault(origin, []).append(connection)
        return answer

    def _kept(self, origin: Origin) -> Connection | None:
        free = self._free.get(origin)
        while free:
            connection = free.pop()
            if connection.is_open and self._loop.time() - connection.idle_since < IDLE_S:
                return connection
            connection.close()
        return None

    async def _opened(self, origin: Origin, patience: Seconds) -> Connection:
        if origin.is_tls and self._tls is None:
            self._tls = self._context()
        async with asyncio.timeout(patience):
            places = await self._loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
            # Not the event loop's own way, which leaves a socket open when it is cancelled in the middle.
            reached = await start_connection(places, happy_eyeballs_delay=HAPPY_EYEBALLS_S)
            try:
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self._loop, self._open),
                    sock=reached,
                    ssl=self._tls if origin.is_tls else None,
                    server_hostname=origin.host if origin.is_tls else None,
                )
            except BaseException:
                reached.close()
                raise
        return connection
