"""Messages that ask for several things, on an exam whose author had not seen the articles."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from bot.knowledge import Candidate, Finding, KnowledgeBase
from bot.knowledge.language.signals import split_questions
from bot.knowledge.search import embeddings
from bot.knowledge.search.multiple import find_other_topics

EXAM = Path(__file__).with_name("several.jsonl")


@cache
def by_ngrams() -> KnowledgeBase:
    return KnowledgeBase.load()


@cache
def by_embedding() -> KnowledgeBase:
    return KnowledgeBase.load(meaning=embeddings.load())


@dataclass(frozen=True)
class Told:
    """Whether all that was asked for is answered or offered, and whether anything else was offered beside."""

    all_of_it: bool
    astray: bool


def told(knowledge: KnowledgeBase, wanted: str) -> Iterator[Told]:
    for line in EXAM.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        kind = "many" if len(row["topics"]) > 1 else "mixed" if row["style"] == "mixed_scope" else "one"
        if kind != wanted:
            continue
        found, beside = knowledge.find(row["q"], row["lang"]), knowledge.beside(row["q"])
        said = {found.topic, *beside, *found.offers}
        yield Told({*row["topics"]} <= said, not {*beside} <= {*row["topics"], *row.get("also", [])})


def shares(knowledge: KnowledgeBase, wanted: str) -> tuple[float, float]:
    rows = list(told(knowledge, wanted))
    return sum(each.all_of_it for each in rows) / len(rows), sum(each.astray for each in rows) / len(rows)


def test_of_several_questions_all_are_answered_or_offered() -> None:
    all_of_it, astray = shares(by_embedding(), "many")
    assert all_of_it >= 0.78
    assert astray <= 0.03


def test_one_question_in_many_words_stays_one() -> None:
    all_of_it, astray = shares(by_embedding(), "one")
    assert all_of_it >= 0.97
    assert astray <= 0.1


def test_what_is_ours_is_found_beside_what_is_not() -> None:
    all_of_it, astray = shares(by_embedding(), "mixed")
    assert all_of_it >= 0.9
    assert astray <= 0.05


def test_without_the_model_most_are_found_as_well() -> None:
    all_of_it, astray = shares(by_ngrams(), "many")
    assert all_of_it >= 0.6
    assert astray <= 0.05


# --- the pieces ---


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
def test_a_text_falls_into_its_questions(text: str, pieces: tuple[str, ...]) -> None:
    assert split_questions(text, by_ngrams()._search.signals) == pieces


# --- what they speak for ---


def found(*topics: str, zone: str = "answer", second: float = 0.1) -> Finding:
    ranked = tuple(Candidate(topic, 0.9 if not number else second) for number, topic in enumerate(topics))
    return Finding(zone, ranked, "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "sure", "beside"),
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
def test_what_is_offered_beside(
    answer: Finding, sure: dict[str, dict[str, float]], beside: tuple[str, ...]
) -> None:
    assert find_other_topics(answer, tuple(sure), sure.__getitem__, by_embedding=True) == beside
