"""The time, and the time zone in which a bank's days begin and end. All other code is given a `Clock`."""

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


#: Seconds that no change of the wall clock affects; where the system can, they go on while the machine sleeps.
STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SharedClock:
    """The time of a server that all replicas share, continued between two answers by a steady clock."""

    def __init__(self, steady: Callable[[], float] = lambda: time.clock_gettime(STEADY)) -> None:
        self._steady = steady
        self._ahead: float | None = None

    def set_by(self, ask: Callable[[], float]) -> None:
        """Ask for the time (seconds since 1970). The answer is taken to be from the middle of the round trip."""
        before = self._steady()
        told = ask()
        self._ahead = told - (before + self._steady()) / 2

    def now(self) -> datetime:
        """Raise `RuntimeError` before the first answer."""
        if self._ahead is None:
            raise RuntimeError("nobody has told the time yet")
        return datetime.fromtimestamp(self._steady() + self._ahead, UTC)


class SteadyClock:
    """Seconds for leases: the wall clock is read once, then a steady clock goes on, so that no jump ends a lease."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = lambda: time.clock_gettime(STEADY),
    ) -> None:
        self._ahead = wall() - steady()
        self._steady = steady

    def __call__(self) -> float:
        return self._ahead + self._steady()


def kst_day(moment: datetime) -> date:
    """Return the day in Korea. A moment without a zone could be two days, so it is a `ValueError`."""
    if moment.utcoffset() is None:
        raise ValueError("a moment without a time zone has no day in Korea")
    return moment.astimezone(KST).date()
