"""What was found for a text: the topics, best first, and whether that is enough for an answer."""

from dataclasses import dataclass
from typing import Literal

Zone = Literal["answer", "maybe", "unknown"]
OFFERED = 3


@dataclass(frozen=True, slots=True)
class Match:
    """`score` is how well the topic fits, between 0 and 1; the best one's says how sure the whole answer is."""

    topic: str
    score: float


@dataclass(frozen=True, slots=True)
class Finding:
    """`ranked` is never shorter than three when there are three topics: it is forced, whatever the zone."""

    zone: Zone
    ranked: tuple[Match, ...]
    #: Our own way of asking that is spelt most like it, none if nothing is: all of a text that may be kept.
    likest: str

    @property
    def topic(self) -> str | None:
        """What to answer with; None unless it is sure enough."""
        return self.ranked[0].topic if self.zone == "answer" else None

    @property
    def offers(self) -> tuple[str, ...]:
        """What to offer as buttons: in the zone "maybe" up to three topics, else none."""
        return tuple(match.topic for match in self.ranked[:OFFERED]) if self.zone == "maybe" else ()

    @property
    def score(self) -> float:
        return self.ranked[0].score if self.ranked else 0.0
