"""From a text to ranked topics and a zone. The thresholds were set on noisy questions, not on neat ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.faq.index import Index
from bot.faq.library import Shelf
from bot.faq.normalise import Normaliser, whole

Zone = Literal["answer", "maybe", "unknown"]
#: Owner of the phrases that are out of scope.
NOBODY = ""
CUT = 300
ANSWER = 0.40
MAYBE = 0.25
#: How much the first, second and third nearest phrase of a topic count.
NEAREST = (0.7, 0.2, 0.1)


@dataclass(frozen=True, slots=True)
class Match:
    topic: str
    score: float


class Search:
    def __init__(self, stock: Sequence[Shelf]) -> None:
        self._signals = tuple(shelf.signals for shelf in stock)
        self._plain = Normaliser(tuple(shelf.tables for shelf in stock))
        self._topics = tuple(dict.fromkeys(topic for shelf in stock for topic in shelf.entries))
        self._index = Index([(owner, self._plain(text)) for owner, text in _phrases(stock)])

    def ranked(self, text: str) -> tuple[tuple[Match, ...], Zone]:
        scores = self._scores(whole(text)[:CUT])
        matches = [Match(topic, round(scores.get(topic, 0.0), 4)) for topic in self._topics]
        matches.sort(key=lambda match: -match.score)
        best = matches[0].score if matches else 0.0
        if scores.get(NOBODY, 0.0) >= best or self._elsewhere(text):
            return tuple(matches), "unknown"
        return tuple(matches), _zone(best)

    def is_question(self, text: str) -> bool:
        asks = any(signals.asks(whole(text).lower()) for signals in self._signals)
        return asks and self.ranked(text)[1] != "unknown"

    def _elsewhere(self, text: str) -> bool:
        return any(signals.elsewhere(whole(text).lower()) for signals in self._signals)

    def _scores(self, text: str) -> dict[str, float]:
        """Of the ways the text can be read, the one that resembles anything most."""
        readings = [self._score(reading) for reading in self._plain.readings(text)]
        return max(readings, key=lambda scores: max(scores.values(), default=0.0))

    def _score(self, text: str) -> dict[str, float]:
        near = self._index.similarities(text)
        return {owner: _weighed(values) for owner, values in near.items()}


def _weighed(values: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(NEAREST, values, strict=False))


def _zone(score: float) -> Zone:
    if score >= ANSWER:
        return "answer"
    return "maybe" if score >= MAYBE else "unknown"


def _phrases(stock: Sequence[Shelf]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for shelf in stock:
        for topic, entry in shelf.entries.items():
            found += [(topic, phrase) for phrase in (*entry.phrases(), *entry.keywords)]
        found += [(NOBODY, line) for line in shelf.out_of_scope]
    return found
