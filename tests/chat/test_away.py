"""Something is unreachable for longer than a moment: Telegram for one chat, the authority, the database server."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import ca
from bot.issuing.embedded import EmbeddedIssuer
from bot.storage import postgres
from handlers.local.api import Api
from handlers.local.wire.json_shapes import Params
from handlers.telegram.bot_api.transport import AiohttpRequest
from tests.support import postgres_server
from tests.support.authority_server import free_port
from tests.support.customers import AN, GILDONG, persona
from tests.support.local_telegram import PASSWORD, Customer, LocalTelegram, local_telegram

PATIENT = 60.0


# --- Telegram accepts and never answers ---


class Silence:
    """Calls about one chat are received and never answered, until the block ends; then their connections break."""

    def __init__(self, chat: int) -> None:
        self.over = asyncio.Event()
        self.heard: Counter[str] = Counter()
        self._chat = chat

    def falls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find = Api._find

        def found(api: Api, path: str) -> tuple[str, Callable[[Params], Any]]:
            name, call = find(api, path)
            return name, self._silent(name, call) if name in {"sendMessage", "editMessageText"} else call

        monkeypatch.setattr(Api, "_find", found)

    def _silent(self, name: str, call: Callable[[Params], Any]) -> Callable[[Params], Any]:
        async def listens(params: Params) -> Any:
            if params.integer("chat_id") == self._chat and not self.over.is_set():
                self.heard[name] += 1
                await self.over.wait()
                raise ConnectionAbortedError
            return call(params)

        return listens


async def test_silence_about_one_chat_holds_up_no_other_and_loses_nothing(
    place: LocalTelegram, gildong: Customer, an: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = place.app.telegram.inline._bot.request
    assert isinstance(request, AiohttpRequest)
    request._timeouts = replace(request._timeouts, read=0.2)
    silence = Silence(101)
    silence.falls(monkeypatch)

    await gildong.person.starts()
    await place.until(lambda: silence.heard["sendMessage"] >= 1)
    await an.reissues(AN)
    await place.until(lambda: silence.heard["sendMessage"] >= 2)
    assert not gildong.texts()
    assert silence.heard.total() <= 8, "one call at a time, with pauses that grow"

    silence.over.set()
    await gildong.sees("card.idle", PATIENT)
    await gildong.reissues(GILDONG)
    assert await place.rows("SELECT COUNT(*) FROM outbox WHERE state = 'dead'") == [(0,)]


# --- the authority's ledger is locked ---


@contextmanager
def kept_from(place: LocalTelegram) -> Iterator[None]:
    """Another process locks the ledger for longer than the authority waits."""
    issuer = place.app.sources.authority
    assert isinstance(issuer, EmbeddedIssuer)
    issuer._authority._ledger._commits.connection.execute("PRAGMA busy_timeout = 50")
    ledger = place.settings.storage.data_dir / "ca" / "ledger.sqlite3"
    with closing(sqlite3.connect(ledger, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_without_the_authority_the_case_waits_with_a_word_and_is_asked_again_as_the_same(
    place: LocalTelegram, gildong: Customer
) -> None:
    await gildong.applies(GILDONG)
    with kept_from(place):
        await gildong.taps("button.submit")
        await gildong.sees("card.delayed")
        await place.later(timedelta(seconds=3))
    await place.later(timedelta(minutes=10))
    await gildong.sees("enrolled.password", PATIENT)

    with kept_from(place):
        await gildong.says(PASSWORD)
        await gildong.sees("card.delayed", PATIENT)
        assert [each.status for each in place.authority.certificates(GILDONG.customer_id)] == [ca.Status.GOOD]
    await place.later(timedelta(minutes=10))
    await gildong.sees("card.issued", PATIENT)
    await place.quiet(PATIENT)

    old, new = place.authority.certificates(GILDONG.customer_id)
    assert (old.status, new.status) == (ca.Status.REVOKED, ca.Status.GOOD)
    assert await place.rows("SELECT outcome FROM applications") == [("issued",)]
    assert sum(gildong.pattern("notice.issued").search(text) is not None for text in gildong.texts()) == 1


# --- the database server is gone for a minute ---


@pytest.fixture
def folder() -> Iterator[Path]:
    with postgres_server.place() as made:
        yield made


@pytest.fixture
async def on_a_server(
    template: Path, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[LocalTelegram, Callable[[], None], Callable[[], None]]]:
    """The application with its database on a server of its own, and a way to stop and start that server."""
    monkeypatch.setattr(postgres, "PATIENCE_S", 0.3)
    running = postgres_server.server(folder)
    address = running.__enter__()
    settings = {
        "DATABASE_URL": postgres_server.new_database(address),
        "LISTEN": f"127.0.0.1:{free_port()}",
    }

    def stops() -> None:
        running.__exit__(None, None, None)

    def starts() -> None:
        nonlocal running
        running = postgres_server.server(folder)
        running.__enter__()

    async with local_telegram(template, tmp_path / "data", [GILDONG], [persona(GILDONG, 101)], **settings) as made:
        yield made, stops, starts
    stops()


async def readiness(place: LocalTelegram) -> dict[str, dict[str, Any]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{place.settings.web.public_url}/readyz") as answer,
    ):
        found: dict[str, dict[str, Any]] = await answer.json()
        return found


async def test_a_server_that_is_gone_for_a_minute(
    on_a_server: tuple[LocalTelegram, Callable[[], None], Callable[[], None]],
) -> None:
    place, stops, starts = on_a_server
    gildong = place.customer(101, "ko", GILDONG)
    await gildong.person.starts()
    await gildong.sees("card.idle")
    await place.quiet()

    await asyncio.to_thread(stops)
    asked = place.messenger.stats.calls["getUpdates"]
    await gildong.taps("button.start")
    while place.messenger.stats.calls["getUpdates"] < asked + 2:
        await readiness(place)
    assert place.messenger.stats.pending == 1
    while (found := (await readiness(place))["database"])["ok"]:
        pass
    assert found["why"]
    await asyncio.to_thread(starts)

    await gildong.sees("reissue.ask.reason", PATIENT)
    async with asyncio.timeout(PATIENT):
        while not (await readiness(place))["database"]["ok"]:
            pass
    await place.quiet(PATIENT)
    assert await place.rows("SELECT state, COUNT(*) FROM inbox GROUP BY state") == [("done", 2)]
    assert await place.rows("SELECT MAX(attempts) FROM inbox") == [(0,)]
