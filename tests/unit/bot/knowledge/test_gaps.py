"""What was left open is counted for those who keep the articles, and not a word that could name a person is kept."""

import sqlite3
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.chats import Chat
from bot.conversation.transition import Aside
from bot.knowledge import KnowledgeBase, words_of
from bot.knowledge.gaps import MIN_CHATS, Gap, Gaps, Question, report
from bot.messages.screen import Screen
from bot.storage.database import Transaction
from bot.storage.sqlite import SqliteTransaction, _connect, _migrate
from ca.ledger.vault import KeyRing, Vault
from handlers.telegram.render import render
from tests.support.conversation import NOON, WORDS, Talk, tokens
from tests.support.side_replies import asides

KNOWLEDGE = KnowledgeBase.load(WORDS.languages, {"customer_centre": "1566-2566, 1588-2588"})
GAPS = Gaps(Vault(KeyRing.new()))
ASIDES = asides(KNOWLEDGE)
MOST_UNITS = 4096
UNKNOWN = "남궁초롱인데요 010-2345-6789 빗방울 날씨 어때요"


def asks(tx: Transaction, text: str, chat_id: int = 42, language: str = "ko") -> Screen:
    case = Talk().case
    chat = Chat(chat_id, language, case)
    (screen,) = ASIDES.aside(tx, chat, case, Aside("question", text), NOON).screens
    return screen


def rates(tx: Transaction, token: str) -> None:
    kind, _, value = token.partition(":")
    case = Talk().case
    ASIDES.aside(tx, Chat(42, "ko", case), case, Aside(kind, value), NOON)  # type: ignore[arg-type]


def gap(tx: Transaction) -> Gap:
    (only,) = report(tx)
    return only


def everything_kept(connection: sqlite3.Connection) -> str:
    tables = ("gaps", "gap_words", "gap_shared_words", "usefulness")
    return "\n".join(
        str(tuple(row)) for each in tables for row in connection.execute(f"SELECT * FROM {each}")
    )


def test_an_unknown_question_is_counted_beside_the_nearest_of_our_own(tx: Transaction) -> None:
    screen = asks(tx, UNKNOWN)

    assert screen.key == "faq.unknown"
    found = KNOWLEDGE.find(UNKNOWN, "ko")
    assert gap(tx).topic == found.ranked[0].topic
    assert (gap(tx).unanswered, gap(tx).offered, gap(tx).useless) == (1, 0, 0)
    assert gap(tx).ways == ((found.likest, 1),)


def test_one_that_was_only_offered_something_is_counted_apart(tx: Transaction) -> None:
    text = next(text for text in ("인증서 그거요", "인증서 좀", "인증") if KNOWLEDGE.find(text, "ko").offers)
    asks(tx, text)
    assert (gap(tx).unanswered, gap(tx).offered) == (0, 1)


def test_an_answer_that_did_not_help_is_counted_with_what_was_asked(tx: Transaction) -> None:
    text = "재발급 수수료가 얼마예요?"
    screen = asks(tx, text)
    useless = next(token for token in tokens(screen) if token.startswith("useless:"))

    rates(tx, useless)
    rates(tx, useless.replace("useless", "useful"))

    assert gap(tx).ways == ((KNOWLEDGE.find(text, "ko").likest, 1),)
    assert (gap(tx).useless, gap(tx).useful) == (1, 1)


@pytest.mark.parametrize(
    "token", ["useless:fees", "useless:fees:", "useless:fees:ffffffff", "useless:fees:x:y"]
)
def test_a_button_of_an_older_bot_counts_all_the_same(tx: Transaction, token: str) -> None:
    rates(tx, token)
    assert (gap(tx).topic, gap(tx).useless, gap(tx).ways) == ("fees", 1, ())


def test_an_answered_question_leaves_nothing(connection: sqlite3.Connection, tx: Transaction) -> None:
    asks(tx, "재발급 수수료가 얼마예요?")
    assert everything_kept(connection) == ""


def test_a_word_is_written_out_once_several_chats_have_used_it(tx: Transaction) -> None:
    def said(by: int, text: str) -> None:
        GAPS.add(tx, "unanswered", Question("fees", "ko", "", words_of(text)), by, NOON)

    for chat_id in range(MIN_CHATS - 1):
        said(chat_id, UNKNOWN)
        said(chat_id, UNKNOWN)  # the same person again is nobody else
    assert gap(tx).words == ()

    said(99, "빗방울 날씨 어때요")

    assert set(gap(tx).words) == {("빗방울", MIN_CHATS), ("날씨", MIN_CHATS), ("어때요", MIN_CHATS)}


def test_nothing_of_what_one_customer_wrote_is_kept(connection: sqlite3.Connection, tx: Transaction) -> None:
    for _ in range(20):
        asks(tx, UNKNOWN)
    kept = everything_kept(connection)
    assert [piece for piece in ("남궁", "초롱", "2345", "6789", "빗방울") if piece in kept] == []


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_whatever_is_asked_only_our_own_words_are_kept(texts: list[str]) -> None:
    connection = _connect(":memory:")
    _migrate(connection)
    tx = SqliteTransaction(connection)
    for text in texts:
        asks(tx, text)
    ours = {*KNOWLEDGE._search.phrasings, ""}
    assert {row["likest"] for row in connection.execute("SELECT likest FROM gaps")} <= ours
    assert connection.execute("SELECT COUNT(*) FROM gap_shared_words").fetchone()[0] == 0
    connection.close()


def test_words_hold_no_number_and_no_long_string() -> None:
    text = "홍길동 010-2345-6789, kim@example.com 계좌 987a654 은행 은행 a " + "가" * 21
    assert words_of(text) == ("홍길동", "kim", "example", "com", "계좌", "은행")
    assert len(words_of(" ".join(f"말{chr(0xAC00 + number)}" for number in range(100)))) == 20


def test_what_has_not_come_again_is_forgotten(connection: sqlite3.Connection, tx: Transaction) -> None:
    for chat_id in range(MIN_CHATS):
        asks(tx, UNKNOWN, chat_id)
    GAPS.forget(tx, NOON + timedelta(seconds=1))
    assert report(tx) == []
    assert everything_kept(connection) == ""


def test_staff_see_topics_with_most_left_open_first_and_it_fits_a_message(tx: Transaction) -> None:
    assert ASIDES.gaps(tx).key == "staff.gaps.none"
    for number, topic in enumerate(sorted(KNOWLEDGE.topics())):
        for phrasing in KNOWLEDGE._search.phrasings[:5]:
            for chat_id in range(MIN_CHATS):
                words = (
                    [f"{'아주긴낱말' * 3}{chr(0xAC00 + each)}" for each in range(15)] if number < 12 else []
                )
                GAPS.add(tx, "unanswered", Question(topic, "ko", phrasing, words), chat_id, NOON)
    GAPS.add(tx, "unanswered", Question("fees", "ko", ""), 1, NOON)

    screen = ASIDES.gaps(tx)

    rendered = render(screen, WORDS, "ko")
    assert "(fees)" in rendered.text.split("\n\n")[1]
    assert len(rendered.text.encode("utf-16-le")) // 2 <= MOST_UNITS
    assert len(rendered.entities) <= 100


def test_a_topic_that_is_no_more_is_shown_by_its_id(tx: Transaction) -> None:
    GAPS.add(tx, "unanswered", Question("gone-topic", "ko", ""), 1, NOON)
    assert "gone-topic" in WORDS.page("ko", ASIDES.gaps(tx).lines).text
