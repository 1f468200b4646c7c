"""When a reminder is due: on its days, at its hour in Korea, once, and late only where it still makes sense."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.procedure import Rules
from bot.core.clock import KST, kst_day
from bot.notices.preferences import Choice, WatchedCertificate
from bot.notices.quiet_hours import by_day
from bot.reminders.schedule import DAYS, ReminderTime, day_after, due, following, moment, occasions

RULES = Rules()
ISSUED, EXPIRES = date(2026, 3, 2), date(2027, 3, 2)


def at(day: date, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=KST).astimezone(UTC)


NEW = WatchedCertificate("7A3F", ISSUED, EXPIRES, at(ISSUED))


def watched(told_until: datetime = NEW.told_until, again_on: date | None = None) -> WatchedCertificate:
    return replace(NEW, told_until=told_until, again_on=again_on)


def lived(
    choice: Choice, awake: Iterator[datetime], begin: WatchedCertificate | None = None
) -> Iterator[tuple[datetime, ReminderTime]]:
    """Be awake at these moments, and yield what is told."""
    now = begin or watched()
    for moment_ in awake:
        told = due(occasions(now, choice, RULES), choice, now, moment_)
        now = replace(now, told_until=day_after(moment_) if told else moment_)
        if told is not None:
            yield moment_, told


def every_hour(days: int, since: date = ISSUED) -> Iterator[datetime]:
    return (at(since, 0) + timedelta(hours=number) for number in range(24 * days))


def test_a_year_and_a_month_of_one_certificate() -> None:
    told = [(kst_day(when), each.kind) for when, each in lived(Choice(), every_hour(400))]
    assert told == [
        (ISSUED + timedelta(days=2), "backup"),
        (ISSUED + timedelta(days=180), "password"),
        *((EXPIRES - timedelta(days=days), "expiry") for days in DAYS),
    ]


@pytest.mark.parametrize("hour", [8, 10, 20])
def test_it_comes_at_the_hour_that_was_chosen(hour: int) -> None:
    hours = {when.astimezone(KST).hour for when, _ in lived(Choice(hour=hour), every_hour(400))}
    assert hours == {hour}


@pytest.mark.parametrize(("lead", "expected"), [(366, 6), (14, 5), (3, 3), (0, 1)])
def test_nobody_hears_of_it_before_the_day_they_chose(lead: int, expected: int) -> None:
    told = [each for _, each in lived(Choice(lead=lead), every_hour(400)) if each.kind == "expiry"]
    assert len(told) == expected


def test_who_was_down_for_a_week_is_told_once_and_what_still_makes_sense() -> None:
    """From ten days before until two days before: the fourteenth was told, the seventh and the third were missed."""
    begin = watched(at(EXPIRES - timedelta(days=10)))
    back = at(EXPIRES - timedelta(days=2))
    awake = iter([back, back + timedelta(hours=1), back + timedelta(hours=2)])
    assert list(lived(Choice(), awake, begin)) == [(back, ReminderTime("expiry", EXPIRES - timedelta(days=3)))]


def test_what_is_not_about_the_expiry_is_not_told_late_for_ever() -> None:
    begin = watched()
    soon = at(ISSUED + timedelta(days=9))
    late = at(ISSUED + timedelta(days=60))
    assert [each.kind for _, each in lived(Choice(), iter([soon]), begin)] == ["backup"]
    assert list(lived(Choice(), iter([late]), begin)) == []


@pytest.mark.parametrize(("days", "count"), [(1, 1), (14, 1), (15, 0)])
def test_one_that_has_expired_meanwhile_is_told_of_for_two_weeks(days: int, count: int) -> None:
    begin = watched(at(EXPIRES - timedelta(days=2)))
    back = iter([at(EXPIRES + timedelta(days=days))])
    assert len(list(lived(Choice(), back, begin))) == count


def test_asked_for_once_more_it_comes_tomorrow() -> None:
    today = EXPIRES - timedelta(days=6)
    begin = watched(at(today), again_on=today + timedelta(days=1))
    told = [kst_day(when) for when, _ in lived(Choice(), every_hour(2, today + timedelta(days=1)), begin)]
    assert told == [today + timedelta(days=1)]


def test_the_renewal_window_is_told_where_no_other_reminder_is_that_day() -> None:
    kinds = {each.on: each.kind for each in occasions(watched(), Choice(), Rules(renewal_opens_days=60))}
    assert kinds[EXPIRES - timedelta(days=60)] == "window"
    assert kinds[EXPIRES - timedelta(days=30)] == "expiry"


def test_who_wants_to_hear_late_hears_nothing_of_the_window_either() -> None:
    assert "window" not in {each.kind for each in occasions(watched(), Choice(lead=14), RULES)}


def test_switched_off_nothing_follows() -> None:
    every = occasions(watched(), Choice(), RULES)
    assert following(every, Choice(), at(ISSUED)) == moment(ISSUED + timedelta(days=2), Choice())
    assert following(every, Choice(active=False), at(ISSUED)) is None
    assert following(every, Choice(), at(EXPIRES)) is None


@pytest.mark.parametrize(
    ("hour", "minute", "expected"),
    [(0, 0, 8), (7, 59, 8), (8, 0, 8), (20, 59, 20), (21, 0, 32), (23, 59, 32)],
)
def test_nobody_is_woken_at_night_in_korea(hour: int, minute: int, expected: int) -> None:
    day = date(2026, 12, 31)
    quiet = by_day(at(day, hour, minute))
    assert quiet.astimezone(KST).hour == expected % 24
    assert kst_day(quiet) == day + timedelta(days=expected // 24)


@given(
    st.lists(st.integers(1, 60 * 24 * 20), min_size=1, max_size=60),
    st.sampled_from([0, 3, 14, 366]),
    st.sampled_from([8, 13, 20]),
)
def test_however_it_sleeps_and_wakes_nothing_is_told_twice_and_the_last_one_is_told(
    pauses: list[int], lead: int, hour: int
) -> None:
    """The moments are any; at the end it is awake every hour through the expiry day."""
    awake, now = [], at(ISSUED)
    for pause in pauses:
        now += timedelta(minutes=pause)
        awake.append(now)
    awake = [each for each in awake if each < at(EXPIRES, 0)]
    awake += [at(EXPIRES, 0) + timedelta(hours=each) for each in range(24)]
    choice = Choice(lead=lead, hour=hour)

    told = [each for _, each in lived(choice, iter(awake))]

    assert len(set(told)) == len(told)
    assert told[-1] == ReminderTime("expiry", EXPIRES)
    assert [each.on for each in told if each.kind == "expiry"] == sorted(
        each.on for each in told if each.kind == "expiry"
    )
