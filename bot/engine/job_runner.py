"""Runs jobs: leased, tried again with growing pauses, and finished in one transaction."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.conversation.events import Delayed
from bot.core import correlation
from bot.core.clock import Clock
from bot.core.tasks import TaskSupervisor
from bot.core.wakeup import Wakeup
from bot.engine.cases import CaseService, CaseStores
from bot.engine.job_handlers import Conclusion, JobHandlers
from bot.issuing.port import IssuerAway
from bot.messages.delivery import Busy, DeliveryError
from bot.messages.screen import Line
from bot.queues.jobs import Job
from bot.storage.database import Database, Transaction

logger = logging.getLogger(__name__)

#: Seconds between tries; the last one repeats.
BACK_OFF = (1, 2, 5, 15, 60, 300)
#: After this many tries staff are informed.
TELL_STAFF_AT = 5
AT_ONCE = 8
IDLE_SECONDS = 1.0


class JobRunner:
    def __init__(
        self,
        database: Database,
        stores: CaseStores,
        cases: CaseService,
        job_handlers: JobHandlers,
        clock: Clock,
        wakeup: Wakeup,
        tasks: TaskSupervisor,
    ) -> None:
        self._database = database
        self._stores = stores
        self._cases = cases
        self._job_handlers = job_handlers
        self._clock = clock
        self._wakeup = wakeup
        self._tasks = tasks
        self._doing: dict[str, Job] = {}

    async def run(self) -> None:
        """Work until cancelled; an interrupted job is taken over when its lease ends."""
        while True:
            jobs = await self._database.unit(self._claim)
            for job in jobs:
                self._doing[job.lease] = job
                self._tasks.start(f"job {job.kind}", self._done(job))
            if not jobs:
                await self._wakeup.wait(IDLE_SECONDS)

    async def hold(self) -> None:
        """Renew the leases of running jobs: otherwise an authority slower than a lease could never finish."""
        while True:
            await asyncio.sleep(self._stores.jobs.lease.total_seconds() / 3)
            if self._doing:
                held = tuple(self._doing.values())
                await self._database.unit(partial(self._renew, held))

    def _renew(self, held: Sequence[Job], tx: Transaction) -> None:
        self._stores.jobs.renew(tx, held, self._clock.now())

    def _claim(self, tx: Transaction) -> list[Job]:
        return self._stores.jobs.claim(tx, self._clock.now(), AT_ONCE - len(self._doing))

    async def _done(self, job: Job) -> None:
        """Run a job on its own task: one that waits for the authority does not delay others."""
        try:
            with correlation.handling(job.reference, f"job {job.kind}"):
                await self._do(job)
        finally:
            del self._doing[job.lease]
            self._wakeup.wake()

    async def _do(self, job: Job) -> None:
        try:
            conclusion = await self._job_handlers.perform(job)
            await self._database.unit(lambda tx: self._conclude(tx, job, conclusion))
            logger.debug("job done", extra={"kind": job.kind})
        except IssuerAway:
            await self._database.unit(lambda tx: self._delay(tx, job))
        except DeliveryError as trouble:
            # The messenger does not answer: nothing of ours is wrong, and it may say how long to wait.
            reason, patience = (
                type(trouble).__name__,
                trouble.retry_after_s if isinstance(trouble, Busy) else 0.0,
            )
            logger.warning("job put off", extra={"job": job.key, "attempts": job.attempts, "why": reason})
            await self._database.unit(lambda tx: self._put_off(tx, job, reason, patience))
            return
        except Exception as error:
            # Whatever it is, the job stays and is tried again; staff learn of it before the customer asks.
            logger.exception("job failed", extra={"job": job.key, "attempts": job.attempts})
            reason = type(error).__name__
            await self._database.unit(lambda tx: self._put_off(tx, job, reason))
            return
        if job.kind in ERASING:
            await self._database.erase_traces()

    def _conclude(self, tx: Transaction, job: Job, conclusion: Conclusion) -> None:
        if not self._stores.jobs.finish(tx, job):
            return
        chat = self._stores.chats.load(tx, job.chat_id)
        event = conclusion(tx, chat) if chat else None
        if chat is not None and event is not None:
            self._cases.report(tx, chat, event, f"j{job.seq}")

    def _delay(self, tx: Transaction, job: Job) -> None:
        """The authority does not answer: the case waits, and the customer is told until when."""
        due = self._put_off(tx, job, "away")
        chat = self._stores.chats.load(tx, job.chat_id)
        if chat is not None and due is not None:
            self._cases.report(tx, chat, Delayed(due), f"j{job.seq}.{job.attempts}")

    def _put_off(self, tx: Transaction, job: Job, error: str, patience: float = 0.0) -> datetime | None:
        now = self._clock.now()
        due = now + timedelta(seconds=max(patience, BACK_OFF[min(job.attempts, len(BACK_OFF)) - 1]))
        if not self._stores.jobs.later(tx, job, due, error, now):
            return None
        if job.attempts == TELL_STAFF_AT:
            params = {"job": job.kind, "error": error}
            self._cases.tell_staff(tx, Line("staff.job", dict(params)), f"j{job.seq}.late", about=job.chat_id)
        return due


#: After these, erased data must be in no free page and no log.
ERASING = frozenset({"issue", "lapse_files"})
