"""Both engines keep the same promises and know every query; a unit is whole or nothing, and nobody is overwritten."""

import asyncio
import re
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import DeadlockDetected

from bot.monitoring.figures import queues
from bot.storage import postgres
from bot.storage.database import Database, DatabaseUnusable, Transaction
from bot.storage.opening import open_database
from bot.storage.postgres import PostgresDatabase, _translated, translated
from bot.storage.queries import queries
from bot.storage.readonly import ReadOnlyConnection
from tests.support.postgres_server import new_database, place, server

PARAMETERS = re.compile(r"(?<![:\w]):(\w+)")
ENGINES = ("sqlite", "postgres")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with place() as folder, server(folder) as running:
        yield running


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'desk.db'}"
    return new_database(request.getfixturevalue("address"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = await open_database(url)
    yield opened
    await opened.close()


def relay(tx: Transaction, number: int) -> None:
    tx.run("relay_add", message_id=number, chat_id=number)


def relays(tx: Transaction) -> list[int]:
    return [number for number in range(100) if tx.row("relay_load", message_id=number)]


async def test_a_unit_is_whole_or_nothing(database: Database) -> None:
    def fails(tx: Transaction) -> None:
        relay(tx, 1)
        raise LookupError

    with pytest.raises(LookupError):
        await database.unit(fails)
    assert await database.unit(relays) == []
    await database.unit(lambda tx: relay(tx, 2))
    assert await database.unit(relays) == [2]


async def test_rows_are_read_by_name_and_by_place(database: Database) -> None:
    await database.unit(lambda tx: tx.run("limit_save", key=b"k", tries=3, since=1.5, paused_until=0.0, pauses=0))
    row = await database.unit(lambda tx: tx.row("limit_load", key=b"k"))
    assert row
    assert tuple(row) == (3, 1.5, 0.0, 0)
    assert (row["tries"], row[1], list(row.keys())) == (3, 1.5, ["tries", "since", "paused_until", "pauses"])
    assert await database.unit(lambda tx: tx.row("limit_load", key=b"x")) is None


MESSAGE: dict[str, object] = {
    "lane": "chat:1", "sealed": b"x", "reference": "", "result": None, "address": None,
}  # fmt: skip


async def test_how_many_rows_were_touched(database: Database) -> None:
    def add(tx: Transaction) -> int:
        return tx.run("outbox_add", key="k", now=1.0, **MESSAGE)

    assert [await database.unit(add), await database.unit(add)] == [1, 0]


async def test_many_at_once_and_nobody_overwrites_another(database: Database) -> None:
    """Each reads, and writes what it read and one more: what is lost is missing at the end."""

    def one_more(tx: Transaction) -> None:
        row = tx.row("limit_load", key=b"k")
        tries = row["tries"] if row else 0
        tx.run("limit_save", key=b"k", tries=tries + 1, since=0.0, paused_until=0.0, pauses=0)

    await asyncio.gather(*(database.unit(one_more) for _ in range(60)))
    row = await database.unit(lambda tx: tx.row("limit_load", key=b"k"))
    assert row
    assert row["tries"] == 60


async def test_whoever_waits_is_woken_once_and_only_after_the_commit(database: Database) -> None:
    woken: list[int] = []

    def rings(tx: Transaction) -> None:
        relay(tx, 1)
        tx.after.append(lambda: woken.append(len(woken)))
        assert not woken

    await database.unit(rings)
    assert woken == [0]


async def test_a_cancelled_caller_leaves_a_whole_transaction(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        relay(tx, 1)
        begun.set()
        assert go_on.wait(10)
        relay(tx, 2)

    task = asyncio.create_task(database.unit(slow))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await database.unit(lambda tx: relay(tx, 3))
    async with asyncio.timeout(10):
        while await database.unit(relays) != [1, 2, 3]:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_it_is_there_again_after_closing_and_migrated_once(url: str) -> None:
    for number in (1, 2):
        opened = await open_database(url)
        await opened.unit(lambda tx, number=number: relay(tx, number))
        await opened.close()
    opened = await open_database(url)
    assert await opened.unit(relays) == [1, 2]
    await opened.close()


async def test_figures_are_read_beside_the_work_and_nothing_is_written_there(url: str) -> None:
    opened = await open_database(url)
    await opened.unit(lambda tx: tx.run("outbox_add", key="k", now=0.0, **MESSAGE))
    looking = ReadOnlyConnection(url)

    _, outbox, _ = await looking.look(lambda tx: queues(tx, datetime.now(UTC)))

    assert (outbox.waiting, outbox.stuck) == (1, 0)
    with pytest.raises((sqlite3.Error, psycopg.Error)):
        await looking.look(lambda tx: relay(tx, 1))
    assert await opened.unit(relays) == []
    await opened.close()


# --- PostgreSQL by itself ---


@pytest.mark.parametrize("name", sorted(queries()))
async def test_the_server_reads_every_query(address: str, name: str) -> None:
    """With no values at all: what a constraint forbids is well said, what is no SQL of the server's is not."""
    opened = await open_database(await asyncio.to_thread(database_once, address))
    params = dict.fromkeys(PARAMETERS.findall(re.sub(r"--.*", "", queries()[name])))
    try:
        await opened.unit(lambda tx: tx.run(name, **params))
    except psycopg.IntegrityError:
        pass
    finally:
        await opened.close()


MADE: dict[str, str] = {}


def database_once(address: str) -> str:
    if address not in MADE:
        MADE[address] = new_database(address)
    return MADE[address]


async def test_replicas_that_start_together_migrate_once(address: str) -> None:
    url = new_database(address)
    opened = await asyncio.gather(*(open_database(url) for _ in range(4)))
    await opened[0].unit(lambda tx: relay(tx, 1))
    assert [await each.unit(relays) for each in opened] == [[1]] * 4
    for each in opened:
        await each.close()


async def test_two_replicas_never_claim_the_same_job(address: str) -> None:
    url = new_database(address)
    one, other = [await open_database(url) for _ in range(2)]
    for number in range(30):
        key = f"k{number}"
        await one.unit(
            lambda tx, key=key: tx.run(
                "job_add", key=key, kind="x", chat_id=1, sealed=b"", due_at=0.0, now=0.0, reference=""
            )
        )

    def claim(tx: Transaction) -> list[int]:
        rows = [row["seq"] for row in tx.rows("job_due", now=1.0, steady=1.0, most=3)]
        for seq in rows:
            tx.run("job_claim", seq=seq, lease="l", until=100.0)
        return rows

    claims = await asyncio.gather(*(each.unit(claim) for _ in range(8) for each in (one, other)))

    claimed = [seq for claim_ in claims for seq in claim_]
    assert len(claimed) == len(set(claimed)) == 30
    for each in (one, other):
        await each.close()


async def test_a_server_that_is_not_there_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.storage.postgres.PATIENCE_S", 0.2)
    with pytest.raises(DatabaseUnusable, match="PostgreSQL server cannot be used") as caught:
        await open_database("postgresql://somebody:planted-secret@127.0.0.1:1/desk")
    assert "planted-secret" not in str(caught.value)


@pytest.fixture
def folder() -> Iterator[Path]:
    with place() as made:
        yield made


async def test_a_server_that_restarts_is_met_again(folder: Path) -> None:
    """The pool notices connections that are gone, and makes new ones."""
    with server(folder) as address:
        url = new_database(address)
        opened = await open_database(url)
        assert isinstance(opened, PostgresDatabase)
        await opened.unit(lambda tx: relay(tx, 1))
    with server(folder):
        async with asyncio.timeout(30):
            while True:
                try:
                    assert await opened.unit(relays) == [1]
                    break
                except psycopg.Error:
                    await asyncio.sleep(0.05)
        await opened.close()


def test_a_query_is_translated_and_its_text_left_alone() -> None:
    query = "SELECT a /*pg FOR UPDATE*/ FROM b -- why: so\nWHERE a = :a AND c LIKE '50%' AND d = :a_b"
    assert _translated(query) == ("SELECT a FOR UPDATE FROM b \nWHERE a = %(a)s AND c LIKE '50%%' AND d = %(a_b)s")
    assert translated().keys() == queries().keys()


async def test_a_replica_that_freezes_in_a_unit_keeps_its_rows_for_seconds_only(address: str) -> None:
    """The server ends such a session; what a frozen process would have kept for hours, another can take."""
    database = await open_database(new_database(address))
    assert isinstance(database, PostgresDatabase)
    with database._pool.connection() as connection:
        row = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
    await database.close()
    assert row
    assert row[0] == "5s"


async def test_a_migration_in_whose_way_a_running_replica_stands_is_tried_again(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, ways = postgres._migrate_whole, [DeadlockDetected(), DeadlockDetected()]

    def in_the_way(pool: object) -> None:
        if ways:
            raise ways.pop()
        whole(pool)  # type: ignore[arg-type]

    monkeypatch.setattr(postgres, "_migrate_whole", in_the_way)
    database = await open_database(new_database(address))
    assert await database.unit(lambda tx: tx.rows("chats_all")) == []
    await database.close()
    assert not ways
