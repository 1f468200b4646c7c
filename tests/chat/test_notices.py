"""Results on every channel: the outcome of each is shown, each comes once, and a dead address is not tried again."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.app.build import Application, opened
from bot.core.clock import KST
from bot.core.tasks import TaskSupervisor
from bot.engine.job_runner import JobRunner
from bot.engine.sender import OutboxSender
from handlers.local.wire.faults import GatewayState
from handlers.telegram.processor import UpdateProcessor
from tests.support.customers import GILDONG, crowd, persona
from tests.support.local_telegram import Customer, LocalTelegram, local_telegram

PHONE, MAIL = "010-****-5678", "g***@customers.example"
NOON, EVENING, MORNING = 12, 22, 8


async def is_hour(place: LocalTelegram, hour: int) -> None:
    """Set the time to this hour in Korea, today or tomorrow."""
    now = place.clock.now().astimezone(KST)
    then = datetime.combine(now.date(), datetime.min.time(), KST) + timedelta(hours=hour, minutes=1)
    await place.later((then if then > now else then + timedelta(days=1)) - now)


@pytest.fixture
async def lapsed(template: Path, tmp_path: Path) -> AsyncIterator[tuple[LocalTelegram, Customer]]:
    """A customer whose certificate has expired: a refusal that is not urgent."""
    (record,), data = crowd(1), tmp_path / "data"
    gone = {record.customer_id: -3}
    async with local_telegram(template, data, [record], [persona(record, 201)], days_left=gone) as place:
        await is_hour(place, NOON)
        yield place, place.customer(201, "ko", record)


async def is_refused(customer: Customer, code: str = "R05") -> None:
    await customer.applies(customer.record)
    await customer.taps("button.submit")
    await customer.sees(f"refusal.{code}")


async def status(customer: Customer) -> str:
    before = customer.newest
    await customer.says("/status")
    return (await customer.reads("status.phase", after=before)).text


def count(customer: Customer, key: str, text: str) -> int:
    return len(customer.pattern(key).findall(text))


def results(place: LocalTelegram, customer: Customer, kind: str) -> tuple[int, int, int]:
    """Return how many text messages, mails and chat messages reported it."""
    sms, subject = customer.pattern(f"sms.{kind}"), customer.words(f"mail.{kind}.subject")
    return (
        sum(sms.search(each.text) is not None for each in place.messenger.sms_of(customer.record.phone)),
        sum(each.subject == subject for each in place.messenger.mail_of(customer.record.email)),
        sum(customer.pattern(f"notice.{kind}").search(text) is not None for text in customer.texts()),
    )


async def test_what_became_of_a_result_is_told_to_its_customer_and_to_staff(
    place: LocalTelegram, gildong: Customer
) -> None:
    await is_hour(place, EVENING)
    await gildong.reissues(GILDONG)
    await place.quiet()
    assert results(place, gildong, "issued") == (1, 1, 1), "at night as well"

    told = await status(gildong)

    assert gildong.words("delivery.of.issued.row") in told
    assert count(gildong, "delivery.sent.row", told) == 3
    assert PHONE in told
    assert MAIL in told

    (receipt,) = [str(row[0]) for row in await place.rows("SELECT receipt FROM applications")]
    await place.staff.says(f"/case {receipt.lower()}")
    seen = await place.staff.sees("staff.case.reply")
    assert receipt in seen.text
    assert count(gildong, "delivery.sent.row", seen.text) == 4, "of the approval as well"
    assert not [each for each in (GILDONG.name, GILDONG.phone, GILDONG.email) if each in seen.text]
    await place.staff.person.says("어제 저희가 도와 드린 일은 잘 됐나요?", reply_to=seen)
    await gildong.sees("staff.answer")
    await place.staff.says("/case 1")
    await place.staff.sees("staff.case.none")

    place.clock.ahead += timedelta(days=8)
    await place.app.engine.retention.tidy()
    assert gildong.words("delivery.forgotten", days=7) in await status(gildong)


async def test_what_has_not_left_yet_is_said_to_be_on_its_way(place: LocalTelegram, gildong: Customer) -> None:
    place.messenger.faults.mail = GatewayState.DOWN
    await gildong.reissues(GILDONG)
    await place.until(lambda: place.messenger.stats.faults["mail:down"] >= 1)
    await place.quiet()

    told = await status(gildong)
    assert count(gildong, "delivery.sent.row", told) == 2
    assert count(gildong, "delivery.again.row", told) == 1

    place.messenger.faults.clear()
    await place.later(timedelta(minutes=5))
    assert count(gildong, "delivery.sent.row", await status(gildong)) == 3


async def test_a_mail_that_came_back_is_told_once_and_the_address_let_be(
    place: LocalTelegram, gildong: Customer
) -> None:
    place.messenger.faults.mail = GatewayState.REJECT
    await gildong.triage()
    await gildong.fills_in(replace(GILDONG, account="12345678901243"))
    await gildong.proves(GILDONG)
    await gildong.taps("button.submit")
    told = await gildong.sees("bounced.mail")
    assert MAIL in told.text
    await place.quiet()
    assert count(gildong, "delivery.bounced.row", await status(gildong)) == 1
    assert results(place, gildong, "refused") == (1, 0, 1)

    place.messenger.faults.clear()
    await gildong.taps("button.mend")
    await gildong.answers("account", GILDONG.account)
    await gildong.sees("reissue.review")
    await gildong.taps("button.submit")
    await gildong.sees("enrolled.password")
    await gildong.says("Haneul!2026road")
    await gildong.sees("card.issued")
    await place.quiet()

    assert results(place, gildong, "issued") == (1, 0, 1)
    assert sum(gildong.pattern("bounced.mail").search(text) is not None for text in gildong.texts()) == 1
    assert await place.rows("SELECT COUNT(*) FROM outbox WHERE last_error = 'bounced'") == [(1,)]


async def test_a_number_that_is_nobodys_has_the_next_way_taken(
    lapsed: tuple[LocalTelegram, Customer],
) -> None:
    place, somebody = lapsed
    await somebody.says("/reminders")
    await somebody.taps("remind.change.results")
    await somebody.sees("remind.ask.results")
    await somebody.taps("remind.results.sms")
    await somebody.sees("remind.results.row")
    await somebody.applies(somebody.record)
    place.messenger.faults.sms = GatewayState.REJECT
    await somebody.taps("button.submit")

    told = await somebody.sees("bounced.sms")
    assert somebody.words("bounced.instead", channel=somebody.words("remind.channel.mail")) in told.text
    await place.quiet()

    assert results(place, somebody, "refused") == (0, 1, 1)
    said = await status(somebody)
    assert count(somebody, "delivery.bounced.row", said) == 1
    assert somebody.words("delivery.instead.mail") in said


async def test_what_is_not_urgent_goes_where_it_is_wanted(lapsed: tuple[LocalTelegram, Customer]) -> None:
    place, somebody = lapsed
    await somebody.says("/reminders")
    await somebody.taps("remind.turn.off")
    await somebody.taps("remind.change.results")
    await somebody.taps("remind.results.chat")
    await place.quiet()
    assert await place.rows("SELECT active, results FROM reminders") == [(0, "chat")], "reminders stay off"

    await is_refused(somebody)
    await place.quiet()

    assert results(place, somebody, "refused") == (0, 0, 1)


async def test_at_night_what_is_not_urgent_waits_for_the_morning(
    lapsed: tuple[LocalTelegram, Customer],
) -> None:
    place, somebody = lapsed
    await is_hour(place, EVENING)
    await is_refused(somebody)
    await place.quiet()
    assert results(place, somebody, "refused") == (0, 0, 1)
    assert count(somebody, "delivery.later.row", await status(somebody)) == 2

    await is_hour(place, MORNING)

    assert results(place, somebody, "refused") == (1, 1, 1)


#: The loops that take rows.
WORKERS = {"update processor", "job runner", "jobs in progress", "outbox sender", "messages in progress"}


def workers_of(app: Application) -> tuple[UpdateProcessor, JobRunner, OutboxSender]:
    return app.telegram.processor, app.engine.job_runner, app.engine.sender


async def test_one_cause_is_told_once_however_often_it_is_reported(place: LocalTelegram, gildong: Customer) -> None:
    """Every update comes twice, and two applications share the rows: each takes what it can get."""
    place.messenger.faults.duplicate = 1.0
    twin = TaskSupervisor()
    async with opened(place.settings, print, clock=place.clock) as app:
        # Neither leaves to the other what one has received.
        app.shared.queues.inbox._me = place.app.shared.queues.inbox._me
        for ours, theirs in zip(workers_of(place.app), workers_of(app), strict=True):
            theirs._wakeup._event = ours._wakeup._event  # The first one to wake takes it.
        for name, run in app.loops:
            if name in WORKERS:
                twin.start(name, twin.run_forever(name, run))
        await gildong.reissues(GILDONG)
        await place.quiet()
        registry = app.sources.meter.registry
        taken = registry.get_sample_value("reissue_update_seconds_count", {"outcome": "done"})
        await twin.stop(5.0)
        await app.shared.tasks.finish(5.0)

    assert results(place, gildong, "issued") == (1, 1, 1)
    assert taken, "the other one had its share"
    assert place.messenger.stats.faults["duplicate"] > 10
