"""A unit of work happens whole or not at all, also with failures, waits, cancellations and other writers."""

import asyncio
import re
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import bot
from bot.core.wakeup import Wakeup
from bot.storage import queries as named
from bot.storage.database import DatabaseUnusable, Transaction
from bot.storage.opening import open_database
from bot.storage.queries import statements
from bot.storage.sqlite import SqliteDatabase
from tests.support.disk import on_disk


def mark(number: int) -> Callable[[Transaction], int]:
    """Return a unit that writes one row."""
    return lambda tx: tx.run("relay_add", message_id=number, chat_id=number)


def marked(tx: Transaction) -> list[int]:
    return sorted(number for number in range(200) if tx.row("relay_load", message_id=number))


class Boom(Exception):
    pass


async def test_what_a_unit_returns_comes_back(database: SqliteDatabase) -> None:
    assert await database.unit(mark(1)) == 1
    assert await database.unit(marked) == [1]


async def test_a_unit_that_raises_leaves_nothing(database: SqliteDatabase) -> None:
    def fails(tx: Transaction) -> None:
        mark(1)(tx)
        mark(2)(tx)
        raise Boom

    with pytest.raises(Boom):
        await database.unit(fails)
    assert await database.unit(marked) == []
    await database.unit(mark(3))
    assert await database.unit(marked) == [3]


async def test_a_statement_that_fails_leaves_nothing(database: SqliteDatabase) -> None:
    def fails(tx: Transaction) -> None:
        mark(1)(tx)
        tx.run("chat_add", chat_id=1, language=None, sealed_case=b"", phase="idle", now=0.0)

    with pytest.raises(sqlite3.IntegrityError):
        await database.unit(fails)
    assert await database.unit(marked) == []


async def test_one_that_fails_takes_nobody_along(database: SqliteDatabase) -> None:
    def fails(tx: Transaction) -> None:
        mark(99)(tx)
        raise Boom

    works = [mark(number) if number % 3 else fails for number in range(30)]
    results = await asyncio.gather(*(database.unit(work) for work in works), return_exceptions=True)
    failed = [number for number, result in enumerate(results) if isinstance(result, Boom)]
    assert failed == [number for number in range(30) if number % 3 == 0]
    assert await database.unit(marked) == [number for number in range(30) if number % 3]


async def test_units_side_by_side_see_each_other_whole_or_not_at_all(database: SqliteDatabase) -> None:
    def count(tx: Transaction) -> int:
        found = len(marked(tx))
        mark(found)(tx)
        return found

    found = await asyncio.gather(*(database.unit(count) for _ in range(25)))
    assert sorted(found) == list(range(25))


async def test_nobody_is_woken_before_the_commit_or_after_a_failure(database: SqliteDatabase) -> None:
    wakeup, woken = Wakeup(), []

    def rings(tx: Transaction) -> None:
        tx.after.append(wakeup.wake)
        tx.after.append(lambda: woken.append(threading.current_thread() is threading.main_thread()))
        assert woken == []

    await database.unit(rings)
    await wakeup.wait(0)
    assert woken == [True], "in the caller's thread, where the event loop is"

    def rings_and_fails(tx: Transaction) -> None:
        tx.after.append(lambda: woken.append(False))
        raise Boom

    with pytest.raises(Boom):
        await database.unit(rings_and_fails)
    assert woken == [True]


async def test_a_cancelled_caller_leaves_a_whole_transaction(database: SqliteDatabase) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        mark(1)(tx)
        begun.set()
        assert go_on.wait(10)
        mark(2)(tx)

    task = asyncio.create_task(database.unit(slow))
    await asyncio.to_thread(begun.wait, 10)
    waiting = asyncio.create_task(database.unit(mark(3)))
    await asyncio.sleep(0)
    task.cancel()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    found = await database.unit(marked)
    assert set(found) >= {1, 2}, "what had begun is whole"
    await database.unit(mark(4))
    assert 4 in await database.unit(marked), "and nothing is stuck"


async def test_two_connections_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    async with on_disk(path) as one, on_disk(path) as other:
        works = [(one if number % 2 else other).unit(mark(number)) for number in range(40)]
        await asyncio.gather(*works)
        assert await one.unit(marked) == await other.unit(marked) == list(range(40))


