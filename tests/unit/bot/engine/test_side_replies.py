"""Replies beside the case: every article can be shown, and typing a button's label equals tapping it."""

import pytest

from bot.conversation.case import Phase
from bot.conversation.chats import Chat
from bot.conversation.transition import SideRequest
from bot.knowledge import KnowledgeBase
from bot.knowledge.search import embeddings
from bot.messages.screen import Screen
from bot.storage.database import Transaction
from handlers.telegram.render import render, write_token
from tests.support.conversation import NOON, WORDS, Talk, at, tokens
from tests.support.side_replies import asides

MOST_UNITS = 4096
KNOWLEDGE = KnowledgeBase.load(
    WORDS.languages, {"customer_centre": "1566-2566, 1588-2588"}, classifier=embeddings.load()
)
ASIDES = asides(KNOWLEDGE)


def told(tx: Transaction, aside: SideRequest, language: str = "ko", phase: Phase = Phase.IDLE) -> list[Screen]:
    case = at(phase).case
    return list(ASIDES.aside(tx, Chat(case.chat_id, language, case), case, aside, NOON).screens)


def fits(screen: Screen, language: str) -> None:
    rendered = render(screen, WORDS, language)
    assert 0 < len(rendered.text.encode("utf-16-le")) // 2 <= MOST_UNITS
    assert len(rendered.entities) <= 100, "Telegram shows no more"
    for row in screen.rows:
        for button in row:
            write_token(screen.revision, button.token)
            assert 0 < len(WORDS.text(language, button.label)) <= 64


@pytest.mark.parametrize("language", WORDS.languages)
def test_every_article_and_group_can_be_shown(tx: Transaction, language: str) -> None:
    for topic in KNOWLEDGE.topics():
        (screen,) = told(tx, SideRequest("topic", topic), language)
        own = KNOWLEDGE.article(topic, language).language == language
        assert screen.key == ("faq.answer" if own else "faq.in_english")
        fits(screen, language)
    (groups,) = told(tx, SideRequest("topics"), language)
    fits(groups, language)
    for token in tokens(groups):
        kind, _, value = token.partition(":")
        assert kind == "group"
        (screen,) = told(tx, SideRequest("group", value), language)
        fits(screen, language)
        assert {f"topic:{topic}" for topic in KNOWLEDGE.topics()} >= set(tokens(screen)) - {"faq"}


@pytest.mark.parametrize("kind", ["topic", "group", "useful", "useless"])
def test_what_is_not_there_leads_to_the_groups(tx: Transaction, kind: str) -> None:
    (screen,) = told(tx, SideRequest(kind, "no-such-thing"))  # type: ignore[arg-type]
    assert screen.key == "faq.groups"


def test_a_question_is_answered_offered_or_owned_up_to(tx: Transaction) -> None:
    assert told(tx, SideRequest("question", "재발급 수수료가 얼마예요?"))[0].key == "faq.answer"
    assert told(tx, SideRequest("question", "오늘 저녁 메뉴 추천해 줘"))[0].key in {
        "faq.unknown",
        "faq.maybe",
    }


@pytest.mark.parametrize("phase", list(Phase))
def test_an_article_offers_a_start_only_where_one_is_possible(tx: Transaction, phase: Phase) -> None:
    starting = [topic for topic in KNOWLEDGE.topics() if KNOWLEDGE.article(topic, "ko").next_action == "reissue"]
    (screen,) = told(tx, SideRequest("topic", starting[0]), phase=phase)
    ended = phase in {Phase.IDLE, Phase.CLOSED, Phase.CANCELLED}
    assert ("begin" in tokens(screen)) is ended


def test_staff_learn_what_they_need_and_no_more(tx: Transaction) -> None:
    case = at(Phase.REFUSED).case
    found = ASIDES.aside(tx, Chat(42, "ko", case), case, SideRequest("human"), NOON)
    assert found.staff
    text = WORDS.text("ko", found.staff)
    assert case.receipt
    assert case.receipt in text
    assert "홍" not in text


# --- languages ---


@pytest.mark.parametrize(
    ("tag", "language"),
    [("ko", "ko"), ("ko-KR", "ko"), ("en", "en"), ("EN-gb", "en"), ("fr", "en"), (None, "ko")],
)
def test_the_language_to_begin_with(tag: str | None, language: str) -> None:
    assert ASIDES.language(tag) == language


def test_a_language_is_chosen_and_kept(tx: Transaction) -> None:
    case = Talk().case
    tx.run("chat_add", chat_id=42, language="ko", sealed_case=b"", phase="idle", now=0.0)
    found = ASIDES.aside(tx, Chat(42, "ko", case), case, SideRequest("language", "en"), NOON)
    assert found.language == "en"
    row = tx.row("chat_load", chat_id=42)
    assert row
    assert row["language"] == "en"
    asked = ASIDES.aside(tx, Chat(42, "ko", case), case, SideRequest("language", "xx"), NOON)
    assert asked.language is None
    assert tokens(asked.screens[0]) == [f"language:{each}" for each in ("ko", "en", "vi", "zh")]


def test_usefulness_is_counted_by_topic(tx: Transaction) -> None:
    told(tx, SideRequest("useful", "fees"))
    told(tx, SideRequest("useful", "fees"))
    told(tx, SideRequest("useless", "fees"))
    rows = tx._connection.execute(
        "SELECT useful, times FROM usefulness WHERE topic = 'fees' ORDER BY useful"
    ).fetchall()
    assert [tuple(row) for row in rows] == [(0, 1), (1, 2)]


# --- typed buttons ---


@pytest.mark.parametrize("typed", ["재발급 시작하기", " 재발급시작하기 ", "재발급\n시작하기"])
def test_a_typed_button_is_a_tapped_one(typed: str) -> None:
    talk = Talk()
    talk.commands("start")
    assert ASIDES.button_named(typed, talk.screen, "ko") == "start"


def test_a_button_is_typed_in_the_readers_language() -> None:
    talk = Talk()
    talk.commands("start")
    assert ASIDES.button_named("START A REISSUE", talk.screen, "en") == "start"
    assert ASIDES.button_named("Start a reissue", talk.screen, "ko") is None
    assert ASIDES.button_named("", talk.screen, "ko") is None


# --- several questions in one message ---


def test_who_asks_for_two_things_sees_one_and_finds_the_other_right_below(tx: Transaction) -> None:
    (screen,) = told(tx, SideRequest("question", "재발급 수수료가 얼마예요? 그리고 시간은 얼마나 걸려요?"))
    shown = {line.key for line in screen.lines}
    assert shown == {"faq.answer", "faq.beside"}
    question = screen.lines[0].params["question"]
    first = next(topic for topic in KNOWLEDGE.topics() if KNOWLEDGE.article(topic, "ko").question == question)
    assert {first, tokens(screen)[0].removeprefix("topic:")} == {"fees", "processing-time"}
    assert len(set(tokens(screen))) == len(tokens(screen))


def test_what_is_ours_among_what_is_not_is_offered(tx: Transaction) -> None:
    (screen,) = told(tx, SideRequest("question", "여권 재발급은 며칠 걸려요? 공동인증서 재발급 수수료는 얼마예요?"))
    assert screen.key in {"faq.maybe", "faq.answer"}
    assert "fees" in str(screen)
