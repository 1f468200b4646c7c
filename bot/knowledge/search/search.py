"""Ranks topics for a text, and says in which zone the best one is."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.knowledge.articles.library import LanguageArticles
from bot.knowledge.language.normalise import Normaliser, readings, sanitise
from bot.knowledge.language.signals import split_questions
from bot.knowledge.search.confidence import OUT_OF_SCOPE, confidence
from bot.knowledge.search.embeddings import TopicClassifier, fingerprint
from bot.knowledge.search.index import Floats, Index, IndexScores
from bot.knowledge.search.multiple import find_other_topics
from bot.knowledge.search.result import Candidate, SearchResult, Zone

#: Longer texts are shortened to their start and their end, because n-gram time grows with length.
MAX_START, MAX_END = 240, 60
#: The weight of n-gram scores against the log probabilities of the classifier.
NGRAM_WEIGHT = 6.0
#: The score of an exact match, and the factor for a text about something else: it keeps the ranking.
EXACT_SCORE, SOMETHING_ELSE_FACTOR = 1.0, 1e-6
MAX_CANDIDATES = 10
#: A short single question with such an n-gram score is not embedded, which takes twenty times as long. In the
#: evaluation both methods agree then; it applies to one question in four.
MIN_CERTAIN_SCORE, MAX_SHORT_LENGTH = 0.7, 50
#: Names and numbers typed into a form have fewer letters. They are looked up too, and must be fast.
MIN_LETTERS = 5
LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The scores from which a topic is the answer, or an offer."""

    answer: float
    #: The answer threshold of urgent topics, where no answer costs more than a wrong one.
    urgent: float
    maybe: float

    def zone(self, score: float, *, urgent: bool) -> Zone:
        if score >= (self.urgent if urgent else self.answer):
            return "answer"
        return "maybe" if score >= self.maybe else "unknown"


#: Chosen on noisy questions, so that about one out-of-scope text in twenty gets an answer.
NGRAM_THRESHOLDS = Thresholds(answer=0.42, urgent=0.30, maybe=0.15)
EMBEDDING_THRESHOLDS = Thresholds(answer=0.43, urgent=0.35, maybe=0.2)


