"""The embedding search: the head matches the articles, and the search works without the model."""

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
from bot.knowledge.search.embeddings import ClassifierHead, Encoder, Floats, TopicClassifier
from bot.knowledge.training import evaluate, fit
from bot.messages.catalog import LANGUAGES

HERE = Path(__file__).parent
#: Not in the training data: their authors did not know the articles' phrasings.
EVALUATION_FILES = ("noisy_second.jsonl", "noisy_abroad.jsonl")


class CountingEncoder:
    """An encoder that counts its calls, and records their threads."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.threads: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.threads.append(threading.current_thread().name)
        return self._encoder.encode(texts)


@pytest.fixture(scope="module")
def classifier() -> TopicClassifier:
    loaded = embeddings.load()
    assert loaded is not None, "the model is a package of the test requirements"
    return loaded


@pytest.fixture(scope="module")
def knowledge_base(classifier: TopicClassifier) -> KnowledgeBase:
    return KnowledgeBase.load(classifier=classifier)


def test_the_head_was_trained_on_the_current_articles(classifier: TopicClassifier) -> None:
    languages = library.load_languages(library.default_folder(), LANGUAGES, {})
    assert classifier.head.fingerprint == embeddings.fingerprint(search.phrases(languages)), (
        "run: reissue-bot faq build"
    )


@pytest.mark.parametrize("file", EVALUATION_FILES)
def test_questions_outside_the_training_data_are_found(knowledge_base: KnowledgeBase, file: str) -> None:
    metrics = evaluate.compute_metrics(list(evaluate.evaluate(evaluate.read_queries(HERE / file), knowledge_base)))
    assert metrics.in_scope + metrics.out_of_scope >= 200
    assert metrics.ftop1 >= 0.92
    assert metrics.top3 >= 0.97
    assert metrics.top1 >= 0.86
    assert metrics.wrong <= 0.05
    assert metrics.false_answer <= 0.06
    assert metrics.utility >= 0.875


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
def test_it_answers_in_every_language(knowledge_base: KnowledgeBase, text: str, topic: str) -> None:
    assert knowledge_base.find(text, "ko").topic == topic


@pytest.mark.parametrize(
    "text",
    ["cấp lại hộ chiếu ở đâu", "补办银行卡", "오늘 날씨 어때요", "write me a poem about the sea please"],
)
def test_out_of_scope_questions_get_no_answer(knowledge_base: KnowledgeBase, text: str) -> None:
    assert knowledge_base.find(text, "ko").topic is None


def test_a_text_is_embedded_once(classifier: TopicClassifier) -> None:
    encoder = CountingEncoder(classifier.encoder)
    knowledge_base = KnowledgeBase.load(classifier=replace(classifier, encoder=encoder))
    question = "아이고 그 암호를 까묵었네 우짜노"
    assert knowledge_base.find(question, "ko") is knowledge_base.find(question, "en")
    knowledge_base.looks_like_question(question, "ko")
    assert len(encoder.threads) == 1


def test_a_certain_short_question_is_not_embedded_but_several_questions_are(
    classifier: TopicClassifier,
) -> None:
    encoder = CountingEncoder(classifier.encoder)
    knowledge_base = KnowledgeBase.load(classifier=replace(classifier, encoder=encoder))
    assert knowledge_base.find("인증서 비번이 도무지 생각이 안 나네요", "ko").topic == "password-forgotten"
    assert encoder.threads == []
    knowledge_base.find("인증서 비번이 도무지 생각이 안 나네요. 그리고 수수료는 얼마예요?", "ko")
    assert len(encoder.threads) == 1


def test_an_exact_phrasing_is_answered_without_the_model(classifier: TopicClassifier) -> None:
    encoder = CountingEncoder(classifier.encoder)
    knowledge_base = KnowledgeBase.load(classifier=replace(classifier, encoder=encoder))
    for language in LANGUAGES:
        for topic in knowledge_base.topics():
            found = knowledge_base.find(knowledge_base.article(topic, language).question, language)
            assert (found.topic, found.score) == (topic, 1.0)
    assert knowledge_base.find("홍길동 계좌번호 알려줘", "ko").topic is None, "this line is out of scope"
    assert encoder.threads == []


@pytest.mark.parametrize("text", ["홍길동", "010-1234-5678", "1990-01-01", "ㅋㅋ", "", "12345678901234"])
def test_short_form_answers_are_not_embedded(classifier: TopicClassifier, text: str) -> None:
    encoder = CountingEncoder(classifier.encoder)
    KnowledgeBase.load(classifier=replace(classifier, encoder=encoder)).find(text, "ko")
    assert encoder.threads == []


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_without_a_readable_head_the_search_uses_ngrams(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "meaning.npz"
    broken.write_bytes(content)
    monkeypatch.setattr(embeddings, "head_files", lambda *_folders: [broken])
    assert embeddings.load() is None
    assert "by n-grams alone" in caplog.text


def test_without_the_model_the_search_uses_ngrams(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def raise_import_error(_self: object) -> None:
        raise ImportError("no such package here")

    monkeypatch.setattr(embeddings.E5Encoder, "__init__", raise_import_error)
    assert embeddings.load() is None
    assert "by n-grams alone" in caplog.text
    assert KnowledgeBase.load(classifier=None).find("인증서 비밀번호를 잊었어요", "ko").topic == "password-forgotten"


def test_build_fails_with_a_message_if_the_model_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def raise_import_error(_self: object) -> None:
        raise ImportError("no such package here")

    monkeypatch.setattr(embeddings.E5Encoder, "__init__", raise_import_error)
    assert knowledge._build(argparse.Namespace(patiently=False, articles=None, to=None)) == 1
    assert "no such package here" in capsys.readouterr().err


def test_a_custom_folder_may_have_its_own_head(tmp_path: Path) -> None:
    assert embeddings.head_files(tmp_path) == embeddings.head_files()
    head = fit.build(PHRASES, CornerEncoder(), lambda *_: None)
    head.write(tmp_path / embeddings.HEAD_FILE)
    loaded = embeddings.load(tmp_path)
    assert loaded is not None
    assert loaded.head.fingerprint == head.fingerprint


# --- training ---


class CornerEncoder:
    """Encodes a text as one of three corners of a plane, by its first letter."""

    def encode(self, texts: Sequence[str]) -> Floats:
        corners = {"a": (1.0, 0.0), "b": (0.0, 1.0), "c": (-1.0, -1.0)}
        return np.array([corners[text[0]] for text in texts], dtype=np.float32)


PHRASES = [("first", "a1"), ("first", "a2"), ("second", "b1"), ("second", "b2"), ("", "c1"), ("", "c2")]


def test_a_head_classifies_its_training_phrases(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    head = fit.build(PHRASES, CornerEncoder(), lambda done, total: progress.append((done, total)))
    head.write(tmp_path / "head.npz")
    loaded = ClassifierHead.read(tmp_path / "head.npz")
    for label, text in PHRASES:
        log_probabilities = dict(
            zip(loaded.labels, loaded.log_probabilities(CornerEncoder().encode([text])[0]), strict=True)
        )
        assert max(log_probabilities, key=lambda each: log_probabilities[each]) == label
        assert sum(np.exp(list(log_probabilities.values()))) == pytest.approx(1, abs=1e-3)
    assert loaded.fingerprint == embeddings.fingerprint(PHRASES)
    assert progress[-1] == (6, 6)


def test_the_same_phrases_in_any_order_give_the_same_head() -> None:
    one = fit.build(PHRASES, CornerEncoder(), lambda *_: None)
    other = fit.build(PHRASES[::-1], CornerEncoder(), lambda *_: None)
    assert one.fingerprint == other.fingerprint
    assert np.array_equal(one.weights, other.weights)
    assert embeddings.fingerprint(PHRASES[1:]) != one.fingerprint


# --- the cache ---


def test_the_least_recently_used_entry_is_removed() -> None:
    cache: SearchCache[int] = SearchCache(2)
    cache.put("one", 1)
    cache.put("two", 2)
    assert cache.get("one") == 1
    cache.put("three", 3)
    assert (cache.get("one"), cache.get("two"), cache.get("three")) == (1, None, 3)


def test_the_cache_does_not_store_texts() -> None:
    cache: SearchCache[int] = SearchCache(2)
    cache.put("my password is Secret!2026", 1)
    cache.put("\ud800", 2)
    assert cache.get("\ud800") == 2
    assert "Secret" not in repr(vars(cache))
