"""Bugs in what belongs into one transaction, and in transactions themselves."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any

from bot.engine.sender import OutboxSender
from bot.messages.outgoing import CHAT
from bot.queues.jobs import Jobs
from bot.queues.outbox import Claimed, Outbox
from bot.storage import sqlite
from bot.storage.sqlite import SqliteDatabase, SqliteTransaction
from tests.crash.mutants.patching import named

#: Seconds by which a commit is delayed for speed.
SOON_S = 0.1


def _apart(store: Any) -> None:
    """Write what this store adds in a separate transaction, after the current one."""
    unit, add = SqliteDatabase.unit, store.add

    def remember(self: Any, tx: Any, *what: Any) -> None:
        tx.put_off.append((self, what))

    async def in_two(self: SqliteDatabase, work: Callable[[Any], Any]) -> Any:
        put_off: list[Any] = []

        def first(tx: Any) -> Any:
            tx.put_off = put_off
            return work(tx)

        result = await unit(self, first)
        if put_off:
            await unit(self, lambda tx: [add(to, tx, *what) for to, what in put_off])
        return result

    store.add, SqliteDatabase.unit = remember, in_two  # type: ignore[method-assign,assignment]


def outbox_apart() -> None:
    """Outgoing messages are written in a separate transaction, after the one that caused them."""
    _apart(Outbox)


def jobs_apart() -> None:
    """Jobs are written in a separate transaction, after the one that ordered them."""
    _apart(Jobs)


def autocommit() -> None:
    """Every statement is committed by itself."""

    def each_by_itself(connection: sqlite3.Connection, waiting: deque[Any]) -> list[Any]:
        together: list[Any] = []
        while waiting:
            one, tx = waiting.popleft(), SqliteTransaction(connection)
            together.append(one)
            try:
                one.result, one.after = one.work(tx), tx.after
            except Exception as error:  # noqa: BLE001 - as in the code that this replaces
                one.error = error
        return together

    sqlite._commit_together = each_by_itself


def half_undone() -> None:
    """The writes of a failed unit of work are committed together with those of others."""

    def run_whole(connection: sqlite3.Connection, one: Any) -> None:
        tx = SqliteTransaction(connection)
        try:
            one.result, one.after = one.work(tx), tx.after
        except Exception as error:  # noqa: BLE001 - as in the code that this replaces
            one.error = error

    sqlite._run_whole = run_whole


def committed_later() -> None:
    """Commits are gathered for a moment, and nobody waits for them."""

    def begin(connection: sqlite3.Connection, work: Callable[[Any], Any]) -> Any:
        if not connection.in_transaction:
            connection.execute("BEGIN IMMEDIATE")
        tx = SqliteTransaction(connection)
        return work(tx), tx.after

    def end(connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("COMMIT")

    async def unit(self: SqliteDatabase, work: Callable[[Any], Any]) -> Any:
        result, after = await self.hop(begin, self._conn, work)
        loop = asyncio.get_running_loop()
        if getattr(self, "soon", None) is None or self.soon.done():  # type: ignore[has-type]
            self.soon: Any = loop.create_task(later(self))
        for wake in after:
            wake()
        return result

    async def later(self: SqliteDatabase) -> None:
        await asyncio.sleep(SOON_S)
        await self.hop(end, self._conn)

    SqliteDatabase.unit = unit  # type: ignore[method-assign,assignment]


def told_from_memory() -> None:
    """A result is sent from memory after the commit, instead of through the outbox."""
    build, add = OutboxSender.__init__, Outbox.add
    couriers: list[OutboxSender] = []

    def built(self: OutboxSender, *stock: Any, **more: Any) -> None:
        build(self, *stock, **more)
        couriers.append(self)

    def tell(self: Outbox, tx: Any, key: str, lane: str, message: Any, now: Any) -> None:
        if not key.startswith("result:") or not lane.startswith(CHAT):
            add(self, tx, key, lane, message, now)
            return
        place = couriers[0]._stores.chats.place(tx, int(lane.removeprefix(CHAT)))
        claimed = Claimed(0, key, lane, message, 1, "", "", place)
        tx.after.append(lambda: couriers[0]._tasks.start("tell", couriers[0]._send(claimed)))  # type: ignore[arg-type]

    OutboxSender.__init__, Outbox.add = built, tell  # type: ignore[method-assign,assignment]


MUTANTS = named(outbox_apart, jobs_apart, autocommit, half_undone, committed_later, told_from_memory)
