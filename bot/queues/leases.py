"""How long a claimed row is ours, and which clock counts that."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Leases:
    """Moments are seconds since 1970."""

    length: timedelta
    #: Seconds that no jump of a wall clock affects; without them, each call's `now` is used.
    steady: Callable[[], float] | None = None

    def now(self, now: datetime) -> float:
        return self.steady() if self.steady else now.timestamp()

    def until(self, now: datetime) -> float:
        """Return when a lease ends that begins now."""
        return self.now(now) + self.length.total_seconds()

    def out_of_reach(self, now: datetime) -> dict[str, float]:
        """Return the moment beyond which only a wrong clock can have set a row's due time or lease."""
        far, moment = 2 * self.length.total_seconds(), now.timestamp()
        return {"now": moment, "far": moment + far, "lease_far": max(moment, self.now(now)) + far}
