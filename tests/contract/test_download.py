"""A file from the Bot API's server: no more of it is read than was asked for, and its failures are told apart."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import BadRequest, NetworkError

from bot.messages.delivery import Busy, Down, Refused, TooBig
from handlers.telegram.bot_api.transport import AiohttpRequest, Timeouts, TooLong
from handlers.telegram.messenger import TelegramMessenger
from tests.support.local_telegram import WORDS

MOST = 16 * 1024
TOKEN = "123456789:AAH-planted_secret_of_thirty_five_chars"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(**handlers: Handler) -> AsyncIterator[str]:
    """A server on loopback that answers each path by its own handler."""
    app = web.Application()
    for name, handler in handlers.items():
        app.router.add_route("*", f"/{name}" if name != "getFile" else f"/bot{TOKEN}/getFile", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def transport() -> AsyncIterator[AiohttpRequest]:
    made = AiohttpRequest(4, Timeouts(read=0.3, download=0.5))
    await made.initialize()
    try:
        yield made
    finally:
        await made.shutdown()


def saying(content: bytes, status: int = 200) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=content, status=status)

    return handler


async def endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await answer.write(b"x" * 4096)
    return answer


async def dripping(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await answer.write(b"x")
            await asyncio.sleep(0.01)
    return answer


async def silent(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b"x")
    await asyncio.Event().wait()
    return answer


async def elsewhere(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/good"})


@pytest.mark.parametrize("size", [0, 1, MOST - 1, MOST])
async def test_what_fits_is_read_whole(size: int) -> None:
    async with serving(good=saying(b"x" * size)) as base, transport() as made:
        assert await made.download(f"{base}/good", MOST) == b"x" * size


@pytest.mark.parametrize("handler", [saying(b"x" * (MOST + 1)), endless], ids=["one more", "endless"])
async def test_no_more_is_read_than_was_asked_for(handler: Handler) -> None:
    async with serving(file=handler) as base, transport() as made:
        with pytest.raises(TooLong):
            await made.download(f"{base}/file", MOST)


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (saying(b"", 404), BadRequest),
        (saying(b"", 410), BadRequest),
        (saying(b"", 500), NetworkError),
        (saying(b"", 429), NetworkError),
        (elsewhere, NetworkError),
        (silent, NetworkError),
        (dripping, NetworkError),
    ],
)
async def test_failures_are_told_apart(handler: Handler, error: type[Exception]) -> None:
    async with serving(file=handler, good=saying(b"x")) as base, transport() as made:
        with pytest.raises(error) as caught:
            await made.download(f"{base}/file", MOST)
        assert isinstance(caught.value, BadRequest) == (error is BadRequest)
        assert await made.download(f"{base}/good", MOST) == b"x", "its connection is free again"


@pytest.mark.parametrize("place", ["/etc/passwd", "file:///etc/passwd", "", "ftp://127.0.0.1/x"])
async def test_only_the_server_is_asked(place: str) -> None:
    async with transport() as made:
        with pytest.raises(BadRequest):
            await made.download(place, MOST)


def placed(size: int | None, path: str | None = "x/good") -> Handler:
    async def handler(_: web.Request) -> web.Response:
        found = {"file_id": "f", "file_unique_id": "u"}
        told = {name: value for name, value in {"file_size": size, "file_path": path}.items() if value is not None}
        return web.json_response({"ok": True, "result": {**found, **told}})

    return handler


def refusing(status: int, **more: object) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        told = {"ok": False, "error_code": status, "description": "Bad Request: wrong file_id", **more}
        return web.json_response(told, status=status)

    return handler


@pytest.mark.parametrize(
    ("get_file", "content", "error"),
    [
        (placed(5), b"bytes", None),
        (placed(None), b"bytes", None),
        (placed(MOST + 1), b"bytes", TooBig),
        (placed(5), b"x" * (MOST + 1), TooBig),
        (placed(None), b"x" * (MOST + 1), TooBig),
        (placed(5, None), b"bytes", Refused),
        (refusing(400), b"", Refused),
        (refusing(502), b"", Down),
        (refusing(429, parameters={"retry_after": 7}), b"", Busy),
    ],
)
async def test_the_messenger_tells_it_in_our_words(
    get_file: Handler, content: bytes, error: type[Exception] | None
) -> None:
    handlers = {"getFile": get_file, f"file/bot{TOKEN}/x/good": saying(content)}
    async with serving(**handlers) as base:
        bot = Bot(
            TOKEN,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=AiohttpRequest(4, Timeouts(read=0.5)),
        )
        await bot.request.initialize()
        try:
            messenger = TelegramMessenger(bot, WORDS)
            if error is None:
                assert await messenger.fetch("f", MOST) == content
                return
            with pytest.raises(error) as caught:
                await messenger.fetch("f", MOST)
            assert "planted" not in str(caught.value)
        finally:
            await bot.request.shutdown()
