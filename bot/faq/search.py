"""From a text to ranked topics and a zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.faq.index import Index, Likeness
from bot.faq.library import Shelf
from bot.faq.normalise import Normaliser, whole
from bot.faq.sureness import NOBODY, sureness

Zone = Literal["answer", "maybe", "unknown"]
#: A question that goes on longer than this has been asked by then; its last words count as well.
CUT = 240
TAIL = 60
#: Chosen on noisy questions so that about one out-of-scope text in twenty gets an answer.
ANSWER = 0.42
MAYBE = 0.15
#: Where saying nothing is the costly error, less is enough.
ANSWER_URGENT = 0.30


@dataclass(frozen=True, slots=True)
class Match:
    """`score` is how well the topic fits, between 0 and 1; the best one's says how sure the whole answer is."""

    topic: str
    score: float


class Search:
    """The zone and the ranking for any string; knows nothing of what an article says."""

    def __init__(self, stock: Sequence[Shelf]) -> None:
        self.signals = tuple(shelf.signals for shelf in stock)
        self._plain = Normaliser(tuple(shelf.tables for shelf in stock))
        entries = [entry for shelf in stock for entry in shelf.entries.values()]
        self._topics = tuple(dict.fromkeys(entry.article.topic for entry in entries))
        self._urgent = frozenset(entry.article.topic for entry in entries if entry.urgent)
        self._index = Index([(owner, self._plain(text)) for owner, text in _phrases(stock)])

    def ranked(self, text: str) -> tuple[tuple[Match, ...], Zone]:
        clean = whole(text)
        likeness = self._likeness(clean)
        order = sorted(self._topics, key=likeness.fit, reverse=True)
        if not order:
            return (), "unknown"
        sure = (
            0.0 if self._elsewhere(clean) else sureness(likeness, order[0], order[1] if order[1:] else NOBODY)
        )
        matches = _scored(order, likeness, sure)
        return matches, self._zone(matches[0])

    def _elsewhere(self, text: str) -> bool:
        return any(signals.elsewhere(text.lower()) for signals in self.signals)

    def _zone(self, best: Match) -> Zone:
        enough = ANSWER_URGENT if best.topic in self._urgent else ANSWER
        if best.score >= enough:
            return "answer"
        return "maybe" if best.score >= MAYBE else "unknown"

    def _likeness(self, text: str) -> Likeness:
        """Of the ways the text can be read, the one that resembles a topic most."""
        readings = [self._index.likeness(reading) for reading in self._plain.readings(_cut(text))]
        return max(readings, key=lambda each: max(map(each.fit, self._topics), default=0.0))


def _scored(order: Sequence[str], likeness: Likeness, sure: float) -> tuple[Match, ...]:
    top = likeness.fit(order[0]) or 1.0
    return tuple(Match(topic, round(sure * likeness.fit(topic) / top, 4)) for topic in order)


def _cut(text: str) -> str:
    return text if len(text) <= CUT + TAIL else f"{text[:CUT]} {text[-TAIL:]}"


def _phrases(stock: Sequence[Shelf]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for shelf in stock:
        for topic, entry in shelf.entries.items():
            found += [(topic, phrase) for phrase in entry.phrases()]
        found += [(NOBODY, line) for line in shelf.out_of_scope]
    return found
