"""The calendar file is one that calendars read (RFC 5545), reminds by itself, and names no one."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.messages.catalog import LANGUAGES
from bot.messages.screen import Line
from bot.notices.preferences import Choice, WatchedCertificate
from bot.reminders.calendar_file import _escaped, _folded, calendar
from bot.reminders.schedule import DAYS
from tests.support.conversation import WORDS

EXPIRES = date(2027, 3, 2)
WATCHED = WatchedCertificate("7A3F", date(2026, 3, 2), EXPIRES, datetime(2026, 3, 2, tzinfo=UTC))
NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
DURATION = re.compile(r"(-?)PT(\d+)H")


def lines(language: str = "ko", hour: int = 10) -> list[str]:
    raw = calendar(WATCHED, Choice(hour=hour), DAYS, WORDS, language, NOW).decode()
    assert raw.endswith("\r\n")
    assert "\n" not in raw.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in raw.split("\r\n"))
    return raw.replace("\r\n ", "").split("\r\n")[:-1]


def values(read: list[str], name: str) -> list[str]:
    return [line.partition(":")[2] for line in read if re.split("[:;]", line)[0] == name]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_one_all_day_event_with_an_alarm_for_each_reminder(language: str) -> None:
    read = lines(language)
    assert (read[0], read[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    begins = [line.partition(":")[2] for line in read if line.startswith("BEGIN")]
    ends = [line.partition(":")[2] for line in read if line.startswith("END")]
    assert sorted(begins) == sorted(ends) == ["VALARM"] * len(DAYS) + ["VCALENDAR", "VEVENT"]
    assert values(read, "DTSTART") == ["20270302"]
    assert values(read, "DTEND") == ["20270303"], "the end is the first day that is no longer part of it (3.6.1)"
    assert values(read, "DTSTAMP") == ["20261128T093000Z"]
    assert values(read, "SUMMARY") == [_escaped(WORDS.text(language, Line("calendar.summary")))]


@pytest.mark.parametrize("hour", [8, 10, 20])
def test_the_alarms_ring_on_the_days_and_at_the_hour_of_the_reminders(hour: int) -> None:
    """A trigger is a duration from the beginning of the event, which is midnight of the expiry day."""
    rings = []
    for trigger in values(lines(hour=hour), "TRIGGER"):
        found = DURATION.fullmatch(trigger)
        assert found
        span = timedelta(hours=int(found[2]))
        rings.append(datetime(2027, 3, 2) + (-span if found[1] else span))  # noqa: DTZ001 — floating, as in the file
    assert rings == [datetime(2027, 3, 2, hour) - timedelta(days=each) for each in DAYS]  # noqa: DTZ001


def test_made_again_it_is_the_same_event_and_another_certificates_is_another() -> None:
    other = WatchedCertificate("7A40", WATCHED.issued_on, EXPIRES, WATCHED.told_until)
    uid = values(lines(), "UID")
    assert uid == values(lines("en", hour=20), "UID")
    assert uid[0] not in calendar(other, Choice(), DAYS, WORDS, "ko", NOW).decode()


def test_it_names_nobody_and_no_serial_number() -> None:
    raw = calendar(WATCHED, Choice(), DAYS, WORDS, "ko", NOW).decode()
    assert "7A3F" not in raw
    assert "http" not in raw


def test_what_means_something_in_a_text_is_escaped() -> None:
    assert _escaped("a,b;c\\d\r\ne\nf") == "a\\,b\\;c\\\\d\\ne\\nf"


@pytest.mark.parametrize("text", ["", "가" * 100, "a" * 75, "a" * 76, "é" * 40, "😀" * 30])
def test_folded_lines_are_short_and_lose_nothing(text: str) -> None:
    pieces = list(_folded(text))
    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert pieces[0] + "".join(piece.removeprefix(" ") for piece in pieces[1:]) == text
