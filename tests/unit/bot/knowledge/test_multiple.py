"""Messages with several questions. The author of the evaluation file did not know the articles."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from bot.knowledge import Candidate, KnowledgeBase, SearchResult
from bot.knowledge.language.signals import split_questions
from bot.knowledge.search import embeddings
from bot.knowledge.search.multiple import find_other_topics

EVALUATION_FILE = Path(__file__).with_name("several.jsonl")


@cache
def by_ngrams() -> KnowledgeBase:
    return KnowledgeBase.load()


@cache
def by_embedding() -> KnowledgeBase:
    return KnowledgeBase.load(classifier=embeddings.load())


@dataclass(frozen=True)
class Outcome:
    """Whether every question is answered or offered, and whether another topic is offered."""

    is_complete: bool
    has_wrong_offer: bool


def outcomes(knowledge: KnowledgeBase, kind_wanted: str) -> Iterator[Outcome]:
    for line in EVALUATION_FILE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        kind = "many" if len(row["topics"]) > 1 else "mixed" if row["style"] == "mixed_scope" else "one"
        if kind != kind_wanted:
            continue
        found, other_topics = knowledge.find(row["q"], row["lang"]), knowledge.other_topics(row["q"])
        replied = {found.topic, *other_topics, *found.offers}
        yield Outcome({*row["topics"]} <= replied, not {*other_topics} <= {*row["topics"], *row.get("also", [])})


def shares(knowledge: KnowledgeBase, kind: str) -> tuple[float, float]:
    rows = list(outcomes(knowledge, kind))
    complete, wrong = sum(each.is_complete for each in rows), sum(each.has_wrong_offer for each in rows)
    return complete / len(rows), wrong / len(rows)


def test_all_of_several_questions_are_answered_or_offered() -> None:
    complete, wrong = shares(by_embedding(), "many")
    assert complete >= 0.78
    assert wrong <= 0.03


def test_a_single_long_question_gets_no_other_topic() -> None:
    complete, wrong = shares(by_embedding(), "one")
    assert complete >= 0.97
    assert wrong <= 0.1


def test_an_in_scope_question_is_found_next_to_an_out_of_scope_one() -> None:
    complete, wrong = shares(by_embedding(), "mixed")
    assert complete >= 0.9
    assert wrong <= 0.05


def test_most_are_found_without_the_model() -> None:
    complete, wrong = shares(by_ngrams(), "many")
    assert complete >= 0.6
    assert wrong <= 0.05


# --- splitting ---


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("수수료 얼마예요? 얼마나 걸려요?", ("수수료 얼마예요", "얼마나 걸려요")),
        ("수수료는 얼마인가요 그리고 비밀번호도 잊었어요", ("수수료는 얼마인가요", "비밀번호도 잊었어요")),
        ("1. 수수료 얼마\n2. 며칠 걸림", ("수수료 얼마", "며칠 걸림")),
        ("How much is it and how long does it take?", ("how much is it", "how long does it take")),
        ("mất bao lâu và phí bao nhiêu", ("mất bao lâu", "phí bao nhiêu")),
        ("要多少钱，还有要多久？", ("要多少钱",)),
        ("npki.key 3.1 version 10,000 won", ("npki.key 3.1 version 10,000 won",)),
        ("", ()),
        ("??? ... 네", ()),
    ],
)
def test_a_text_is_split_into_its_questions(text: str, pieces: tuple[str, ...]) -> None:
    assert split_questions(text, by_ngrams()._search.signals) == pieces


# --- other topics ---


def found(*topics: str, zone: str = "answer", second: float = 0.1) -> SearchResult:
    ranked = tuple(Candidate(topic, 0.9 if not number else second) for number, topic in enumerate(topics))
    return SearchResult(zone, ranked, "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "piece_scores", "other_topics"),
    [
        (found("fees", "hours", "lost"), {"x": {"fees": 0.9}, "y": {"hours": 0.6}}, ("hours",)),
        (found("fees", "hours", "lost"), {"x": {"fees": 0.9}, "y": {"hours": 0.4}}, ()),
        (found("fees", "hours", "lost"), {"x": {"fees": 0.9}, "y": {"gone": 0.9}}, ()),
        (found("fees", "hours", "lost"), {"x": {"lost": 0.9}, "y": {}}, ()),
        (found("fees", "hours", "lost"), {"x": {"lost": 0.9}, "y": {"hours": 0.9}}, ("hours", "lost")),
        (found("fees", "hours", second=0.4), {"x": {"fees": 0.9}}, ("hours",)),
        (found("fees", zone="unknown"), {"x": {"fees": 0.9}, "y": {}}, ("fees",)),
        (found("fees", zone="unknown"), {"x": {"fees": 0.6}, "y": {}}, ()),
        (found("fees", zone="unknown"), {"x": {"fees": 0.9}}, ()),
    ],
)
def test_other_topics_of_a_message(
    answer: SearchResult, piece_scores: dict[str, dict[str, float]], other_topics: tuple[str, ...]
) -> None:
    assert find_other_topics(answer, tuple(piece_scores), piece_scores.__getitem__, by_embedding=True) == other_topics
