"""The intake wakes for whatever waits, without a look at the clock: by bells alone."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, cast

import pytest

from bot.conversation.events import Incoming
from bot.core.tasks import TaskSupervisor
from bot.core.wakeup import Wakeup
from bot.core.workers import WorkerThreads
from bot.engine.cases import CaseService
from bot.engine.rate_limiter import DEFAULT_RATES, FloodControl, RateLimiter
from bot.identity.limits import Limits
from bot.queues.inbox import Arrival, Inbox, Waiting
from bot.storage.database import Database, Transaction
from bot.storage.sqlite import SqliteTransaction
from ca.ledger.vault import KeyRing, Vault
from handlers.telegram.processor import UpdateProcessor
from tests.support.conversation import NOON

PATIENCE_S = 10.0


class Noon:
    def now(self) -> Any:
        return NOON


class Gated:
    """A database that blocks the task of the first chat, before a unit or with its result."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.before, self.after = asyncio.Event(), asyncio.Event()
        self.reached = asyncio.Event()

    async def unit(self, work: Callable[[Transaction], Any]) -> Any:
        task = asyncio.current_task()
        first = task is not None and task.get_name() == "chat chat:1"
        if first:
            await self.before.wait()
        tx = SqliteTransaction(self._connection)
        result = work(tx)
        for wake in tx.after:
            wake()
        if first:
            self.reached.set()
            await self.after.wait()
        return result


class Scene:
    def __init__(self, connection: sqlite3.Connection, workers: WorkerThreads) -> None:
        self.wakeup, self.hands, self.looks = Wakeup(), TaskSupervisor(), 0
        vault = Vault(KeyRing.new())
        self.inbox = Inbox(vault, self.wakeup)
        self.database = Gated(connection)
        self.done: list[int] = []
        self.changed = asyncio.Event()
        self.intake = UpdateProcessor(
            cast("Database", self.database),
            self.inbox,
            cast("CaseService", self),
            Noon(),
            self.hands,
            workers=workers,
            flood_control=FloodControl(RateLimiter(DEFAULT_RATES), Limits(vault)),
        )

    def receive(self, tx: Transaction, waiting: Waiting, incoming: Incoming | None) -> None:
        """Stand in for the case service."""
        assert incoming is not None
        if self.inbox.finish(tx, waiting):
            self.done.append(waiting.update_id)
            self.changed.set()

    async def comes(self, number: int, chat: int) -> None:
        message = b'{"update_id": %d, "message": {"message_id": 1, "date": 0, "chat": {"id": %d, "type": "private"}}}'
        came = Arrival(number, f"chat:{chat}", message % (number, chat))
        await self.database.unit(lambda tx: self.inbox.add(tx, [came], NOON))

    async def has_done(self, *numbers: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.done != list(numbers):
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def scene(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr("handlers.telegram.processor.IDLE_SECONDS", 3600.0)
    workers = WorkerThreads()
    made = Scene(connection, workers)
    running = asyncio.ensure_future(made.intake.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await made.hands.stop(PATIENCE_S)
    workers.close()


async def is_still() -> None:
    """Let everybody go on who can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_comes_while_its_chat_is_just_done_is_done_next(scene: Scene) -> None:
    scene.database.before.set()
    await scene.comes(1, chat=1)
    await scene.database.reached.wait()
    await scene.comes(2, chat=1)
    await is_still()
    assert scene.done == [1]
    scene.database.after.set()
    await scene.has_done(1, 2)


async def test_what_waits_behind_as_many_as_can_be_begun_with_is_done_when_one_ends(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.telegram.processor.CHATS_AT_ONCE", 1)
    scene.database.after.set()
    await scene.comes(1, chat=1)
    await scene.comes(2, chat=2)
    await is_still()
    assert scene.done == []
    scene.database.before.set()
    await scene.has_done(1, 2)


async def test_an_update_costs_one_look(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    heads = Inbox.heads

    def counted(self: Inbox, tx: Transaction, now: Any, most: int) -> list[Waiting]:
        looks.append(most)
        return heads(self, tx, now, most)

    await is_still()
    monkeypatch.setattr(Inbox, "heads", counted)
    scene.database.before.set()
    scene.database.after.set()
    for number in range(1, 4):
        await scene.comes(number, chat=1)
        await scene.has_done(*range(1, number + 1))
        await is_still()
    assert len(looks) == 3