class Search:
    """Works for any string. It does not know what an article says."""

    def __init__(self, languages: Sequence[LanguageArticles], classifier: TopicClassifier | None) -> None:
        self.signals = tuple(articles.signals for articles in languages)
        self._normalise = Normaliser(tuple(articles.tables for articles in languages))
        entries = [entry for articles in languages for entry in articles.entries.values()]
        self._topics = tuple(dict.fromkeys(entry.article.topic for entry in entries))
        self._urgent = frozenset(entry.article.topic for entry in entries if entry.urgent)
        known = phrases(languages)
        self.phrasings = tuple(text for _, text in known)
        self._classifier = classifier.with_matching_head(known) if classifier else None
        self.fingerprint = fingerprint(known)
        self._index = Index([(label, self._normalise(text)) for label, text in known])
        self._exact = _labels_by_phrasing(languages, self._normalise)
        self._topic_positions = np.array([self._index.labels[topic] for topic in self._topics], dtype=np.intp)
        self._columns = _head_columns(self._classifier, (*self._topics, OUT_OF_SCOPE))

    @property
    def is_head_current(self) -> bool:
        """Whether the head was trained on exactly these articles. If not, new topics are scored by n-grams alone."""
        return self._classifier is None or self._classifier.head.fingerprint == self.fingerprint

    def find(self, text: str) -> SearchResult:
        if not self._topics:
            return SearchResult("unknown", (), "")
        clean = sanitise(text)
        if not any(map(str.isalpha, clean)) and self._normalise(clean) not in self._exact:
            # Dates, numbers and codes: half of all form answers, and never a question.
            return SearchResult("unknown", tuple(Candidate(each, 0.0) for each in self._topics[:MAX_CANDIDATES]), "")
        reading, index_scores = self._best_reading(_shorten(clean))
        scores, thresholds = self._scores(reading, index_scores)
        if scores.max() < EXACT_SCORE and self._is_about_something_else(clean.lower()):
            scores = scores * SOMETHING_ELSE_FACTOR
        best = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
        ranked = tuple(Candidate(self._topics[each], round(float(scores[each]), 4)) for each in best)
        zone = thresholds.zone(ranked[0].score, urgent=ranked[0].topic in self._urgent)
        return SearchResult(zone, ranked, "" if index_scores.nearest is None else self.phrasings[index_scores.nearest])

    def other_topics(self, text: str, found: SearchResult) -> tuple[str, ...]:
        """Return the topics that the text asks for besides `found`."""
        pieces = split_questions(text, self.signals)
        return find_other_topics(found, pieces, self._score_piece, by_embedding=self._classifier is not None)

    def _score_piece(self, piece: str) -> Mapping[str, float]:
        if self._is_about_something_else(piece):
            return {}
        scores = self._ngram_scores(self._best_reading(_shorten(sanitise(piece)))[1])
        return dict(zip(self._topics, scores.tolist(), strict=True))

    def _is_about_something_else(self, lowered: str) -> bool:
        return any(signals.is_about_something_else(lowered) for signals in self.signals)

    def _scores(self, text: str, index_scores: IndexScores) -> tuple[Floats, Thresholds]:
        """Return the score of each topic, in the order of the topics."""
        label = self._exact.get(self._normalise(text))
        if label is not None:
            return self._exact_match_scores(label, index_scores), NGRAM_THRESHOLDS
        scores = self._ngram_scores(index_scores)
        if self._classifier is None or not has_enough_letters(text) or self._is_certain(text, scores):
            return scores, NGRAM_THRESHOLDS
        log_probabilities = self._classifier.log_probabilities(text).astype(np.float64)
        return self._embedding_scores(log_probabilities, index_scores), EMBEDDING_THRESHOLDS

    def _is_certain(self, text: str, ngram_scores: Floats) -> bool:
        """Only a single question can be certain: in several, the n-grams of the longest one dominate."""
        is_short = len(text) <= MAX_SHORT_LENGTH
        return ngram_scores.max() >= MIN_CERTAIN_SCORE and is_short and len(split_questions(text, self.signals)) == 1

    def _best_reading(self, text: str) -> tuple[str, IndexScores]:
        """Return the reading of the text with the highest topic score."""
        read = [(reading, self._index.score(self._normalise(reading))) for reading in readings(text)]
        return max(read, key=lambda each: self._topic_scores(each[1]).max())

    def _topic_scores(self, index_scores: IndexScores) -> Floats:
        combined: Floats = index_scores.combined[self._topic_positions]
        return combined

    def _ngram_scores(self, index_scores: IndexScores) -> Floats:
        combined = self._topic_scores(index_scores)
        return self._confidence(index_scores) / (float(combined.max()) or 1.0) * combined

    def _exact_match_scores(self, label: str, index_scores: IndexScores) -> Floats:
        """Return the scores of a text that is a known phrasing word for word."""
        scores = self._ngram_scores(index_scores)
        if label == OUT_OF_SCOPE:
            return np.zeros_like(scores)
        scores[self._topics.index(label)] = EXACT_SCORE
        return scores

    def _confidence(self, index_scores: IndexScores) -> float:
        order = np.argsort(-self._topic_scores(index_scores), kind="stable")
        best, second = (*(self._topics[each] for each in order[:2]), OUT_OF_SCOPE)[:2]
        return confidence(index_scores, best, second)

    def _embedding_scores(self, log_probabilities: Floats, index_scores: IndexScores) -> Floats:
        """Return the geometric mean of the n-gram confidence and the probability from n-grams and embedding together.

        Both must be high: a sentence may have a meaning near a topic and share no word with its questions.
        """
        # A topic that the head does not know (its article is new) gets a uniform prior, so n-grams decide.
        uniform = -math.log(len(log_probabilities))
        out_of_scope = index_scores.of(index_scores.combined, OUT_OF_SCOPE)
        combined = np.append(self._topic_scores(index_scores), out_of_scope)
        logits = NGRAM_WEIGHT * combined + np.where(self._columns < 0, uniform, log_probabilities[self._columns])
        weights = np.exp(logits - logits.max())
        scores: Floats = np.sqrt(self._confidence(index_scores) * weights[:-1] / weights.sum())
        return scores


def has_enough_letters(text: str) -> bool:
    """Whether a text is long enough to be embedded."""
    return len(LETTER.findall(text)) >= MIN_LETTERS


def _labels_by_phrasing(languages: Sequence[LanguageArticles], normalise: Normaliser) -> Mapping[str, str]:
    """Map each full question to its label. Keywords, titles, and phrasings of two topics are left out."""
    labels: dict[str, set[str]] = defaultdict(set)
    for articles in languages:
        asked = {topic: (entry.article.question, *entry.phrasings) for topic, entry in articles.entries.items()}
        others = (*articles.phrasings.items(), (OUT_OF_SCOPE, articles.out_of_scope))
        for label, phrasings in (*asked.items(), *others):
            for phrasing in phrasings:
                labels[normalise(phrasing)].add(label)
    return {phrasing: next(iter(found)) for phrasing, found in labels.items() if len(found) == 1 and phrasing}


def _head_columns(classifier: TopicClassifier | None, labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the column of each label in the head, -1 if the head does not know it."""
    columns = {label: column for column, label in enumerate(classifier.head.labels)} if classifier else {}
    return np.array([columns.get(label, -1) for label in labels], dtype=np.intp)


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_START + MAX_END else f"{text[:MAX_START]} {text[-MAX_END:]}"


def phrases(languages: Sequence[LanguageArticles]) -> list[tuple[str, str]]:
    """Return all known phrases as (label, text): the label is the topic, or `OUT_OF_SCOPE`."""
    found: list[tuple[str, str]] = []
    for articles in languages:
        for topic, entry in articles.entries.items():
            found += [(topic, phrase) for phrase in entry.phrases()]
        found += [(topic, text) for topic, phrasings in articles.phrasings.items() for text in phrasings]
        found += [(OUT_OF_SCOPE, line) for line in articles.out_of_scope]
    return found
