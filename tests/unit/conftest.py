"""A database of ours in memory, for one test."""

import sqlite3
from collections.abc import Iterator

import pytest

from bot.storage.database import Transaction
from bot.storage.sqlite import SqliteTransaction, _connect, _migrate


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = _connect(":memory:")
    _migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def tx(connection: sqlite3.Connection) -> Transaction:
    return SqliteTransaction(connection)
