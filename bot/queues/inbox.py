"""Updates as they came: stored before they are acknowledged, processed once, in order per chat."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.wakeup import Wakeup
from bot.storage.database import Transaction
from bot.storage.sealing import UNREADABLE, Sealing

#: How often a failing update is tried before it is parked, and the pauses between (seconds).
BACK_OFF = (1.0, 2.0, 5.0, 10.0)
#: The longest pause; a row that seems to wait longer was put off by a clock that was ahead.
FAR_SECONDS = 2 * BACK_OFF[-1]
#: Seconds for which an update is left to the process that received it; then that process died, or is overloaded.
LEFT_ALONE_S = 1.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """An update as the messenger sent it, and the lane in which its order counts."""

    update_id: int
    lane: str
    body: bytes
    #: It goes first where many wait.
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    seq: int
    update_id: int
    lane: str
    body: bytes
    attempts: int
    ahead: bool = False


class Inbox:
    def __init__(self, sealing: Sealing, wakeup: Wakeup, ahead: Collection[str] = (), me: str = "") -> None:
        """`ahead` are lanes of which everything goes first: those of staff. `me` names this process among several."""
        self._me = me
        self._ahead = frozenset(ahead)
        self._sealing = sealing
        self.wakeup = wakeup

    def add(self, tx: Transaction, arrivals: Iterable[Arrival], now: datetime) -> None:
        """Store the whole batch; an update that is known already stays as it is."""
        tx.run_many("inbox_add", [self._row(each, now) for each in arrivals])
        tx.after.append(self.wakeup.wake)

    def _row(self, arrival: Arrival, now: datetime) -> dict[str, object]:
        row = str(arrival.update_id)
        return {
            "update_id": arrival.update_id,
            "lane": arrival.lane,
            "sealed": self._sealing.seal(arrival.body, table="inbox", column="body", row=row),
            "ahead": int(arrival.ahead or arrival.lane in self._ahead),
            "me": self._me,
            "now": now.timestamp(),
        }

    def heads(self, tx: Transaction, now: datetime, most: int) -> list[Waiting]:
        """Return the oldest open update of each chat that is due; where many wait, taps and staff first."""
        moment = now.timestamp()
        which = {"me": self._me, "now": moment, "left_alone": moment - LEFT_ALONE_S, "most": most}
        rows = tx.rows("inbox_heads", **which)
        if len(rows) == most:  # More wait than can be started.
            rows = [*tx.rows("inbox_heads_ahead", **which), *rows]
        each_once = {row["seq"]: row for row in rows}
        return [self._waiting(row) for row in list(each_once.values())[:most]]

    def head_of(self, tx: Transaction, lane: str, now: datetime) -> Waiting | None:
        row = tx.row("inbox_head_of", lane=lane)
        if row is None or row["due_at"] > now.timestamp():
            return None
        return self._waiting(row, lane)

    def _waiting(self, row: object, lane: str | None = None) -> Waiting:
        value = dict(row)  # type: ignore[call-overload]
        number = str(value["update_id"])
        try:
            body = self._sealing.open(value["sealed"], table="inbox", column="body", row=number)
        except UNREADABLE:
            body = b""  # No update is empty: it will not parse, and be parked.
        place = value["seq"], value["update_id"], lane or value["lane"]
        return Waiting(*place, body, value["attempts"], bool(value["ahead"]))

    def finish(self, tx: Transaction, waiting: Waiting) -> bool:
        """Return whether it was still open; call this first in the transaction that processes it."""
        return tx.run("inbox_done", seq=waiting.seq) == 1

    def finish_surplus(self, tx: Transaction, waiting: Waiting) -> int:
        """Mark all updates of this kind behind this one as done without processing them; return how many."""
        return tx.run("inbox_surplus", lane=waiting.lane, ahead=int(waiting.ahead))

    def set_right(self, tx: Transaction, now: datetime) -> None:
        """Bring forward rows whose due time only a wrong clock can have set."""
        tx.write("inbox_set_right", now=now.timestamp(), far=now.timestamp() + FAR_SECONDS)

    def failed(self, tx: Transaction, waiting: Waiting, error: str, now: datetime, *, at_once: bool = False) -> bool:
        """Put a failing update off, or park it when its tries are used up; return whether it was parked."""
        if at_once or waiting.attempts >= len(BACK_OFF):
            return tx.run("inbox_park", seq=waiting.seq, error=error) == 1
        due = now + timedelta(seconds=BACK_OFF[waiting.attempts])
        tx.write("inbox_failed", seq=waiting.seq, error=error, due_at=due.timestamp())
        return False
