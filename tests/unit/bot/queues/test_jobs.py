"""Jobs: one per key, done by the process with the lease, again after a crash, with the secret erased at the end."""

import sqlite3
from datetime import timedelta

import pytest

from bot.core.wakeup import Wakeup
from bot.queues.jobs import Jobs, Task
from bot.storage.database import Transaction
from ca.ledger.vault import Vault
from tests.support.conversation import NOON

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


@pytest.fixture
def jobs(vault: Vault) -> Jobs:
    return Jobs(vault, Wakeup(), LEASE)


def order(jobs: Jobs, tx: Transaction, key: str, after: timedelta = timedelta(), secret: str | None = None) -> None:
    jobs.add(tx, key, "issue", 42, Task("c0ffee-1", secret), NOON + after, NOON)


def test_a_job_comes_out_as_it_went_in(tx: Transaction, jobs: Jobs) -> None:
    task = Task("c0ffee-1", "Haneul!2026road", b"\x00digest")
    jobs.add(tx, "issue:c0ffee-1", "issue", 42, task, NOON, NOON)
    (job,) = jobs.claim(tx, NOON, 10)
    assert (job.key, job.kind, job.chat_id, job.task, job.attempts) == (
        "issue:c0ffee-1",
        "issue",
        42,
        task,
        1,
    )
    assert "Haneul" not in repr(job)


def test_the_same_key_is_one_job_also_after_it_was_done(tx: Transaction, jobs: Jobs) -> None:
    order(jobs, tx, "issue:c0ffee-1", secret="first")
    order(jobs, tx, "issue:c0ffee-1", secret="second")
    (job,) = jobs.claim(tx, NOON, 10)
    assert job.task.secret == "first"
    assert jobs.finish(tx, job)
    order(jobs, tx, "issue:c0ffee-1")
    assert jobs.claim(tx, NOON, 10) == []


def test_jobs_are_taken_when_they_are_due_the_most_overdue_first(tx: Transaction, jobs: Jobs) -> None:
    order(jobs, tx, "late", SECOND)
    order(jobs, tx, "early")
    assert [job.key for job in jobs.claim(tx, NOON, 10)] == ["early"]
    order(jobs, tx, "earlier", -SECOND)
    assert [job.key for job in jobs.claim(tx, NOON + SECOND, 1)] == ["earlier"]
    assert [job.key for job in jobs.claim(tx, NOON + SECOND, 10)] == ["late"]


def test_a_dead_workers_job_is_taken_over_and_its_late_result_refused(tx: Transaction, jobs: Jobs) -> None:
    order(jobs, tx, "a")
    (late,) = jobs.claim(tx, NOON, 10)
    assert jobs.claim(tx, NOON + LEASE - SECOND, 10) == []
    (heir,) = jobs.claim(tx, NOON + LEASE, 10)
    assert heir.attempts == 2
    assert not jobs.finish(tx, late)
    assert not jobs.later(tx, late, NOON, "away", NOON)
    assert jobs.finish(tx, heir)
    assert not jobs.finish(tx, heir)


def test_a_job_that_is_put_off_keeps_its_secret(tx: Transaction, jobs: Jobs) -> None:
    order(jobs, tx, "a", secret="Haneul!2026road")
    (job,) = jobs.claim(tx, NOON, 10)
    assert jobs.later(tx, job, NOON + SECOND, "away", NOON)
    assert jobs.claim(tx, NOON, 10) == []
    (again,) = jobs.claim(tx, NOON + SECOND, 10)
    assert (again.attempts, again.task.secret) == (2, "Haneul!2026road")


def test_a_secret_is_sealed_while_it_waits_and_erased_with_the_job(
    tx: Transaction, jobs: Jobs, connection: sqlite3.Connection
) -> None:
    order(jobs, tx, "a", secret="Haneul!2026road")
    assert b"Haneul" not in connection.execute("SELECT sealed FROM jobs").fetchone()[0]
    (job,) = jobs.claim(tx, NOON, 10)
    jobs.finish(tx, job)
    assert tuple(connection.execute("SELECT state, sealed FROM jobs").fetchone()) == ("done", None)


def test_a_row_that_cannot_be_read_stops_nobody_else(
    tx: Transaction, jobs: Jobs, connection: sqlite3.Connection
) -> None:
    order(jobs, tx, "a")
    order(jobs, tx, "b")
    connection.execute("UPDATE jobs SET sealed = x'00' WHERE key = 'a'")
    assert [job.key for job in jobs.claim(tx, NOON, 10)] == ["b"]
    assert jobs.claim(tx, NOON + LEASE * 2, 10)[0].key == "b"


def test_a_row_of_an_older_version_is_read(tx: Transaction, jobs: Jobs, vault: Vault) -> None:
    sealed = vault.seal(b'{"request_id":"c0ffee-1"}', table="jobs", column="task", row="a")
    times = {"due_at": NOON.timestamp(), "now": NOON.timestamp()}
    tx.run("job_add", key="a", kind="assess", chat_id=42, sealed=sealed, reference="", **times)
    (job,) = jobs.claim(tx, NOON, 10)
    assert job.task == Task("c0ffee-1")
    assert job.task.message is None
