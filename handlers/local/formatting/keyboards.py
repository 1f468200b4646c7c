"""Reply markup of the Bot API: inline keyboards, reply keyboards, their removal and forced replies, validated."""

from typing import Any
from urllib.parse import urlsplit

from handlers.local.wire.json_shapes import JSON, Params, bad
from handlers.local.wire.limits import Limits

_ACTIONS = (
    "callback_data",
    "url",
    "web_app",
    "copy_text",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "login_url",
    "callback_game",
    "pay",
)
_URL_SCHEMES = frozenset({"http", "https", "tg", "tel", "ton", "mailto"})


def reply_markup(params: Params, limits: Limits) -> JSON | None:
    """The reply markup of a call, or None."""
    value = params.data("reply_markup", "can't parse reply keyboard markup JSON object")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" in value:
        return _inline(value["inline_keyboard"], limits)
    if "keyboard" in value:
        return {**value, "keyboard": _reply(value["keyboard"])}
    return value or None


def inline(markup: JSON | None) -> JSON | None:
    """The markup that is stored with the message: an inline keyboard with buttons, or None."""
    return markup if markup and markup.get("inline_keyboard") else None


def only_inline(markup: JSON | None) -> JSON | None:
    if markup and "inline_keyboard" not in markup:
        raise bad("inline keyboard expected")
    return inline(markup)


def _inline(rows: Any, limits: Limits) -> JSON:
    if not isinstance(rows, list) or any(not isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    buttons = sum(len(row) for row in rows)
    if buttons > limits.buttons:
        raise bad("reply markup is too long")
    checked = [[_button(button, limits) for button in row] for row in rows if row]
    return {"inline_keyboard": checked}


def _button(button: Any, limits: Limits) -> JSON:
    problem = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad(problem + "InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        raise bad(problem + 'Can\'t find field "text"')
    if not button["text"].strip():
        raise bad("inline keyboard button text must be non-empty")
    if not any(button.get(action) is not None and button[action] != "" for action in _ACTIONS):
        raise bad(problem + "Text buttons are unallowed in the inline keyboard")
    _check_types(button, problem)
    data = button.get("callback_data")
    if data is not None and len(data.encode("utf-8", "surrogatepass")) > limits.callback_data:
        raise bad("BUTTON_DATA_INVALID")
    _check_links(button)
    return {name: value for name, value in button.items() if value is not None}


_TYPES = {
    "callback_data": (str, "String"),
    "url": (str, "String"),
    "web_app": (dict, "Object"),
    "copy_text": (dict, "Object"),
}


def _check_types(button: JSON, problem: str) -> None:
    for name, (kind, word) in _TYPES.items():
        if button.get(name) is not None and not isinstance(button[name], kind):
            raise bad(f'{problem}Field "{name}" must be of type {word}')


def _check_links(button: JSON) -> None:
    url = button.get("url")
    if url is not None and not is_link(url):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    app = button.get("web_app")
    if app is not None and not is_link(str(app.get("url", ""))):
        raise bad(f"inline keyboard button Web App URL '{app.get('url', '')}' is invalid: Wrong HTTP URL")


def is_link(url: str) -> bool:
    """Whether a button may open this URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (not parts.scheme and "." in url) or (parts.scheme in _URL_SCHEMES and len(url) > len(parts.scheme) + 3)


def _reply(rows: Any) -> list[list[JSON]]:
    if not isinstance(rows, list) or any(not isinstance(row, list) for row in rows):
        raise bad('field "keyboard" must be an Array of Arrays')
    return [[_key(button) for button in row] for row in rows if row]


def _key(button: Any) -> JSON:
    key = {"text": button} if isinstance(button, str) else button
    if not isinstance(key, dict):
        raise bad("can't parse keyboard button: KeyboardButton must be a String or an Object")
    if not str(key.get("text", "")).strip():
        raise bad("keyboard button text must be non-empty")
    return key
