"""Units of work that are committed together: each is whole, and none takes another along."""

import asyncio
import sqlite3
import threading

from bot.storage.database import Transaction
from bot.storage.sqlite import SqliteDatabase


def relay(tx: Transaction, number: int) -> int:
    tx.run("relay_add", message_id=number, chat_id=number)
    return number


def relay_and_fail(tx: Transaction, number: int) -> int:
    relay(tx, number)
    raise LookupError(number)


async def relays(database: SqliteDatabase) -> set[int]:
    rows = await database.hop(lambda: database._conn.execute("SELECT message_id FROM relays").fetchall())
    return {row[0] for row in rows}


async def at_once(database: SqliteDatabase, *works: object) -> list[object]:
    """Keep the connection's thread busy until all of them wait."""
    all_wait = threading.Event()
    busy = asyncio.create_task(database.hop(all_wait.wait))
    together = [asyncio.create_task(database.unit(work)) for work in works]  # type: ignore[arg-type]
    await asyncio.sleep(0)  # each runs up to where it waits
    all_wait.set()
    await busy
    return await asyncio.gather(*together, return_exceptions=True)


async def test_each_is_told_its_own_result(database: SqliteDatabase) -> None:
    told = await at_once(database, *(lambda tx, n=n: relay(tx, n) for n in range(50)))

    assert told == list(range(50))
    assert await relays(database) == set(range(50))


async def test_one_that_fails_leaves_nothing_and_takes_nobody_along(database: SqliteDatabase) -> None:
    told = await at_once(
        database,
        lambda tx: relay(tx, 1),
        lambda tx: relay_and_fail(tx, 2),
        lambda tx: tx.run("chat_add", chat_id=1),  # a statement that SQLite refuses
        lambda tx: relay(tx, 3),
    )

    assert [told[0], told[3]] == [1, 3]
    assert isinstance(told[1], LookupError)
    assert isinstance(told[2], sqlite3.Error)
    assert await relays(database) == {1, 3}


async def test_what_undoes_the_whole_transaction_fails_everybody_and_the_next_begin_anew(
    database: SqliteDatabase,
) -> None:
    def disk_full(tx: Transaction) -> None:
        tx._connection.execute("ROLLBACK")  # what SQLite does by itself then
        raise sqlite3.OperationalError("database or disk is full")

    told = await at_once(database, lambda tx: relay(tx, 1), disk_full, lambda tx: relay(tx, 2))

    assert all(isinstance(each, sqlite3.OperationalError) and "full" in str(each) for each in told)
    assert await relays(database) == set()
    assert await database.unit(lambda tx: relay(tx, 4)) == 4


async def test_who_waits_is_woken_after_the_commit_and_only_for_what_was_kept(
    database: SqliteDatabase,
) -> None:
    woken: list[int] = []

    def rings(tx: Transaction, number: int, fails: bool) -> None:
        tx.after.append(lambda: woken.append(number))
        (relay_and_fail if fails else relay)(tx, number)

    await at_once(database, lambda tx: rings(tx, 1, False), lambda tx: rings(tx, 2, True))

    assert woken == [1]


async def test_the_work_of_somebody_cancelled_is_whole(database: SqliteDatabase) -> None:
    async with asyncio.TaskGroup() as group:
        cancelled = group.create_task(database.unit(lambda tx: relay(tx, 1)))
        await asyncio.sleep(0)
        cancelled.cancel()

    assert await database.unit(lambda tx: relay(tx, 2)) == 2
    assert await relays(database) == {1, 2}
