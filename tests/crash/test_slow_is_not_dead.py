"""Leases are for dead processes: work that takes longer than a lease is not done twice, and does not repeat for
ever.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

import ca
from bot.conversation.chats import Chats
from bot.core.clock import SystemClock
from bot.core.tasks import TaskSupervisor
from bot.core.wakeup import Wakeup
from bot.engine.cases import CaseService, CaseStores
from bot.engine.job_handlers import Conclusion, JobHandlers
from bot.engine.job_runner import JobRunner
from bot.engine.sender import Channels, OutboxSender, SenderStores
from bot.issuing.kept_files import KeptFiles
from bot.knowledge.gaps import Gaps
from bot.messages.outgoing import Sms
from bot.messages.screen import Line
from bot.notices.addresses import Addresses
from bot.notices.bounces import Bounces
from bot.queues.inbox import Inbox
from bot.queues.jobs import Job, Jobs, Task
from bot.queues.outbox import Outbox
from bot.storage.sqlite import SqliteDatabase as Database
from bot.storage.sqlite import opened
from tests.support.local_telegram import WORDS

LEASE = timedelta(seconds=0.3)
#: Longer than several leases, and than the pauses of the loops, which look each second.
SLOW = 2.6
CLOCK = SystemClock()


class SlowClerk:
    def __init__(self) -> None:
        self.performed = 0

    async def perform(self, _job: Job) -> Conclusion:
        self.performed += 1
        await asyncio.sleep(SLOW)
        return lambda _tx, _chat: None


class SlowGateway:
    def __init__(self) -> None:
        self.sent = 0

    async def send(self, _key: str, _to: str, _text: str) -> None:
        self.sent += 1
        await asyncio.sleep(SLOW)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = await opened(str(tmp_path / "desk.db"))
    yield made
    await made.close()


@pytest.fixture
async def hands() -> AsyncIterator[TaskSupervisor]:
    made = TaskSupervisor()
    yield made
    await made.stop(5.0)


async def test_a_job_slower_than_its_lease_is_done_once(
    tmp_path: Path, database: Database, hands: TaskSupervisor
) -> None:
    vault, _ = ca.open_vault(tmp_path / "master.json")
    jobs = Jobs(vault, Wakeup(), LEASE)
    stores = CaseStores(Chats(vault), Inbox(vault, Wakeup()), Outbox(vault, Wakeup(), LEASE), jobs, Gaps(vault))
    job_handlers = SlowClerk()
    desk = cast("CaseService", None)  # nothing is reported
    runners = [
        JobRunner(database, stores, desk, cast("JobHandlers", job_handlers), CLOCK, Wakeup(), hands) for _ in range(2)
    ]
    now = CLOCK.now()
    await database.unit(lambda tx: jobs.add(tx, "k", "issue", 1, Task("r"), now, now))
    _run(hands, *(loop for each in runners for loop in (each.run, each.hold)))

    await _until(database, "SELECT state FROM jobs", "done")

    assert job_handlers.performed == 1


async def test_a_message_slower_than_its_lease_is_sent_once(
    tmp_path: Path, database: Database, hands: TaskSupervisor
) -> None:
    vault, _ = ca.open_vault(tmp_path / "master.json")
    outbox = Outbox(vault, Wakeup(), LEASE)
    gateway = SlowGateway()
    channels = Channels(cast("Any", None), gateway, None)
    stock = SenderStores(database, Chats(vault), outbox, KeptFiles(vault), Bounces(Addresses(vault), outbox))
    couriers = [OutboxSender(stock, channels, WORDS, CLOCK, Wakeup(), hands) for _ in range(2)]
    message = Sms("01012345678", Line("sms.code", {"code": "123456"}), "ko")
    await database.unit(lambda tx: outbox.add(tx, "k", "sms:1", message, CLOCK.now()))
    _run(hands, *(loop for each in couriers for loop in (each.run, each.hold)))

    await _until(database, "SELECT state FROM outbox", "sent")

    assert gateway.sent == 1


def _run(hands: TaskSupervisor, *loops: Any) -> None:
    for number, loop in enumerate(loops):
        hands.start(f"loop {number}", loop())


async def _until(database: Database, query: str, state: str) -> None:
    connection = database._conn
    async with asyncio.timeout(15):
        while (await database.hop(lambda: connection.execute(query).fetchone()))[0] != state:  # noqa: ASYNC110 - a row rings no bell
            await asyncio.sleep(0.05)
