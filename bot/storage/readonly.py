"""Read-only queries beside the work: no customer waits for them, and they end in time."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from bot.storage.database import Transaction
from bot.storage.sqlite import SqliteTransaction

T = TypeVar("T")

#: A query that takes longer is interrupted.
MOST_SECONDS = 2.0
#: Steps of SQLite's virtual machine between two looks at the clock: a fraction of a millisecond.
STEPS = 10_000


class ReadOnlyConnection:
    def __init__(self, url: str, seconds: float = MOST_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._seconds = seconds
        self._clock = clock

    async def look(self, work: Callable[[Transaction], T]) -> T:
        """Run this over one snapshot of the database, on a connection of its own that cannot write.

        Raises the engine's own error (`sqlite3.Error`, `psycopg.Error`) if it cannot be read, or not in time.
        """
        return await asyncio.to_thread(self._looked, work)

    def _looked(self, work: Callable[[Transaction], T]) -> T:
        if self._url.startswith("postgresql://"):
            from bot.storage import postgres  # noqa: PLC0415 - whoever keeps a file needs no driver for a server

            return postgres.looked(self._url, work, self._seconds)
        end, path = self._clock() + self._seconds, Path(self._url.removeprefix("sqlite:///"))
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            connection.set_progress_handler(lambda: self._clock() > end, STEPS)
            connection.execute("BEGIN")
            return work(SqliteTransaction(connection))
