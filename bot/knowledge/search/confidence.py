"""Confidence in the best topic: a number between 0 and 1, computed from seven features.

The weights are a logistic regression. It was trained on the known phrasings, each scored by all others, with the
out-of-scope lines as negative examples. Train it again when the number of articles grows a lot.
"""

import math
from dataclasses import dataclass

from bot.knowledge.search.index import IndexScores

#: The label of phrases that are out of scope.
OUT_OF_SCOPE = ""


@dataclass(frozen=True, slots=True)
class Weights:
    tfidf: float
    tfidf_out_of_scope: float
    similarity: float
    similarity_out_of_scope: float
    #: Of the difference between the best and the second score.
    margin: float
    coverage: float
    #: Of the logarithm of the n-gram count: short texts resemble every topic.
    size: float
    bias: float


WEIGHTS = Weights(1.32, -0.99, 0.28, -4.36, 1.3, 0.94, 1.06, -6.35)


def confidence(scores: IndexScores, best: str, second: str, by: Weights = WEIGHTS) -> float:
    values = features(scores, best, second)
    weights = (
        *(by.tfidf, by.tfidf_out_of_scope, by.similarity, by.similarity_out_of_scope),
        *(by.margin, by.coverage, by.size),
    )
    return 1 / (1 + math.exp(-by.bias - sum(one * other for one, other in zip(weights, values, strict=True))))


def features(scores: IndexScores, best: str, second: str) -> tuple[float, ...]:
    """Return the seven features, in the order of the weights."""
    return (
        scores.of(scores.tfidf, best),
        scores.of(scores.tfidf, OUT_OF_SCOPE),
        scores.of(scores.similarity, best),
        scores.of(scores.similarity, OUT_OF_SCOPE),
        scores.of(scores.combined, best) - scores.of(scores.combined, second),
        scores.coverage,
        math.log1p(scores.ngram_count),
    )
