"""The stock transport and ours, held to the same promises over a socket."""

import asyncio
import hashlib
import io
import json
import logging
import traceback
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from telegram import Bot, InputFile, InputMediaDocument, Message
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import BaseRequest, HTTPXRequest

from handlers.telegram.bot_api.transport import CHUNK, AiohttpRequest, Timeouts
from tests.contract.faulty_bot_api import FakeServer, serving

TOKEN = "123456789:AAH-planted_secret_of_thirty_five_chars"


@pytest.fixture(autouse=True)
def _patience_as_the_next_version_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def server() -> AsyncIterator[tuple[FakeServer, str]]:
    async with serving() as running:
        yield running


def stock(pool: int = 8, **limits: float) -> BaseRequest:
    spelled = {f"{name}_timeout": seconds for name, seconds in limits.items()}
    return HTTPXRequest(connection_pool_size=pool, **spelled)  # type: ignore[arg-type]


def ours(pool: int = 8, **limits: float) -> BaseRequest:
    return AiohttpRequest(pool, Timeouts(**limits))


Make = Callable[..., BaseRequest]


@pytest.fixture(params=[stock, ours], ids=["httpx", "aiohttp"])
def make(request: pytest.FixtureRequest) -> Make:
    chosen: Make = request.param
    return chosen


def address(base: str, method: str) -> str:
    return f"{base}/bot{TOKEN}/{method}"


def assert_hides_token(error: BaseException) -> None:
    """Neither shown nor carried along: an error's context is one attribute away from a log."""
    seen: BaseException | None = error
    while seen is not None:
        assert "planted" not in f"{seen!s}{seen!r}"
        seen = seen.__cause__ or seen.__context__
    assert "planted" not in "".join(traceback.format_exception(error))


def bot(base: str, request: BaseRequest) -> Bot:
    return Bot(TOKEN, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot", request=request)


def echoed(message: Message) -> dict[str, object]:
    assert message.text is not None
    told: dict[str, object] = json.loads(message.text)
    return told


async def test_a_message_arrives_as_it_was_said(make: Make, server: tuple[FakeServer, str]) -> None:
    async with make() as request:
        told = echoed(await bot(server[1], request).send_message(5, '한글 & <b> = 100% + "따옴표" \U0001f600'))
    assert told["type"] == ("application/json" if make is ours else "application/x-www-form-urlencoded")
    assert told["fields"] == {"chat_id": "5", "text": '한글 & <b> = 100% + "따옴표" \U0001f600'}


async def test_the_user_agent_is_the_librarys(make: Make, server: tuple[FakeServer, str]) -> None:
    async with make() as request:
        await bot(server[1], request).send_message(5, "x")
    assert server[0].agents == {BaseRequest.USER_AGENT}


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 << 20])
async def test_a_file_arrives_whole(make: Make, server: tuple[FakeServer, str], size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    file = InputFile(io.BytesIO(content[:size]), filename='홍길동 "1".p12')
    async with make() as request:
        told = echoed(await bot(server[1], request).send_document(5, file, caption="인증서"))
    fields = told["fields"]
    assert isinstance(fields, dict)
    assert told["type"] == "multipart/form-data"
    assert fields["caption"] == "인증서"
    assert fields["document"][1:] == ["application/pkcs12", size, hashlib.sha256(content[:size]).hexdigest()]
    assert fields["document"][0].startswith("홍길동")


async def test_several_files_travel_in_one_request(make: Make, server: tuple[FakeServer, str]) -> None:
    media = [InputMediaDocument(InputFile(b"%d" % n, filename=f"{n}.der", attach=True)) for n in range(3)]
    async with make() as request:
        answer = await bot(server[1], request).do_api_request("echo", api_kwargs={"media": media, "n": 1})
    told = json.loads(answer["text"])["fields"]
    attached = [item["media"].removeprefix("attach://") for item in json.loads(told["media"])]
    assert [told[name][0] for name in attached] == ["0.der", "1.der", "2.der"]
    assert told["n"] == "1"


async def test_a_files_name_cannot_add_a_part(make: Make, server: tuple[FakeServer, str]) -> None:
    evil = 'a"\r\nContent-Type: text/html\r\n\r\nx'
    async with make() as request:
        told = echoed(await bot(server[1], request).send_document(5, InputFile(b"x", filename=evil)))
    fields = told["fields"]
    assert isinstance(fields, dict)
    assert set(fields) == {"chat_id", "document"}
    assert fields["document"][2] == 1


async def test_a_file_comes_down(make: Make, server: tuple[FakeServer, str]) -> None:
    async with make() as request:
        assert await request.retrieve(f"{server[1]}/file/bot{TOKEN}/dir/a%20b") == b"dir/a b" * 100_000


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, BadRequest),
        (401, InvalidToken),
        (403, Forbidden),
        (404, InvalidToken),
        (409, Conflict),
        (410, ChatMigrated),
        (429, RetryAfter),
        (500, NetworkError),
        (502, NetworkError),
    ],
)
async def test_a_refusal_has_its_meaning(
    make: Make, server: tuple[FakeServer, str], status: int, expected: type[TelegramError]
) -> None:
    async with make() as request:
        with pytest.raises(TelegramError) as caught:
            await request.post(address(server[1], f"say-{status}"))
        assert type(caught.value) is expected
        assert_hides_token(caught.value)
        assert await request.post(address(server[1], "echo"))  # and the next call works


