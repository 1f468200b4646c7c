"""An OCSP client over HTTP/1.1 that is as fast as one process can be, on several connections."""

import asyncio
import time
from collections.abc import Iterator, Sequence

HEAD = (
    "POST /ocsp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/ocsp-request\r\n"
    "Content-Length: {size}\r\n{connection}\r\n"
)
LENGTH = b"content-length:"


def ask(port: int, questions: Sequence[bytes], connections: int, *, keep: bool) -> tuple[float, bytes]:
    """Ask all, and return the seconds and the last answer. Without `keep` each request has its own connection."""
    close = "" if keep else "Connection: close\r\n"
    messages = [HEAD.format(size=len(each), connection=close).encode() + each for each in questions]
    return asyncio.run(_asked(port, messages, connections, keep=keep))


async def _asked(port: int, messages: list[bytes], connections: int, *, keep: bool) -> tuple[float, bytes]:
    left = iter(messages)
    way = _kept if keep else _anew
    began = time.perf_counter()
    answers = await asyncio.gather(*(way(port, left) for _ in range(connections)))
    return time.perf_counter() - began, next(answer for answer in answers if answer)


async def _kept(port: int, left: Iterator[bytes]) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    for message in left:
        writer.write(message)
        answer = await _answer(reader)
    writer.close()
    return answer


async def _anew(port: int, left: Iterator[bytes]) -> bytes:
    answer = b""
    for message in left:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(message)
        answer = await _answer(reader)
        writer.close()
    return answer


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:16]:
        raise RuntimeError(head.decode())
    size = head.lower().partition(LENGTH)[2].partition(b"\r\n")[0]
    return await reader.readexactly(int(size))
