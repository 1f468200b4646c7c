"""Screens for Telegram: entities in UTF-16 units, keyboards, and tokens of at most 64 bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup, MessageEntity

from bot.messages.catalog import Catalogs, FormattedText, Span
from bot.messages.screen import Line, Screen, button
from handlers.telegram.render import entities, read_token, render, write_token

WORDS = Catalogs(
    {
        "ko": {
            "a": "😀 {name} **굵은 {name}** `코드`",
            "button": "고르기",
            "keyboard.share": "내 연락처 보내기",
        }
    }
)


def marked(text: str, offset: int, length: int) -> str:
    """Return what Telegram marks: offsets count UTF-16 units."""
    raw = text.encode("utf-16-le")
    return raw[2 * offset : 2 * (offset + length)].decode("utf-16-le")


@pytest.mark.parametrize("name", ["홍길동", "😀", "👨\u200d👩\u200d👧", "가\u0301", "𝒜𝒷", ""])
def test_entities_stand_where_telegram_counts(name: str) -> None:
    rendered = render(Screen((Line("a", {"name": name}),)), WORDS, "ko")
    marks = MessageEntity.de_list(rendered.entities, None)
    found = [(each.type, marked(rendered.text, each.offset, each.length)) for each in marks]
    assert [text for _, text in found] == [f"굵은 {name}", "코드"] if name else ["굵은 ", "코드"]
    assert [kind for kind, _ in found][-1] == "code"


@given(
    st.lists(st.sampled_from(["가", "😀", "a", "\u200d", "𝒜", "\n"]), max_size=30),
    st.integers(0, 30),
    st.integers(1, 9),
)
def test_offsets_are_right_for_every_text(letters: list[str], start: int, length: int) -> None:
    text = "".join(letters) + "끝" * 40
    (entity,) = MessageEntity.de_list(entities(FormattedText(text, (Span(start, length, "bold"),))), None)
    assert marked(text, entity.offset, entity.length) == text[start : start + length]


def test_a_text_without_markup_has_no_entities() -> None:
    assert list(entities(FormattedText("안녕"))) == []


def test_buttons_carry_revision_and_token() -> None:
    screen = Screen((Line("a", {"name": "x"}),), ((button("button", "pick:lost"), button("button", "back")),), 7)
    rendered = render(screen, WORDS, "ko")
    assert rendered.is_inline
    markup = InlineKeyboardMarkup.de_json(rendered.markup or {}, None)
    assert [(each.text, each.callback_data) for row in markup.inline_keyboard for each in row] == [
        ("고르기", "7.pick:lost"),
        ("고르기", "7.back"),
    ]


def test_reply_keyboards() -> None:
    ask = render(Screen((Line("a"),), keyboard="contact"), WORDS, "ko")
    assert not ask.is_inline
    assert ask.markup is not None
    assert ask.markup["keyboard"] == [[{"text": "내 연락처 보내기", "request_contact": True}]]
    assert render(Screen((Line("a"),), keyboard="remove"), WORDS, "ko").markup == {"remove_keyboard": True}
    assert render(Screen((Line("a"),)), WORDS, "ko").markup is None


# --- tokens ---


@given(st.integers(-1, 10**9), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=50))
def test_a_token_comes_back_as_it_was_written(revision: int, token: str) -> None:
    assert read_token(write_token(revision, token)) == (revision, token)


def test_a_token_of_64_bytes_is_the_longest() -> None:
    assert len(write_token(7, "x" * 62)) == 64
    with pytest.raises(ValueError, match="64 bytes"):
        write_token(7, "x" * 63)
    with pytest.raises(ValueError, match="64 bytes"):
        write_token(7, "가" * 21)


@pytest.mark.parametrize("data", ["", "x", "pick:lost", ".", ".back", "7", "7.", "7.0.back", "-1.begin", "1e3.x"])
def test_what_we_did_not_write_means_nothing(data: str) -> None:
    revision, token = read_token(data)
    assert isinstance(revision, int)
    known = {"7.0.back": (7, "0.back"), "-1.begin": (-1, "begin"), "7": (7, ""), "7.": (7, "")}
    assert (revision, token) == known.get(data, (-1, ""))


@given(st.text(max_size=64))
def test_no_data_breaks_it(data: str) -> None:
    read_token(data)
