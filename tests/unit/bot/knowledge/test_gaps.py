"""Unanswered questions are counted for the editors, and no word that may be a name is stored in readable form."""

import sqlite3
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.chats import Chat
from bot.conversation.transition import SideRequest
from bot.knowledge import KnowledgeBase, tokenise
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
MAX_UNITS = 4096
UNKNOWN = "남궁초롱인데요 010-2345-6789 빗방울 날씨 어때요"


def ask(tx: Transaction, text: str, chat_id: int = 42, language: str = "ko") -> Screen:
    case = Talk().case
    chat = Chat(chat_id, language, case)
    (screen,) = ASIDES.aside(tx, chat, case, SideRequest("question", text), NOON).screens
    return screen


def rate(tx: Transaction, token: str) -> None:
    kind, _, value = token.partition(":")
    case = Talk().case
    ASIDES.aside(tx, Chat(42, "ko", case), case, SideRequest(kind, value), NOON)  # type: ignore[arg-type]


def only_row(tx: Transaction) -> Gap:
    (row,) = report(tx)
    return row


def stored_rows(connection: sqlite3.Connection) -> str:
    tables = ("gaps", "gap_words", "gap_shared_words", "usefulness")
    return "\n".join(str(tuple(row)) for each in tables for row in connection.execute(f"SELECT * FROM {each}"))


def test_an_unanswered_question_is_counted_with_the_nearest_phrasing(tx: Transaction) -> None:
    screen = ask(tx, UNKNOWN)

    assert screen.key == "faq.unknown"
    found = KNOWLEDGE.find(UNKNOWN, "ko")
    assert only_row(tx).topic == found.ranked[0].topic
    assert (only_row(tx).unanswered, only_row(tx).offered, only_row(tx).useless) == (1, 0, 0)
    assert only_row(tx).ways == ((found.nearest_phrasing, 1),)


def test_a_question_with_only_an_offer_is_counted_separately(tx: Transaction) -> None:
    text = next(text for text in ("인증서 그거요", "인증서 좀", "인증") if KNOWLEDGE.find(text, "ko").offers)
    ask(tx, text)
    assert (only_row(tx).unanswered, only_row(tx).offered) == (0, 1)


def test_an_answer_that_did_not_help_is_counted_with_the_phrasing(tx: Transaction) -> None:
    text = "재발급 수수료가 얼마예요?"
    screen = ask(tx, text)
    useless = next(token for token in tokens(screen) if token.startswith("useless:"))

    rate(tx, useless)
    rate(tx, useless.replace("useless", "useful"))

    assert only_row(tx).ways == ((KNOWLEDGE.find(text, "ko").nearest_phrasing, 1),)
    assert (only_row(tx).useless, only_row(tx).useful) == (1, 1)


@pytest.mark.parametrize("token", ["useless:fees", "useless:fees:", "useless:fees:ffffffff", "useless:fees:x:y"])
def test_a_button_from_an_older_release_is_counted(tx: Transaction, token: str) -> None:
    rate(tx, token)
    assert (only_row(tx).topic, only_row(tx).useless, only_row(tx).ways) == ("fees", 1, ())


def test_an_answered_question_is_not_stored(connection: sqlite3.Connection, tx: Transaction) -> None:
    ask(tx, "재발급 수수료가 얼마예요?")
    assert stored_rows(connection) == ""


def test_a_word_is_readable_after_several_chats_used_it(tx: Transaction) -> None:
    def add_question(chat_id: int, text: str) -> None:
        GAPS.add(tx, "unanswered", Question("fees", "ko", "", tokenise(text)), chat_id, NOON)

    for chat_id in range(MIN_CHATS - 1):
        add_question(chat_id, UNKNOWN)
        add_question(chat_id, UNKNOWN)  # the same chat counts once
    assert only_row(tx).words == ()

    add_question(99, "빗방울 날씨 어때요")

    assert set(only_row(tx).words) == {("빗방울", MIN_CHATS), ("날씨", MIN_CHATS), ("어때요", MIN_CHATS)}


def test_words_of_a_single_chat_are_not_readable(connection: sqlite3.Connection, tx: Transaction) -> None:
    for _ in range(20):
        ask(tx, UNKNOWN)
    stored = stored_rows(connection)
    assert [piece for piece in ("남궁", "초롱", "2345", "6789", "빗방울") if piece in stored] == []


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_only_known_phrasings_are_stored_for_any_text(texts: list[str]) -> None:
    connection = _connect(":memory:")
    _migrate(connection)
    tx = SqliteTransaction(connection)
    for text in texts:
        ask(tx, text)
    known = {*KNOWLEDGE._search.phrasings, ""}
    assert {row["likest"] for row in connection.execute("SELECT likest FROM gaps")} <= known
    assert connection.execute("SELECT COUNT(*) FROM gap_shared_words").fetchone()[0] == 0
    connection.close()


def test_words_contain_no_number_and_no_long_string() -> None:
    text = "홍길동 010-2345-6789, kim@example.com 계좌 987a654 은행 은행 a " + "가" * 21
    assert tokenise(text) == ("홍길동", "kim", "example", "com", "계좌", "은행")
    assert len(tokenise(" ".join(f"말{chr(0xAC00 + number)}" for number in range(100)))) == 20


def test_old_rows_are_deleted(connection: sqlite3.Connection, tx: Transaction) -> None:
    for chat_id in range(MIN_CHATS):
        ask(tx, UNKNOWN, chat_id)
    GAPS.forget(tx, NOON + timedelta(seconds=1))
    assert report(tx) == []
    assert stored_rows(connection) == ""


def test_the_report_starts_with_the_most_frequent_topic_and_fits_one_message(tx: Transaction) -> None:
    assert ASIDES.gaps(tx).key == "staff.gaps.none"
    for number, topic in enumerate(sorted(KNOWLEDGE.topics())):
        for phrasing in KNOWLEDGE._search.phrasings[:5]:
            for chat_id in range(MIN_CHATS):
                words = [f"{'아주긴낱말' * 3}{chr(0xAC00 + each)}" for each in range(15)] if number < 12 else []
                GAPS.add(tx, "unanswered", Question(topic, "ko", phrasing, words), chat_id, NOON)
    GAPS.add(tx, "unanswered", Question("fees", "ko", ""), 1, NOON)

    screen = ASIDES.gaps(tx)

    rendered = render(screen, WORDS, "ko")
    assert "(fees)" in rendered.text.split("\n\n")[1]
    assert len(rendered.text.encode("utf-16-le")) // 2 <= MAX_UNITS
    assert len(rendered.entities) <= 100


def test_a_deleted_topic_is_shown_by_its_id(tx: Transaction) -> None:
    GAPS.add(tx, "unanswered", Question("gone-topic", "ko", ""), 1, NOON)
    assert "gone-topic" in WORDS.page("ko", ASIDES.gaps(tx).lines).text
