"""Bugs in how messages are claimed, sent and recorded."""

import asyncio
import secrets
from typing import Any

from bot.engine import cases
from bot.engine.sender import OutboxSender
from bot.messages.delivery import Busy, DeliveryError, Down
from bot.notices.sms import SmsGateway
from bot.queues.jobs import Jobs
from tests.crash.mutants.patching import named, rewrite

FAILED: Any = OutboxSender._failed


def sent_before_sending() -> None:
    """A message is marked as sent before it is sent.

    The next message of its lane waits in memory, so that nothing shows while nothing goes wrong.
    """
    turns: dict[str, asyncio.Lock] = {}

    def marked(self: OutboxSender, tx: Any, claimed: Any) -> Any:
        return self._with_target(tx, claimed), self._sent(tx, claimed, None)

    async def deliver(self: OutboxSender, claimed: Any) -> Any:
        async with turns.setdefault(claimed.lane, asyncio.Lock()):
            placed, following = await self._stores.database.unit(lambda tx: marked(self, tx, claimed))
            try:
                record = await self._send(placed)
            except DeliveryError as trouble:
                error = trouble
                await self._stores.database.unit(lambda tx: self._failed(tx, placed, error))
            else:
                if record is not None:
                    await self._stores.database.unit(record)
        return following

    OutboxSender.deliver = deliver  # type: ignore[method-assign]


def recorded_apart() -> None:
    """The message id of a card is stored in a separate transaction, after the one that marks the message as sent.

    The next message of its lane waits in memory, so that nothing shows while nothing goes wrong.
    """
    turns: dict[str, asyncio.Lock] = {}

    async def deliver(self: OutboxSender, claimed: Any) -> Any:
        turn = turns.setdefault(claimed.lane, asyncio.Lock())
        early = turn.locked()
        async with turn:
            if early:
                claimed = await self._stores.database.unit(lambda tx: self._with_target(tx, claimed))
            return await sent_and_recorded(self, claimed)

    async def sent_and_recorded(self: OutboxSender, claimed: Any) -> Any:
        try:
            record = await self._send(claimed)
        except DeliveryError as error:
            await self._postpone(claimed, error)
            return None
        await self._stores.database.unit(lambda tx: self._stores.outbox.sent(tx, claimed, self._clock.now()))
        if record is not None:
            await self._stores.database.unit(record)
        return await self._stores.database.unit(lambda tx: following(self, tx, claimed.lane))

    def following(self: OutboxSender, tx: Any, lane: str) -> Any:
        claimed = self._stores.outbox.claim_next(tx, lane, self._clock.now())
        return self._with_target(tx, claimed) if claimed else None

    OutboxSender.deliver = deliver  # type: ignore[method-assign]


def message_never_taken_over() -> None:
    """A claimed message is never taken over, however old its lease is."""
    for query, lease in (("outbox_heads", "o.lease"), ("outbox_head_of", "lease")):
        rewrite(query, f"{lease}_until <= :steady", f"{lease} IS NULL")


def late_sender_heard() -> None:
    """A late "sent" is accepted although another process owns the message now."""
    rewrite("outbox_sent", " AND lease = :lease", "")


def out_of_line() -> None:
    """A message that was put off is overtaken by the next one of its chat."""
    rewrite("outbox_heads", "AND e.seq < o.seq)", "AND e.seq < o.seq AND e.due_at <= :now)")


def slow_is_dead() -> None:
    """The lease of a message is not renewed while it is sent."""

    async def hold(_self: OutboxSender) -> None:
        await asyncio.Event().wait()

    OutboxSender.hold = hold  # type: ignore[method-assign]


def _given_up(kind: type[DeliveryError]) -> None:
    def failed(self: OutboxSender, tx: Any, claimed: Any, error: DeliveryError) -> Any:
        if not isinstance(error, kind):
            return FAILED(self, tx, claimed, error)
        self._stores.outbox.dead(tx, claimed, type(error).__name__, self._clock.now())
        return "dead"

    OutboxSender._failed = failed  # type: ignore[method-assign]


def patience_is_refusal() -> None:
    """A message is given up when the carrier asks to wait."""
    _given_up(Busy)


def silence_is_refusal() -> None:
    """A message is given up when the carrier does not answer."""
    _given_up(Down)


def silence_is_consent() -> None:
    """A message is marked as sent when the carrier does not answer."""

    async def deliver(self: OutboxSender, claimed: Any) -> Any:
        record = None
        try:
            record = await self._send(claimed)
        except Down:
            pass
        except DeliveryError as error:
            await self._postpone(claimed, error)
            return None
        return await self._stores.database.unit(lambda tx: self._sent(tx, claimed, record))

    OutboxSender.deliver = deliver  # type: ignore[method-assign]


def no_key() -> None:
    """No repetition can be recognised: the keys of jobs and of the gateway are random at each try."""
    add, send = Jobs.add, SmsGateway.send

    def random_job(self: Jobs, tx: Any, key: str, *rest: Any) -> None:
        add(self, tx, f"{key}.{secrets.token_hex(4)}", *rest)

    async def random_sms(self: SmsGateway, _key: str, to: str, text: str) -> None:
        await send(self, secrets.token_hex(8), to, text)

    cases.ONCE = frozenset()  # type: ignore[attr-defined]
    Jobs.add, SmsGateway.send = random_job, random_sms  # type: ignore[method-assign,assignment]


MUTANTS = named(
    sent_before_sending, recorded_apart, message_never_taken_over, late_sender_heard, out_of_line, slow_is_dead,
    patience_is_refusal, silence_is_refusal, silence_is_consent, no_key,
)  # fmt: skip
