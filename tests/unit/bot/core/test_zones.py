"""Whatever zone the machine is in, and whatever summer time does there: days are Korea's. And a leap day is one."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.conversation.input.parse import age, birth_date, past_date
from bot.conversation.procedure import Rules, days_left, procedure
from bot.core.clock import KST, SystemClock, kst_day
from bot.core.logs import JsonLines, Redactor
from bot.messages.screen import Line
from bot.notices.preferences import Choice, WatchedCertificate
from bot.notices.quiet_hours import by_day
from bot.reminders.calendar_file import calendar
from bot.reminders.schedule import DAYS, day_after, due, moment, occasions
from ca.values.validity import day_of, ends, renewal_opens, starts, years_later
from tests.support.local_telegram import WORDS

RULES = Rules()
#: Zones, and the days on which their clocks change: an hour is missing, or there twice. Lord Howe's is half an hour.
CHANGES = {
    "America/New_York": (date(2028, 3, 12), date(2028, 11, 5)),
    "Europe/Berlin": (date(2028, 3, 26), date(2028, 10, 29)),
    "Australia/Lord_Howe": (date(2028, 4, 2), date(2028, 10, 1)),
    "Asia/Seoul": (date(1988, 5, 8), date(1988, 10, 9)),
}


def kst(day: date, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=KST).astimezone(UTC)


@pytest.fixture
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The process's own zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def told(around: date) -> list[object]:
    """Return all that depends on days, for each quarter of an hour of three days, in one list."""
    expires = around + timedelta(days=14)
    begin = kst(around - timedelta(days=1))
    watched, choice = WatchedCertificate("7A3F", around - timedelta(days=300), expires, begin), Choice()
    found: list[object] = [calendar(watched, choice, DAYS, WORDS, "ko", begin)]
    for number in range(3 * 96):
        now = begin + timedelta(minutes=15 * number)
        today = kst_day(now)
        found += [
            (today, day_of(now), by_day(now).timestamp(), day_after(now).timestamp(), starts(now), ends(now)),
            (days_left(expires, today), procedure("expiring", "valid", expires, today, RULES)),
            due(occasions(watched, choice, RULES), choice, watched, now),
            WORDS.text("ko", Line("error.paused", {"until": now})),
        ]
    return found


@pytest.mark.parametrize(
    ("zone", "day"), [(zone, day) for zone, days in CHANGES.items() for day in days], indirect=["zone"]
)
def test_a_machines_zone_and_its_summer_time_change_nothing(zone: str, day: date) -> None:
    here = told(day)
    assert time.tzname[0] != "UTC"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        assert here == told(day)


@pytest.mark.parametrize("zone", ["America/New_York"], indirect=True)
def test_moments_are_in_utc_there_too(zone: str) -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    record = logging.LogRecord("x", logging.INFO, "f", 1, "m", (), None)
    record.created = kst(date(2028, 3, 12), 16, 30).timestamp()
    assert json.loads(JsonLines(Redactor(())).format(record))["time"] == "2028-03-12T07:30:00.000+00:00"


# --- a leap day ---

LEAP = date(2028, 2, 29)


@pytest.mark.parametrize(
    ("expires", "told_on"),
    [
        (
            LEAP,
            [
                date(2028, 1, 30),
                date(2028, 2, 15),
                date(2028, 2, 22),
                date(2028, 2, 26),
                date(2028, 2, 28),
                LEAP,
            ],
        ),
        (
            date(2028, 3, 1),
            [
                date(2028, 1, 31),
                date(2028, 2, 16),
                date(2028, 2, 23),
                date(2028, 2, 27),
                LEAP,
                date(2028, 3, 1),
            ],
        ),
        (
            date(2027, 3, 1),
            [date(2027, 1, 30), *(date(2027, 2, day) for day in (15, 22, 26, 28)), date(2027, 3, 1)],
        ),
    ],
)
def test_reminders_around_it(expires: date, told_on: list[date]) -> None:
    watched = WatchedCertificate("7A3F", date(2026, 1, 1), expires, kst(date(2026, 1, 1)))
    found = [each.on for each in occasions(watched, Choice(), RULES) if each.kind == "expiry"]
    assert found == told_on
    first = moment(told_on[-1], Choice())
    late = WatchedCertificate("7A3F", watched.issued_on, expires, first - timedelta(seconds=1))
    assert due(occasions(late, Choice(), RULES), Choice(), late, first) is not None


def test_a_certificate_of_it_and_until_it() -> None:
    assert years_later(LEAP, 1) == date(2029, 2, 28)
    assert years_later(date(2027, 2, 28), 1) == date(2028, 2, 28)
    assert years_later(date(2027, 3, 1), 1) == date(2028, 3, 1)
    assert ends(LEAP) == datetime(2028, 2, 29, 14, 59, 59, tzinfo=UTC)
    assert day_of(ends(LEAP) + timedelta(seconds=1)) == date(2028, 3, 1)
    assert renewal_opens(ends(LEAP), 30) == date(2028, 1, 30)
    assert renewal_opens(ends(date(2028, 3, 30)), 30) == LEAP


@pytest.mark.parametrize(
    ("now", "today"),
    [
        (kst(LEAP), LEAP),
        (kst(LEAP) - timedelta(seconds=1), date(2028, 2, 28)),
        (kst(LEAP, 23, 59), LEAP),
        (kst(date(2028, 3, 1)), date(2028, 3, 1)),
    ],
)
def test_its_first_and_last_moment(now: datetime, today: date) -> None:
    assert kst_day(now) == today
    assert procedure("expiring", "valid", LEAP, today, RULES) == ("new" if today > LEAP else "renew")


def test_who_was_born_on_it_grows_older_on_the_first_of_march_in_other_years() -> None:
    born = date(2004, 2, 29)
    assert [age(born, day) for day in (date(2027, 2, 28), date(2027, 3, 1))] == [22, 23]
    assert [age(born, day) for day in (date(2028, 2, 28), LEAP)] == [23, 24]
    assert birth_date("040229", LEAP) == "2004-02-29"
    assert past_date("2028-02-29", LEAP) == "2028-02-29"
