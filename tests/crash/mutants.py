"""Six classic bugs, each planted by replacing one piece of the house; a harness that misses one proves nothing.

Every one of them works as long as nothing goes wrong.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from bot import desk
from bot.clerk import Clerk
from bot.courier import Courier
from bot.delivery import DeliveryError
from bot.sms import SmsGateway
from bot.store.jobs import Jobs
from bot.store.outbox import Outbox
from bot.store.sqlite import SqliteDatabase as Database
from ca import records
from ca.issuance import Plan
from ca.registrar import Registrar
from ca.validity import starts
from ca.values import Certificate, KeyRequest, Status
from handlers import poller
from handlers.poller import Poller, arrival


def outbox_apart() -> None:
    """What is to be sent is written in a transaction of its own, after the one that caused it."""
    unit, add = Database.unit, Outbox.add

    def remember(_outbox: Outbox, tx: Any, *message: Any) -> None:
        tx.put_off.append((_outbox, message))

    async def in_two(self: Database, work: Callable[[Any], Any]) -> Any:
        put_off: list[Any] = []

        def first(tx: Any) -> Any:
            tx.put_off = put_off
            return work(tx)

        result = await unit(self, first)
        if put_off:
            await unit(self, lambda tx: [add(outbox, tx, *message) for outbox, message in put_off])
        return result

    Outbox.add, Database.unit = remember, in_two  # type: ignore[method-assign,assignment]


def fresh_request() -> None:
    """A second try is a new request to the authority: a new key, a new serial, in place of what the first try made."""
    redeem = Registrar.redeem

    def again(self: Registrar, reference: str, code: str, request: KeyRequest) -> Certificate:
        with self._ledger.transaction() as tx:
            row = tx.one("enrolment_by_reference", reference=reference)
            assert row is not None
            known = tx.one("intent_by_request", request_id=row["request_id"])
            if known is not None:
                fresh = f"{row['request_id']}.{secrets.token_hex(4)}"
                held = records.of_holder(tx, row["holder"])
                good = next(each for each in held if each.status is Status.GOOD)
                plan = Plan(
                    fresh, secrets.token_bytes(32), row["holder"], "홍길동", "8005211234567",
                    request.random_number, request.spki, row["profile"], starts(tx.now), good.not_after, good.serial,
                )  # fmt: skip
                self._issuance.reserve(tx, plan)
        return redeem(self, reference, code, request) if known is None else self._issuance.finish(fresh)

    async def forgotten(self: Clerk, _case: Any, _request_id: str) -> bytes:
        return await self._issuer.make_key()

    Registrar.redeem, Clerk._key = again, forgotten  # type: ignore[method-assign]


def acknowledge_first() -> None:
    """A batch goes into a queue in memory, is acknowledged with the next poll, and stored when its turn comes."""

    async def poll(self: Poller, offset: int | None) -> int | None:
        asked: dict[str, Any] = {
            "timeout": poller.POLL_SECONDS,
            "limit": 100,
            "allowed_updates": poller.ALLOWED,
        }
        updates = await self._fetched(asked if offset is None else {**asked, "offset": offset})
        for update in updates:
            self._queries.answer(update)
        if not hasattr(self, "queue"):
            self.queue: asyncio.Queue[Any] = asyncio.Queue()
            self._queries._supervisor.start("queue", store(self))
        for update in updates:
            self.queue.put_nowait(arrival(update))
        return max((each["update_id"] for each in updates), default=(offset or 1) - 1) + 1

    async def store(self: Any) -> None:
        while True:
            one = await self.queue.get()
            await self._database.unit(lambda tx, one=one: self._store(tx, [one]))

    Poller.poll = poll  # type: ignore[method-assign]


def sent_before_sending() -> None:
    """A message is marked as sent, and then it is sent."""

    async def deliver(self: Courier, claimed: Any) -> Any:
        following = await self._stock.database.unit(lambda tx: self._sent(tx, claimed, None))
        try:
            record = await self._send(claimed)
        except DeliveryError as trouble:
            error = trouble
            await self._stock.database.unit(lambda tx: self._failed(tx, claimed, error))
        else:
            if record is not None:
                await self._stock.database.unit(record)
        return following

    Courier.deliver = deliver  # type: ignore[method-assign]


def no_key() -> None:
    """No try can be known as a repetition: the keys of jobs, and those that the gateway sees, are made up each time."""
    add, send = Jobs.add, SmsGateway.send

    def random_job(self: Jobs, tx: Any, key: str, *rest: Any) -> None:
        add(self, tx, f"{key}.{secrets.token_hex(4)}", *rest)

    async def random_sms(self: SmsGateway, _key: str, to: str, text: str) -> None:
        await send(self, secrets.token_hex(8), to, text)

    desk.ONCE = frozenset()  # type: ignore[attr-defined]
    Jobs.add, SmsGateway.send = random_job, random_sms  # type: ignore[method-assign,assignment]


def offset_by_max() -> None:
    """Updates are stored one by one, and a start goes on after the highest id that is stored."""
    poll, fetch = Poller.poll, Poller._fetched

    async def from_highest(self: Poller, offset: int | None) -> int | None:
        if offset is None:
            highest = "SELECT MAX(update_id) FROM inbox"
            connection = self._database._conn
            row = await self._database.hop(lambda: connection.execute(highest).fetchone())
            offset = row[0] + 1 if row[0] is not None else None
        return await poll(self, offset)

    async def one_by_one(self: Any, updates: list[dict[str, Any]]) -> None:
        for one in map(arrival, updates):
            await self._database.unit(lambda tx, one=one: self._inbox.add(tx, [one], self._clock.now()))

    async def fetched(self: Any, asked: dict[str, Any]) -> list[dict[str, Any]]:
        updates = await fetch(self, asked)
        await one_by_one(self, updates)
        return updates

    Poller.poll, Poller._fetched = from_highest, fetched  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    each.__name__: each
    for each in (outbox_apart, fresh_request, acknowledge_first, sent_before_sending, no_key, offset_by_max)
}


def plant(name: str | None) -> None:
    if name is not None:
        MUTANTS[name]()
