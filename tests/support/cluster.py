"""Replicas behind one address; replicas can be stopped and started."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.app.build import Application, opened
from bot.app.run import running
from tests.support.balancer import PATH, Balancer, balancing, free_port
from tests.support.customers import AN, GILDONG, persona
from tests.support.local_telegram import LocalTelegram, local_telegram


@dataclass
class Cluster:
    local_telegram: LocalTelegram
    balancer: Balancer
    apps: list[AsyncExitStack]
    newest: Application = field(init=False)

    async def loses(self, number: int) -> None:
        """One replica stops, as at an upgrade; the others get its share."""
        self.balancer.targets.pop(number)
        await self.apps.pop(number).aclose()

    async def gains(self, port: int | None = None) -> None:
        """One more starts, and gets its share once it is ready."""
        chosen = port or free_port()
        app = AsyncExitStack()
        self.newest = await app.enter_async_context(another(self.local_telegram, chosen))
        self.apps.append(app)
        self.balancer.targets.append(f"http://127.0.0.1:{chosen}{PATH}")

    async def ends(self) -> None:
        for app in reversed(self.apps):
            await app.aclose()


@asynccontextmanager
async def another(place: LocalTelegram, port: int) -> AsyncIterator[Application]:
    settings = replace(place.settings, web=replace(place.settings.web, listen=("127.0.0.1", port)))
    async with (
        opened(settings, print, clock=place.clock) as app,
        running(app),
    ):
        yield app


@asynccontextmanager
async def replicas(template: Path, folder: Path, database: str, count: int) -> AsyncIterator[Cluster]:
    """Start this many on this database, for two customers."""
    ports = [free_port() for _ in range(count)]
    people = [persona(GILDONG, 101), persona(AN, 104, "en")]
    async with AsyncExitStack() as stack:
        balancer = await stack.enter_async_context(balancing(ports[:1]))
        settings = {
            "DATABASE_URL": database,
            "WEBHOOK_URL": balancer.url,
            "LISTEN": f"127.0.0.1:{ports[0]}",
        }
        place = await stack.enter_async_context(local_telegram(template, folder, [GILDONG, AN], people, **settings))
        cluster = Cluster(place, balancer, [place.indoors])
        stack.push_async_callback(cluster.ends)
        for port in ports[1:]:
            await cluster.gains(port)
        yield cluster
