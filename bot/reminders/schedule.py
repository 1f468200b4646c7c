"""Which reminder of a certificate is due, computed from its dates and the customer's choice. Pure.

There is no list of reminders still to send: what is due follows from how far the customer was reminded. After a week
off, they get one reminder, the last that still makes sense.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from bot.conversation.procedure import Rules, renewal_window
from bot.core.clock import KST, kst_day
from bot.notices.preferences import Choice, WatchedCertificate

Kind = Literal["expiry", "window", "backup", "password"]

#: Days before the expiry with a reminder; 0 is the expiry day itself, on which the certificate still works.
DAYS = (30, 14, 7, 3, 1, 0)
HOURS = (8, 10, 13, 18, 20)
BACKUP_AFTER = timedelta(days=2)
PASSWORD_AFTER = timedelta(days=180)
#: Reminders that are not about the expiry may be this late; and an expired certificate is mentioned for this long.
STALE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class ReminderTime:
    kind: Kind
    on: date


def occasions(
    watched: WatchedCertificate, choice: Choice, rules: Rules, days: Sequence[int] = DAYS
) -> tuple[ReminderTime, ...]:
    """Return all reminders of this certificate, in order."""
    expiry = {watched.expires_on - timedelta(days=each) for each in days if each <= choice.lead}
    if watched.again_on is not None:
        expiry.add(watched.again_on)
    found = {ReminderTime("expiry", day) for day in expiry}
    opens, _ = renewal_window(watched.expires_on, rules)
    wanted = watched.expires_on - timedelta(days=choice.lead) <= opens
    beside: tuple[tuple[Kind, date], ...] = (
        *((("window", opens),) if wanted else ()),
        ("backup", watched.issued_on + BACKUP_AFTER),
        ("password", watched.issued_on + PASSWORD_AFTER),
    )
    found |= {ReminderTime(kind, day) for kind, day in beside if day not in expiry and day < watched.expires_on}
    return tuple(sorted(found, key=lambda each: (each.on, each.kind)))


def following(all_of_them: Sequence[ReminderTime], choice: Choice, after: datetime) -> datetime | None:
    """Return the moment of the next one after this; None if there is none, or none is wanted."""
    moments = (moment(each.on, choice) for each in all_of_them)
    return min((each for each in moments if each > after), default=None) if choice.active else None


def due(
    all_of_them: Sequence[ReminderTime], choice: Choice, watched: WatchedCertificate, now: datetime
) -> ReminderTime | None:
    """Return the one to send now: of the missed ones, the last that still makes sense; the expiry goes first."""
    today = kst_day(now)
    missed = [each for each in all_of_them if watched.told_until < moment(each.on, choice) <= now]
    expired_for = today - watched.expires_on
    urgent = [each for each in missed if each.kind in {"expiry", "window"} and expired_for <= STALE]
    others = [each for each in missed if today - each.on <= STALE and expired_for < timedelta(0)]
    return next(iter((*urgent[::-1], *others[::-1])), None)


def moment(day: date, choice: Choice) -> datetime:
    return datetime.combine(day, time(choice.hour), KST)


def day_after(now: datetime) -> datetime:
    """Return the next midnight in Korea."""
    return datetime.combine(kst_day(now) + timedelta(days=1), time(), KST)
