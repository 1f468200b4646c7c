"""What a process has in hand when it stops, and the row that says whose it is."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.crash.environment import Stage

LOOKS = 12


@dataclass(frozen=True)
class Held:
    """Where it stops, and how the row is found."""

    parts: tuple[str, ...]
    row: str


JOB = Held(
    ("job issue ", "bot/issuing/key_pool.py"),
    "SELECT key, state, lease, lease_until FROM jobs WHERE kind = 'issue'",
)
MESSAGE = Held(
    ("send chat:", "handlers/telegram/bot_api/transport.py"),
    "SELECT key, state, lease, lease_until FROM outbox WHERE lane LIKE 'chat:5%' AND key = "
    "(SELECT key FROM outbox WHERE lane LIKE 'chat:5%' ORDER BY seq LIMIT 1)",
)


@dataclass(frozen=True)
class Row:
    key: str
    state: str
    lease: str | None
    lease_until: float


async def row_of(scene: Stage, held: Held) -> Row:
    ((key, state, lease, until),) = await asyncio.to_thread(scene.books.rows, held.row)
    return Row(key, state, lease, until)


async def at_rest(ledger: Path) -> None:
    """Return when nobody has been writing to the authority's file for a while.

    At a start its lists are seen to. Whoever is frozen in the middle of that keeps the file from all others, as any
    program does that is stopped with a lock: one folder of files is one machine's, and this is about the desk's rows.
    """
    free = 0
    while free < LOOKS:
        with closing(sqlite3.connect(ledger, timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                free += 1
            except sqlite3.OperationalError:
                free = 0
        await asyncio.sleep(0.05)
