"""The database is locked, full, read-only or gone: nothing is acknowledged, it is reported, and work resumes by
itself.
"""

import io
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.storage import snapshot, sqlite
from bot.storage.sqlite import MEND
from handlers.telegram.webhook import SECRET_HEADER, derived_secret
from tests.faults.shim import Recording, recording
from tests.support.authority_server import free_port
from tests.support.customers import GILDONG, persona
from tests.support.local_telegram import TOKEN, Customer, LocalTelegram, local_telegram

PATIENT = 60.0
Trouble = Callable[[LocalTelegram, Recording], AbstractContextManager[None]]


def refusing(code: int) -> Trouble:
    """Let every write fail with this error of the file system."""

    @contextmanager
    def trouble(_place: LocalTelegram, disk: Recording) -> Iterator[None]:
        disk.refuses = code
        yield
        disk.refuses = 0

    return trouble


@contextmanager
def locked(place: LocalTelegram, _disk: Recording) -> Iterator[None]:
    """Another process locks it for longer than anybody waits."""
    with closing(sqlite3.connect(place.settings.storage.data_dir / "desk.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


#: With what `/readyz` reports.
TROUBLES: dict[str, tuple[Trouble, str]] = {
    "locked": (locked, "database is locked"),
    "full": (refusing(sqlite3.SQLITE_FULL), "database or disk is full"),
    "read-only": (refusing(sqlite3.SQLITE_READONLY), "attempt to write a readonly database"),
    "gone": (refusing(sqlite3.SQLITE_IOERR_WRITE), "disk I/O error"),
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)


@asynccontextmanager
async def living(template: Path, folder: Path, **settings: str) -> AsyncIterator[tuple[LocalTelegram, Recording]]:
    with recording(folder) as disk:
        async with local_telegram(template, folder, [GILDONG], [persona(GILDONG, 101)], **settings) as place:
            yield place, disk


async def readiness(place: LocalTelegram) -> tuple[int, dict[str, dict[str, Any]]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{place.settings.web.public_url}/readyz") as answer,
    ):
        return answer.status, await answer.json()


async def is_told(place: LocalTelegram, why: str) -> None:
    """Wait until it is reported: within a second the last result is repeated."""
    found: dict[str, Any] = {}
    while why not in str(found.get("database", {}).get("why")):
        status, found = await readiness(place)
    assert status == 503
    assert found["database"] == {"ok": False, "why": f"cannot be written: {why}"}


async def goes_on(place: LocalTelegram, customer: Customer) -> None:
    await customer.sees("reissue.ask.reason", PATIENT)
    await place.quiet(PATIENT)
    assert await place.rows("SELECT state, COUNT(*) FROM inbox GROUP BY state") == [("done", 2)]
    assert await place.rows("SELECT MAX(attempts) FROM inbox") == [(0,)], "it was no fault of an update's"
    assert await place.is_sound()
    while not (await readiness(place))[1]["database"]["ok"]:
        pass


@pytest.mark.parametrize("name", TROUBLES)
async def test_polling_does_not_acknowledge_and_goes_on(template: Path, tmp_path: Path, name: str) -> None:
    trouble, why = TROUBLES[name]
    async with living(template, tmp_path / "data", LISTEN=f"127.0.0.1:{free_port()}") as (place, disk):
        gildong = place.customer(101, "ko", GILDONG)
        await gildong.person.starts()
        await gildong.sees("card.idle")
        await place.quiet()
        with trouble(place, disk):
            asked = place.messenger.stats.calls["getUpdates"]
            await gildong.taps("button.start")
            await place.until(lambda: place.messenger.stats.calls["getUpdates"] >= asked + 2)
            await is_told(place, why)
            assert place.messenger.stats.pending == 1
            assert await place.rows("SELECT COUNT(*) FROM inbox") == [(1,)]
        await goes_on(place, gildong)


async def posted(place: LocalTelegram) -> int:
    headers = {SECRET_HEADER: derived_secret(TOKEN)}
    update = b'{"update_id": 4000000000, "poll": {}}'
    async with (
        aiohttp.ClientSession() as session,
        session.post(place.settings.webhook.url, data=io.BytesIO(update), headers=headers) as answer,
    ):
        return answer.status


@pytest.mark.parametrize("name", ["locked", "full"])
async def test_behind_a_webhook_the_answer_is_an_error(template: Path, tmp_path: Path, name: str) -> None:
    trouble, why = TROUBLES[name]
    address = f"127.0.0.1:{free_port()}"
    settings = {"LISTEN": address, "WEBHOOK_URL": f"http://{address}/telegram"}
    async with living(template, tmp_path / "data", **settings) as (place, disk):
        gildong = place.customer(101, "ko", GILDONG)
        await gildong.person.starts()
        await gildong.sees("card.idle")
        await place.quiet()
        with trouble(place, disk):
            await gildong.taps("button.start")
            assert await posted(place) == 500
            await is_told(place, why)
            assert await place.rows("SELECT COUNT(*) FROM inbox") == [(1,)]
        await goes_on(place, gildong)
        assert await posted(place) == 200


def spoil(path: Path, table: str) -> None:
    """Overwrite the first page of a table, as a bad disk does."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xab" * size)


@pytest.mark.parametrize("table", ["chats", "inbox"])
async def test_a_damaged_one_takes_nothing_more_until_it_is_restored(
    template: Path, tmp_path: Path, table: str
) -> None:
    folder, backup = tmp_path / "data", tmp_path / "backup.db"
    async with living(template, folder, LISTEN=f"127.0.0.1:{free_port()}") as (place, _disk):
        gildong = place.customer(101, "ko", GILDONG)
        await gildong.person.starts()
        await gildong.sees("card.idle")
        await place.quiet()
        await place.indoors.aclose()
        snapshot.copy(folder / "desk.db", backup)
        spoil(folder / "desk.db", table)
        await place.opens()
        await gildong.taps("button.start")

        found: dict[str, Any] = {}
        while "damaged" not in str(found.get("database", {}).get("why")):
            _status, found = await readiness(place)
        assert MEND in found["database"]["why"]
        await gildong.says("/help")
        asked = place.messenger.stats.calls["getUpdates"]
        while place.messenger.stats.calls["getUpdates"] < asked + 2:
            await readiness(place)
        assert place.messenger.stats.pending > 0, "not acknowledged"

        await place.indoors.aclose()
        for each in folder.glob("desk.db*"):
            each.unlink()
        backup.replace(folder / "desk.db")
        await place.opens()
        await gildong.sees("help.text", PATIENT)
