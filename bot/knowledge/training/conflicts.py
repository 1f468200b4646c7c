"""Topics that steal each other's questions: ways of asking that lead elsewhere once they are not known by heart.

Cross-validation (Hastie, Tibshirani, Friedman: The Elements of Statistical Learning, 7.10) by spelling alone, which a
keeper of the articles need not wait for, and whose mistakes are the ones that other words in an article mend.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.knowledge.search.confidence import NOBODY
from bot.knowledge.search.index import Index

FOLDS = 5
#: A topic that takes so much of another's is not told from it by its words; and fewer questions tell nothing.
SHARE, FEWEST = 0.2, 5
SHOWN = 3

Phrase = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TopicConflict:
    """`examples` are some of the `owner`'s questions, as they are written, that led to the `thief`."""

    owner: str
    thief: str
    times: int
    of: int
    examples: tuple[str, ...]


def thefts(phrases: Sequence[Phrase], plain: Sequence[str]) -> Iterator[TopicConflict]:
    """Judge each of these (owner, way of asking) by the others; `plain` holds them normalised, in the same order."""
    known = [(owner, text) for (owner, _), text in zip(phrases, plain, strict=True)]
    sizes = Counter(owner for owner, _ in phrases)
    stolen: dict[tuple[str, str], list[str]] = defaultdict(list)
    for fold in range(FOLDS):
        for number, thief in _gone_astray(known, fold):
            stolen[known[number][0], thief].append(phrases[number][1])
    for (owner, thief), ways in sorted(stolen.items()):
        if len(ways) >= max(FEWEST, SHARE * sizes[owner]):
            yield TopicConflict(owner, thief, len(ways), sizes[owner], tuple(ways[:SHOWN]))


def _gone_astray(known: Sequence[Phrase], fold: int) -> Iterator[tuple[int, str]]:
    """Yield the number of each phrase of this fold that the others take for another topic's, and that topic."""
    index = Index([phrase for number, phrase in enumerate(known) if number % FOLDS != fold])
    topics = sorted({owner for owner, _ in known} - {NOBODY})
    for number in range(fold, len(known), FOLDS):
        owner, text = known[number]
        if owner == NOBODY:
            continue
        likeness = index.likeness(text)
        fits = {topic: likeness.of(likeness.fits, topic) for topic in topics}
        best = max(topics, key=fits.__getitem__)
        if best != owner and fits[best] > fits[owner]:
            yield number, best
