"""Similarity of a question to every known way of asking, by n-grams of jamo: a typo costs a letter, not a word."""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

SIZES = (3, 4, 5)


def grams(text: str) -> set[str]:
    """Hangul falls apart into jamo, so that a wrong vowel or a missing final consonant spoils few n-grams."""
    jamo = f" {unicodedata.normalize('NFD', text)} "
    pieces = {jamo[at : at + size] for size in SIZES for at in range(len(jamo) - size + 1)}
    return pieces | {f"={word}" for word in text.split()}


class Index:
    """Cosine of TF-IDF vectors. `phrases` are (owner, text); one owner may have many."""

    def __init__(self, phrases: Sequence[tuple[str, str]]) -> None:
        self._owners = tuple(owner for owner, _ in phrases)
        bags = [grams(text) for _, text in phrases]
        counts = Counter(gram for bag in bags for gram in bag)
        total = len(bags) + 1
        self._unseen = math.log(total) ** 2
        self._squares = {gram: math.log(total / count) ** 2 for gram, count in counts.items()}
        self._norms = [self._norm(bag) or 1.0 for bag in bags]
        self._postings = _postings(bags)

    def similarities(self, text: str) -> dict[str, list[float]]:
        """Every owner that shares something with the text, and how near each of its phrases is, best first."""
        bag = grams(text)
        norm = self._norm(bag) or 1.0
        nearness: dict[str, list[float]] = defaultdict(list)
        for phrase, weight in self._shared(bag).items():
            nearness[self._owners[phrase]].append(weight / (norm * self._norms[phrase]))
        return {owner: sorted(values, reverse=True) for owner, values in nearness.items()}

    def _shared(self, bag: Iterable[str]) -> dict[int, float]:
        shared: dict[int, float] = defaultdict(float)
        for gram in bag:
            square = self._squares.get(gram, 0.0)
            for phrase in self._postings.get(gram, ()):
                shared[phrase] += square
        return shared

    def _norm(self, bag: Iterable[str]) -> float:
        return math.sqrt(sum(self._squares.get(gram, self._unseen) for gram in bag))


def _postings(bags: Sequence[set[str]]) -> dict[str, list[int]]:
    postings: dict[str, list[int]] = defaultdict(list)
    for phrase, bag in enumerate(bags):
        for gram in bag:
            postings[gram].append(phrase)
    return dict(postings)
