"""Reminders over the whole application: once, on their day, where the customer wants them, whatever happened in
between.
"""

from datetime import timedelta
from pathlib import Path

import pytest

import ca
from bot.core.clock import KST, kst_day
from bot.reminders.schedule import DAYS
from tests.support.customers import GILDONG, persona
from tests.support.local_telegram import Customer, LocalTelegram, local_telegram

TEN = 10


async def has_certificate(place: LocalTelegram, customer: Customer) -> None:
    await customer.reissues(customer.record)
    await customer.taps("button.received")
    await customer.sees("card.closed")


async def days_before(place: LocalTelegram, customer: Customer, days: int, hour: int = TEN, minute: int = 1) -> None:
    """Set the time to this many days before the expiry, at this hour in Korea."""
    (serial,) = [row[0] for row in await place.rows("SELECT serial FROM reminders WHERE serial IS NOT NULL")]
    (expires,) = [row[0] for row in await place.rows("SELECT expires_on FROM reminders")]
    assert serial
    now = place.clock.now().astimezone(KST)
    then = now.fromisoformat(f"{expires}T{hour:02}:{minute:02}:00+09:00") - timedelta(days=days)
    await place.later(then - now)


def told(customer: Customer, key: str) -> int:
    pattern = customer.pattern(key)
    return sum(1 for each in customer.person.messages if each.from_bot and pattern.search(each.text))


def reminders(customer: Customer) -> int:
    return sum(told(customer, f"remind.{each}") for each in ("days", "tomorrow", "today", "past"))


async def test_each_day_is_told_once(place: LocalTelegram, anybody: Customer) -> None:
    await has_certificate(place, anybody)
    for number, days in enumerate(DAYS, 1):
        await days_before(place, anybody, days)
        assert reminders(anybody) == number, f"{days} days before"
        await place.later(timedelta(hours=2))
        assert reminders(anybody) == number
    assert told(anybody, "remind.tomorrow") == told(anybody, "remind.today") == 1
    assert told(anybody, "remind.window") >= 1


async def test_down_for_a_week_it_tells_once_what_still_makes_sense(place: LocalTelegram, gildong: Customer) -> None:
    await has_certificate(place, gildong)
    await days_before(place, gildong, 10)
    before = reminders(gildong)

    now = place.clock.now()
    await place.restarts(after=timedelta(days=8))
    await place.quiet()

    assert place.clock.now() - now >= timedelta(days=8)
    assert reminders(gildong) == before + 1
    newest = [each.text for each in gildong.person.messages if gildong.pattern("remind.days").search(each.text)][-1]
    assert gildong.words("remind.days", days=2, until="").split("(")[0] in newest


async def test_at_night_it_waits_for_the_morning(place: LocalTelegram, gildong: Customer) -> None:
    await has_certificate(place, gildong)
    await days_before(place, gildong, 31)
    before = reminders(gildong)

    await days_before(place, gildong, 29, hour=3)
    assert reminders(gildong) == before
    await days_before(place, gildong, 29, hour=8, minute=1)

    assert reminders(gildong) == before + 1


async def test_the_menu_changes_day_hour_and_way(place: LocalTelegram, anybody: Customer) -> None:
    await has_certificate(place, anybody)
    await anybody.says("/reminders")
    await anybody.sees("remind.menu.on")
    await anybody.taps("remind.change.lead")
    await anybody.sees("remind.ask.lead")
    await anybody.taps("remind.lead.row", days=7)
    await anybody.sees("remind.menu.next")
    await anybody.taps("remind.change.channel")
    await anybody.sees("remind.ask.channel")
    await anybody.taps("remind.channel.sms")
    await place.quiet()
    assert await place.rows("SELECT active, lead, channel FROM reminders") == [(1, 7, "sms")]

    await days_before(place, anybody, 14)
    assert reminders(anybody) == 0
    await days_before(place, anybody, 7)

    sms = await place.messenger.until_sms(anybody.record.phone)
    assert reminders(anybody) == 0, "it went where it was wanted"
    texts = [each.text for each in place.messenger.sms_of(anybody.record.phone)]
    assert sms
    assert anybody.words("sms.remind.days", days=7) in texts


async def test_switched_off_nothing_comes_and_on_again_nothing_old(place: LocalTelegram, gildong: Customer) -> None:
    await has_certificate(place, gildong)
    await gildong.says("/reminders")
    await gildong.taps("remind.turn.off")
    await gildong.sees("remind.menu.off")
    await days_before(place, gildong, 6)
    assert reminders(gildong) == 0

    await gildong.taps("remind.turn.on")
    await gildong.sees("remind.menu.next")
    await place.quiet()

    assert reminders(gildong) == 0
    await days_before(place, gildong, 3)
    assert reminders(gildong) == 1


