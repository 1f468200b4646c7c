"""Renders a screen for Telegram: text with entities and keyboards. Pure; text is never given as markup."""

from collections.abc import Sequence
from dataclasses import dataclass

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from bot.screen import Button, Line, Screen
from bot.words import Rich, Words

#: `InlineKeyboardButton.callback_data` takes 1–64 bytes.
MOST_DATA_BYTES = 64

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove


@dataclass(frozen=True, slots=True)
class Rendered:
    text: str
    entities: Sequence[MessageEntity]
    markup: Markup | None


def render(screen: Screen, words: Words, language: str) -> Rendered:
    rich = words.page(language, screen.lines)
    return Rendered(rich.text, entities(rich), _markup(screen, words, language))


def entities(rich: Rich) -> list[MessageEntity]:
    """Return the spans as entities, whose offsets count UTF-16 units (Bot API: `MessageEntity`)."""
    plain = [MessageEntity(span.kind, span.start, span.length) for span in rich.spans]
    return list(MessageEntity.adjust_message_entities_to_utf_16(rich.text, plain)) if plain else []


def _markup(screen: Screen, words: Words, language: str) -> Markup | None:
    if screen.keyboard == "remove":
        return ReplyKeyboardRemove()
    if screen.keyboard == "contact":
        share = KeyboardButton(words.text(language, Line("keyboard.share")), request_contact=True)
        return ReplyKeyboardMarkup([[share]], resize_keyboard=True, one_time_keyboard=True)
    if not screen.rows:
        return None
    rows = [[_button(each, screen.revision, words, language) for each in row] for row in screen.rows]
    return InlineKeyboardMarkup(rows)


def _button(button: Button, revision: int, words: Words, language: str) -> InlineKeyboardButton:
    text = words.text(language, button.label)
    return InlineKeyboardButton(text, callback_data=write_token(revision, button.token))


def write_token(revision: int, token: str) -> str:
    """Return the button's data: the case's revision and a short name; raise `ValueError` over 64 bytes."""
    data = f"{revision}.{token}"
    if len(data.encode()) > MOST_DATA_BYTES:
        raise ValueError(f"callback data over {MOST_DATA_BYTES} bytes: {token}")
    return data


def read_token(data: str) -> tuple[int, str]:
    """Return revision and name. What we did not write means nothing: revision -1, no name."""
    revision, _, token = data.partition(".")
    try:
        return int(revision), token
    except ValueError:
        return -1, ""
