"""Parses the results of an inline query: articles with a text, and a button. Errors are those of the real server.

Other types of result and content are refused by name: this messenger cannot show them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from handlers.local.formatting.entities import parse_text, utf16_length
from handlers.local.formatting.keyboards import is_link, only_inline, reply_markup
from handlers.local.wire.json_shapes import JSON, Params, Refusal, bad
from handlers.local.wire.limits import Limits
from handlers.local.world.queries import Result

MAX_ID_BYTES = 64  #: bytes
MAX_OFFSET_BYTES = 64  #: bytes
MAX_START_PARAMETER = 64
_RESULT = "can't parse inline query result: "
_BUTTON = "can't parse inline query results button: "
_UNSUPPORTED_HERE = "is not supported by the local messenger"
_UNSUPPORTED_TYPES = frozenset(
    [
        "audio",
        "contact",
        "document",
        "game",
        "gif",
        "location",
        "mpeg4_gif",
        "photo",
        "sticker",
        "venue",
        "video",
        "voice",
    ],
)
_UNSUPPORTED_CONTENTS = ("latitude", "phone_number", "payload")
#: An inline message cannot have these buttons: the bot may not be a member of its chat.
_FORBIDDEN_BUTTONS = ("web_app", "pay", "callback_game")
#: Errors that the Bot API server reports as errors of the result.
_PARSE_ERRORS = ("can't parse", "unsupported parse_mode", 'field "')


def results_of(params: Params, limits: Limits) -> tuple[Result, ...]:
    """`results` of https://core.telegram.org/bots/api#answerinlinequery."""
    given = params.data("results", "can't parse JSON encoded inline query results")
    if given is None:
        return ()
    if not isinstance(given, list):
        raise bad("expected an Array of inline query results")
    if len(given) > limits.inline_results:
        raise bad("too many inline query results specified")
    return tuple(_result(each, limits) for each in given)


def check(results: Sequence[Result], next_offset: str) -> None:
    """Checks what the Bot API server passes on and Telegram's own server refuses."""
    if _byte_length(next_offset) > MAX_OFFSET_BYTES:
        raise bad("NEXT_OFFSET_INVALID")
    for result in results:
        if not 1 <= _byte_length(result.id) <= MAX_ID_BYTES:
            raise bad("RESULT_ID_INVALID")
        if not result.title.strip():
            raise bad("ARTICLE_TITLE_EMPTY")
    if len({result.id for result in results}) < len(results):
        raise bad("RESULT_ID_DUPLICATE")


def button_of(params: Params) -> JSON | None:
    """The button above the results, or its older parameters (core.telegram.org/bots/api#inlinequeryresultsbutton)."""
    given = params.data("button", "can't parse inline query results button JSON object")
    if given is None:
        text = params.text("switch_pm_text")
        return _start_button(text, params.text("switch_pm_parameter")) if text else None
    if not isinstance(given, dict):
        raise bad(_BUTTON + "InlineQueryResultsButton must be an Object")
    text = _required(given, "text", _BUTTON)
    if given.get("start_parameter") is not None:
        return _start_button(text, _required(given, "start_parameter", _BUTTON))
    if given.get("web_app") is None:
        raise bad(_BUTTON + "InlineQueryResultsButton must have exactly one optional field")
    return _web_app_button(text, given["web_app"])


def _start_button(text: str, parameter: str) -> JSON:
    if not parameter:
        raise bad("can't use empty start_parameter")
    if _byte_length(parameter) > MAX_START_PARAMETER:
        raise bad("too long start_parameter specified")
    if not (parameter.isascii() and parameter.replace("-", "a").replace("_", "a").isalnum()):
        raise bad("unallowed characters in start_parameter are used")
    return {"text": _checked_label(text), "start_parameter": parameter}


def _web_app_button(text: str, app: Any) -> JSON:
    if not isinstance(app, dict):
        raise bad(_BUTTON + 'Field "web_app" must be of type Object')
    url = _required(app, "url", _BUTTON)
    if not is_link(url):
        raise bad(f"inline query button Web App URL '{url}' is invalid: Wrong HTTP URL")
    return {"text": _checked_label(text), "web_app": {"url": url}}


def _checked_label(text: str) -> str:
    if not text.strip():
        raise bad("SWITCH_PM_TEXT_EMPTY")
    return text


def _result(value: Any, limits: Limits) -> Result:
    if not isinstance(value, dict):
        raise bad(_RESULT + "Inline query result must be an object")
    kind = _required(value, "type", _RESULT).lower()
    result_id = _required(value, "id", _RESULT)
    if kind in _UNSUPPORTED_TYPES:
        raise bad(f'{_RESULT}type "{kind}" {_UNSUPPORTED_HERE}')
    if kind != "article":
        raise bad(f'{_RESULT}type "{kind}" is unsupported for the inline query result')
    content = {**_message(value, limits), **_keyboard(value, limits)}
    title = _required(value, "title", _RESULT)
    return Result(result_id, title, _optional(value, "description"), content)


def _message(value: JSON, limits: Limits) -> JSON:
    content = value.get("input_message_content")
    if content is None:  # the older form of a result, still accepted
        content = value
        if not _required(value, "message_text", _RESULT):
            raise bad(_RESULT + "Message text is empty")
    if not isinstance(content, dict):
        raise bad(_RESULT + 'Field "input_message_content" must be of type Object')
    if not _optional(content, "message_text"):
        other = any(name in content for name in _UNSUPPORTED_CONTENTS)
        raise bad(
            _RESULT + (f"this content {_UNSUPPORTED_HERE}" if other else "Input message content is not specified")
        )
    return _text(content, limits)


def _text(content: JSON, limits: Limits) -> JSON:
    with _parse_errors_of_result():
        text, entities = parse_text(Params(content), "message_text", "entities")
    if not text.strip():
        raise bad("text must be non-empty")
    if utf16_length(text) > limits.text:
        raise bad("MESSAGE_TOO_LONG")
    return {"text": text, **({"entities": entities} if entities else {})}


def _keyboard(value: JSON, limits: Limits) -> JSON:
    given = value.get("reply_markup")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise bad(_RESULT + 'Field "reply_markup" must be of type Object')
    with _parse_errors_of_result():
        kept = only_inline(reply_markup(Params({"reply_markup": given}), limits))
    if kept is None:
        return {}
    if any(name in button for row in kept["inline_keyboard"] for button in row for name in _FORBIDDEN_BUTTONS):
        raise bad("BUTTON_TYPE_INVALID")
    return {"reply_markup": kept}


@contextmanager
def _parse_errors_of_result() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        reason = refusal.description.removeprefix("Bad Request: ")
        if not reason.startswith(_PARSE_ERRORS):
            raise
        raise bad(f"{_RESULT}{reason[:1].upper()}{reason[1:]}") from None


def _required(value: JSON, name: str, problem: str) -> str:
    given = value.get(name)
    if given is None:
        raise bad(f'{problem}Can\'t find field "{name}"')
    return _string(given, name, problem)


def _optional(value: JSON, name: str) -> str:
    given = value.get(name)
    return "" if given is None else _string(given, name, _RESULT)


def _string(given: Any, name: str, problem: str) -> str:
    """Accepts numbers as strings, as the real server does."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise bad(f'{problem}Field "{name}" must be of type String')
    return str(given)


def _byte_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
