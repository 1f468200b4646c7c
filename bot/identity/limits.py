"""Limits on tries and on floods. Pauses grow and end: nobody is locked out for good by somebody else."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.storage.database import Transaction
from bot.storage.sealing import Sealing

#: Decimal places of a token; seconds since 1970 have no more.
ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class Limit:
    """This many tries in this window; then a pause, doubled each time, up to the longest."""

    tries: int
    window: timedelta
    pause: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: this many at once, refilled by this many a minute."""

    burst: int
    per_minute: int


@dataclass(frozen=True, slots=True)
class Drawn:
    #: Tokens.
    granted: int
    #: Whether this bucket was found empty before, and has not been half full since.
    told: bool


class Limits:
    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def take(self, tx: Transaction, key: str, limit: Limit, now: datetime) -> datetime | None:
        """Count a try; return until when no further one is accepted, or None if this one is allowed."""
        digest, moment = self._sealing.digest("limit", key), now.timestamp()
        row = tx.row("limit_load", key=digest)
        tries, since, until, pauses = tuple(row) if row else (0, moment, 0.0, 0)
        if until > moment:
            return datetime.fromtimestamp(until, now.tzinfo)
        if moment - since > limit.window.total_seconds():
            quiet = moment - max(since, until) > limit.longest.total_seconds()
            tries, since, pauses = 0, moment, 0 if quiet else pauses
        tries += 1
        paused = tries > limit.tries
        if paused:
            pauses, tries, since = pauses + 1, 0, moment
            until = moment + min(limit.pause * 2 ** (pauses - 1), limit.longest).total_seconds()
        tx.write("limit_save", key=digest, tries=tries, since=since, paused_until=until, pauses=pauses)
        return datetime.fromtimestamp(until, now.tzinfo) if paused else None

    def draw(self, tx: Transaction, key: str, rate: Rate, most: int, now: datetime) -> Drawn:
        """Take up to this many tokens of a bucket that all processes share.

        One moment says how full it is: the one at which it will be full again (the Generic Cell Rate Algorithm's
        theoretical arrival time, ITU-T I.371). It is stored in `since`.
        """
        digest, moment = self._sealing.digest("limit", key), now.timestamp()
        row = tx.row("limit_load", key=digest)
        _, full_at, _, told = tuple(row) if row else (0, moment, 0.0, 0)
        interval = 60 / rate.per_minute
        # Never more than the whole bucket: a process whose clock was ahead must not block a chat until then.
        missing = min(max(full_at - moment, 0.0), rate.burst * interval)
        left = rate.burst - missing / interval
        granted = min(most, int(left + ROUNDING))
        still_told = bool(told) and left * 2 <= rate.burst
        full_at = moment + missing + granted * interval
        tells = still_told or not granted
        tx.write("limit_save", key=digest, tries=0, since=full_at, paused_until=0.0, pauses=int(tells))
        return Drawn(granted, still_told)
