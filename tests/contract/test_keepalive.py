"""Our own connections against servers of every manner: what is whole is taken, the rest is an error, nothing mixes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext, create_default_context

import pytest

from handlers.telegram.bot_api.http_pool import HttpPool

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell"


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[str]:
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/bot1:x/say"
    for each in writers:
        each.close()
    listener.close()


async def request_of(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(size)


def answering(*answers: bytes, close: bool = False) -> Serve:
    """Answer each call on a connection with the next of these, piece by piece where one is a tuple."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await request_of(reader)
            writer.write(answer)
            await writer.drain()
        if close:
            writer.close()

    return serve


async def said(url: str, calls: HttpPool | None = None, read: float = 5.0) -> tuple[int, bytes]:
    calls = calls or HttpPool("test", create_default_context)
    return await calls.post(url, b"{}", "application/json", connect=5.0, read=read)


@pytest.mark.parametrize(
    ("answer", "close"),
    [
        (WHOLE, False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwe\r\n2\r\nll\r\n0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\nwell", True),
        (b"HTTP/1.0 200 OK\r\n\r\nwell", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE, False),
        (b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + WHOLE, False),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nwell", False),
    ],
)
async def test_an_answer_is_whole_however_its_end_is_told(answer: bytes, close: bool) -> None:
    async with server(answering(answer, close=close)) as url:
        assert await said(url) == (200, b"well")


@pytest.mark.parametrize("size", range(0, len(WHOLE), 7))
async def test_an_answer_may_come_in_pieces(size: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        for piece in (WHOLE[:size], WHOLE[size:]):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    async with server(serve) as url:
        assert await said(url) == (200, b"well")


async def test_an_empty_answer_is_one() -> None:
    async with server(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as url:
        assert await said(url) == (204, b"")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nwell",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nwell",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nwell",
    ],
)
async def test_what_is_cut_off_or_no_http_is_an_error(answer: bytes) -> None:
    async with server(answering(answer, close=True)) as url:
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on where it was cut
            await said(url)


async def test_the_request_is_what_a_server_expects() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await request_of(reader))
        writer.write(WHOLE)

    async with server(serve) as url:
        await said(f"{url}?a=b#fragment")
    head, _, body = heard[0].partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    assert line == "POST /bot1:x/say?a=b HTTP/1.1"
    assert body == b"{}"
    told = dict(each.split(": ", 1) for each in fields)
    assert told["Host"] == url.split("/")[2]
    assert told["Content-Length"] == "2"
    assert told["User-Agent"] == "test"


async def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again() -> None:
    async with server(answering(WHOLE, close=True)) as url:
        calls = HttpPool("test", create_default_context)
        for _ in range(3):
            assert await said(url, calls) == (200, b"well")
            await asyncio.sleep(0.01)  # its end arrives


async def test_a_second_answer_to_one_call_is_nobodys() -> None:
    async with server(answering(WHOLE + WHOLE.replace(b"well", b"evil"), WHOLE)) as url:
        calls = HttpPool("test", create_default_context)
        assert await said(url, calls) == (200, b"well")
        await asyncio.sleep(0.01)
        assert await said(url, calls) == (200, b"well")


async def test_what_is_said_unasked_closes_the_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(WHOLE)
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(WHOLE.replace(b"well", b"evil"))

    async with server(serve) as url:
        calls = HttpPool("test", create_default_context)
        assert await said(url, calls) == (200, b"well")
        await asyncio.sleep(0.05)
        assert await said(url, calls) == (200, b"well")


async def test_an_answer_that_comes_after_our_patience_is_nobodys() -> None:
    late = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await request_of(reader)
        if b"slow" in asked:
            await late.wait()
            writer.write(WHOLE.replace(b"well", b"late"))
        else:
            writer.write(WHOLE)

    async with server(serve) as url:
        calls = HttpPool("test", create_default_context)
        with pytest.raises(TimeoutError):
            await said(f"{url}/slow", calls, read=0.05)
        late.set()
        assert await said(url, calls) == (200, b"well")


async def test_many_calls_at_once_get_each_their_own_answer() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            number = (await request_of(reader)).split(b" ")[1].rpartition(b"/")[2]
            await asyncio.sleep(int(number) % 7 / 1000)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(number), number))

    async with server(serve) as url:
        calls = HttpPool("test", create_default_context)
        for _ in range(3):
            answers = await asyncio.gather(*(said(f"{url}/{number}", calls) for number in range(40)))
            assert [body for _, body in answers] == [b"%d" % number for number in range(40)]


@pytest.mark.parametrize(
    "url",
    ["ftp://a/b", "http://", "http://[", "http://a b/c", "http://é/", "http://u:p@a/b", "http://a/\n", "a"],
)
def test_other_addresses_are_for_the_general_client(url: str) -> None:
    async def reached() -> bool:
        def context() -> SSLContext:
            raise AssertionError

        return HttpPool("test", context).reaches(url)

    assert not asyncio.run(reached())
