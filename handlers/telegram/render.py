"""Renders a screen for Telegram: text with entities and keyboards. Pure; text is never sent as markup."""

from dataclasses import dataclass
from typing import Any

from bot.messages.catalog import Catalogs, FormattedText
from bot.messages.screen import Button, Line, Screen

#: `InlineKeyboardButton.callback_data` takes 1–64 bytes.
MOST_DATA_BYTES = 64

#: An object of the Bot API, as it is sent.
JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rendered:
    text: str
    entities: list[JSON]
    markup: JSON | None  #: `InlineKeyboardMarkup`, `ReplyKeyboardMarkup` or `ReplyKeyboardRemove`.

    @property
    def is_inline(self) -> bool:
        """Whether its keyboard is one that an edited message can have."""
        return self.markup is not None and "inline_keyboard" in self.markup


def render(screen: Screen, catalogs: Catalogs, language: str) -> Rendered:
    rich = catalogs.page(language, screen.lines)
    return Rendered(rich.text, entities(rich), _markup(screen, catalogs, language))


def entities(rich: FormattedText) -> list[JSON]:
    """Return the spans as entities, whose offsets count UTF-16 units (Bot API: `MessageEntity`)."""
    return [
        {
            "type": span.kind,
            "offset": _units(rich.text[: span.start]),
            "length": _units(rich.text[span.start : span.start + span.length]),
        }
        for span in rich.spans
    ]


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _markup(screen: Screen, catalogs: Catalogs, language: str) -> JSON | None:
    if screen.keyboard == "remove":
        return {"remove_keyboard": True}
    if screen.keyboard == "contact":
        share = {"text": catalogs.text(language, Line("keyboard.share")), "request_contact": True}
        return {"keyboard": [[share]], "resize_keyboard": True, "one_time_keyboard": True}
    if not screen.rows:
        return None
    rows = [[_button(each, screen.revision, catalogs, language) for each in row] for row in screen.rows]
    return {"inline_keyboard": rows}


def _button(button: Button, revision: int, catalogs: Catalogs, language: str) -> JSON:
    text = catalogs.text(language, button.label)
    return {"text": text, "callback_data": write_token(revision, button.token)}


def write_token(revision: int, token: str) -> str:
    """Return the button's data: the case's revision and a token; raise `ValueError` over 64 bytes."""
    data = f"{revision}.{token}"
    if len(data.encode()) > MOST_DATA_BYTES:
        raise ValueError(f"callback data over {MOST_DATA_BYTES} bytes: {token}")
    return data


def read_token(data: str) -> tuple[int, str]:
    """Return revision and token. For data that we did not write: revision -1 and no token."""
    revision, _, token = data.partition(".")
    try:
        return int(revision), token
    except ValueError:
        return -1, ""
