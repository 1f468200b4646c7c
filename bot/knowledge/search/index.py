"""Scores topics by the character n-grams of a text. A typing error changes a few n-grams, not a whole word.

Two scores complement each other. *tf-idf* says how often a topic uses the text's n-grams, with rare ones weighing
more; it decides most of the ranking. *Similarity* is the cosine to the nearest known phrasings; it separates a
question like the known ones from a text that only shares their words.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

HAN = re.compile("[\u3400-\u9fff]")
NGRAM_SIZES = (3, 4)
#: The weights of a label's three nearest phrases.
NEIGHBOUR_WEIGHTS = np.array([0.7, 0.2, 0.1])
#: Only this many nearest phrases are compared.
MAX_NEIGHBOURS = 8192
#: The count of an n-gram that a label never uses, and the number of phrases that term rates are scaled to.
SMOOTHING = 0.05
REFERENCE_PHRASES = 24
#: The inverse document frequency of an n-gram that no phrase has.
UNSEEN_IDF = math.log(50)


def ngrams_of(text: str) -> set[str]:
    """Decompose Hangul into jamo first, so that a wrong vowel or a missing final consonant changes few n-grams.

    A Chinese character carries as much as two or three jamo, so it is doubled.
    """
    doubled = HAN.sub(lambda char: char[0] * 2, text)
    jamo = f" {unicodedata.normalize('NFD', doubled)} "
    pieces = {jamo[at : at + size] for size in NGRAM_SIZES for at in range(len(jamo) - size + 1)}
    return pieces | {f"={word}" for word in text.split()}


@dataclass(frozen=True, slots=True, eq=False)
class IndexScores:
    """The scores of one text: `tfidf` and `similarity` hold a number for each label, 0 if it shares nothing."""

    #: The position of each label in the arrays.
    labels: Mapping[str, int]
    tfidf: Floats
    similarity: Floats
    #: The share of the text, by weight, whose n-grams are known.
    coverage: float
    ngram_count: int
    #: The number of the most similar phrase, if any shares an n-gram.
    nearest: int | None = None

    @property
    def combined(self) -> Floats:
        """The score that labels are ranked by."""
        return self.tfidf + self.similarity

    def of(self, values: Floats, label: str) -> float:
        """Return one label's value; 0 for a label that has no phrases."""
        position = self.labels.get(label)
        return 0.0 if position is None else float(values[position])


class Index:
    """`phrases` are (label, text); one label may have many."""

    def __init__(self, phrases: Sequence[tuple[str, str]]) -> None:
        names = dict.fromkeys(label for label, _ in phrases)
        self.labels: Mapping[str, int] = {label: position for position, label in enumerate(names)}
        self._label_of = np.array([self.labels[label] for label, _ in phrases], dtype=np.intp)
        self._ngrams: dict[str, int] = {}
        used, by = self._tokenise([text for _, text in phrases])
        pairs, counts = np.unique(used * len(self.labels) + self._label_of[by], return_counts=True)
        ngram, label = np.divmod(pairs, max(len(self.labels), 1))
        document_frequency = np.bincount(ngram, minlength=len(self._ngrams))
        self._idf = np.log((len(self.labels) + 1) / np.maximum(document_frequency, 1))
        self._squares = self._idf**2
        square = np.bincount(by, self._squares[used], minlength=len(phrases))
        self._norms = np.where(square > 0, np.sqrt(square), 1.0)
        self._postings = PostingLists.build(used, len(self._ngrams), by, self._squares[used])
        sizes = np.bincount(self._label_of, minlength=len(self.labels))
        values = self._idf[ngram] * np.log1p(counts * REFERENCE_PHRASES / sizes[label] / SMOOTHING)
        self._tfidf = PostingLists.build(ngram, len(self._ngrams), label, values)

    def _tokenise(self, texts: Sequence[str]) -> tuple[Integers, Integers]:
        """Number the n-grams of these texts. Return the n-grams in use, and the text that uses each."""
        used: list[int] = []
        sizes: list[int] = []
        for text in texts:
            ngrams = ngrams_of(text)
            used += [self._ngrams.setdefault(ngram, len(self._ngrams)) for ngram in ngrams]
            sizes.append(len(ngrams))
        return np.array(used, dtype=np.intp), np.repeat(np.arange(len(texts)), sizes)

    def score(self, text: str) -> IndexScores:
        ngrams = ngrams_of(text)
        seen = [self._ngrams[ngram] for ngram in ngrams if ngram in self._ngrams]
        unseen = len(ngrams) - len(seen)
        square = float(self._squares[seen].sum())
        total_square = square + unseen * UNSEEN_IDF**2 or 1.0
        total = float(self._idf[seen].sum()) + unseen * UNSEEN_IDF or 1.0
        cosines = self._postings.sums(seen, len(self._norms)) / (total_square**0.5 * self._norms)
        nearest = int(cosines.argmax()) if cosines.any() else None
        tfidf = self._tfidf.sums(seen, len(self.labels)) / total
        coverage = square / total_square
        return IndexScores(self.labels, tfidf, self._similarity(cosines), coverage, len(ngrams), nearest)

    def _similarity(self, cosines: Floats) -> Floats:
        """Return the weighted sum of each label's nearest phrases."""
        near = np.flatnonzero(cosines)
        if len(near) > MAX_NEIGHBOURS:
            near = near[np.argpartition(cosines[near], -MAX_NEIGHBOURS)[-MAX_NEIGHBOURS:]]
        near = near[np.lexsort((-cosines[near], self._label_of[near]))]
        label = self._label_of[near]
        first = np.searchsorted(label, label)
        rank = np.arange(len(near)) - first
        best = rank < len(NEIGHBOUR_WEIGHTS)
        weighted = NEIGHBOUR_WEIGHTS[rank[best]] * cosines[near[best]]
        return np.asarray(np.bincount(label[best], weighted, minlength=len(self.labels)), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class PostingLists:
    """An inverted index: a list of (item, value) for each number, stored in three flat arrays."""

    starts: Integers
    items: Integers
    values: Floats

    @classmethod
    def build(cls, number: Integers, count: int, items: Integers, values: Floats) -> "PostingLists":
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