async def test_patience_is_told(make: Make, server: tuple[FakeServer, str]) -> None:
    async with make() as request:
        with pytest.raises(RetryAfter) as caught:
            await request.post(address(server[1], "say-429"))
    assert caught.value.retry_after == timedelta(seconds=17)


@pytest.mark.parametrize("status", [200, 502])
async def test_an_answer_that_is_no_json_is_an_error(make: Make, server: tuple[FakeServer, str], status: int) -> None:
    async with make() as request:
        with pytest.raises(TelegramError):
            await request.post(address(server[1], f"page-{status}"))


async def test_silence_times_out(make: Make, server: tuple[FakeServer, str]) -> None:
    async with make(read=0.1) as request:
        with pytest.raises(TimedOut) as caught:
            await request.post(address(server[1], "hang"))
        assert_hides_token(caught.value)
        assert await request.post(address(server[1], "hang"), read_timeout=3) is True
        with pytest.raises(TimedOut):
            await request.post(address(server[1], "hang"), read_timeout=0.05)


async def test_a_slow_answer_is_not_silence(make: Make, server: tuple[FakeServer, str]) -> None:
    async with make(read=0.3) as request:
        assert await request.post(address(server[1], "drip")) == 1


async def test_a_reset_is_a_network_error(make: Make, server: tuple[FakeServer, str]) -> None:
    async with make() as request:
        with pytest.raises(NetworkError) as caught:
            await request.post(address(server[1], "reset"))
        assert not isinstance(caught.value, TimedOut)
        assert_hides_token(caught.value)
        assert await request.post(address(server[1], "echo"))


async def test_nobody_listens(make: Make, unused_tcp_port: int) -> None:
    async with make() as request:
        with pytest.raises(NetworkError) as caught:
            await request.post(address(f"http://127.0.0.1:{unused_tcp_port}", "echo"))
        assert_hides_token(caught.value)


async def test_a_server_that_reads_nothing_times_out(make: Make) -> None:
    stop = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await stop.wait()
        writer.transport.abort()

    listener = await asyncio.start_server(deaf, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with make(media_write=0.3, read=30) as request:
        with pytest.raises(TimedOut) as caught:
            async with asyncio.timeout(10):
                await bot(base, request).send_document(5, InputFile(b"x" * (16 << 20)), read_timeout=30)
        assert_hides_token(caught.value)
    stop.set()
    listener.close()
    await listener.wait_closed()


async def test_the_pool_bounds_what_runs_at_once(make: Make, server: tuple[FakeServer, str]) -> None:
    async with make(pool=2, read=5) as request:
        first = [asyncio.ensure_future(request.post(address(server[1], "hang"))) for _ in range(2)]
        await asyncio.sleep(0.2)
        with pytest.raises(TimedOut, match=r"(?i)pool timeout"):
            await request.post(address(server[1], "echo"), pool_timeout=0.1)
        assert await asyncio.gather(*first) == [True, True]
        assert await request.post(address(server[1], "echo"), pool_timeout=0.1)
    assert server[0].most_in_hand == 2


async def test_connections_are_used_again(make: Make, server: tuple[FakeServer, str]) -> None:
    async with make() as request:
        for _ in range(20):
            await request.post(address(server[1], "echo"))
    assert len(server[0].connections) == 1


async def test_cancelling_gives_the_connection_back(make: Make, server: tuple[FakeServer, str]) -> None:
    async with make(pool=1) as request:
        task = asyncio.ensure_future(request.post(address(server[1], "hang")))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await request.post(address(server[1], "echo"), pool_timeout=0.5)


async def test_it_can_be_closed_twice_and_opened_again(make: Make, server: tuple[FakeServer, str]) -> None:
    request = make()
    async with request:
        await request.initialize()
        assert await request.post(address(server[1], "echo"))
    await request.shutdown()
    with pytest.raises(NetworkError, match="not initialized"):  # the base class wraps the RuntimeError
        await request.post(address(server[1], "echo"))
    async with request:
        assert await request.post(address(server[1], "echo"))


def test_the_read_timeout_is_told(make: Make) -> None:
    assert make(read=12.5).read_timeout == 12.5


# --- what only ours promises ---


async def test_a_proxys_page_does_not_repeat_the_token(server: tuple[FakeServer, str]) -> None:
    async with ours() as request:
        with pytest.raises(NetworkError) as caught:
            await request.post(address(server[1], "page-502"))
    assert_hides_token(caught.value)


async def test_an_answer_is_not_logged(server: tuple[FakeServer, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with ours() as request:
        with pytest.raises(TelegramError):
            await request.post(address(server[1], "page-200"))
    assert "비밀" not in caplog.text
    assert "planted" not in caplog.text


async def test_an_address_that_is_none_hides_the_token() -> None:
    async with ours() as request:
        for broken in ("ftp://", "http://[", "http://ex ample", "http://nobody.invalid"):
            with pytest.raises(NetworkError) as caught:
                await request.post(address(broken, "echo"))
            assert_hides_token(caught.value)
