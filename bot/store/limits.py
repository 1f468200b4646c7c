"""Limits on tries, with pauses that grow and end: nobody is locked out for good by somebody else."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store.database import Transaction
from bot.store.sealing import Sealing


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries in this window; then a pause, doubled each time, up to the longest."""

    tries: int
    window: timedelta
    pause: timedelta
    longest: timedelta


class Limits:
    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def take(self, tx: Transaction, key: str, limit: Limit, now: datetime) -> datetime | None:
        """Count a try; return until when no further one is taken, or None if this one is allowed."""
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
