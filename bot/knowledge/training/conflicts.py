"""Finds conflicts between topics: phrasings that lead to another topic when they are not in the index themselves.

Uses cross-validation (Hastie, Tibshirani, Friedman: The Elements of Statistical Learning, 7.10) with n-grams alone:
that is fast, and its errors are the ones that other words in an article can correct.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.knowledge.search.confidence import OUT_OF_SCOPE
from bot.knowledge.search.index import Index

FOLDS = 5
#: A conflict is at least this share of a topic's phrasings, and at least this many; fewer may be chance.
MIN_SHARE, MIN_COUNT = 0.2, 5
MAX_EXAMPLES = 3

Phrase = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TopicConflict:
    """`examples` are some of the `topic`'s phrasings, as written, that lead to `found`."""

    topic: str
    found: str
    count: int
    total: int
    examples: tuple[str, ...]


def find_conflicts(phrases: Sequence[Phrase], normalised: Sequence[str]) -> Iterator[TopicConflict]:
    """Score each (label, phrasing) against the others. `normalised` holds the texts in the same order."""
    known = [(label, text) for (label, _), text in zip(phrases, normalised, strict=True)]
    sizes = Counter(label for label, _ in phrases)
    confused: dict[tuple[str, str], list[str]] = defaultdict(list)
    for fold in range(FOLDS):
        for number, found in _misclassified(known, fold):
            confused[known[number][0], found].append(phrases[number][1])
    for (topic, found), texts in sorted(confused.items()):
        if len(texts) >= max(MIN_COUNT, MIN_SHARE * sizes[topic]):
            yield TopicConflict(topic, found, len(texts), sizes[topic], tuple(texts[:MAX_EXAMPLES]))


def _misclassified(known: Sequence[Phrase], fold: int) -> Iterator[tuple[int, str]]:
    """Yield the number of each phrase of this fold for which another topic is found, and that topic."""
    index = Index([phrase for number, phrase in enumerate(known) if number % FOLDS != fold])
    topics = sorted({label for label, _ in known} - {OUT_OF_SCOPE})
    for number in range(fold, len(known), FOLDS):
        topic, text = known[number]
        if topic == OUT_OF_SCOPE:
            continue
        index_scores = index.score(text)
        scores = {each: index_scores.of(index_scores.combined, each) for each in topics}
        best = max(topics, key=scores.__getitem__)
        if best != topic and scores[best] > scores[topic]:
            yield number, best
