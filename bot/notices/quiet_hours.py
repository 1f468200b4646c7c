"""Quiet hours in Korea: what is not urgent waits for the morning."""

from datetime import datetime, time, timedelta

from bot.core.clock import KST

#: Nothing goes out before the first of these hours, nor from the second on.
MORNING, EVENING = 8, 21


def by_day(now: datetime) -> datetime:
    """Return this moment, or the next morning in Korea if it is night there."""
    local = now.astimezone(KST)
    if local.hour < MORNING:
        return datetime.combine(local.date(), time(MORNING), KST)
    if local.hour >= EVENING:
        return datetime.combine(local.date() + timedelta(days=1), time(MORNING), KST)
    return now
