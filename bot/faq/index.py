"""Which topic a text resembles, by n-grams of jamo: a typo costs a letter, not a word.

Two measures, since each is good at what the other is not. *Lift* asks how often a topic uses the text's n-grams,
rare ones first; most of the ranking is its doing. *Nearness* is the cosine to the nearest known ways of asking; it
tells a question like those we know from one that merely shares their words.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

HAN = re.compile("[\u3400-\u9fff]")
SIZES = (3, 4)
#: How much the first, second and third nearest phrase of an owner count.
NEAREST = (0.7, 0.2, 0.1)
#: What an n-gram counts that an owner never used, and the number of phrases that rates are told by.
NEVER = 0.05
PHRASES = 24
#: Rarer than any n-gram we have seen.
UNSEEN = math.log(50)


def grams(text: str) -> set[str]:
    """Hangul falls apart into jamo, so that a wrong vowel or a missing final consonant spoils few n-grams.

    A Chinese character says as much as two or three jamo, and counts for two.
    """
    twice = HAN.sub(lambda char: char[0] * 2, text)
    jamo = f" {unicodedata.normalize('NFD', twice)} "
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
    #: The number of the phrase that is most like it, if any is.
    nearest: int | None = None

    def fit(self, owner: str) -> float:
        """What owners are ranked by."""
        return self.lift.get(owner, 0.0) + self.nearness.get(owner, 0.0)


class Index:
    """`phrases` are (owner, text); one owner may have many."""

    def __init__(self, phrases: Sequence[tuple[str, str]]) -> None:
        self._owners = tuple(owner for owner, _ in phrases)
        self._sizes = Counter(self._owners)
        bags = [grams(text) for _, text in phrases]
        self._postings = _postings(bags)
        owners = len(self._sizes) + 1
        self._weights = {
            gram: math.log(owners / len({self._owners[phrase] for phrase in by}))
            for gram, by in self._postings.items()
        }
        self._squares = {gram: weight**2 for gram, weight in self._weights.items()}
        self._norms = [math.sqrt(sum(map(self._squares.__getitem__, bag))) or 1.0 for bag in bags]
        #: By n-gram, as they are asked for: few of all are.
        self._lifts: dict[str, tuple[tuple[str, float], ...]] = {}

    def likeness(self, text: str) -> Likeness:
        bag = grams(text)
        seen = [gram for gram in bag if gram in self._weights]
        whole = self._norm(bag) ** 2
        known = sum(self._squares[gram] for gram in seen) / whole
        cosines = self._cosines(seen, whole**0.5)
        nearest = max(cosines, key=cosines.__getitem__, default=None)
        return Likeness(
            self._lift(seen, len(bag) - len(seen)), self._nearness(cosines), known, len(bag), nearest
        )

    def _lifted(self, gram: str) -> tuple[tuple[str, float], ...]:
        """Return what this n-gram adds to each of its owners."""
        known = self._lifts.get(gram)
        if known is None:
            uses = Counter(self._owners[phrase] for phrase in self._postings[gram])
            known = tuple(
                (owner, self._weights[gram] * math.log1p(count * PHRASES / self._sizes[owner] / NEVER))
                for owner, count in uses.items()
            )
            self._lifts[gram] = known
        return known

    def _lift(self, seen: Sequence[str], unseen: int) -> dict[str, float]:
        lift: dict[str, float] = defaultdict(float)
        for gram in seen:
            for owner, value in self._lifted(gram):
                lift[owner] += value
        whole = sum(self._weights[gram] for gram in seen) + unseen * UNSEEN or 1.0
        return {owner: value / whole for owner, value in lift.items()}

    def _nearness(self, cosines: Mapping[int, float]) -> dict[str, float]:
        near: dict[str, list[float]] = defaultdict(list)
        for phrase, cosine in cosines.items():
            near[self._owners[phrase]].append(cosine)
        return {owner: _weighed(sorted(values, reverse=True)) for owner, values in near.items()}

    def _cosines(self, seen: Sequence[str], norm: float) -> dict[int, float]:
        return {
            phrase: square / (norm * self._norms[phrase]) for phrase, square in self._shared(seen).items()
        }

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


def _postings(bags: Sequence[set[str]]) -> dict[str, list[int]]:
    postings: dict[str, list[int]] = defaultdict(list)
    for phrase, bag in enumerate(bags):
        for gram in bag:
            postings[gram].append(phrase)
    return dict(postings)
