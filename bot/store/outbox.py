"""Messages to send: kept with what caused them in one commit, once per cause, in order per lane."""

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from bot import reference
from bot.message import Message
from bot.store.bell import Bell
from bot.store.database import Transaction
from bot.store.sealing import UNREADABLE, Sealing

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to send until the lease ends. `attempts` counts this one and those that failed."""

    seq: int
    key: str
    lane: str
    message: Message
    attempts: int
    lease: str
    #: What caused it, as its customer would name it; see `bot.reference`.
    reference: str = ""


class Outbox:
    def __init__(
        self, sealing: Sealing, bell: Bell, lease: timedelta, steady: Callable[[], float] | None = None
    ) -> None:
        """`steady` tells the seconds that leases are counted by; without it they are those of each call's `now`."""
        self._sealing = sealing
        self._bell = bell
        self.lease = lease
        self._steady = steady
        self._decoder = msgspec.json.Decoder[Message](Message)

    def add(self, tx: Transaction, key: str, lane: str, message: Message, now: datetime) -> None:
        """Queue a message; the same key again changes nothing."""
        body = msgspec.json.encode(message)
        sealed = self._sealing.seal(body, table="outbox", column="message", row=key)
        about = reference.current()
        tx.run("outbox_add", key=key, lane=lane, sealed=sealed, reference=about, now=now.timestamp())
        tx.after.append(self._bell.ring)

    def claim(self, tx: Transaction, now: datetime, most: int) -> list[Claimed]:
        """Lease the head of every lane whose turn it is; the rest of a lane waits behind its head."""
        rows = tx.rows("outbox_heads", now=now.timestamp(), steady=self._seconds(now), most=most)
        claimed = (self._claimed(tx, dict(row), now) for row in rows)
        return [each for each in claimed if each is not None]

    def claim_next(self, tx: Transaction, lane: str, now: datetime) -> Claimed | None:
        row = tx.row("outbox_head_of", lane=lane, now=now.timestamp(), steady=self._seconds(now))
        return self._claimed(tx, dict(row), now) if row else None

    def _claimed(self, tx: Transaction, row: dict[str, object], now: datetime) -> Claimed | None:
        lease, key = secrets.token_hex(8), str(row["key"])
        tx.run("outbox_claim", seq=row["seq"], lease=lease, **self._leased(now))
        attempts = int(str(row["attempts"])) + 1
        try:
            body = self._sealing.open(row["sealed"], table="outbox", column="message", row=key)  # type: ignore[arg-type]
            message = self._decoder.decode(body)
        except UNREADABLE:
            with reference.handling(str(row["reference"])):
                logger.error("message unreadable", extra={"outbox": key})  # noqa: TRY400 — the text may be in the error
            tx.run("outbox_dead", seq=row["seq"], lease=lease, error="unreadable")
            return None
        seq, lane, about = int(str(row["seq"])), str(row["lane"]), str(row["reference"])
        return Claimed(seq, key, lane, message, attempts, lease, about)

    def _seconds(self, now: datetime) -> float:
        return self._steady() if self._steady else now.timestamp()

    def _leased(self, now: datetime) -> dict[str, float]:
        return {"steady": self._seconds(now), "seconds": self.lease.total_seconds()}

    def renew(self, tx: Transaction, held: Iterable[Claimed], now: datetime) -> None:
        """Hold on to what is being sent: slow is not dead. A lease that another has taken over stays theirs."""
        leased = self._leased(now)
        tx.run_many("outbox_renew", [{"seq": each.seq, "lease": each.lease, **leased} for each in held])

    def sent(self, tx: Transaction, claimed: Claimed) -> bool:
        """Return whether the lease still held; a late one's record is refused."""
        return tx.run("outbox_sent", seq=claimed.seq, lease=claimed.lease) == 1

    def later(self, tx: Transaction, claimed: Claimed, due: datetime, error: str) -> None:
        tx.run("outbox_later", seq=claimed.seq, lease=claimed.lease, due_at=due.timestamp(), error=error)

    def dead(self, tx: Transaction, claimed: Claimed, error: str) -> None:
        tx.run("outbox_dead", seq=claimed.seq, lease=claimed.lease, error=error)

    def drop_lane(self, tx: Transaction, lane: str) -> None:
        tx.run("outbox_drop_lane", lane=lane)
