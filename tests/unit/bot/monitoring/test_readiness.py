"""Readiness: each check by itself, in plain words, never slow; and an answer that is kept for a moment."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.core.clock import SystemClock
from bot.core.tasks import TaskSupervisor
from bot.issuing.port import IssuerAway, ListAge, Status
from bot.monitoring import checks
from bot.monitoring.cached import Cached
from bot.monitoring.meter import Meter
from bot.monitoring.readiness import Check, NotReady, Readiness
from bot.storage.database import Transaction
from bot.storage.readonly import ReadOnlyConnection
from tests.support.disk import on_disk

T = TypeVar("T")


class Ticking:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


async def well() -> str:
    return "fine"


async def ill() -> str:
    raise NotReady("it waits for 61 s")


async def breaks() -> str:
    raise LookupError("Hong Gildong")


async def hangs() -> str:
    await asyncio.Event().wait()
    return "never"


async def test_every_check_is_told_by_itself_and_nothing_of_an_unknown_error() -> None:
    found = await Readiness({"a": well, "b": ill, "c": breaks, "d": hangs}, patience=0.01).ask()

    assert found == (
        Check("a", ok=True, why="fine"),
        Check("b", ok=False, why="it waits for 61 s"),
        Check("c", ok=False, why="cannot be told (LookupError)"),
        Check("d", ok=False, why="no answer within 0.01 s"),
    )


async def test_a_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    answers = [well, ill, ill, well, well]

    async def next_one() -> str:
        return await answers.pop(0)()

    readiness = Readiness({"a": next_one})
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            await readiness.ask()

    assert [record.message for record in caplog.records] == ["not ready", "ready again"]


async def test_many_who_ask_at_once_or_soon_after_are_one() -> None:
    made, clock, go_on = [], Ticking(), asyncio.Event()

    async def make() -> int:
        made.append(1)
        await go_on.wait()
        return len(made)

    kept = Cached(make, 1.0, TaskSupervisor(), clock)
    waiting = [asyncio.ensure_future(kept.get()) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    go_on.set()

    assert await asyncio.gather(*waiting[1:]) == [1] * 4
    clock.at += 0.9
    assert await kept.get() == 1
    clock.at += 0.2
    assert await kept.get() == 2


async def test_an_error_is_for_all_who_wait_and_is_not_kept() -> None:
    answers: list[Any] = [LookupError(), 5]

    async def make() -> int:
        if isinstance(answers[0], Exception):
            raise answers.pop(0)
        return int(answers[0])

    ended: list[BaseException | None] = []
    kept = Cached(make, 1.0, TaskSupervisor(lambda _name, error: ended.append(error)), Ticking())
    with pytest.raises(LookupError):
        await kept.get()
    assert await kept.get() == 5


async def test_a_database_is_well_when_it_can_be_written(tmp_path: Path) -> None:
    async with on_disk(tmp_path / "desk.db") as database:
        assert await checks.database(database, SystemClock()) == "answers and can be written"
        await database.hop(lambda: database._conn.execute("PRAGMA query_only = ON"))
        with pytest.raises(NotReady, match="cannot be written: attempt to write a readonly database"):
            await checks.database(database, SystemClock())
        await database.hop(lambda: database._conn.execute("PRAGMA query_only = OFF"))
        assert await checks.database(database, SystemClock())


async def test_loops_are_well_when_all_run_and_none_broke_lately(caplog: pytest.LogCaptureFixture) -> None:
    clock = Ticking()
    supervisor = TaskSupervisor(clock=clock)
    breaking = asyncio.Event()

    async def once() -> None:
        if not breaking.is_set():
            breaking.set()
            raise LookupError
        await asyncio.Event().wait()

    with pytest.raises(NotReady, match=r"^not running: one$"):
        await checks.loops(["one"], supervisor)
    supervisor.start("one", supervisor.run_forever("one", once, pause=0))
    await breaking.wait()
    await asyncio.sleep(0)
    with pytest.raises(NotReady, match=r"^failed and was started again: one$"):
        await checks.loops(["one"], supervisor)
    clock.at += checks.DEFAULT_BOUNDS.loop_s + 1
    assert await checks.loops(["one"], supervisor) == "1 are running"
    await supervisor.stop(1)


class Lists:
    def __init__(self, *left: int) -> None:
        self._left = left

    async def counts(self) -> dict[Status, int]:
        return {}

    async def list_ages(self) -> tuple[ListAge, ...]:
        if 0 in self._left:
            raise IssuerAway
        return tuple(ListAge(f"list-{left}", 60, left) for left in self._left)


async def test_lists_are_well_long_before_they_are_stale() -> None:
    assert await checks.lists(Lists(86400, 3600)) == "2 are fresh"
    assert await checks.lists(Lists()) == "none of ours"
    with pytest.raises(NotReady, match=r"^list-3599 is stale in 3599 s; list--5 is stale in -5 s$"):
        await checks.lists(Lists(86400, 3599, -5))
    with pytest.raises(NotReady, match="cannot be had"):
        await checks.lists(Lists(0))


async def test_a_messenger_that_was_silent_is_asked() -> None:
    clock, asked = Ticking(), []
    meter = Meter(clock)

    async def probe() -> None:
        asked.append(1)
        meter.answered("ok")

    async def in_vain() -> None:
        raise ConnectionError("https://api/bot1234:secret/getMe")

    with pytest.raises(NotReady, match=r"^has not answered since the start \(ConnectionError\)$"):
        await checks.messenger(meter, in_vain)
    assert await checks.messenger(meter, probe) == "answered just now"
    clock.at += 90
    assert await checks.messenger(meter, in_vain) == "answered 90 s ago"
    meter.answered("unreachable")
    meter.answered("unauthorized")
    meter.answered("broken")
    clock.at += 1
    with pytest.raises(NotReady, match="for 91 s"):
        await checks.messenger(meter, in_vain)
    assert len(asked) == 1


class Unreadable:
    async def look(self, _work: Callable[[Transaction], T]) -> T:
        raise sqlite3.OperationalError("interrupted")


async def test_queues_that_cannot_be_read_are_not_well(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="cannot be read: interrupted"):
        await checks.queue_heads(Unreadable(), SystemClock())
    async with on_disk(tmp_path / "desk.db"):
        looking = ReadOnlyConnection(f"sqlite:///{tmp_path / 'desk.db'}")
        assert await checks.queue_heads(looking, SystemClock()) == "0 wait, none for long"


async def test_a_look_that_takes_too_long_is_broken_off_and_writes_nothing(tmp_path: Path) -> None:
    async with on_disk(tmp_path / "desk.db"):
        ticking = iter(range(1_000_000))
        looking = ReadOnlyConnection(f"sqlite:///{tmp_path / 'desk.db'}", 5, lambda: float(next(ticking)))
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            await looking.look(lambda tx: tx._connection.execute(endless).fetchone())
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await looking.look(lambda tx: tx.run("pulse", now=1.0))
