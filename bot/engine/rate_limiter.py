"""Limits what a chat, and all chats together, may send. Updates over the limit are marked done without being processed.

A chat's first messages, and a few each minute, are counted in memory, so that normal use costs no row. Beyond them it
draws tokens from a bucket in the database, ten at once, which all processes share. The limit for all chats together is
counted by each process, because it protects that process.
"""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.identity.limits import Drawn, Limits, Rate

#: "slow" and "crowded" are said to the chat, once; "surplus" is what follows. "short" tells the caller to draw.
Verdict = Literal["pass", "short", "slow", "crowded", "surplus"]
MOST_CHATS = 20_000
#: This many at once are drawn from the bucket that all processes share.
TOKENS_PER_DRAW = 10

#: For one chat, in each process.
OWN = Rate(30, 24)
#: For one chat, in all processes together. Nobody writes two messages a second for a minute.
SHARED = Rate(120, 96)
#: For all chats; running applications and taps are exempt.
OVERALL = Rate(30_000, 12_000)


@dataclass(frozen=True, slots=True)
class Rates:
    """A chat has both rates twice: for what it writes, and for its taps."""

    own: Rate = OWN
    shared: Rate = SHARED
    overall: Rate = OVERALL


DEFAULT_RATES = Rates()


@dataclass(slots=True)
class Bucket:
    rate: Rate
    tokens: float
    at: datetime
    told: bool = False

    def take(self, now: datetime) -> bool:
        passed = max((now - self.at).total_seconds(), 0.0)
        refilled = min(self.tokens + passed * self.rate.per_minute / 60, float(self.rate.burst))
        self.tokens, self.at = max(self.tokens, refilled), now
        if self.tokens * 2 > self.rate.burst:
            self.told = False
        taken = self.tokens >= 1
        self.tokens -= taken
        return taken

    def says(self, word: Verdict) -> Verdict:
        """Return this verdict the first time, and "surplus" after that, until the chat was quiet for a while."""
        told, self.told = self.told, True
        return "surplus" if told else word


class RateLimiter:
    def __init__(self, rates: Rates = DEFAULT_RATES, exempt: Collection[str] = ()) -> None:
        """`exempt` are lanes without a limit: those of staff."""
        self._rates = rates
        self._exempt = frozenset(exempt)
        self._chats: OrderedDict[tuple[str, bool], Bucket] = OrderedDict()
        self._overall: Bucket | None = None

    def judge(self, lane: str, now: datetime, *, ahead: bool) -> Verdict:
        """Return the verdict on an update.

        "short" means that its chat must draw from the shared bucket; "crowded" holds only for chats without a running
        application, and the caller knows which have one.
        """
        if lane in self._exempt:
            return "pass"
        if not self._of(lane, now, ahead=ahead).take(now):
            return "short"
        return self._in_the_crowd(now, ahead=ahead)

    @property
    def shared(self) -> Rate:
        """The bucket that a chat draws from when it is "short"."""
        return self._rates.shared

    def drawn(self, drawn: Drawn, lane: str, now: datetime, *, ahead: bool) -> Verdict:
        """Return the verdict on the update for which this was drawn; the rest of the tokens is for the next ones."""
        if not drawn.granted:
            return "surplus" if drawn.told else "slow"
        self._of(lane, now, ahead=ahead).tokens += drawn.granted - 1
        return self._in_the_crowd(now, ahead=ahead)

    def _in_the_crowd(self, now: datetime, *, ahead: bool) -> Verdict:
        if ahead:
            return "pass"
        self._overall = self._overall or Bucket(self._rates.overall, self._rates.overall.burst, now)
        return "pass" if self._overall.take(now) else "crowded"

    def said(self, lane: str, now: datetime) -> bool:
        """Return whether this chat was told already that the bot is crowded, and note that it is now."""
        return self._of(lane, now, ahead=False).says("crowded") == "surplus"

    def _of(self, lane: str, now: datetime, *, ahead: bool) -> Bucket:
        key, rate = (lane, ahead), self._rates.own
        bucket = self._chats.setdefault(key, Bucket(rate, rate.burst, now))
        self._chats.move_to_end(key)
        if len(self._chats) > MOST_CHATS:
            self._chats.popitem(last=False)
        return bucket


@dataclass(frozen=True, slots=True)
class FloodControl:
    limiter: RateLimiter
    #: Where the buckets are that all processes share.
    buckets: Limits
