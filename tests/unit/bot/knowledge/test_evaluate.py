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


def asked(right: str | None, topic: str | None, *ranked: str, language: str = "ko") -> EvaluatedQuery:
    return EvaluatedQuery(Query("q", language, "casual", frozenset([right] if right else [])), topic, ranked)


def test_the_figures() -> None:
    told = compute_metrics(
        [
            asked("a", "a", "a", "b"),
            asked("a", "b", "b", "a"),
            asked("b", None, "b", "c"),
            asked("b", None, "c", "d"),
            asked(None, None, "a"),
            asked(None, "a", "a"),
        ]
    )
    assert (told.in_scope, told.out_of_scope) == (4, 2)
    assert (told.top1, told.ftop1, told.top3) == (0.25, 0.5, 0.75)
    assert (told.wrong, told.false_answer, told.utility) == (0.25, 0.5, 2 / 6)


def test_of_nothing_every_share_is_nothing() -> None:
    assert compute_metrics([]).utility == 0


def test_groups_and_confusions() -> None:
    rows = [
        asked("a", "b", "b"),
        asked("a", "b", "b"),
        asked("a", "a", "a", language="vi"),
        asked(None, "a", "a"),
    ]
    assert {name: told.in_scope + told.out_of_scope for name, told in metrics_by(rows, "language").items()} == {
        "ko": 3,
        "vi": 1,
    }
    assert confusions(rows) == [("a", "b", 2)]


def test_a_file_of_questions(tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(
        '{"q": "하나", "lang": "ko", "topic": "a", "style": "casual", "also": ["b"]}\n\n'
        '{"q": "two", "lang": "en", "topic": null, "style": "oos"}\n',
        encoding="utf-8",
    )
    one, two = read_queries(file)
    assert one.right == {"a", "b"}
    assert not two.right


@pytest.mark.parametrize(
    "line", ["no json", "{}", '{"q": 1, "lang": "ko", "topic": null, "style": "x"}', "[]"]
)
def test_a_broken_line_is_named(line: str, tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(f'{{"q": "a", "lang": "ko", "topic": null, "style": "x"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(QueriesBroken, match=r"queries\.jsonl:2: "):
        read_queries(file)
