"""Whoever keeps the time sees a clock jump; what a wrong one has set is set right then, and at every start."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.conversation.chats import Chats
from bot.core.wakeup import Wakeup
from bot.engine.cases import CaseStores
from bot.engine.clock_repair import ClockRepair
from bot.knowledge.gaps import Gaps
from bot.messages.outgoing import Sms
from bot.messages.screen import Line
from bot.queues.inbox import Arrival, Inbox
from bot.queues.jobs import Jobs, Task
from bot.queues.outbox import Outbox
from bot.storage.sqlite import SqliteDatabase
from ca import Vault
from tests.support.local_telegram import MovableClock

NOON = datetime(2026, 3, 2, 3, tzinfo=UTC)
LEASE, HOUR = timedelta(seconds=30), timedelta(hours=1)


class World:
    def __init__(self, database: SqliteDatabase, vault: Vault) -> None:
        self.database = database
        self.clock = MovableClock()
        self.clock.stands_at = NOON
        self.steady = 1000.0
        jobs, outbox = Jobs(vault, Wakeup(), LEASE), Outbox(vault, Wakeup(), LEASE)
        self.stores = CaseStores(Chats(vault), Inbox(vault, Wakeup()), outbox, jobs, Gaps(vault))
        self.keeping = ClockRepair(database, self.stores, self.clock, LEASE, lambda: self.steady)

    async def sets_something(self) -> None:
        now = self.clock.now()

        def set_(tx: object) -> None:
            self.stores.inbox.add(tx, [Arrival(int(now.timestamp()), "chat:1", b"{}")], now)  # type: ignore[arg-type]
            text = Sms("01012345678", Line("sms.code", {"code": "123456"}), "ko")
            self.stores.outbox.add(tx, f"m{now}", f"sms:{now}", text, now)  # type: ignore[arg-type]
            self.stores.jobs.add(tx, f"j{now}", "issue", 1, Task("r"), now, now)  # type: ignore[arg-type]

        await self.database.unit(set_)

    async def due(self) -> tuple[int, int, int]:
        now, stores = self.clock.now(), self.stores
        return await self.database.unit(
            lambda tx: (
                len(stores.inbox.heads(tx, now, 9)),
                len(stores.outbox.claim(tx, now, 9)),
                len(stores.jobs.claim(tx, now, 9)),
            )
        )

    def pass_(self, wall: timedelta, steady: timedelta) -> None:
        self.clock.ahead += wall
        self.steady += steady.total_seconds()


@pytest.fixture
def world(database: SqliteDatabase, vault: Vault) -> World:
    return World(database, vault)


async def test_at_a_start_nobody_waits_for_the_hour_that_an_earlier_clock_was_ahead(world: World) -> None:
    world.clock.ahead += HOUR
    await world.sets_something()
    world.clock.ahead -= HOUR
    assert await world.due() == (0, 0, 0)
    await world.keeping.look()
    assert await world.due() == (1, 1, 1)


async def test_a_clock_that_is_put_right_while_we_run_is_seen(world: World) -> None:
    await world.keeping.look()
    world.pass_(HOUR, timedelta(seconds=1))
    await world.keeping.look()
    await world.sets_something()
    world.pass_(-HOUR, timedelta(seconds=1))
    await world.keeping.look()
    assert await world.due() == (1, 1, 1)


async def test_time_that_passes_is_no_jump(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.keeping.look()
    world.clock.ahead += 5 * HOUR  # a row from the time to come, as only a wrong clock makes it
    await world.sets_something()
    world.clock.ahead -= 5 * HOUR
    for _ in range(3):
        world.pass_(HOUR, HOUR + LEASE / 2)
        await world.keeping.look()
    assert await world.due() == (0, 0, 0)
    assert caplog.text == ""


async def test_a_jump_is_told_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.keeping.look()
    world.pass_(HOUR, timedelta(0))
    await world.keeping.look()
    await world.keeping.look()
    (record,) = caplog.records
    assert (record.message, record.__dict__["by_s"]) == ("the clock has jumped", 3600)
