"""A proxy in front of a server, one request at a time: it loses answers when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class LosingLine:
    to: int
    port: int = 0
    #: A request that begins like this has its answer lost, as often as it stands here.
    loses: list[bytes] = field(default_factory=list)
    lost: int = 0
    carried: int = 0
    #: The answer with this number is lost, counted from 0.
    loses_at: int | None = None
    #: A request that begins like this gets this answer instead, once.
    lies: dict[bytes, bytes] = field(default_factory=dict)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.to)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            back.write(head + await reader.readexactly(_length(head) or 0))
            answer = await there.readuntil(b"\r\n\r\n")
            size = _length(answer)
            answer += await (there.read() if size is None else there.readexactly(size))
            lie = next((each for each in self.lies if head.startswith(each)), None)
            if lie is not None:
                answer = self.lies.pop(lie)
            wanted = next((each for each in self.loses if head.startswith(each)), None)
            number, self.carried = self.carried, self.carried + 1
            if wanted is not None:
                self.loses.remove(wanted)
            if wanted is not None or number == self.loses_at:
                self.lost += 1
            else:
                writer.write(answer)
                await writer.drain()
        finally:
            for each in (back, writer):
                each.close()


def _length(head: bytes) -> int | None:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return None


@asynccontextmanager
async def losing(to: int) -> AsyncIterator[LosingLine]:
    line = LosingLine(to)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
