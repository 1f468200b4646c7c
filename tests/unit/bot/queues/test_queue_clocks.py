"""A clock that was an hour off for a while: whatever it set is set right, and nobody waits for that hour."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.clock import SharedClock, SteadyClock
from bot.core.wakeup import Wakeup
from bot.messages.outgoing import Sms
from bot.messages.screen import Line
from bot.queues.inbox import Arrival, Inbox
from bot.queues.jobs import Jobs, Task
from bot.queues.outbox import Outbox
from bot.storage.database import Transaction
from ca import Vault

NOON = datetime(2026, 3, 2, 3, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
LEASE = timedelta(seconds=30)
MESSAGE = Sms("01012345678", Line("sms.code", {"code": "123456"}), "ko")
JUMPS = pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "back"])


@pytest.fixture
def jobs(vault: Vault) -> Jobs:
    return Jobs(vault, Wakeup(), LEASE)


@pytest.fixture
def outbox(vault: Vault) -> Outbox:
    return Outbox(vault, Wakeup(), LEASE)


def ordered(jobs: Jobs, tx: Transaction, now: datetime, due: datetime | None = None) -> None:
    jobs.add(tx, "a", "issue", 42, Task("r"), due or now, now)


def set_right(tx: Transaction, jobs: Jobs, outbox: Outbox) -> None:
    jobs.set_right(tx, NOON)
    outbox.set_right(tx, NOON)


@JUMPS
def test_what_was_made_then_is_due_now(tx: Transaction, jobs: Jobs, outbox: Outbox, jump: timedelta) -> None:
    ordered(jobs, tx, NOON + jump)
    outbox.add(tx, "m", "sms:1", MESSAGE, NOON + jump)
    set_right(tx, jobs, outbox)
    assert len(jobs.claim(tx, NOON, 10)) == 1
    assert len(outbox.claim(tx, NOON, 10)) == 1
    assert jobs.claim(tx, NOON, 10) == []
    assert outbox.claim(tx, NOON, 10) == [], "it is leased as anything else"


@JUMPS
def test_what_was_leased_then_is_taken_over(tx: Transaction, jobs: Jobs, outbox: Outbox, jump: timedelta) -> None:
    ordered(jobs, tx, NOON)
    outbox.add(tx, "m", "sms:1", MESSAGE, NOON)
    wrong = NOON + jump
    ordered_then, sent_then = jobs.claim(tx, max(wrong, NOON), 1)[0], outbox.claim(tx, max(wrong, NOON), 1)[0]
    jobs.renew(tx, [ordered_then], wrong)
    outbox.renew(tx, [sent_then], wrong)
    set_right(tx, jobs, outbox)
    (job,), (message,) = jobs.claim(tx, NOON + LEASE, 10), outbox.claim(tx, NOON + LEASE, 10)
    assert not jobs.finish(tx, ordered_then)
    assert not outbox.sent(tx, sent_then, NOON)
    assert jobs.finish(tx, job)
    assert outbox.sent(tx, message, NOON)


def test_what_was_put_off_then_is_tried_now_and_again_when_that_try_is_cut_off(
    tx: Transaction, jobs: Jobs, outbox: Outbox
) -> None:
    ordered(jobs, tx, NOON)
    outbox.add(tx, "m", "sms:1", MESSAGE, NOON)
    wrong = NOON + HOUR
    jobs.later(tx, jobs.claim(tx, wrong, 1)[0], wrong + 5 * SECOND, "away", wrong)
    outbox.later(tx, outbox.claim(tx, wrong, 1)[0], wrong + 5 * SECOND, "Busy", wrong)
    set_right(tx, jobs, outbox)
    for moment in (NOON, NOON + LEASE):
        assert len(jobs.claim(tx, moment, 10)) == 1
        assert len(outbox.claim(tx, moment, 10)) == 1
        assert jobs.claim(tx, moment, 10) == []
        assert outbox.claim(tx, moment, 10) == []


def test_and_what_is_put_off_by_the_right_clock_waits(tx: Transaction, jobs: Jobs, outbox: Outbox) -> None:
    ordered(jobs, tx, NOON + HOUR)
    outbox.add(tx, "m", "sms:1", MESSAGE, NOON + HOUR)
    set_right(tx, jobs, outbox)
    jobs.later(tx, jobs.claim(tx, NOON, 1)[0], NOON + 2 * HOUR, "away", NOON)
    outbox.later(tx, outbox.claim(tx, NOON, 1)[0], NOON + 2 * HOUR, "Busy", NOON)
    set_right(tx, jobs, outbox)
    assert jobs.claim(tx, NOON + 2 * HOUR - SECOND, 10) == []
    assert outbox.claim(tx, NOON + 2 * HOUR - SECOND, 10) == []
    assert len(jobs.claim(tx, NOON + 2 * HOUR, 10)) == 1
    assert len(outbox.claim(tx, NOON + 2 * HOUR, 10)) == 1


def test_what_was_ordered_for_a_later_hour_waits_for_it(tx: Transaction, jobs: Jobs) -> None:
    ordered(jobs, tx, NOON + HOUR, NOON + 2 * HOUR)
    jobs.set_right(tx, NOON)
    assert jobs.claim(tx, NOON + 2 * HOUR - SECOND, 10) == []
    assert len(jobs.claim(tx, NOON + 2 * HOUR, 10)) == 1


@JUMPS
def test_an_update_that_came_then_is_handled_now(tx: Transaction, vault: Vault, jump: timedelta) -> None:
    inbox = Inbox(vault, Wakeup())
    inbox.add(tx, [Arrival(1, "chat:42", b"{}")], NOON + jump)
    inbox.set_right(tx, NOON)
    (head,) = inbox.heads(tx, NOON, 10)
    assert inbox.head_of(tx, "chat:42", NOON) == head
    inbox.failed(tx, head, "broken", NOON + HOUR)
    inbox.set_right(tx, NOON)
    assert len(inbox.heads(tx, NOON, 10)) == 1
    inbox.failed(tx, head, "broken", NOON)
    inbox.set_right(tx, NOON)
    assert inbox.heads(tx, NOON, 10) == []
    assert inbox.head_of(tx, "chat:42", NOON) is None


def test_a_shared_clock_is_the_others_time_and_no_setting_of_ours_moves_it() -> None:
    steady = [1000.0]
    clock = SharedClock(lambda: steady[0])
    with pytest.raises(RuntimeError):
        clock.now()

    def ask() -> float:
        steady[0] += 2  # on the way there and back
        return NOON.timestamp()

    clock.set_by(ask)
    assert clock.now() == NOON + SECOND
    steady[0] += 60
    assert clock.now() == NOON + 61 * SECOND


@JUMPS
def test_a_lease_is_counted_by_seconds_that_never_jump(tx: Transaction, vault: Vault, jump: timedelta) -> None:
    """A wall clock that jumps ends no lease, and prolongs none; only what was ordered goes by it."""
    passed = [0.0]
    steady = SteadyClock(NOON.timestamp, lambda: passed[0])
    jobs, outbox = Jobs(vault, Wakeup(), LEASE, steady), Outbox(vault, Wakeup(), LEASE, steady)
    ordered(jobs, tx, NOON - HOUR)
    outbox.add(tx, "m", "sms:1", MESSAGE, NOON - HOUR)
    assert jobs.claim(tx, NOON, 1)
    assert outbox.claim(tx, NOON, 1)
    passed[0] = LEASE.total_seconds() - 1
    assert jobs.claim(tx, NOON + jump, 1) == []
    assert outbox.claim(tx, NOON + jump, 1) == []
    assert outbox.claim_next(tx, "sms:1", NOON + jump) is None
    passed[0] = LEASE.total_seconds()
    assert jobs.claim(tx, NOON + jump, 1)
    assert outbox.claim(tx, NOON + jump, 1)
