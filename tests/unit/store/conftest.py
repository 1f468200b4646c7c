"""A store in memory for one test, and databases on disk where files, threads or two connections matter."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.store.database import Transaction
from bot.store.sqlite import SqliteDatabase, SqliteTransaction, _connect, _migrate
from ca.vault import KeyRing, Vault
from tests.support.disk import on_disk


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault(KeyRing.new())


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = _connect(":memory:")
    _migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def tx(connection: sqlite3.Connection) -> Transaction:
    return SqliteTransaction(connection)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    async with on_disk(tmp_path / "desk.db") as opened:
        yield opened
