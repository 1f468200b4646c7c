"""A search result: topics, best first, and whether the best is good enough for an answer."""

from dataclasses import dataclass
from typing import Literal

Zone = Literal["answer", "maybe", "unknown"]
MAX_OFFERS = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """`score` is between 0 and 1. The best candidate's score is the confidence in the whole answer."""

    topic: str
    score: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`ranked` holds at least three candidates when there are three topics, whatever the zone."""

    zone: Zone
    ranked: tuple[Candidate, ...]
    #: The known phrasing with the most similar spelling, empty if none is. The only part of a text that may be stored.
    nearest_phrasing: str

    @property
    def topic(self) -> str | None:
        """The topic to answer with; None unless the confidence is high enough."""
        return self.ranked[0].topic if self.zone == "answer" else None

    @property
    def offers(self) -> tuple[str, ...]:
        """Topics to offer as buttons: up to three in the zone "maybe", else none."""
        return tuple(each.topic for each in self.ranked[:MAX_OFFERS]) if self.zone == "maybe" else ()

    @property
    def score(self) -> float:
        return self.ranked[0].score if self.ranked else 0.0
