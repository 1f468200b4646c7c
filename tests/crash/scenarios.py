"""What can go wrong during one customer's application: each scenario is one fault at one moment."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from handlers.local.wire.faults import Fault
from tests.crash.await_points import Mode
from tests.crash.held_rows import Held, at_rest, row_of
from tests.crash.robot_customer import Robot
from tests.crash.scenario_run import Play

PATIENCE_S = 40.0
TICK_S = 0.005
#: A lease that is longer than the slow start of the process that takes over.
LONG_LEASE = 3.0
SLOW_LEASE = 1.5
#: Where nothing may come twice: longer than any pause of a busy machine; what is slow takes longer still.
PATIENT_LEASE, SLOW_MS = 6.0, 8000
#: Seconds in which a process that acknowledges too early has done so.
LOCKED_S = 0.8


@dataclass(frozen=True)
class Scene:
    """How the application goes, up to where the customer is left alone."""

    happens: Callable[[Play], Awaitable[None]]
    webhook: bool = False
    exact: bool = False
    setting: dict[str, Any] = field(default_factory=dict)


def at(step: str, mode: Mode, *parts: str, robot: type[Robot] = Robot, exact: bool = False, **setting: Any) -> Scene:
    """The process ends in this way at the first place with these parts after the customer began this step."""

    async def happens(play: Play) -> None:
        process = await play.starts(watched=True, unarmed=True, mode=mode, parts=parts)
        await process.is_ready()
        play.comes(robot, lambda done: process.arm() if done == step else None)
        await _hit_or_over(play)

    return Scene(happens, exact=exact, setting=setting)


async def _hit_or_over(play: Play) -> None:
    """A bug may prevent the point from being reached; then the application itself shows it."""
    hit = asyncio.ensure_future(play.process.hit.wait())
    await asyncio.wait([hit, play.scene.lives[-1]], timeout=PATIENCE_S / 8, return_when=asyncio.FIRST_COMPLETED)
    play.reached = play.process.hit.is_set()
    hit.cancel()


def weather(step: str, method: str, fault: Fault) -> Scene:
    """The first call of this method after the customer began this step fails."""

    async def happens(play: Play) -> None:
        faults, played = play.scene.messenger.faults, play.scene.messenger.stats.faults

        def before(done: str) -> None:
            if done == step:
                faults.methods = frozenset({method})
                setattr(faults, fault.value, 1.0)

        await (await play.starts()).is_ready()
        play.comes(before=before)
        async with asyncio.timeout(PATIENCE_S):
            while not played[fault.value]:  # noqa: ASYNC110 - a counter rings no bell
                await asyncio.sleep(TICK_S)
        faults.clear()
        play.reached = True

    return Scene(happens)


def locked(*, webhook: bool = False) -> Scene:
    """Another program locks the database when an update comes; then the process dies."""

    async def happens(play: Play) -> None:
        process = await play.starts()
        await process.is_ready()
        messenger = play.scene.messenger
        with closing(sqlite3.connect(play.scene.folder / "desk.db", timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            play.comes()
            for _ in range(int(LOCKED_S / TICK_S)):
                await asyncio.sleep(TICK_S)
                if messenger.stats.updates and not messenger.stats.pending:
                    break
            await process.kill()
        play.reached = True

    return Scene(happens, webhook=webhook)


async def nothing(play: Play) -> None:
    """Nothing goes wrong."""
    await (await play.starts()).is_ready()
    play.comes()
    play.reached = True


async def backlog(play: Play) -> None:
    """Updates wait when the process starts, the newest first; it dies when it has begun to store them."""
    play.comes()
    await asyncio.sleep(0)
    await play.robot.person.says("/help")
    updates = play.scene.messenger.updates
    for each in sorted(updates.peek(), key=lambda update: -update["update_id"]):
        updates.push_raw(each)
    for _ in range(2):
        updates._pending.popleft()
    await play.starts(watched=True, mode="answered", parts=("poller ", "SqliteDatabase.unit"))
    await _hit_or_over(play)


async def twice(play: Play) -> None:
    """An update comes again when the next step is reached, as after a lost acknowledgement."""
    updates, kept = play.scene.messenger.updates, []

    def before(step: str) -> None:
        if step == "phone":
            asyncio.get_running_loop().call_soon(lambda: kept.extend(updates.peek()[-1:]))
        elif step == "account":
            updates.push_raw(kept[0])
            play.reached = True

    await (await play.starts()).is_ready()
    play.comes(before=before)


async def slow(play: Play) -> None:
    """The messenger takes longer for a message than a lease, and another process looks for work."""
    messenger = play.scene.messenger
    await (await play.scene.start("worker")).is_ready()
    await (await play.starts()).is_ready()
    messenger.faults.slow_ms = SLOW_MS
    play.comes()
    async with asyncio.timeout(PATIENCE_S):
        while not messenger.stats.calls["sendMessage"]:  # noqa: ASYNC110 - a counter rings no bell
            await asyncio.sleep(TICK_S)
        messenger.faults.clear()
        # Before this, a second copy would not have arrived yet.
        await asyncio.sleep(SLOW_MS / 1000)
    play.reached = True


async def frozen_with_an_update(play: Play) -> None:
    """A process freezes while it processes an update; another one processes it, and the first one wakes."""
    late = await play.starts(watched=True, unarmed=True, mode="frozen", parts=("chat chat:", "WorkerThreads.of"))
    await late.is_ready()
    play.comes(before=lambda done: late.arm() if done == "phone" else None)
    async with asyncio.timeout(PATIENCE_S):
        await late.hit.wait()
        await (await play.scene.start("worker")).is_ready()
        while play.scene.books.rows("SELECT 1 FROM inbox WHERE state = 'pending'"):  # noqa: ASYNC110 - a row rings no bell
            await asyncio.sleep(TICK_S)
        os.kill(late.pid, signal.SIGCONT)
        await late.passed.wait()
    play.reached = True


def frozen(held: Held) -> Scene:
    """A process freezes with this work; another takes over and is working on it when the first one wakes."""

    async def happens(play: Play) -> None:
        late = await _stops(play, held)
        heir = await _stops(play, held)
        taken = await row_of(play.scene, held)
        os.kill(late.pid, signal.SIGCONT)
        async with asyncio.timeout(PATIENCE_S):
            await late.passed.wait()
        if await row_of(play.scene, held) != taken:
            play.problems.append(f"F7: what came late was written over {taken}")
        await late.kill()
        os.kill(heir.pid, signal.SIGCONT)
        play.reached = True

    return Scene(happens, setting={"lease": LONG_LEASE})


async def _stops(play: Play, held: Held) -> Any:
    process = await play.starts(watched=True, mode="frozen", parts=held.parts)
    if not play.scene.robots:
        await process.is_ready()
        await at_rest(play.scene.folder / "ca" / "ledger.sqlite3")
        play.comes()
    async with asyncio.timeout(PATIENCE_S):
        await process.hit.wait()
    return process


class Hasty(Robot):
    """Types the birth date right after the name, and expects the question that follows it."""

    async def _types(self, text: str) -> bool:
        name = self.asks(text, "name")
        if self.hurried and (name or self.asks(text, "birth")):
            if self.person.chat.messages and not name:
                return False  # The screen that is on its way; the answer is, too.
            self.wrong = f"was asked again, though both were answered in their order: {text}"
            return False
        if not await super()._types(text):
            return False
        if name:
            self.hurried = True
            await self.person.says(self.folk.record.birth_date.isoformat())
        return True

    hurried = False
