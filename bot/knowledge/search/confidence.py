"""How sure the best topic is: one number between 0 and 1 out of seven.

The weights are a logistic regression on the known ways of asking, each judged by all the others, with the
out-of-scope lines as what must not be answered. They hold for any articles of this kind; measure them again when
the articles grow a lot.
"""

import math
from dataclasses import dataclass

from bot.knowledge.search.index import Likeness

#: Owner of the phrases that are out of scope.
NOBODY = ""


@dataclass(frozen=True, slots=True)
class Weights:
    lift: float
    lift_nobody: float
    nearness: float
    nearness_nobody: float
    #: How far the best topic fits better than the second.
    lead: float
    known: float
    #: Of the logarithm of the size: short texts resemble everything.
    size: float
    bias: float


WEIGHTS = Weights(1.32, -0.99, 0.28, -4.36, 1.3, 0.94, 1.06, -6.35)


def sureness(likeness: Likeness, best: str, second: str, by: Weights = WEIGHTS) -> float:
    values = told(likeness, best, second)
    scale = (by.lift, by.lift_nobody, by.nearness, by.nearness_nobody, by.lead, by.known, by.size)
    return 1 / (1 + math.exp(-by.bias - sum(one * other for one, other in zip(scale, values, strict=True))))


def told(likeness: Likeness, best: str, second: str) -> tuple[float, ...]:
    """The seven numbers, in the order of the weights."""
    lift, near, fits = likeness.lift, likeness.nearness, likeness.fits
    return (
        likeness.of(lift, best),
        likeness.of(lift, NOBODY),
        likeness.of(near, best),
        likeness.of(near, NOBODY),
        likeness.of(fits, best) - likeness.of(fits, second),
        likeness.known,
        math.log1p(likeness.size),
    )
