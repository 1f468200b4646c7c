"""How much a chat, and everybody together, may ask of the house; what is beyond it is finished unread.

A chat's first messages, and a few each minute, are counted in memory, so that those who write as people do cost no row.
Beyond them it draws from a bucket in the database, ten at once, that all processes share. What everybody asks together
is counted by each process for itself: it is that process which it wears out.
"""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.identity.limits import Drawn, Rate

#: "slow" and "crowded" are said to the chat, once; "surplus" is what follows. "short" is for the caller, who draws.
Verdict = Literal["pass", "short", "slow", "crowded", "surplus"]
MOST_CHATS = 20_000
#: So many at once are drawn from what all processes share.
DRAUGHT = 10

#: Of one chat, in each process.
OWN = Rate(30, 24)
#: Of one chat, in all processes together. Nobody writes two messages a second for a minute.
SHARED = Rate(120, 96)
#: Of all who write; running applications and taps pass beyond it.
OVERALL = Rate(30_000, 12_000)


@dataclass(frozen=True, slots=True)
class Rates:
    """A chat may use both of its rates, for what it writes and once more for its taps."""

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
        """Return this word the first time, and that it is surplus after that, until it has been quiet for a while."""
        told, self.told = self.told, True
        return "surplus" if told else word


class RateLimiter:
    def __init__(self, rates: Rates = DEFAULT_RATES, exempt: Collection[str] = ()) -> None:
        """`exempt` are lanes that no limit holds for: those of staff."""
        self._rates = rates
        self._exempt = frozenset(exempt)
        self._chats: OrderedDict[tuple[str, bool], Bucket] = OrderedDict()
        self._overall: Bucket | None = None

    def judge(self, lane: str, now: datetime, *, ahead: bool) -> Verdict:
        """Return what becomes of an update.

        "short" means that its chat is to draw from what it has in all processes; "crowded" is for those who have no
        running application only, and the caller knows who has.
        """
        if lane in self._exempt:
            return "pass"
        if not self._of(lane, now, ahead=ahead).take(now):
            return "short"
        return self._in_the_crowd(now, ahead=ahead)

    @property
    def shared(self) -> Rate:
        """What a chat that is "short" draws from."""
        return self._rates.shared

    def drawn(self, drawn: Drawn, lane: str, now: datetime, *, ahead: bool) -> Verdict:
        """Return what becomes of the update for which this was drawn; the rest of it is for the next ones."""
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
        """Return whether this chat has been told already that it is crowded, and note that it is now."""
        return self._of(lane, now, ahead=False).says("crowded") == "surplus"

    def _of(self, lane: str, now: datetime, *, ahead: bool) -> Bucket:
        key, rate = (lane, ahead), self._rates.own
        bucket = self._chats.setdefault(key, Bucket(rate, rate.burst, now))
        self._chats.move_to_end(key)
        if len(self._chats) > MOST_CHATS:
            self._chats.popitem(last=False)
        return bucket
