"""python-telegram-bot's HTTP port on aiohttp: several times as many calls as the stock transport on the same machine.

It accepts, returns and raises what `HTTPXRequest` does, with one difference: no error has the address in it, because
the address contains the bot's token.
"""

import asyncio
import contextlib
import errno
import io
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

import aiohttp
import msgspec
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.monitoring.meter import Answer, answer_of
from handlers.telegram.bot_api.http_pool import HttpPool

CHUNK = 64 * 1024  # What a transport buffers before the writer has to wait.
KEEP_ALIVE_S = 60.0
DNS_S = 300
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_FAILED = 300  # From here on, the library puts the body into the text of an error.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # These would end a part's header line.
_TOKEN = re.compile(r"/bot([^/]+)/")

Seconds = float | None


@dataclass(frozen=True, slots=True)
class Timeouts:
    #: Seconds without a byte from the server. Giving up a slow message too early would send it twice.
    read: Seconds = 15.0
    write: Seconds = 5.0  #: Seconds without a chunk accepted by the server.
    connect: Seconds = 5.0
    pool: Seconds = 1.0  #: Seconds until a connection is free.
    media_write: Seconds = 20.0  #: `write` of requests with files.
    download: Seconds = 20.0  #: Seconds for a whole file.


class AiohttpRequest(BaseRequest):
    __slots__ = ("_answered", "_free", "_keep_alive", "_pool_size", "_proxy", "_session", "_timeouts")

    def __init__(
        self,
        connection_pool_size: int = 256,
        timeouts: Timeouts | None = None,
        proxy: str | None = None,
        answered: Callable[[Answer], None] = lambda _answer: None,
    ) -> None:
        self._answered = answered
        self._pool_size = connection_pool_size
        self._timeouts = timeouts or Timeouts()
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None
        self._keep_alive: HttpPool | None = None
        self._free = asyncio.Semaphore(connection_pool_size)

    @property
    def read_timeout(self) -> Seconds:
        return self._timeouts.read

    async def initialize(self) -> None:
        if self._session is not None:
            return
        # The semaphore limits the pool: so a wait for a connection can be told from a wait for the network.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S, ttl_dns_cache=DNS_S)
        headers = {"User-Agent": self.USER_AGENT}
        jar = aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(connector=connector, headers=headers, cookie_jar=jar)
        if self._proxy is None:
            self._keep_alive = HttpPool(self.USER_AGENT, ssl.create_default_context)
        self._free = asyncio.Semaphore(self._pool_size)

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        keep_alive, self._keep_alive = self._keep_alive, None
        if keep_alive is not None:
            await keep_alive.close()
        if session is not None:
            await session.close()

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, object]:
        """Unlike the inherited method, do not log an answer that is no JSON: it may repeat what was sent."""
        try:
            return _read(payload)
        except (ValueError, RecursionError):
            raise TelegramError("Invalid server response") from None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Return status and body; raise `TimedOut` or `NetworkError`, without the address in it."""
        has_files = request_data is not None and request_data.contains_files
        limits = Timeouts(
            read=_chosen(read_timeout, self._timeouts.read),
            write=_chosen(write_timeout, self._timeouts.media_write if has_files else self._timeouts.write),
            connect=_chosen(connect_timeout, self._timeouts.connect),
            pool=_chosen(pool_timeout, self._timeouts.pool),
        )
        body, kind = await _encoded(request_data)
        return await self._perform(Call(url, method, body, kind), limits)

    async def say(self, url: str, body: bytes, patience_s: Seconds = None) -> tuple[int, bytes]:
        """Post this JSON; return and raise as `do_request` does. `patience_s` is for an answer that may take long."""
        limits = self._timeouts if patience_s is None else replace(self._timeouts, read=patience_s)
        return await self._perform(Call(url, "POST", body, JSON), limits)

    async def download(self, url: str, most_bytes: int) -> bytes:
        """Return a file from the Bot API's server; raise `TooLong` before more than that is in memory.

        Raises `BadRequest` if there is no such file, else as `do_request` does.
        """
        if not url.startswith(("http://", "https://")):
            raise BadRequest("the file lies on the server's own disk")
        call = Call(url, "GET", b"", FORM, most_bytes)
        try:
            # A limit for all of it: one byte now and then would never exceed the limit between two.
            async with asyncio.timeout(self._timeouts.download):
                status, payload = await self._perform(call, self._timeouts)
        except TimeoutError:
            raise TimedOut("the download took too long") from None
        if status == HTTPStatus.OK:
            return payload
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            raise BadRequest("the file is gone")
        raise NetworkError(f"no file, but status {status}")

    async def _perform(self, call: "Call", limits: Timeouts) -> tuple[int, bytes]:
        session = self._session
        if session is None:
            raise RuntimeError("This AiohttpRequest is not initialized!")
        if not await self._take_a_connection(limits.pool):
            raise TimedOut("Pool timeout: all connections are occupied. The request was *not* sent.")
        try:
            status, payload = await self._exchange(session, call, limits)
        except TimeoutError as error:
            problem: NetworkError = TimedOut(f"Timed out ({type(error).__name__})")
        except (aiohttp.ClientError, OSError) as error:
            problem = NetworkError(f"{type(error).__name__}{_errno(error)}")
        else:
            self._answered(answer_of(status))
            return status, payload if status < _FAILED else _without_token(payload, call.url)
        finally:
            self._free.release()
        self._answered("unreachable")
        raise problem  # Here, so that the library's error, which holds the address, is not its context.

    async def _take_a_connection(self, patience: Seconds) -> bool:
        if not self._free.locked():
            return await self._free.acquire()  # does not wait
        try:
            async with asyncio.timeout(patience):
                return await self._free.acquire()
        except TimeoutError:
            return False

    async def _exchange(self, session: aiohttp.ClientSession, call: "Call", limits: Timeouts) -> tuple[int, bytes]:
        """Writing has no limit in aiohttp, so each chunk of a body moves a deadline of ours forward."""
        if self._keep_alive is not None and call.is_small and self._keep_alive.reaches(call.url):
            return await self._keep_alive.post(call.url, call.body, call.kind, connect=limits.connect, read=limits.read)
        timeout = aiohttp.ClientTimeout(connect=limits.connect, sock_read=limits.read)
        headers = {"Content-Type": call.kind, "Content-Length": str(len(call.body))} if call.body else None
        async with asyncio.timeout(None) as deadline:
            whole = len(call.body) <= CHUNK
            data = (call.body or None) if whole else _chunks(call.body, deadline, limits.write)
            async with session.request(
                call.method, call.url, data=data, headers=headers, timeout=timeout,
                allow_redirects=False, proxy=self._proxy,
            ) as answer:  # fmt: skip
                return answer.status, await _content(answer, call.most_bytes)


class TooLong(TelegramError):
    """The answer is longer than the limit."""


async def _content(answer: aiohttp.ClientResponse, most_bytes: int | None) -> bytes:
    if most_bytes is None:
        return await answer.read()
    content = bytearray()
    async for chunk in answer.content.iter_chunked(most_bytes):
        content += chunk
        if len(content) > most_bytes:
            raise TooLong("longer than what was asked for at most")
    return bytes(content)


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    url: str
    method: str
    body: bytes
    kind: str  #: The body's content type.
    most_bytes: int | None = None  #: Of the answer.

    @property
    def is_small(self) -> bool:
        return self.method == "POST" and len(self.body) <= CHUNK and self.most_bytes is None


async def _encoded(request_data: RequestData | None) -> tuple[bytes, str]:
    """One JSON object (Bot API: "Making requests"), or parts where there are files, as in the stock transport."""
    if request_data is None:
        return b"", FORM
    if not request_data.contains_files:
        return msgspec.json.encode(request_data.parameters), JSON
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in request_data.multipart_data.items():
        file = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, file, filename=_CONTROL.sub("_", filename), content_type=kind)
    parts = form()
    return await parts.as_bytes(), parts.headers["Content-Type"]


async def _chunks(body: bytes, deadline: asyncio.Timeout, patience: Seconds) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    with contextlib.suppress(RuntimeError):  # The server answered before it had read everything.
        for start in range(0, len(body), CHUNK):
            deadline.reschedule(None if patience is None else clock() + patience)
            yield body[start : start + CHUNK]
        deadline.reschedule(None)


def _read(payload: bytes) -> dict[str, object]:
    try:
        parsed: dict[str, object] = msgspec.json.decode(payload)
    except msgspec.DecodeError:
        # Half a surrogate pair in a customer's text, which the stock transport accepts.
        parsed = json.loads(payload.decode("utf-8", "replace"))
    return parsed


def _chosen(value: object, default: Seconds) -> Seconds:
    if isinstance(value, type(BaseRequest.DEFAULT_NONE)):
        return default
    return float(value) if isinstance(value, int | float) else None


def _errno(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return f" ({errno.errorcode.get(number, number)})" if number else ""


def _without_token(payload: bytes, url: str) -> bytes:
    """A proxy's error page may repeat the address."""
    token = _TOKEN.search(url)
    return payload.replace(token[1].encode(), b"[token]") if token else payload
