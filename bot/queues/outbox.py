"""Messages to send: stored with their cause in one commit, once per cause, in order per lane."""

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bot.core import correlation
from bot.core.wakeup import Wakeup
from bot.messages import masking
from bot.messages.outgoing import ChatTarget, Mail, Message, SendScreen, Sms
from bot.queues.leases import Leases
from bot.storage.database import Transaction
from bot.storage.sealing import UNREADABLE, Sealing

logger = logging.getLogger(__name__)

#: For this long the outcome of a message can be asked for.
KEPT = timedelta(days=7)
#: The end of the key of a message that replaced another.
INSTEAD = ".otherwise"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to send until the lease ends. `attempts` counts this one and those that failed."""

    seq: int
    key: str
    lane: str
    message: Message
    attempts: int
    lease: str
    #: The reference of the update that caused it; see `bot.core.correlation`.
    reference: str = ""
    #: The chat that it goes to, as of the claim; None for other channels and for unknown chats.
    place: ChatTarget | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The outcome of one notice of a result."""

    key: str
    #: "chat", "sms" or "mail".
    way: str
    #: Masked; empty for the chat.
    address: str
    state: str
    error: str | None
    due: datetime
    ended: datetime | None


class Outbox:
    def __init__(
        self, sealing: Sealing, wakeup: Wakeup, lease: timedelta, steady: Callable[[], float] | None = None
    ) -> None:
        """`steady` gives the seconds that leases are counted by; without it, each call's `now` does."""
        self._sealing = sealing
        self._wakeup = wakeup
        self.lease = lease
        self._leases = Leases(lease, steady)
        self._decoder = msgspec.json.Decoder[Message](Message)

    def add(self, tx: Transaction, key: str, lane: str, message: Message, now: datetime) -> None:
        """Queue a message; the same key again changes nothing."""
        body = msgspec.json.encode(message)
        sealed = self._sealing.seal(body, table="outbox", column="message", row=key)
        told = {"reference": correlation.current(), **self._trace(key, message)}
        tx.write("outbox_add", key=key, lane=lane, sealed=sealed, now=now.timestamp(), **told)
        tx.after.append(self._wakeup.wake)

    def _trace(self, key: str, message: Message) -> dict[str, object]:
        """Return what is kept of a result's notice after it was sent."""
        if not isinstance(message, SendScreen | Sms | Mail) or message.result is None:
            return {"result": None, "address": None}
        shown = masking.mobile(message.to) if isinstance(message, Sms) else ""
        shown = masking.email(message.to) if isinstance(message, Mail) else shown
        address = self._sealing.seal(shown.encode(), table="outbox", column="address", row=key)
        return {"result": message.result, "address": address}

    def traces(self, tx: Transaction, request_id: str) -> list[Trace]:
        """Return the outcomes of the notices of this request's result, oldest first."""
        return [self._traced(dict(row)) for row in tx.rows("outbox_of_result", result=request_id)]

    def _traced(self, row: dict[str, Any]) -> Trace:
        key, ended = row["key"], row["ended_at"]
        try:
            address = self._sealing.open(row["address"], table="outbox", column="address", row=key).decode()
        except UNREADABLE:
            address = masking.HIDDEN
        return Trace(
            key,
            row["lane"].partition(":")[0],
            address,
            row["state"],
            row["last_error"],
            datetime.fromtimestamp(row["due_at"], UTC),
            datetime.fromtimestamp(ended, UTC) if ended is not None else None,
        )

    def claim(self, tx: Transaction, now: datetime, most: int) -> list[Claimed]:
        """Lease the first message of every lane that is due; the rest of a lane waits behind it."""
        rows = tx.rows("outbox_heads", most=most, **self._moments(now))
        claimed = (self._claimed(tx, dict(row), now) for row in rows)
        return [each for each in claimed if each is not None]

    def claim_next(self, tx: Transaction, lane: str, now: datetime) -> Claimed | None:
        row = tx.row("outbox_head_of", lane=lane, **self._moments(now))
        return self._claimed(tx, dict(row), now) if row else None

    def _moments(self, now: datetime) -> dict[str, float]:
        return {"now": now.timestamp(), "steady": self._leases.now(now)}

    def _claimed(self, tx: Transaction, row: dict[str, object], now: datetime) -> Claimed | None:
        lease, key = secrets.token_hex(8), str(row["key"])
        tx.write("outbox_claim", seq=row["seq"], lease=lease, until=self._leases.until(now))
        attempts = int(str(row["attempts"])) + 1
        try:
            message = self._opened(key, row["sealed"])  # type: ignore[arg-type]
        except UNREADABLE:
            with correlation.handling(str(row["reference"])):
                logger.error("message unreadable", extra={"outbox": key})  # noqa: TRY400 — the text may be in the error
            self._give_up(tx, row["seq"], lease, "unreadable", now)
            return None
        seq, lane, about = int(str(row["seq"])), str(row["lane"]), str(row["reference"])
        return Claimed(seq, key, lane, message, attempts, lease, about)

    def set_right(self, tx: Transaction, now: datetime) -> None:
        """Bring forward rows whose due time only a wrong clock can have set."""
        tx.write("outbox_set_right", **self._leases.out_of_reach(now))

    def renew(self, tx: Transaction, held: Iterable[Claimed], now: datetime) -> None:
        """Renew the leases of messages that are being sent. A lease that another process took over stays theirs."""
        until = self._leases.until(now)
        tx.run_many("outbox_renew", [{"seq": each.seq, "lease": each.lease, "until": until} for each in held])

    def sent(self, tx: Transaction, claimed: Claimed, now: datetime) -> bool:
        """Return whether the lease still held; a late sender's record is refused."""
        return tx.run("outbox_sent", seq=claimed.seq, lease=claimed.lease, now=now.timestamp()) == 1

    def later(self, tx: Transaction, claimed: Claimed, due: datetime, error: str, now: datetime) -> None:
        moments = {"due_at": due.timestamp(), "now": now.timestamp()}
        tx.write("outbox_later", seq=claimed.seq, lease=claimed.lease, error=error, **moments)

    def dead(self, tx: Transaction, claimed: Claimed, error: str, now: datetime) -> None:
        """Give it up, and queue its fallback, if it has one."""
        if self._give_up(tx, claimed.seq, claimed.lease, error, now):
            self._instead(tx, claimed.key, claimed.message, now)

    def _give_up(self, tx: Transaction, seq: object, lease: str, error: str, now: datetime) -> bool:
        return tx.run("outbox_dead", seq=seq, lease=lease, error=error, now=now.timestamp()) == 1

    def drop_lane(self, tx: Transaction, lane: str, now: datetime) -> None:
        """Give up all messages of this lane, and queue the fallbacks of those that have one."""
        waiting = tx.rows("outbox_lane", lane=lane)
        tx.write("outbox_drop_lane", lane=lane, now=now.timestamp())
        for row in waiting:
            try:
                message = self._opened(row["key"], row["sealed"])
            except UNREADABLE:
                continue
            self._instead(tx, row["key"], message, now)

    def _opened(self, key: str, sealed: bytes) -> Message:
        message: Message = self._decoder.decode(self._sealing.open(sealed, table="outbox", column="message", row=key))
        return message

    def _instead(self, tx: Transaction, key: str, message: Message, now: datetime) -> None:
        if isinstance(message, SendScreen | Sms | Mail) and message.otherwise is not None:
            self.add(tx, f"{key}{INSTEAD}", message.otherwise.lane, message.otherwise.message, now)
