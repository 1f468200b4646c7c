"""A load balancer in front of several replicas."""

import asyncio
import itertools
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

#: Seconds without an answer after which a replica counts as dead.
PATIENCE = aiohttp.ClientTimeout(total=5)
PATH = "/telegram"
#: Above it, the kernel may give a port that a replica leaves for a moment to an outgoing connection.
OURS = 22_000, 32_000


def free_port() -> int:
    """Return a free port below those that the kernel gives to outgoing connections."""
    while True:
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", random.randrange(*OURS)))
            return int(found.getsockname()[1])


@dataclass
class Balancer:
    """Gives each update to the next living replica, or to all at once, and counts what each got."""

    targets: list[str]
    everybody: bool = False
    url: str = ""
    given: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._turn = itertools.count()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower().startswith("x-telegram")}
        async with aiohttp.ClientSession(timeout=PATIENCE) as session:
            if self.everybody:
                answers = await asyncio.gather(*(self._give(session, each, body, headers) for each in self.targets))
                return max(answers, key=lambda answer: answer.status)
            return await self._first(session, body, headers)

    async def _first(self, session: aiohttp.ClientSession, body: bytes, headers: dict[str, str]) -> web.Response:
        turn = next(self._turn) % len(self.targets)
        for target in [*self.targets[turn:], *self.targets[:turn]]:
            try:
                return await self._give(session, target, body, headers)
            except (aiohttp.ClientError, TimeoutError):
                continue
        return web.Response(status=502)

    async def _give(
        self, session: aiohttp.ClientSession, target: str, body: bytes, headers: dict[str, str]
    ) -> web.Response:
        async with session.post(target, data=body, headers=headers) as answer:
            self.given[target] += answer.status == 200
            said = await answer.read()
            return web.Response(status=answer.status, body=said, content_type=answer.content_type)


@asynccontextmanager
async def balancing(ports: Sequence[int]) -> AsyncIterator[Balancer]:
    """Stand before the replicas that listen on these ports."""
    door = free_port()
    balancer = Balancer([f"http://127.0.0.1:{port}{PATH}" for port in ports], url=f"http://127.0.0.1:{door}{PATH}")
    front = web.Application()
    front.router.add_post(PATH, balancer.take)
    runner = web.AppRunner(front, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", door).start()
    try:
        yield balancer
    finally:
        await runner.cleanup()
