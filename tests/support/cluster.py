"""Replicas behind one address, and who gives each update to one of them."""

import asyncio
import itertools
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
from aiohttp import web

from bot import app
from tests.support.people import AN, GILDONG, persona
from tests.support.town import Town, town


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Balancer:
    """Gives each update to the next replica, or to all at once, and says which got how many."""

    targets: list[str]
    everybody: bool = False
    given: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._turn = itertools.count()

    async def take(self, request: web.Request) -> web.Response:
        body, headers = (
            await request.read(),
            {name: value for name, value in request.headers.items() if name.lower().startswith("x-telegram")},
        )
        chosen = self.targets if self.everybody else [self.targets[next(self._turn) % len(self.targets)]]
        statuses = await asyncio.gather(*(self._give(target, body, headers) for target in chosen))
        return web.Response(status=max(statuses))

    async def _give(self, target: str, body: bytes, headers: dict[str, str]) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(target, data=body, headers=headers) as answer,
        ):
            self.given[target] += answer.status == 200
            return answer.status


@asynccontextmanager
async def balanced(ports: list[int]) -> AsyncIterator[tuple[Balancer, str]]:
    """Stand before replicas on these ports, and give the webhook's address."""
    door = free_port()
    balancer = Balancer([f"http://127.0.0.1:{port}/telegram" for port in ports])
    front = web.Application()
    front.router.add_post("/telegram", balancer.take)
    runner = web.AppRunner(front, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", door).start()
    try:
        yield balancer, f"http://127.0.0.1:{door}/telegram"
    finally:
        await runner.cleanup()


@dataclass
class Cluster:
    town: Town
    balancer: Balancer
    houses: list[AsyncExitStack]
    newest: app.House = field(init=False)

    async def loses(self, number: int) -> None:
        """One goes away, as at an upgrade; the others get its share."""
        self.balancer.targets.pop(number)
        await self.houses.pop(number).aclose()

    async def gains(self, port: int | None = None) -> None:
        """One more starts, and gets its share once it is ready."""
        chosen = port or free_port()
        house = AsyncExitStack()
        self.newest = await house.enter_async_context(another(self.town, chosen))
        self.houses.append(house)
        self.balancer.targets.append(f"http://127.0.0.1:{chosen}/telegram")

    async def ends(self) -> None:
        for house in reversed(self.houses):
            await house.aclose()


@asynccontextmanager
async def another(place: Town, port: int) -> AsyncIterator[app.House]:
    settings = replace(place.settings, listen=("127.0.0.1", port))
    async with (
        app.opened(settings, print, clock=place.clock) as (house, bot),
        app.running(settings, house, bot, place.clock),
    ):
        yield house


@asynccontextmanager
async def replicas(template: Path, folder: Path, database: str, count: int) -> AsyncIterator[Cluster]:
    """So many on this database, for two customers."""
    ports = [free_port() for _ in range(count)]
    people = [persona(GILDONG, 101), persona(AN, 104, "en")]
    async with AsyncExitStack() as stack:
        balancer, address = await stack.enter_async_context(balanced(ports[:1]))
        settings = {
            "DATABASE_URL": database,
            "WEBHOOK_URL": address,
            "LISTEN": f"127.0.0.1:{ports[0]}",
        }
        place = await stack.enter_async_context(town(template, folder, [GILDONG, AN], people, **settings))
        cluster = Cluster(place, balancer, [place.indoors])
        stack.push_async_callback(cluster.ends)
        for port in ports[1:]:
            await cluster.gains(port)
        yield cluster
