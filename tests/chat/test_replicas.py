"""Several replicas behind one address, on one PostgreSQL: whoever gets an update, it counts once and in its order."""

import asyncio
import itertools
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot import app
from tests.support.people import AN, GILDONG, persona
from tests.support.server import new_database
from tests.support.town import Customer, Town, town

REPLICAS = 3


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


@dataclass
class Cluster:
    town: Town
    balancer: Balancer
    houses: list[AsyncExitStack]

    async def loses(self, number: int) -> None:
        """One goes away, as at an upgrade; the others get its share."""
        self.balancer.targets.pop(number)
        await self.houses.pop(number).aclose()


@asynccontextmanager
async def another(place: Town, port: int) -> AsyncIterator[None]:
    settings = replace(place.settings, listen=("127.0.0.1", port))
    async with (
        app.opened(settings, print, clock=place.clock) as (house, bot),
        app.running(settings, house, bot, place.clock),
    ):
        yield


@pytest.fixture
async def cluster(template: Path, tmp_path: Path, server_address: str) -> AsyncIterator[Cluster]:
    door, ports = free_port(), [free_port() for _ in range(REPLICAS)]
    balancer = Balancer([f"http://127.0.0.1:{port}/telegram" for port in ports])
    front = web.Application()
    front.router.add_post("/telegram", balancer.take)
    runner = web.AppRunner(front)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", door).start()
    settings = {
        "DATABASE_URL": new_database(server_address),
        "WEBHOOK_URL": f"http://127.0.0.1:{door}/telegram",
        "LISTEN": f"127.0.0.1:{ports[0]}",
    }
    people = [persona(GILDONG, 101), persona(AN, 104, "en")]
    async with (
        town(template, tmp_path / "data", [GILDONG, AN], people, **settings) as place,
        AsyncExitStack() as all_,
    ):
        houses = [place.indoors]
        for port in ports[1:]:
            house = await all_.enter_async_context(AsyncExitStack())
            await house.enter_async_context(another(place, port))
            houses.append(house)
        yield Cluster(place, balancer, houses)
    await runner.cleanup()


async def ends_well(cluster: Cluster, *customers: Customer) -> None:
    await cluster.town.quiet()
    outcomes = await cluster.town.rows("SELECT outcome FROM applications")
    assert outcomes == [("issued",)] * len(customers)
    for customer in customers:
        held = cluster.town.authority.certificates(customer.record.customer_id)
        assert sorted(str(each.status) for each in held) == ["good", "revoked"]
        assert set(customer.files()) == {"npki.zip", "certificate.p12"}


async def test_whole_reissues_whoever_gets_which_update(cluster: Cluster) -> None:
    place = cluster.town
    place.messenger.faults.duplicate = 0.3
    gildong, an = place.customer(101, "ko", GILDONG), place.customer(104, "en", AN)

    await asyncio.gather(gildong.reissues(GILDONG), an.reissues(AN))

    await ends_well(cluster, gildong, an)
    assert len(cluster.balancer.given) == REPLICAS
    assert min(cluster.balancer.given.values()) > 5


async def test_each_update_given_to_all_of_them_counts_once(cluster: Cluster) -> None:
    cluster.balancer.everybody = True
    gildong = cluster.town.customer(101, "ko", GILDONG)

    await gildong.reissues(GILDONG)

    await ends_well(cluster, gildong)
    told = [text for text in gildong.texts() if gildong.pattern("notice.issued").search(text)]
    assert len(told) == 1
    assert len(cluster.town.messenger.sms_of(GILDONG.phone)) == 2, "the code, and the notice"


async def test_one_goes_away_in_the_middle_and_the_customer_sees_nothing_of_it(cluster: Cluster) -> None:
    gildong = cluster.town.customer(101, "ko", GILDONG)
    await gildong.applies(GILDONG)

    await cluster.loses(2)
    await gildong.taps("button.submit")
    await gildong.sees("enrolled.password")
    await cluster.loses(1)
    await gildong.says("Haneul!2026road")

    await gildong.sees("card.issued", patience=30)
    await ends_well(cluster, gildong)


async def test_limits_count_for_all_of_them_together(cluster: Cluster) -> None:
    """Wrong codes are spread over the replicas, and are five all the same."""
    gildong = cluster.town.customer(101, "ko", GILDONG)
    await gildong.triage()
    await gildong.fills_in(GILDONG)
    await gildong.sees("proof.sent.sms")
    right = await gildong.next_code(GILDONG.phone)
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        await gildong.says(wrong)
    await gildong.sees("error.code_used_up")

    await gildong.says(right)
    await cluster.town.quiet()

    assert not gildong.shows("reissue.review")
