"""A small run of the hostile questions with the real model, and tests that the run detects each kind of failure."""

from random import Random

import pytest

from bot.knowledge import KnowledgeBase
from bot.messages.screen import Line, Screen
from tests.hostile import questions
from tests.hostile.questions import KINDS, Sender, send_all, strings


def test_no_string_causes_an_error_or_is_echoed() -> None:
    tally = send_all(30 * len(KINDS), 7)
    assert tally.crashed == {}
    assert tally.echoed == {}
    assert tally.invalid == {}
    assert set(tally.zones) == {"answer", "maybe", "unknown"}, "some strings get an answer"


def test_every_kind_is_sent() -> None:
    assert {kind for kind, _ in strings(2_000, Random(1))} == set(KINDS)


@pytest.fixture
def sender() -> Sender:
    return Sender(KnowledgeBase.load())


def test_an_echo_is_detected(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "<b>재발급 수수료가 얼마예요</b>"
    monkeypatch.setattr(sender, "_screens", lambda *_: [Screen((Line("faq.group", {"title": text}),))])
    sender.send("markup", text, "ko")
    assert sender.tally.echoed == {"markup": 1}
    assert not sender.tally.is_clean


def test_an_exception_is_detected(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    monkeypatch.setattr(questions, "render", fail)
    sender.send("controls", "\ud800", "ko")
    assert sender.tally.crashed == {"controls: UnicodeEncodeError": 1}


def test_a_message_over_the_limit_is_detected(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    long = Screen((Line("faq.group", {"title": "x" * 4097}),))
    monkeypatch.setattr(sender, "_screens", lambda *_: [long])
    sender.send("mutated", "?", "en")
    assert sender.tally.invalid == {"mutated": 1}
