"""Which topic a text resembles, by n-grams of jamo: a typo costs a letter, not a word.

Two measures, since each is good at what the other is not. *Lift* asks how often a topic uses the text's n-grams,
rare ones first; most of the ranking is its doing. *Nearness* is the cosine to the nearest known ways of asking; it
tells a question like those we know from one that merely shares their words.
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SIZES = (3, 4)
#: How much the first, second and third nearest phrase of an owner count.
NEAREST = (0.7, 0.2, 0.1)
#: What an n-gram counts that an owner never used, and the number of phrases that rates are told by.
NEVER = 0.05
PHRASES = 24
#: Rarer than any n-gram we have seen.
UNSEEN = math.log(50)


def grams(text: str) -> set[str]:
    """Hangul falls apart into jamo, so that a wrong vowel or a missing final consonant spoils few n-grams."""
    jamo = f" {unicodedata.normalize('NFD', text)} "
    pieces = {jamo[at : at + size] for size in SIZES for at in range(len(jamo) - size + 1)}
    return pieces | {f"={word}" for word in text.split()}


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a text resembles, by owner; an owner that shares nothing with it is absent."""

    lift: Mapping[str, float]
    nearness: Mapping[str, float]
    #: The share of the text, by weight, that was ever seen.
    known: float
    #: The number of its n-grams.
    size: int

    def fit(self, owner: str) -> float:
        """What owners are ranked by."""
        return self.lift.get(owner, 0.0) + self.nearness.get(owner, 0.0)


class Index:
    """`phrases` are (owner, text); one owner may have many."""

    def __init__(self, phrases: Sequence[tuple[str, str]]) -> None:
        self._owners = tuple(owner for owner, _ in phrases)
        bags = [grams(text) for _, text in phrases]
        uses = _uses(self._owners, bags)
        owners = len(set(self._owners)) + 1
        self._weights = {gram: math.log(owners / len(by)) for gram, by in uses.items()}
        self._squares = {gram: weight**2 for gram, weight in self._weights.items()}
        self._lifts = self._lifted(uses, Counter(self._owners))
        self._norms = [self._norm(bag) for bag in bags]
        self._postings = _postings(bags)

    def likeness(self, text: str) -> Likeness:
        bag = grams(text)
        seen = [gram for gram in bag if gram in self._weights]
        whole = self._norm(bag) ** 2
        known = sum(self._squares[gram] for gram in seen) / whole
        return Likeness(
            self._lift(seen, len(bag) - len(seen)), self._nearness(seen, whole**0.5), known, len(bag)
        )

    def _lifted(
        self, uses: Mapping[str, Counter[str]], phrases: Counter[str]
    ) -> dict[str, tuple[tuple[str, float], ...]]:
        """What each n-gram adds to each of its owners, told in advance."""
        return {
            gram: tuple(
                (owner, self._weights[gram] * math.log1p(count * PHRASES / phrases[owner] / NEVER))
                for owner, count in by.items()
            )
            for gram, by in uses.items()
        }

    def _lift(self, seen: Sequence[str], unseen: int) -> dict[str, float]:
        lift: dict[str, float] = defaultdict(float)
        for gram in seen:
            for owner, value in self._lifts[gram]:
                lift[owner] += value
        whole = sum(self._weights[gram] for gram in seen) + unseen * UNSEEN or 1.0
        return {owner: value / whole for owner, value in lift.items()}

    def _nearness(self, seen: Sequence[str], norm: float) -> dict[str, float]:
        near: dict[str, list[float]] = defaultdict(list)
        for phrase, square in self._shared(seen).items():
            near[self._owners[phrase]].append(square / (norm * self._norms[phrase]))
        return {owner: _weighed(sorted(values, reverse=True)) for owner, values in near.items()}

    def _shared(self, seen: Sequence[str]) -> dict[int, float]:
        shared: dict[int, float] = defaultdict(float)
        for gram in seen:
            square = self._squares[gram]
            for phrase in self._postings[gram]:
                shared[phrase] += square
        return shared

    def _norm(self, bag: Iterable[str]) -> float:
        return math.sqrt(sum(self._squares.get(gram, UNSEEN**2) for gram in bag)) or 1.0


def _weighed(values: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(NEAREST, values, strict=False))


def _uses(owners: Sequence[str], bags: Sequence[set[str]]) -> dict[str, Counter[str]]:
    uses: dict[str, Counter[str]] = defaultdict(Counter)
    for owner, bag in zip(owners, bags, strict=True):
        for gram in bag:
            uses[gram][owner] += 1
    return dict(uses)


def _postings(bags: Sequence[set[str]]) -> dict[str, list[int]]:
    postings: dict[str, list[int]] = defaultdict(list)
    for phrase, bag in enumerate(bags):
        for gram in bag:
            postings[gram].append(phrase)
    return dict(postings)
