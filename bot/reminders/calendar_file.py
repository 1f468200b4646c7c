"""A calendar file (RFC 5545) that reminds of an expiry by itself, in any calendar. It names no one."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from bot.messages.catalog import Catalogs
from bot.messages.screen import Line
from bot.notices.preferences import Choice, WatchedCertificate

#: Lines are folded so that none is longer, line break not counted (3.1).
MOST_OCTETS = 75


def calendar(
    watched: WatchedCertificate,
    choice: Choice,
    days: Sequence[int],
    catalogs: Catalogs,
    language: str,
    now: datetime,
) -> bytes:
    """Return one all-day event on the expiry day, with an alarm for each reminder. The same day is the same event."""
    name = hashlib.sha256(watched.serial.encode()).hexdigest()[:24]
    after = watched.expires_on + timedelta(days=1)
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//reissue-bot//reminders//KO", "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH", "BEGIN:VEVENT", f"UID:{name}@reissue-bot", f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{watched.expires_on:%Y%m%d}", f"DTEND;VALUE=DATE:{after:%Y%m%d}",
        f"SUMMARY:{_escaped(catalogs.text(language, Line('calendar.summary')))}",
        f"DESCRIPTION:{_escaped(catalogs.text(language, Line('calendar.description')))}",
        "CLASS:PRIVATE", "TRANSP:TRANSPARENT",
        *(line for day in sorted(days, reverse=True) for line in _alarm(day, choice, catalogs, language)),
        "END:VEVENT", "END:VCALENDAR",
    )  # fmt: skip
    return "".join(f"{piece}\r\n" for line in lines for piece in _folded(line)).encode()


def _alarm(day: int, choice: Choice, catalogs: Catalogs, language: str) -> Iterator[str]:
    """The event begins at midnight, so an alarm on its day is a duration after that (3.8.6.3)."""
    hours = choice.hour - 24 * day
    sign, size = ("", hours) if hours >= 0 else ("-", -hours)
    yield "BEGIN:VALARM"
    yield "ACTION:DISPLAY"
    yield f"TRIGGER:{sign}PT{size}H"
    yield f"DESCRIPTION:{_escaped(catalogs.text(language, Line('calendar.summary')))}"
    yield "END:VALARM"


def _escaped(text: str) -> str:
    """3.3.11: characters with a meaning get a backslash."""
    for char in "\\;,":
        text = text.replace(char, f"\\{char}")
    return text.replace("\r\n", "\n").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    piece = ""
    for char in line:
        if len(f"{piece}{char}".encode()) > MOST_OCTETS:
            yield piece
            piece = " "
        piece += char
    yield piece
