"""The time, and the one zone in which a bank's days begin and end. Everything else is handed a `Clock`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")


class Clock(Protocol):
    def now(self) -> datetime:
        """Return this moment, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Steady:
    """Seconds for leases: the wall clock's once, and a monotonic clock's from then on, so that no jump ends a lease."""

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ahead = wall() - monotonic()
        self._monotonic = monotonic

    def __call__(self) -> float:
        return self._ahead + self._monotonic()


def kst_day(moment: datetime) -> date:
    """Return the day in Korea; a moment without a zone could be two days, and is a `ValueError`."""
    if moment.utcoffset() is None:
        raise ValueError("a moment without a time zone has no day in Korea")
    return moment.astimezone(KST).date()
