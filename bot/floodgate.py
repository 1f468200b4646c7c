"""How much a chat, and everybody together, may ask of the house; what is beyond it is finished unread.

Each process counts in memory for itself: a limit in the database would cost as much as what it wards off.
"""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

#: "slow" and "crowded" are said to the chat, once; "surplus" is what follows.
Verdict = Literal["pass", "slow", "crowded", "surplus"]
MOST_CHATS = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: so many at once, refilled by so many a minute."""

    burst: int
    per_minute: int


@dataclass(frozen=True, slots=True)
class Rates:
    #: Of one chat: of what it writes, and once more of its taps. Nobody writes two messages a second for a minute.
    chat: Rate = Rate(150, 120)
    #: Of all who write; running applications and taps pass beyond it.
    overall: Rate = Rate(30_000, 12_000)


DEFAULT_RATES = Rates()


@dataclass(slots=True)
class Bucket:
    rate: Rate
    tokens: float
    at: datetime
    told: bool = False

    def take(self, now: datetime) -> bool:
        passed = max((now - self.at).total_seconds(), 0.0)
        self.tokens = min(self.tokens + passed * self.rate.per_minute / 60, float(self.rate.burst))
        self.at = now
        if self.tokens * 2 > self.rate.burst:
            self.told = False
        taken = self.tokens >= 1
        self.tokens -= taken
        return taken

    def says(self, word: Verdict) -> Verdict:
        """Return this word the first time, and that it is surplus after that, until it has been quiet for a while."""
        told, self.told = self.told, True
        return "surplus" if told else word


class Floodgate:
    def __init__(self, rates: Rates = DEFAULT_RATES, exempt: Collection[str] = ()) -> None:
        """`exempt` are lanes that no limit holds for: those of staff."""
        self._rates = rates
        self._exempt = frozenset(exempt)
        self._chats: OrderedDict[tuple[str, bool], Bucket] = OrderedDict()
        self._overall: Bucket | None = None

    def judge(self, lane: str, now: datetime, *, ahead: bool) -> Verdict:
        """`crowded` is for those who have no running application only; the caller knows who has."""
        if lane in self._exempt:
            return "pass"
        mine = self._of(lane, now, ahead=ahead)
        if not mine.take(now):
            return mine.says("slow")
        if ahead:
            return "pass"
        self._overall = self._overall or Bucket(self._rates.overall, self._rates.overall.burst, now)
        return "pass" if self._overall.take(now) else "crowded"

    def said(self, lane: str, now: datetime) -> bool:
        """Return whether this chat has been told already that it is crowded, and note that it is now."""
        return self._of(lane, now, ahead=False).says("crowded") == "surplus"

    def _of(self, lane: str, now: datetime, *, ahead: bool) -> Bucket:
        key, rate = (lane, ahead), self._rates.chat
        bucket = self._chats.setdefault(key, Bucket(rate, rate.burst, now))
        self._chats.move_to_end(key)
        if len(self._chats) > MOST_CHATS:
            self._chats.popitem(last=False)
        return bucket
