"""What runs while the writes to disk are recorded: the bot's database by itself, and the whole application."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bot.core.wakeup import Wakeup
from bot.queues.inbox import Arrival, Inbox
from bot.storage.database import Transaction
from bot.storage.sqlite import SqliteDatabase
from ca import open_vault
from tests.faults.journalled import journalled
from tests.faults.shim import Recording, recording
from tests.support.customers import AN, GILDONG, persona
from tests.support.disk import on_disk
from tests.support.local_telegram import authority_template, local_telegram

DESK = "desk.db"
LEDGER = "ca/ledger.sqlite3"
JOURNAL = "journal/authority.journal"
UNITS = 120
NOW = datetime(2026, 3, 2, tzinfo=UTC)


async def units(folder: Path, synchronous: str = "") -> Recording:
    """Batches of updates of any size, many at once, with logs that are written back and truncated in between."""
    await asyncio.to_thread(folder.mkdir, parents=True)
    async with on_disk(folder / DESK):
        pass
    inbox, random = Inbox(open_vault(folder / "master.json")[0], Wakeup()), Random(7)
    with recording(folder, synchronous) as record:
        async with on_disk(folder / DESK) as database:
            await database.hop(lambda: database._conn.execute("PRAGMA wal_autocheckpoint = 60"))
            done = 0
            while done < UNITS:
                together = range(done, done + random.randrange(1, 6))
                await asyncio.gather(*(database.unit(_unit(inbox, each, random)) for each in together))
                done = together.stop
                if random.random() < 0.1:
                    await database.erase_traces()
                if random.random() < 0.1:
                    await _read_on(folder / DESK, database)
    return record


def _unit(inbox: Inbox, number: int, random: Random) -> Callable[[Transaction], None]:
    """Several tables, and anything from a row to some pages; now and then something is erased."""
    sizes = [random.choice([40, 700, 9000]) for _ in range(random.randrange(1, 8))]

    def work(tx: Transaction) -> None:
        batch = [Arrival(number * 10 + row, f"chat:{row}", b"x" * size) for row, size in enumerate(sizes)]
        inbox.add(tx, batch, NOW)
        about = {"reference": "", "result": None, "address": None}
        tx.run("outbox_add", key=f"u{number}", lane="chat:1", sealed=b"y" * sizes[0], now=0.0, **about)
        tx.run("limit_save", key=b"all", tries=number, since=0.0, paused_until=0.0, pauses=0)
        if number % 20 == 19:
            tx.run("inbox_forget", before=(NOW + timedelta(days=1)).timestamp(), most=500)

    return work


async def _read_on(path: Path, database: SqliteDatabase) -> None:
    """Somebody reads while it is tried to empty the log."""
    other = await asyncio.to_thread(sqlite3.connect, path, check_same_thread=False)
    other.execute("BEGIN")
    other.execute("SELECT COUNT(*) FROM inbox").fetchone()
    await database.erase_traces()
    await asyncio.to_thread(other.close)


async def house(folder: Path, synchronous: str = "", template: Path | None = None) -> Recording:
    """Two customers get their certificates, one after a night; one certificate is suspended and restored."""
    if template is None:
        template = await asyncio.to_thread(authority_template, folder.with_name("template"), [GILDONG, AN])
    await asyncio.to_thread((folder / JOURNAL).parent.mkdir, parents=True)
    people, personas = [GILDONG, AN], [persona(GILDONG, 101), persona(AN, 104, "en")]
    with recording(folder, synchronous) as record, journalled(record):
        async with local_telegram(template, folder, people, personas, CA_JOURNAL=str(folder / JOURNAL)) as place:
            gildong, an = place.customer(101, "ko", GILDONG), place.customer(104, "en", AN)
            await an.triage()
            await an.fills_in(AN, until="account")
            await gildong.reissues(GILDONG)
            await gildong.taps("button.received")
            await place.quiet()
            await place.restarts(timedelta(hours=9))
            await an.fills_in(AN, begin="account")
            await an.proves(AN)
            serial = place.authority.certificates(GILDONG.customer_id)[-1].serial
            await asyncio.to_thread(place.authority.hold, serial, "by-hand-1")
            await asyncio.to_thread(place.authority.release, serial, "by-hand-2")
            await an.taps("button.submit")
            await an.sees("enrolled.password")
            await an.says("Haneul!2026road")
            await an.sees("card.issued", patience=30)
            await place.app.engine.retention.tidy()
            await place.quiet()
    return record


Scene = Callable[[Path, str], Awaitable[Recording]]
SCENES: dict[str, Scene] = {"units of work": units, "a house": house}
