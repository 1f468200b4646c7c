"""Bugs in how jobs are claimed, held, finished and tried again."""

import asyncio
from typing import Any

from bot.core import correlation
from bot.core.wakeup import Wakeup
from bot.engine.job_runner import JobRunner
from bot.queues.jobs import Job, Jobs
from tests.crash.mutants.patching import named, rewrite

FINISH: Any = Jobs.finish


def done_when_claimed() -> None:
    """A job is marked as done when it is claimed."""
    rewrite("job_claim", "SET lease", "SET state = 'done', lease")
    Jobs.finish = lambda *_: True  # type: ignore[method-assign,assignment]


def concluded_apart() -> None:
    """A job is marked as done in a separate transaction, before the one that stores its result."""
    conclude = JobRunner._conclude

    async def do(self: JobRunner, job: Job) -> None:
        conclusion = await self._job_handlers.perform(job)
        if await self._database.unit(lambda tx: FINISH(self._stores.jobs, tx, job)):
            await self._database.unit(lambda tx: conclude(self, tx, job, conclusion))

    JobRunner._do, Jobs.finish = do, lambda *_: True  # type: ignore[method-assign,assignment]


def never_taken_over() -> None:
    """A claimed job is never taken over, however old its lease is."""
    rewrite("job_due", "lease_until <= :steady", "lease IS NULL")


def late_result_taken() -> None:
    """A late result is accepted although another process owns the job now."""
    rewrite("job_done", " AND lease = :lease", "")


def held_for_ever() -> None:
    """A job whose task was cancelled counts as running, and its lease is renewed."""

    async def done(self: JobRunner, job: Job) -> None:
        with correlation.handling(job.reference, f"job {job.kind}"):
            await self._do(job)
        del self._doing[job.lease]
        self._wakeup.wake()

    JobRunner._done = done  # type: ignore[method-assign]


def given_up_when_it_fails() -> None:
    """A job that fails once is given up."""
    rewrite("job_later", "SET due_at", "SET state = 'dead', due_at")


def broken_off_is_done() -> None:
    """A job whose task is cancelled is marked as done."""
    do = JobRunner._do

    async def caught(self: JobRunner, job: Job) -> None:
        try:
            await do(self, job)
        except asyncio.CancelledError:
            await self._database.unit(lambda tx: self._stores.jobs.finish(tx, job))

    JobRunner._do = caught  # type: ignore[method-assign]


def waits_for_the_bell() -> None:
    """Loops wait for a wake-up and never look by themselves."""

    async def wait(self: Wakeup, _seconds: float) -> None:
        await self._event.wait()
        self._event.clear()

    Wakeup.wait = wait  # type: ignore[method-assign]


MUTANTS = named(
    done_when_claimed, concluded_apart, never_taken_over, late_result_taken, held_for_ever, given_up_when_it_fails,
    broken_off_is_done, waits_for_the_bell,
)  # fmt: skip