async def test_tomorrow_again(place: LocalTelegram, gildong: Customer) -> None:
    await has_certificate(place, gildong)
    await days_before(place, gildong, 14)
    await gildong.taps("remind.again")
    await gildong.sees("remind.again.noted")

    await days_before(place, gildong, 13)

    assert reminders(gildong) == 2
    await days_before(place, gildong, 12)
    assert reminders(gildong) == 2


async def test_who_left_the_chat_is_told_by_text_message(place: LocalTelegram, gildong: Customer) -> None:
    await has_certificate(place, gildong)
    await gildong.person.blocks()
    await place.quiet()

    await days_before(place, gildong, 7)

    texts = [each.text for each in place.messenger.sms_of(gildong.record.phone)]
    assert gildong.words("sms.remind.days", days=7) in texts


async def test_a_certificate_that_is_gone_is_nobodys_worry(place: LocalTelegram, gildong: Customer) -> None:
    await has_certificate(place, gildong)
    (serial,) = [row[0] for row in await place.rows("SELECT serial FROM reminders")]
    place.authority.revoke(int(str(serial), 16), ca.Reason.KEY_COMPROMISE, "by-hand-1")

    await days_before(place, gildong, DAYS[0])
    for _ in range(DAYS[0]):
        await place.later(timedelta(days=1))

    assert reminders(gildong) == 0
    assert await place.rows("SELECT serial FROM reminders") == [(None,)]


async def test_the_calendar_file_comes_into_the_chat(place: LocalTelegram, anybody: Customer) -> None:
    await has_certificate(place, anybody)
    await anybody.says("/reminders")
    await anybody.taps("remind.file")

    await anybody.reads("files.caption.ics")

    content = anybody.files()["reminders.ics"].decode()
    assert content.startswith("BEGIN:VCALENDAR\r\n")
    assert content.count("BEGIN:VALARM") == len(DAYS)


async def test_without_a_certificate_the_menu_says_so(anybody: Customer) -> None:
    await anybody.says("/reminders")
    await anybody.sees("remind.menu.none")


async def test_one_that_was_only_looked_at_is_watched_as_well(place: LocalTelegram, gildong: Customer) -> None:
    """`/mycert` shows it to its owner; the row that an earlier version did not write exists afterwards."""
    await has_certificate(place, gildong)
    await place.rows("DELETE FROM reminders")
    await gildong.says("/mycert")
    await gildong.sees("mycert.title")
    await place.quiet()

    await gildong.says("/reminders")

    await gildong.sees("remind.menu.until")


@pytest.mark.parametrize("days", ["1", "60,5"])
async def test_a_bank_sets_the_days(template: Path, tmp_path: Path, days: str) -> None:
    async with local_telegram(
        template, tmp_path / "data", [GILDONG], [persona(GILDONG, 101)], REMINDER_DAYS=days
    ) as place:
        gildong = place.customer(101, "ko", GILDONG)
        await has_certificate(place, gildong)
        for each in (60, 30, 5, 1, 0):
            await days_before(place, gildong, each)
        wanted = {int(each) for each in days.split(",")}
        window = 1  # The renewal opens 30 days before, and no reminder is on that day.
        assert reminders(gildong) == len(wanted) + window
        assert kst_day(place.clock.now())


async def test_a_text_message_that_cannot_be_sent_becomes_one_in_the_chat(
    place: LocalTelegram, gildong: Customer
) -> None:
    await has_certificate(place, gildong)
    await gildong.says("/reminders")
    await gildong.taps("remind.change.channel")
    await gildong.taps("remind.channel.sms")
    await place.quiet()
    place.messenger.faults.set("sms", "reject")

    await days_before(place, gildong, 7)
    await place.quiet()

    assert reminders(gildong) == 1
    assert told(gildong, "remind.instead") == 1


async def test_a_mail_has_the_calendar_file_with_it(place: LocalTelegram, an: Customer) -> None:
    await has_certificate(place, an)
    await place.quiet()

    mails = place.messenger.mail_of(an.record.email)

    (issued,) = [each for each in mails if each.subject == an.words("mail.issued.subject")]
    assert [(each.name, each.mime) for each in issued.attachments] == [("reminders.ics", "text/calendar")]
    assert "―" in issued.text, "in English, and in Korean below"
