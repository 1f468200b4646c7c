"""Certificate days: counted in Korea, whatever zone the machine is in."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")
DAY_END = time(23, 59, 59)


def day_of(moment: date | datetime) -> date:
    """Return the day in Korea; a naive datetime is refused, because it could mean two days."""
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        raise ValueError("a datetime needs its time zone")
    return moment.astimezone(KST).date()


def starts(moment: date | datetime) -> datetime:
    """Return the notBefore: 00:00 KST of a date, or the minute of a datetime."""
    if isinstance(moment, datetime):
        day_of(moment)
        return moment.astimezone(UTC).replace(second=0, microsecond=0)
    return datetime.combine(moment, time(), KST).astimezone(UTC)


def ends(day: date | datetime) -> datetime:
    """Return the notAfter of that day: 23:59:59 KST, which is 14:59:59Z."""
    return datetime.combine(day_of(day), DAY_END, KST).astimezone(UTC)


def months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


def renewal_opens(not_after: datetime, days: int) -> date:
    """Return the first day in KST on which a certificate that ends then can be renewed: D-30 is thirty days before."""
    return day_of(not_after) - timedelta(days=days)


def years_later(day: date, years: int) -> date:
    """Return the same calendar day; 29 February becomes the 28th, so that nobody gets a day more than a year."""
    year = day.year + years
    last = calendar.monthrange(year, day.month)[1]
    return day.replace(year=year, day=min(day.day, last))
