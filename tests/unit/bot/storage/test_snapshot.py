"""A copy of the bot's database: one moment, intact, and no writer waits for it."""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from bot.storage import snapshot
from bot.storage.database import Database, DatabaseUnusable, Transaction
from bot.storage.opening import open_database
from bot.storage.queries import migrations
from bot.storage.snapshot import copy, count, database_file
from bot.storage.sqlite import BUSY_SECONDS
from tests.support.disk import on_disk

ROWS, ROW = 1500, 20_000


@pytest.fixture
async def filled(tmp_path: Path) -> AsyncIterator[Database]:
    """Some thirty megabytes: enough for a copy to take a while."""
    async with on_disk(tmp_path / "desk.db") as database:

        def fill(tx: Transaction) -> None:
            content = os.urandom(ROW)
            for number in range(ROWS):
                keep(number, content, tx)

        await database.unit(fill)
        yield database


def keep(number: int, content: bytes, tx: Transaction) -> None:
    times = {"until": 0.0, "chat_id": 1}
    tx.run("keep_put", request_id=f"{number:08}", name="n", sealed=content, **times)


def numbers(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [int(row[0]) for row in connection.execute("SELECT request_id FROM keeps ORDER BY request_id")]


def telltales(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir() if b"telltale" in each.read_bytes()]


async def copies_in_a_thread(source: Path, to: Path) -> asyncio.Future[int]:
    """The program that copies is another process; to SQLite a connection of another thread is the same."""
    loop = asyncio.get_running_loop()
    return loop.run_in_executor(None, copy, source, to)


async def test_a_copy_under_writes_is_one_moment_and_holds_nobody_up(
    filled: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    began = time.monotonic()
    copying_now = await copies_in_a_thread(tmp_path / "desk.db", tmp_path / "copy")
    pauses, written = [], ROWS
    while not copying_now.done():
        before = time.monotonic()
        await filled.unit(partial(keep, written, b"x" * 100))
        await filled.erase_traces()
        pauses.append(time.monotonic() - before)
        written += 1
    took = time.monotonic() - began

    assert await copying_now == len(migrations())
    kept = numbers(tmp_path / "copy")
    assert kept == list(range(len(kept)))
    assert ROWS <= len(kept) <= written
    assert pauses
    assert max(pauses) < BUSY_SECONDS / 3, "somebody waited for the copy"
    size = (tmp_path / "copy").stat().st_size
    text = f"{size / 1e6:.0f} MB copied and checked in {took:.2f} s, {len(pauses)} writes beside it,"
    request.node.add_report_section("call", "measured", f"{text} longest pause {max(pauses) * 1000:.0f} ms")


async def test_what_is_erased_while_somebody_reads_is_gone_once_they_have_read(tmp_path: Path) -> None:
    async with on_disk(tmp_path / "desk.db") as database:
        await database.unit(partial(keep, 1, b"telltale-" * 50))
        with closing(sqlite3.connect(tmp_path / "desk.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM keeps").fetchall()
            await database.unit(lambda tx: tx.run("keep_erase", request_id="00000001", name="n"))
            await database.erase_traces()
            assert database.traces_left
        await database.erase_traces()
        assert not database.traces_left
        assert not telltales(tmp_path)


async def test_what_was_erased_is_not_in_the_copy(filled: Database, tmp_path: Path) -> None:
    await filled.unit(partial(keep, 1_000_000, b"telltale-" * 50))
    await filled.unit(lambda tx: tx.run("keep_erase", request_id="01000000", name="n"))
    copy(tmp_path / "desk.db", tmp_path / "copy")
    assert b"telltale" not in (tmp_path / "copy").read_bytes()
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600


async def test_a_copy_says_what_it_was_in_the_middle_of(tmp_path: Path) -> None:
    async with on_disk(tmp_path / "desk.db") as database:

        def busy(tx: Transaction) -> None:
            message = {"lane": "chat:1", "sealed": b"s", "now": 1.0}
            for key in ("a", "b"):
                tx.run("outbox_add", reference="", result=None, address=None, key=key, **message)
            tx.run_many("inbox_add", [{"update_id": 1, "ahead": 0, "me": "", **message}])
            application = {"chat_id": 1, "receipt": "R", "now": 1.0}
            tx.run("application_add", request_id="r-1", **application)
            tx.run("application_issued", request_id="r-1", serial="AB", now=2.0)
            tx.run("application_add", request_id="r-2", **application)

        await database.unit(busy)
        copy(tmp_path / "desk.db", tmp_path / "copy")
    counts = count(tmp_path / "copy")
    assert (counts.updates, counts.messages, counts.jobs) == (1, 2, 0)
    assert counts.serials == {"AB"}


def test_no_database_is_said_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match=r"desk\.db"):
        copy(tmp_path / "desk.db", tmp_path / "copy")
    assert not (tmp_path / "desk.db").exists()


@pytest.mark.parametrize("url", ["postgresql://bank/desk", "sqlite:///", "desk.db"])
def test_what_has_no_file_is_refused_with_a_clear_line(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="sqlite:///path"):
        database_file(url)


async def test_a_file_that_is_damaged_or_newer_is_refused(filled: Database, tmp_path: Path) -> None:
    copy(tmp_path / "desk.db", tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy")) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(DatabaseUnusable, match="schema 999"):
        snapshot.check(tmp_path / "copy")
    with (tmp_path / "copy").open("r+b") as file:
        file.truncate(ROW * 10)
    with pytest.raises(DatabaseUnusable, match="copy"):
        snapshot.check(tmp_path / "copy")


async def test_a_database_of_a_newer_release_is_not_opened(tmp_path: Path) -> None:
    async with on_disk(tmp_path / "desk.db"):
        pass
    with closing(sqlite3.connect(tmp_path / "desk.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(DatabaseUnusable, match="newer release"):
        await open_database(f"sqlite:///{tmp_path / 'desk.db'}")
