from pathlib import Path

import pytest

from bot.knowledge.training.evaluate import (
    EvaluatedQuery,
    QueriesBroken,
    Query,
    compute_metrics,
    confusions,
    metrics_by,
    read_queries,
)


def evaluated(expected: str | None, topic: str | None, *ranked: str, language: str = "ko") -> EvaluatedQuery:
    return EvaluatedQuery(Query("q", language, "casual", frozenset([expected] if expected else [])), topic, ranked)


def test_the_metrics() -> None:
    metrics = compute_metrics(
        [
            evaluated("a", "a", "a", "b"),
            evaluated("a", "b", "b", "a"),
            evaluated("b", None, "b", "c"),
            evaluated("b", None, "c", "d"),
            evaluated(None, None, "a"),
            evaluated(None, "a", "a"),
        ]
    )
    assert (metrics.in_scope, metrics.out_of_scope) == (4, 2)
    assert (metrics.top1, metrics.ftop1, metrics.top3) == (0.25, 0.5, 0.75)
    assert (metrics.wrong, metrics.false_answer, metrics.utility) == (0.25, 0.5, 2 / 6)


def test_without_queries_every_share_is_zero() -> None:
    assert compute_metrics([]).utility == 0


def test_groups_and_confusions() -> None:
    rows = [
        evaluated("a", "b", "b"),
        evaluated("a", "b", "b"),
        evaluated("a", "a", "a", language="vi"),
        evaluated(None, "a", "a"),
    ]
    assert {
        name: metrics.in_scope + metrics.out_of_scope for name, metrics in metrics_by(rows, "language").items()
    } == {
        "ko": 3,
        "vi": 1,
    }
    assert confusions(rows) == [("a", "b", 2)]


def test_reading_a_file_of_questions(tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(
        '{"q": "하나", "lang": "ko", "topic": "a", "style": "casual", "also": ["b"]}\n\n'
        '{"q": "two", "lang": "en", "topic": null, "style": "oos"}\n',
        encoding="utf-8",
    )
    one, two = read_queries(file)
    assert one.expected == {"a", "b"}
    assert not two.expected


@pytest.mark.parametrize("line", ["no json", "{}", '{"q": 1, "lang": "ko", "topic": null, "style": "x"}', "[]"])
def test_a_broken_line_is_reported_with_its_number(line: str, tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(f'{{"q": "a", "lang": "ko", "topic": null, "style": "x"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(QueriesBroken, match=r"queries\.jsonl:2: "):
        read_queries(file)
