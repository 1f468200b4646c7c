"""A write whose result is not asked for: done, in order, and its error is raised later, in either engine."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from bot.storage.database import Database, Row, Transaction
from bot.storage.opening import open_database
from bot.storage.postgres import PostgresDatabase
from tests.support.postgres_server import new_database, place, server

ENGINES = ("sqlite", "postgres")
PATIENCE_S = 20


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with place() as folder, server(folder) as running:
        yield running


@pytest.fixture(params=ENGINES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    if request.param == "postgres":
        url = new_database(request.getfixturevalue("address"))
    opened = await open_database(url)
    yield opened
    await opened.close()


@pytest.fixture
async def server_s(address: str) -> AsyncIterator[Database]:
    opened = await open_database(new_database(address))
    yield opened
    await opened.close()


def put(tx: Transaction, tries: int) -> None:
    tx.write("limit_save", key=b"k", tries=tries, since=0.0, paused_until=0.0, pauses=0)


def tries(tx: Transaction) -> int:
    row: Row | None = tx.row("limit_load", key=b"k")
    return row["tries"] if row else 0


def refused(tx: Transaction) -> None:
    tx.write("chat_add", chat_id=1, language=None, sealed_case=b"", phase="idle", now=0.0)


async def test_it_is_seen_by_what_follows_and_kept(database: Database) -> None:
    def twice(tx: Transaction) -> list[int]:
        put(tx, 1)
        first = tries(tx)
        put(tx, 2)
        return [first, tries(tx)]

    assert await database.unit(twice) == [1, 2]
    assert await database.unit(tries) == 2


@pytest.mark.parametrize("behind", [0, 1, 40])
async def test_one_that_is_refused_is_told_at_the_end_and_leaves_nothing(
    database: Database, behind: int, caplog: pytest.LogCaptureFixture
) -> None:
    def unit(tx: Transaction) -> None:
        put(tx, 1)
        refused(tx)
        for number in range(behind):
            put(tx, number)

    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(Exception, match="language"),
    ):
        await database.unit(unit)
    assert await database.unit(tries) == 0
    assert caplog.records == []


async def test_one_that_is_refused_is_told_by_what_reads_next(database: Database) -> None:
    reached: list[int] = []

    def unit(tx: Transaction) -> None:
        refused(tx)
        reached.append(tries(tx))

    with pytest.raises(Exception, match="language"):
        await database.unit(unit)
    assert reached == []
    assert await database.unit(tries) == 0


async def test_many_writers_at_once_and_nobody_overwrites_another(database: Database) -> None:
    await asyncio.gather(*(database.unit(lambda tx: put(tx, tries(tx) + 1)) for _ in range(60)))
    assert await database.unit(tries) == 60


async def test_a_collision_counts_before_what_a_unit_made_of_the_stale_row(server_s: Database) -> None:
    """Its own error came of what another has changed meanwhile: it is run again, and has none."""
    read, changed, seen = threading.Event(), threading.Event(), list[int]()
    await server_s.unit(lambda tx: put(tx, 1))

    def late(tx: Transaction) -> None:
        seen.append(tries(tx))
        read.set()
        assert changed.wait(PATIENCE_S)
        put(tx, 10)
        if seen[-1] == 1:
            raise LookupError("of a stale row")

    waiting = asyncio.create_task(server_s.unit(late))
    await asyncio.to_thread(read.wait, PATIENCE_S)
    await server_s.unit(lambda tx: put(tx, 2))
    changed.set()
    await waiting
    assert seen == [1, 2]
    assert await server_s.unit(tries) == 10


async def test_a_unit_without_a_question_waits_once(server_s: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    trips: list[str] = []
    sync = psycopg.Pipeline._enqueue_sync

    def counted(self: psycopg.Pipeline) -> None:
        trips.append("a trip")
        sync(self)

    monkeypatch.setattr(psycopg.Pipeline, "_enqueue_sync", counted)

    def writes(tx: Transaction) -> None:
        for number in range(5):
            put(tx, number)

    def asks(tx: Transaction) -> None:
        writes(tx)
        tries(tx)
        tx.run("limit_save", key=b"k", tries=0, since=0.0, paused_until=0.0, pauses=0)

    await server_s.unit(writes)
    assert len(trips) == 1
    await server_s.unit(asks)
    assert len(trips) == 4


async def test_many_writes_go_out_now_and_then(server_s: Database) -> None:
    def many(tx: Transaction) -> None:
        tx.run_many("relay_add", ({"message_id": number, "chat_id": number} for number in range(1000)))

    await server_s.unit(many)
    assert await server_s.unit(lambda tx: tx.row("relay_load", message_id=999))


async def test_nothing_lies_half_sent_at_the_server(address: str) -> None:
    """It ends a session that idles in a transaction; one that has sent something and no end of it would not be idle."""
    url = new_database(address)
    database = await open_database(url)
    assert isinstance(database, PostgresDatabase)
    seen: list[list[str]] = []  # at each look, since the pool may open another session at any time

    def look() -> None:
        sql = "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with psycopg.connect(url, autocommit=True) as connection:
            seen.append([state for (state,) in connection.execute(sql)])

    def unit(tx: Transaction) -> None:
        put(tx, 1)
        look()
        tries(tx)
        look()
        put(tx, 2)
        look()

    await database.unit(unit)
    await database.close()
    assert {state for each in seen for state in each} == {"idle", "idle in transaction"}
    assert ["idle in transaction" in each for each in seen] == [False, True, True]
