"""What a question means: the head fits the articles, does without a model, and finds what people mean."""

import argparse
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.cli import knowledge
from bot.knowledge import KnowledgeBase
from bot.knowledge.articles import library
from bot.knowledge.search import embeddings, search
from bot.knowledge.search.cache import SearchCache
from bot.knowledge.search.embeddings import ClassifierHead, Encoder, Floats, Meaning
from bot.knowledge.training import evaluate, fit
from bot.messages.catalog import LANGUAGES

HERE = Path(__file__).parent
#: Neither made the articles' ways of asking nor the head; each was written by somebody who had not seen those.
EXAMS = ("noisy_second.jsonl", "noisy_abroad.jsonl")


class Counting:
    """An encoder that says how often it was asked, and where."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.threads: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.threads.append(threading.current_thread().name)
        return self._encoder.encode(texts)


@pytest.fixture(scope="module")
def whole() -> Meaning:
    loaded = embeddings.load()
    assert loaded is not None, "the model is a package of the test requirements"
    return loaded


@pytest.fixture(scope="module")
def kb(whole: Meaning) -> KnowledgeBase:
    return KnowledgeBase.load(meaning=whole)


def test_the_head_is_made_of_these_articles(whole: Meaning) -> None:
    languages = library.load_languages(library.default_folder(), LANGUAGES, {})
    assert whole.head.fingerprint == embeddings.fingerprint(search.phrases(languages)), "run: reissue-bot faq build"


@pytest.mark.parametrize("exam", EXAMS)
def test_questions_that_nobody_learnt_from_are_found(kb: KnowledgeBase, exam: str) -> None:
    told = evaluate.compute_metrics(list(evaluate.evaluate(evaluate.read_queries(HERE / exam), kb)))
    assert told.in_scope + told.out_of_scope >= 200
    assert told.ftop1 >= 0.92
    assert told.top3 >= 0.97
    assert told.top1 >= 0.86
    assert told.wrong <= 0.05
    assert told.false_answer <= 0.06
    assert told.utility >= 0.875


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("컴퓨터를 초기화했더니 은행 사이트에 아무것도 안 나와요", "deleted-or-formatted"),
        ("tôi đổi điện thoại mới, làm sao chuyển chứng thư qua", "phone-transfer"),
        ("toi quen mat khau chung thu roi", "password-forgotten"),
        ("认证书密码忘了怎么办", "password-forgotten"),
        ("認證書過期了", "expired"),
        ("my certificate has run out, what now", "expired"),
    ],
)
def test_it_answers_in_every_language(kb: KnowledgeBase, text: str, topic: str) -> None:
    assert kb.find(text, "ko").topic == topic


@pytest.mark.parametrize(
    "text",
    ["cấp lại hộ chiếu ở đâu", "补办银行卡", "오늘 날씨 어때요", "write me a poem about the sea please"],
)
def test_what_is_not_ours_is_declined(kb: KnowledgeBase, text: str) -> None:
    assert kb.find(text, "ko").topic is None


def test_an_answer_is_thought_of_once(whole: Meaning) -> None:
    counting = Counting(whole.encoder)
    kb = KnowledgeBase.load(meaning=replace(whole, encoder=counting))
    asked = "아이고 그 암호를 까묵었네 우짜노"
    assert kb.find(asked, "ko") is kb.find(asked, "en")
    kb.looks_like_question(asked, "ko")
    assert len(counting.threads) == 1


def test_a_short_plain_question_is_not_asked_for_its_meaning_but_several_in_one_are(whole: Meaning) -> None:
    counting = Counting(whole.encoder)
    kb = KnowledgeBase.load(meaning=replace(whole, encoder=counting))
    assert kb.find("인증서 비번이 도무지 생각이 안 나네요", "ko").topic == "password-forgotten"
    assert counting.threads == []
    kb.find("인증서 비번이 도무지 생각이 안 나네요. 그리고 수수료는 얼마예요?", "ko")
    assert len(counting.threads) == 1


def test_who_asks_in_an_articles_own_words_is_answered_without_the_model(whole: Meaning) -> None:
    counting = Counting(whole.encoder)
    kb = KnowledgeBase.load(meaning=replace(whole, encoder=counting))
    for language in LANGUAGES:
        for topic in kb.topics():
            found = kb.find(kb.article(topic, language).question, language)
            assert (found.topic, found.score) == (topic, 1.0)
    assert kb.find("홍길동 계좌번호 알려줘", "ko").topic is None, "this line is known to be none of ours"
    assert counting.threads == []


@pytest.mark.parametrize("text", ["홍길동", "010-1234-5678", "1990-01-01", "ㅋㅋ", "", "12345678901234"])
def test_a_forms_short_answers_cost_no_model(whole: Meaning, text: str) -> None:
    counting = Counting(whole.encoder)
    KnowledgeBase.load(meaning=replace(whole, encoder=counting)).find(text, "ko")
    assert counting.threads == []


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_head_that_cannot_be_read_is_done_without(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "meaning.npz"
    broken.write_bytes(content)
    monkeypatch.setattr(embeddings, "places", lambda *_folders: [broken])
    assert embeddings.load() is None
    assert "by n-grams alone" in caplog.text


def test_a_machine_without_the_model_does_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def absent(_self: object) -> None:
        raise ImportError("no such package here")

    monkeypatch.setattr(embeddings.E5Encoder, "__init__", absent)
    assert embeddings.load() is None
    assert "by n-grams alone" in caplog.text
    assert (
        KnowledgeBase.load(meaning=None).find("인증서 비밀번호를 잊었어요", "ko").topic
        == "password-forgotten"
    )


def test_no_head_is_made_where_no_model_is_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(_self: object) -> None:
        raise ImportError("no such package here")

    monkeypatch.setattr(embeddings.E5Encoder, "__init__", absent)
    assert knowledge._build(argparse.Namespace(patiently=False, articles=None, to=None)) == 1
    assert "no such package here" in capsys.readouterr().err


def test_a_folder_of_ones_own_may_have_a_head_of_its_own(tmp_path: Path) -> None:
    assert embeddings.head_files(tmp_path) == embeddings.head_files()
    head = fit.build(PHRASES, Corners(), lambda *_: None)
    head.write(tmp_path / embeddings.HEAD_FILE)
    loaded = embeddings.load(tmp_path)
    assert loaded is not None
    assert loaded.head.fingerprint == head.fingerprint


# --- how a head is made ---


class Corners:
    """Texts in three corners of a plane, by their first letter."""

    def encode(self, texts: Sequence[str]) -> Floats:
        corners = {"a": (1.0, 0.0), "b": (0.0, 1.0), "c": (-1.0, -1.0)}
        return np.array([corners[text[0]] for text in texts], dtype=np.float32)


PHRASES = [("first", "a1"), ("first", "a2"), ("second", "b1"), ("second", "b2"), ("", "c1"), ("", "c2")]


def test_a_head_tells_apart_what_it_was_made_of(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    head = fit.build(PHRASES, Corners(), lambda done, of: heard.append((done, of)))
    head.write(tmp_path / "head.npz")
    read = ClassifierHead.read(tmp_path / "head.npz")
    for label, text in PHRASES:
        log_probabilities = dict(zip(read.labels, read.log_probabilities(Corners().encode([text])[0]), strict=True))
        assert max(log_probabilities, key=lambda each: log_probabilities[each]) == label
        assert sum(np.exp(list(log_probabilities.values()))) == pytest.approx(1, abs=1e-3)
    assert read.fingerprint == embeddings.fingerprint(PHRASES)
    assert heard[-1] == (6, 6)


def test_the_same_phrases_in_any_order_give_the_same_head() -> None:
    one = fit.build(PHRASES, Corners(), lambda *_: None)
    other = fit.build(PHRASES[::-1], Corners(), lambda *_: None)
    assert one.fingerprint == other.fingerprint
    assert np.array_equal(one.weights, other.weights)
    assert embeddings.fingerprint(PHRASES[1:]) != one.fingerprint


# --- what is remembered ---


def test_the_oldest_is_forgotten_and_what_is_asked_for_stays() -> None:
    memory: SearchCache[int] = SearchCache(2)
    memory.put("one", 1)
    memory.put("two", 2)
    assert memory.get("one") == 1
    memory.put("three", 3)
    assert (memory.get("one"), memory.get("two"), memory.get("three")) == (1, None, 3)


def test_no_text_is_kept() -> None:
    memory: SearchCache[int] = SearchCache(2)
    memory.put("my password is Secret!2026", 1)
    memory.put("\ud800", 2)
    assert memory.get("\ud800") == 2
    assert "Secret" not in repr(vars(memory))
