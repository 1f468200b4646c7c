"""Measures the search on questions with known answers, by language and style."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.knowledge.base import KnowledgeBase

TOP = 3


class QueriesBroken(Exception):
    """A file of questions cannot be read; the message names the line and the reason."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question with its expected topics; none if it is out of scope."""

    text: str
    language: str
    style: str
    expected: frozenset[str]


@dataclass(frozen=True, slots=True)
class EvaluatedQuery:
    query: Query
    topic: str | None
    """The topic that was answered, if any."""
    ranked: tuple[str, ...]

    @property
    def is_correct(self) -> bool:
        return self.topic in self.query.expected if self.query.expected else self.topic is None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Counts of queries, then shares between 0 and 1; a share of no queries is 0."""

    in_scope: int
    out_of_scope: int
    top1: float
    """Answered with an expected topic."""
    ftop1: float
    """The first of the ranking is an expected topic, answered or not."""
    top3: float
    wrong: float
    false_answer: float
    """Out-of-scope queries that were answered."""
    utility: float


def read_queries(path: Path) -> list[Query]:
    """Read JSON lines with q, lang, topic (or null), style, and optionally also (other expected topics)."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_query(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _query(path: Path, number: int, line: str) -> Query:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise QueriesBroken(f"{path}:{number}: not JSON: {error}") from error
    match row:
        case {"q": str(text), "lang": str(language), "topic": str() | None as topic, "style": str(style)}:
            expected = {topic, *row.get("also", [])} if topic else set()
            return Query(text, language, style, frozenset(expected))
        case _:
            raise QueriesBroken(f"{path}:{number}: q, lang, topic and style are required")


def evaluate(queries: Iterable[Query], knowledge: KnowledgeBase) -> Iterator[EvaluatedQuery]:
    for query in queries:
        found = knowledge.find(query.text, query.language)
        yield EvaluatedQuery(query, found.topic, tuple(each.topic for each in found.ranked[:TOP]))


def compute_metrics(evaluated: Sequence[EvaluatedQuery]) -> Metrics:
    in_scope = [each for each in evaluated if each.query.expected]
    out_of_scope = [each for each in evaluated if not each.query.expected]
    return Metrics(
        len(in_scope),
        len(out_of_scope),
        _share(each.is_correct for each in in_scope),
        _share(each.ranked[:1] != () and each.ranked[0] in each.query.expected for each in in_scope),
        _share(bool(each.query.expected & {*each.ranked}) for each in in_scope),
        _share(each.topic is not None and not each.is_correct for each in in_scope),
        _share(not each.is_correct for each in out_of_scope),
        _share(each.is_correct for each in evaluated),
    )


def _share(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def metrics_by(evaluated: Sequence[EvaluatedQuery], key: str) -> dict[str, Metrics]:
    """Return the metrics of each value of `key` ("language" or "style"), the largest group first."""
    groups: dict[str, list[EvaluatedQuery]] = defaultdict(list)
    for each in evaluated:
        groups[str(getattr(each.query, key))].append(each)
    return {name: compute_metrics(groups[name]) for name in sorted(groups, key=lambda name: -len(groups[name]))}


def confusions(evaluated: Iterable[EvaluatedQuery]) -> list[tuple[str, str, int]]:
    """Return (expected topic, found topic, count), the most frequent first."""
    pairs = Counter(
        (min(each.query.expected), each.ranked[0])
        for each in evaluated
        if each.query.expected and each.ranked and each.ranked[0] not in each.query.expected
    )
    return [(expected, found, count) for (expected, found), count in pairs.most_common()]
