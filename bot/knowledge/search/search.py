"""From a text to ranked topics and a zone."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.knowledge.articles.library import LanguageArticles
from bot.knowledge.language.normalise import Normaliser, readings, whole
from bot.knowledge.language.signals import parts
from bot.knowledge.search.confidence import NOBODY, sureness
from bot.knowledge.search.embeddings import Meaning, made_of
from bot.knowledge.search.finding import Finding, Match, Zone
from bot.knowledge.search.index import Floats, Index, Likeness
from bot.knowledge.search.multiple import asked_beside

#: A question that goes on longer than this has been asked by then; its last words count as well.
CUT = 240
TAIL = 60
#: How much being spelt alike counts beside meaning the same; both in logarithms of chances.
SPELLING = 6.0
#: The score of what an article has word for word, and what is left of one that is about another thing: its order.
CERTAIN, VETOED = 1.0, 1e-6
#: Nobody looks further down.
MOST_RANKED = 10
#: One short question that by its letters is so surely ours is not asked for its meaning, which takes twenty times as
#: long: on the exams both name the same topic then, for one question in four.
PLAINLY, SHORT = 0.7, 50
#: A name or a number that a form asked for has fewer; it is looked up too, and should cost nothing.
LEAST_LETTERS = 5
LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Bounds:
    """From which score on a topic is the answer, or worth offering."""

    answer: float
    #: Where saying nothing is the costly error, less is enough.
    urgent: float
    maybe: float

    def zone(self, score: float, *, urgent: bool) -> Zone:
        if score >= (self.urgent if urgent else self.answer):
            return "answer"
        return "maybe" if score >= self.maybe else "unknown"


#: Chosen on noisy questions so that about one out-of-scope text in twenty gets an answer.
BY_LETTERS = Bounds(answer=0.42, urgent=0.30, maybe=0.15)
BY_MEANING = Bounds(answer=0.43, urgent=0.35, maybe=0.2)


class Search:
    """The zone and the ranking for any string; knows nothing of what an article says."""

    def __init__(self, stock: Sequence[LanguageArticles], meaning: Meaning | None) -> None:
        self.signals = tuple(shelf.signals for shelf in stock)
        self._plain = Normaliser(tuple(shelf.tables for shelf in stock))
        entries = [entry for shelf in stock for entry in shelf.entries.values()]
        self._topics = tuple(dict.fromkeys(entry.article.topic for entry in entries))
        self._urgent = frozenset(entry.article.topic for entry in entries if entry.urgent)
        known = phrases(stock)
        self.ways = tuple(text for _, text in known)
        self._meaning = meaning.fitted(known) if meaning else None
        self.made_of = made_of(known)
        self._index = Index([(owner, self._plain(text)) for owner, text in known])
        self._exact = _owned(stock, self._plain)
        self._places = np.array([self._index.owners[topic] for topic in self._topics], dtype=np.intp)
        self._seats = _seats(self._meaning, (*self._topics, NOBODY))

    @property
    def fits(self) -> bool:
        """Whether the head was made of just these articles; one that is not ranks what it has not seen by spelling."""
        return self._meaning is None or self._meaning.head.made_of == self.made_of

    def found(self, text: str) -> Finding:
        if not self._topics:
            return Finding("unknown", (), "")
        clean = whole(text)
        if not any(map(str.isalpha, clean)) and self._plain(clean) not in self._exact:
            # Dates, numbers and codes, half of what a form is told: nobody asks without a letter.
            return Finding("unknown", tuple(Match(each, 0.0) for each in self._topics[:MOST_RANKED]), "")
        reading, likeness = self._best_reading(_cut(clean))
        scores, bounds = self._scores(reading, likeness)
        if scores.max() < CERTAIN and any(signals.elsewhere(clean.lower()) for signals in self.signals):
            scores = scores * VETOED
        best = np.argsort(-scores, kind="stable")[:MOST_RANKED]
        matches = tuple(Match(self._topics[each], round(float(scores[each]), 4)) for each in best)
        zone = bounds.zone(matches[0].score, urgent=matches[0].topic in self._urgent)
        return Finding(zone, matches, "" if likeness.nearest is None else self.ways[likeness.nearest])

    def beside(self, text: str, found: Finding) -> tuple[str, ...]:
        """Return the topics that the text asks for beside the one that was found."""
        pieces = parts(text, self.signals)
        return asked_beside(found, pieces, self._judged, by_meaning=self._meaning is not None)

    def _judged(self, piece: str) -> Mapping[str, float]:
        if any(signals.elsewhere(piece) for signals in self.signals):
            return {}
        scores = self._by_letters(self._best_reading(_cut(whole(piece)))[1])
        return dict(zip(self._topics, scores.tolist(), strict=True))

    def _scores(self, text: str, likeness: Likeness) -> tuple[Floats, Bounds]:
        """Return how well each topic fits, in the order of the topics."""
        owner = self._exact.get(self._plain(text))
        if owner is not None:
            return self._just_that(owner, likeness), BY_LETTERS
        letters = self._by_letters(likeness)
        if self._meaning is None or not has_meaning(text) or self._is_plain(text, letters):
            return letters, BY_LETTERS
        return self._by_meaning(self._meaning.chances(text).astype(np.float64), likeness), BY_MEANING

    def _is_plain(self, text: str, letters: Floats) -> bool:
        """In several questions as one the letters of the longest would drown the others."""
        return letters.max() >= PLAINLY and len(text) <= SHORT and len(parts(text, self.signals)) == 1

    def _best_reading(self, text: str) -> tuple[str, Likeness]:
        """Of the ways the text can be read, return the one that resembles a topic most."""
        read = [(reading, self._index.likeness(self._plain(reading))) for reading in readings(text)]
        return max(read, key=lambda each: self._fits(each[1]).max())

    def _fits(self, likeness: Likeness) -> Floats:
        fits: Floats = likeness.fits[self._places]
        return fits

    def _by_letters(self, likeness: Likeness) -> Floats:
        fits = self._fits(likeness)
        return self._sureness(likeness) / (float(fits.max()) or 1.0) * fits

    def _just_that(self, owner: str, likeness: Likeness) -> Floats:
        """Return what is sure without any thought: somebody asks in just the words that an article has for it."""
        scores = self._by_letters(likeness)
        if owner == NOBODY:
            return np.zeros_like(scores)
        scores[self._topics.index(owner)] = CERTAIN
        return scores

    def _sureness(self, likeness: Likeness) -> float:
        order = np.argsort(-self._fits(likeness), kind="stable")
        best, second = (*(self._topics[each] for each in order[:2]), NOBODY)[:2]
        return sureness(likeness, best, second)

    def _by_meaning(self, chances: Floats, likeness: Likeness) -> Floats:
        """Return each topic's chance among all topics and nobody's, told by spelling and meaning together.

        Both must be sure of it: a sentence may mean something near a topic, and share no word with its questions.
        """
        # A topic that the head has never seen, as its article is new, stands or falls by its spelling.
        stranger = -math.log(len(chances))
        fits = np.append(self._fits(likeness), likeness.of(likeness.fits, NOBODY))
        logits = SPELLING * fits + np.where(self._seats < 0, stranger, chances[self._seats])
        shares = np.exp(logits - logits.max())
        together: Floats = np.sqrt(self._sureness(likeness) * shares[:-1] / shares.sum())
        return together


def has_meaning(text: str) -> bool:
    """Whether a text is long enough to be asked for what it means."""
    return len(LETTER.findall(text)) >= LEAST_LETTERS


def _owned(stock: Sequence[LanguageArticles], plain: Normaliser) -> Mapping[str, str]:
    """Return whose each whole question is; keywords and titles are none, and one that two topics have is nobody's."""
    owners: dict[str, set[str]] = defaultdict(set)
    for shelf in stock:
        asked = {topic: (entry.article.question, *entry.ways) for topic, entry in shelf.entries.items()}
        for topic, ways in (*asked.items(), *shelf.ways.items(), (NOBODY, shelf.out_of_scope)):
            for way in ways:
                owners[plain(way)].add(topic)
    return {way: next(iter(topics)) for way, topics in owners.items() if len(topics) == 1 and way}


def _seats(meaning: Meaning | None, owners: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the column of each owner in the head, -1 for one that it has not seen."""
    columns = {owner: column for column, owner in enumerate(meaning.head.owners)} if meaning else {}
    return np.array([columns.get(owner, -1) for owner in owners], dtype=np.intp)


def _cut(text: str) -> str:
    return text if len(text) <= CUT + TAIL else f"{text[:CUT]} {text[-TAIL:]}"


def phrases(stock: Sequence[LanguageArticles]) -> list[tuple[str, str]]:
    """Return all known ways of asking, each with the topic that it is for, or nobody."""
    found: list[tuple[str, str]] = []
    for shelf in stock:
        for topic, entry in shelf.entries.items():
            found += [(topic, phrase) for phrase in entry.phrases()]
        found += [(topic, way) for topic, ways in shelf.ways.items() for way in ways]
        found += [(NOBODY, line) for line in shelf.out_of_scope]
    return found
