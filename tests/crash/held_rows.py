"""What a process works on when it stops, and the row that says which process owns it."""

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
    """Return when nobody has written to the authority's file for a while.

    At a start its CRLs are renewed. A process that is frozen while it does so keeps the file locked for all others, as
    any stopped program with a lock does. That is another matter: this test is about the bot's rows.
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
