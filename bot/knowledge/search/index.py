"""Which topic a text resembles, by n-grams of jamo: a typo costs a letter, not a word.

Two measures, since each is good at what the other is not. *Lift* asks how often a topic uses the text's n-grams,
rare ones first; most of the ranking is its doing. *Nearness* is the cosine to the nearest known ways of asking; it
tells a question like those we know from one that merely shares their words.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.intp]

HAN = re.compile("[\u3400-\u9fff]")
SIZES = (3, 4)
#: How much the first, second and third nearest phrase of an owner count.
NEAREST = np.array([0.7, 0.2, 0.1])
#: Phrases farther off than so many others say nothing.
MOST_NEAR = 8192
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


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """What a text resembles: `lift` and `nearness` hold a number for each owner, 0 for one that shares nothing."""

    #: The place of each owner in those.
    owners: Mapping[str, int]
    lift: Floats
    nearness: Floats
    #: The share of the text, by weight, that was ever seen.
    known: float
    #: The number of its n-grams.
    size: int
    #: The number of the phrase that is most like it, if any is.
    nearest: int | None = None

    @property
    def fits(self) -> Floats:
        """What owners are ranked by."""
        return self.lift + self.nearness

    def of(self, numbers: Floats, owner: str) -> float:
        """Return one owner's number; 0 for one that has no phrases."""
        place = self.owners.get(owner)
        return 0.0 if place is None else float(numbers[place])


class Index:
    """`phrases` are (owner, text); one owner may have many."""

    def __init__(self, phrases: Sequence[tuple[str, str]]) -> None:
        names = dict.fromkeys(owner for owner, _ in phrases)
        self.owners: Mapping[str, int] = {owner: place for place, owner in enumerate(names)}
        self._owner_of = np.array([self.owners[owner] for owner, _ in phrases], dtype=np.intp)
        self._grams: dict[str, int] = {}
        used, by = self._read([text for _, text in phrases])
        owned, times = np.unique(used * len(self.owners) + self._owner_of[by], return_counts=True)
        gram, owner = np.divmod(owned, max(len(self.owners), 1))
        shared_by = np.bincount(gram, minlength=len(self._grams))
        self._weights = np.log((len(self.owners) + 1) / np.maximum(shared_by, 1))
        self._squares = self._weights**2
        square = np.bincount(by, self._squares[used], minlength=len(phrases))
        self._norms = np.where(square > 0, np.sqrt(square), 1.0)
        self._postings = Lists.by(used, len(self._grams), by, self._squares[used])
        sizes = np.bincount(self._owner_of, minlength=len(self.owners))
        lifts = self._weights[gram] * np.log1p(times * PHRASES / sizes[owner] / NEVER)
        self._lifts = Lists.by(gram, len(self._grams), owner, lifts)

    def _read(self, texts: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Number the n-grams of these texts; return which are used, and by which text."""
        used: list[int] = []
        sizes: list[int] = []
        for text in texts:
            bag = grams(text)
            used += [self._grams.setdefault(gram, len(self._grams)) for gram in bag]
            sizes.append(len(bag))
        return np.array(used, dtype=np.intp), np.repeat(np.arange(len(texts)), sizes)

    def likeness(self, text: str) -> Likeness:
        bag = grams(text)
        seen = [self._grams[gram] for gram in bag if gram in self._grams]
        unseen = len(bag) - len(seen)
        square = float(self._squares[seen].sum())
        whole = square + unseen * UNSEEN**2 or 1.0
        weight = float(self._weights[seen].sum()) + unseen * UNSEEN or 1.0
        cosines = self._postings.sums(seen, len(self._norms)) / (whole**0.5 * self._norms)
        nearest = int(cosines.argmax()) if cosines.any() else None
        lift = self._lifts.sums(seen, len(self.owners)) / weight
        return Likeness(self.owners, lift, self._nearness(cosines), square / whole, len(bag), nearest)

    def _nearness(self, cosines: Floats) -> Floats:
        """Weigh each owner's nearest phrases."""
        near = np.flatnonzero(cosines)
        if len(near) > MOST_NEAR:
            near = near[np.argpartition(cosines[near], -MOST_NEAR)[-MOST_NEAR:]]
        near = near[np.lexsort((-cosines[near], self._owner_of[near]))]
        owner = self._owner_of[near]
        first = np.searchsorted(owner, owner)
        rank = np.arange(len(near)) - first
        best = rank < len(NEAREST)
        weighed = NEAREST[rank[best]] * cosines[near[best]]
        return np.asarray(np.bincount(owner[best], weighed, minlength=len(self.owners)), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """A list of (item, value) for each of many numbers, all in one piece of memory."""

    starts: Numbers
    items: Numbers
    values: Floats

    @classmethod
    def by(cls, number: Numbers, count: int, items: Numbers, values: Floats) -> "Lists":
        order = np.argsort(number, kind="stable")
        starts = np.searchsorted(number[order], np.arange(count + 1))
        return cls(starts, items[order].astype(np.int32), values[order])

    def sums(self, numbers: Sequence[int], size: int) -> Floats:
        """Return the sum of each item's values in the lists of these numbers."""
        if not numbers:
            return np.zeros(size)
        spans = [slice(self.starts[each], self.starts[each + 1]) for each in numbers]
        items = np.concatenate([self.items[span] for span in spans])
        values = np.concatenate([self.values[span] for span in spans])
        return np.asarray(np.bincount(items, values, minlength=size), dtype=np.float64)