async def test_a_second_connection_sees_nothing_of_an_open_unit(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    async with on_disk(path) as one:
        begun, go_on = threading.Event(), threading.Event()

        def slow(tx: Transaction) -> None:
            mark(1)(tx)
            begun.set()
            assert go_on.wait(10)

        task = asyncio.create_task(one.unit(slow))
        await asyncio.to_thread(begun.wait, 10)
        reader = sqlite3.connect(path)
        try:
            assert reader.execute("SELECT COUNT(*) FROM relays").fetchone()[0] == 0
            go_on.set()
            await task
            assert reader.execute("SELECT COUNT(*) FROM relays").fetchone()[0] == 1
        finally:
            reader.close()


async def test_it_is_as_durable_as_the_design_says(database: SqliteDatabase) -> None:
    def pragma(name: str) -> object:
        return database._conn.execute(f"PRAGMA {name}").fetchone()[0]

    found = {name: await database.hop(pragma, name) for name in ("journal_mode", "synchronous", "secure_delete")}
    assert found == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


def telltales(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if b"telltale" in file.read_bytes()]


async def test_what_was_erased_is_in_no_file(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    async with on_disk(path) as database:

        def keep(tx: Transaction) -> None:
            times = {"until": 0.0, "chat_id": 1}
            tx.run("keep_put", request_id="r", name="n", sealed=b"telltale-" * 50, **times)

        await database.unit(keep)
        assert telltales(tmp_path)
        await database.unit(lambda tx: tx.run("keep_erase", request_id="r", name="n"))
        await database.erase_traces()
        assert telltales(tmp_path) == []


# --- opening ---


async def test_it_is_there_again_after_closing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "desk.db"
    async with on_disk(path) as database:
        await database.unit(mark(1))
    async with on_disk(path) as database:
        assert await database.unit(marked) == [1]
    assert path.parent.stat().st_mode & 0o077 == 0


async def test_migrations_run_once_and_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "desk.db"
    async with on_disk(path) as database:
        await database.unit(mark(1))
    more = (*named.migrations(), "CREATE TABLE later (x INTEGER) STRICT;\nINSERT INTO later VALUES (1);\n")
    monkeypatch.setattr("bot.storage.sqlite.migrations", lambda: more)
    for _ in range(2):
        async with on_disk(path) as database:
            count = await database.hop(lambda db=database: db._conn.execute("SELECT COUNT(*) FROM later").fetchone())
            assert tuple(count) == (1,)
            assert await database.unit(marked) == [1]


async def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "desk.db"
    broken = (*named.migrations(), "CREATE TABLE later (x INTEGER);\nINSERT INTO nowhere VALUES (1);\n")
    with monkeypatch.context() as patch:
        patch.setattr("bot.storage.sqlite.migrations", lambda: broken)
        with pytest.raises(DatabaseUnusable, match="nowhere"):
            await open_database(f"sqlite:///{path}")
    async with on_disk(path) as database:
        tables = await database.hop(
            lambda: database._conn.execute("SELECT name FROM sqlite_master WHERE name = 'later'").fetchall()
        )
        assert tables == []


@pytest.mark.parametrize("url", ["", "desk.db", "sqlite:///", "mysql://localhost/desk"])
async def test_an_address_that_is_none_is_refused_in_words(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="sqlite:///path/to/file"):
        await open_database(url)


async def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    path.write_bytes(b"this is no database, whatever it is called" * 100)
    with pytest.raises(DatabaseUnusable, match=r"desk\.db"):
        await open_database(f"sqlite:///{path}")
    folder = tmp_path / "folder.db"
    folder.mkdir()
    with pytest.raises(DatabaseUnusable, match=r"folder\.db"):
        await open_database(f"sqlite:///{folder}")


def test_a_script_is_split_at_itsstatements() -> None:
    script = "CREATE TABLE a (x TEXT DEFAULT ';');\n-- a comment; with a semicolon\nINSERT INTO a\nVALUES (1);\n"
    assert len(list(statements(script))) == 2


def test_every_query_is_named_once_and_can_be_prepared(connection: sqlite3.Connection) -> None:
    scripts = [path.read_text(encoding="utf-8") for path in Path(bot.__file__).parent.rglob("queries.sql")]
    assert sum(text.count("-- name: ") for text in scripts) == len(named.queries())
    for name, sql in named.queries().items():
        params = dict.fromkeys(re.findall(r":(\w+)", sql))
        connection.execute(f"EXPLAIN {sql}", params).fetchall()
        assert name.islower()
