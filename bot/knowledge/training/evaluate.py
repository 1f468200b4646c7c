"""How well questions with known answers are found, by language and style."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.knowledge.base import KnowledgeBase

AMONG = 3


class QueriesBroken(Exception):
    """A file of questions cannot be read; the message names the line and says why."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question, and the topics that are right for it; none is out of scope."""

    text: str
    language: str
    style: str
    right: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asked:
    query: Query
    topic: str | None
    """What was answered with."""
    ranked: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return self.topic in self.query.right if self.query.right else self.topic is None


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares between 0 and 1; those of nothing are 0."""

    ours: int
    others: int
    top1: float
    """Answered, and right."""
    ftop1: float
    """The first of the ranking is right, whether answered or not."""
    top3: float
    wrong: float
    false_answer: float
    """Of what is out of scope: answered all the same."""
    utility: float


def read_queries(path: Path) -> list[Query]:
    """Read JSON lines with q, lang, topic (or null), style, and also (other topics that are right)."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_query(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _query(path: Path, number: int, line: str) -> Query:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise QueriesBroken(f"{path}:{number}: not JSON: {error}") from error
    match row:
        case {"q": str(text), "lang": str(language), "topic": str() | None as topic, "style": str(style)}:
            right = {topic, *row.get("also", [])} if topic else set()
            return Query(text, language, style, frozenset(right))
        case _:
            raise QueriesBroken(f"{path}:{number}: wanted q, lang, topic and style")


def ask(queries: Iterable[Query], knowledge: KnowledgeBase) -> Iterator[Asked]:
    for query in queries:
        found = knowledge.find(query.text, query.language)
        yield Asked(query, found.topic, tuple(match.topic for match in found.ranked[:AMONG]))


def figures(asked: Sequence[Asked]) -> Figures:
    ours = [each for each in asked if each.query.right]
    others = [each for each in asked if not each.query.right]
    return Figures(
        len(ours),
        len(others),
        _share(each.is_right for each in ours),
        _share(each.ranked[:1] != () and each.ranked[0] in each.query.right for each in ours),
        _share(bool(each.query.right & {*each.ranked}) for each in ours),
        _share(each.topic is not None and not each.is_right for each in ours),
        _share(not each.is_right for each in others),
        _share(each.is_right for each in asked),
    )


def _share(values: Iterable[bool]) -> float:
    told = list(values)
    return sum(told) / len(told) if told else 0.0


def by(asked: Sequence[Asked], key: str) -> dict[str, Figures]:
    """Return the figures of each language or style, the largest first."""
    groups: dict[str, list[Asked]] = defaultdict(list)
    for each in asked:
        groups[str(getattr(each.query, key))].append(each)
    return {name: figures(groups[name]) for name in sorted(groups, key=lambda name: -len(groups[name]))}


def confusions(asked: Iterable[Asked]) -> list[tuple[str, str, int]]:
    """Return which topic was taken for which, and how often, the commonest first."""
    pairs = Counter(
        (min(each.query.right), each.ranked[0])
        for each in asked
        if each.query.right and each.ranked and each.ranked[0] not in each.query.right
    )
    return [(wanted, found, count) for (wanted, found), count in pairs.most_common()]
