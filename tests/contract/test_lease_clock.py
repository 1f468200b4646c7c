"""Leases are counted by a clock that nobody sets: the server's, or a monotonic one where the database is a file."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ca
from bot.core.clock import SteadyClock
from bot.core.wakeup import Wakeup
from bot.messages.outgoing import Sms
from bot.messages.screen import Line
from bot.queues.jobs import Job, Jobs, Task
from bot.queues.outbox import Claimed, Outbox
from bot.storage.database import Database
from bot.storage.opening import open_database
from tests.support.postgres_server import new_database, place, server

LEASE = timedelta(seconds=30)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: By so much a wall clock jumps, or two replicas' clocks differ.
JUMPS = (timedelta(hours=1), -timedelta(hours=1), timedelta(days=400))
MESSAGE = Sms("01012345678", Line("sms.code", {"code": "123456"}), "ko")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with place() as folder, server(folder) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'd.db'}" if sqlite else new_database(request.getfixturevalue("address"))
    opened = await open_database(url)
    yield opened
    await opened.close()


@dataclass
class Replica:
    database: Database
    outbox: Outbox
    jobs: Jobs

    async def messages(self, now: datetime) -> list[Claimed]:
        return await self.database.unit(lambda tx: self.outbox.claim(tx, now, 9))

    async def work(self, now: datetime) -> list[Job]:
        return await self.database.unit(lambda tx: self.jobs.claim(tx, now, 9))


Replicas = Callable[..., Replica]


@pytest.fixture
def replica(database: Database, tmp_path: Path) -> Replicas:
    vault, _ = ca.open_vault(tmp_path / "master.json")

    def made(lease: timedelta = LEASE) -> Replica:
        steady = database.steady
        return Replica(database, Outbox(vault, Wakeup(), lease, steady), Jobs(vault, Wakeup(), lease, steady))

    return made


async def add(one: Replica) -> None:
    long_ago = NOW - timedelta(days=500)
    await one.database.unit(lambda tx: one.outbox.add(tx, "k", "sms:1", MESSAGE, long_ago))
    await one.database.unit(lambda tx: one.jobs.add(tx, "k", "issue", 1, Task("r"), long_ago, long_ago))


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_what_one_has_in_hand_no_jump_gives_to_another(replica: Replicas, jump: timedelta) -> None:
    one, other = replica(), replica()
    await add(one)
    (message,), (job,) = await one.messages(NOW), await one.work(NOW)

    assert (await other.messages(NOW + jump), await other.work(NOW + jump)) == ([], [])
    assert await one.database.unit(lambda tx: other.outbox.claim_next(tx, "sms:1", NOW + jump)) is None

    await one.database.unit(lambda tx: one.outbox.renew(tx, [message], NOW + jump))
    await one.database.unit(lambda tx: one.jobs.renew(tx, [job], NOW + jump))
    assert (await other.messages(NOW), await other.work(NOW)) == ([], [])
    assert await one.database.unit(lambda tx: one.outbox.sent(tx, message, NOW))
    assert await one.database.unit(lambda tx: one.jobs.finish(tx, job))


async def test_a_lease_ends_all_the_same_and_the_late_one_is_refused(replica: Replicas) -> None:
    frozen, other = replica(timedelta(0)), replica()
    await add(frozen)
    (message,), (job,) = await frozen.messages(NOW), await frozen.work(NOW)

    assert [each.seq for each in await other.messages(NOW)] == [message.seq]
    assert [each.seq for each in await other.work(NOW)] == [job.seq]

    assert not await frozen.database.unit(lambda tx: frozen.outbox.sent(tx, message, NOW))
    assert not await frozen.database.unit(lambda tx: frozen.jobs.finish(tx, job))


def test_a_steady_clock_goes_on_from_the_wall_whatever_becomes_of_that() -> None:
    wall, ticks = [1_000_000.0], [50.0]
    steady = SteadyClock(lambda: wall[0], lambda: ticks[0])
    assert steady() == 1_000_000.0
    wall[0], ticks[0] = 5.0, 53.5
    assert steady() == 1_000_003.5
