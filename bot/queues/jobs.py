"""Jobs: rows with a due time, attempts and a lease. Time-outs are jobs, too."""

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from bot.core import correlation
from bot.core.wakeup import Wakeup
from bot.queues.leases import Leases
from bot.storage.database import Transaction
from bot.storage.sealing import UNREADABLE, Sealing

logger = logging.getLogger(__name__)


class Task(msgspec.Struct, frozen=True):
    """What a job needs: the request it was ordered for, and at most one secret."""

    request_id: str
    secret: str | None = None
    #: The digest of the code that a time-out is about.
    about: bytes | None = None
    #: The message that holds what the job reads; it is deleted afterwards.
    message: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    seq: int
    key: str
    kind: str
    chat_id: int
    task: Task = field(repr=False)
    attempts: int
    lease: str
    #: The reference of the update that ordered it; see `bot.core.correlation`.
    reference: str = ""


class Jobs:
    def __init__(
        self, sealing: Sealing, wakeup: Wakeup, lease: timedelta, steady: Callable[[], float] | None = None
    ) -> None:
        """`steady` gives the seconds that leases are counted by; without it, each call's `now` does."""
        self._sealing = sealing
        self._wakeup = wakeup
        self.lease = lease
        self._leases = Leases(lease, steady)
        self._decoder = msgspec.json.Decoder(Task)

    def add(self, tx: Transaction, key: str, kind: str, chat_id: int, task: Task, due: datetime, now: datetime) -> None:
        sealed = self._sealing.seal(msgspec.json.encode(task), table="jobs", column="task", row=key)
        times = {"due_at": due.timestamp(), "now": now.timestamp()}
        about = correlation.current()
        tx.write("job_add", key=key, kind=kind, chat_id=chat_id, sealed=sealed, reference=about, **times)
        tx.after.append(self._wakeup.wake)

    def claim(self, tx: Transaction, now: datetime, most: int) -> list[Job]:
        rows = tx.rows("job_due", now=now.timestamp(), steady=self._leases.now(now), most=most)
        claimed = (self._claimed(tx, dict(row), now) for row in rows)
        return [each for each in claimed if each is not None]

    def _claimed(self, tx: Transaction, row: dict[str, object], now: datetime) -> Job | None:
        lease, key = secrets.token_hex(8), str(row["key"])
        tx.write("job_claim", seq=row["seq"], lease=lease, until=self._leases.until(now))
        numbers = [int(str(row[name])) for name in ("seq", "chat_id", "attempts")]
        about = str(row["reference"]) or correlation.of_job(numbers[0])
        try:
            body = self._sealing.open(row["sealed"], table="jobs", column="task", row=key)  # type: ignore[arg-type]
            task = self._decoder.decode(body)
        except UNREADABLE:
            with correlation.handling(about):
                logger.error("job unreadable", extra={"job": key})  # noqa: TRY400 — the secret may be in the error
            tx.write("job_dead", seq=row["seq"], lease=lease, error="unreadable")
            return None
        return Job(numbers[0], key, str(row["kind"]), numbers[1], task, numbers[2] + 1, lease, about)

    def set_right(self, tx: Transaction, now: datetime) -> None:
        """Bring forward rows whose due time only a wrong clock can have set."""
        tx.write("job_set_right", **self._leases.out_of_reach(now))

    def renew(self, tx: Transaction, held: Iterable[Job], now: datetime) -> None:
        """Renew the leases of running jobs: slow is not dead. A lease that another process took over stays theirs."""
        until = self._leases.until(now)
        tx.run_many("job_renew", [{"seq": each.seq, "lease": each.lease, "until": until} for each in held])

    def finish(self, tx: Transaction, job: Job) -> bool:
        """Return whether the lease still held; call this first in the transaction that stores the result."""
        return tx.run("job_done", seq=job.seq, lease=job.lease) == 1

    def later(self, tx: Transaction, job: Job, due: datetime, error: str, now: datetime) -> bool:
        moments = {"due_at": due.timestamp(), "now": now.timestamp()}
        return tx.run("job_later", seq=job.seq, lease=job.lease, error=error, **moments) == 1
