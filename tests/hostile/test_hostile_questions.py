"""The small run of the hostile questions, with the model's engine in it, and proof that it would see a hole."""

from random import Random

import pytest

from bot.knowledge import KnowledgeBase
from bot.messages.screen import Line, Screen
from tests.hostile import questions
from tests.hostile.questions import KINDS, Attack, attack, strings


def test_nothing_breaks_it_and_nothing_comes_back() -> None:
    tally = attack(30 * len(KINDS), 7)
    assert tally.crashed == {}
    assert tally.echoed == {}
    assert tally.unfit == {}
    assert set(tally.answered) == {"answer", "maybe", "unknown"}, "some get as far as an answer"


def test_every_kind_is_thrown() -> None:
    assert {kind for kind, _ in strings(2_000, Random(1))} == set(KINDS)


@pytest.fixture
def thrower() -> Attack:
    return Attack(KnowledgeBase.load())


def test_an_echo_would_be_seen(thrower: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "<b>재발급 수수료가 얼마예요</b>"
    monkeypatch.setattr(thrower, "_screens", lambda *_: [Screen((Line("faq.group", {"title": text}),))])
    thrower.throw("markup", text, "ko")
    assert thrower.tally.echoed == {"markup": 1}
    assert not thrower.tally.holds


def test_an_exception_would_be_seen(thrower: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    monkeypatch.setattr(questions, "render", breaks)
    thrower.throw("controls", "\ud800", "ko")
    assert thrower.tally.crashed == {"controls: UnicodeEncodeError": 1}


def test_a_message_too_long_would_be_seen(thrower: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    long = Screen((Line("faq.group", {"title": "x" * 4097}),))
    monkeypatch.setattr(thrower, "_screens", lambda *_: [long])
    thrower.throw("torn", "?", "en")
    assert thrower.tally.unfit == {"torn": 1}
