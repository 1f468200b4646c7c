"""Formatted text: entities checked against the text's length in UTF-16 code units, and automatic entities."""

import re
from typing import Any

from handlers.local.formatting.markup import parse_html
from handlers.local.wire.json_shapes import JSON, Params, bad

SETTABLE_TYPES = frozenset(
    [
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "blockquote",
        "expandable_blockquote",
        "date_time",
    ],
)
AUTOMATIC_TYPES = frozenset(
    ["mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"]
)
_AUTOMATIC = re.compile(r"(?<![\w/])/(?P<command>[A-Za-z0-9_]{1,32}(?:@\w+)?)(?![\w/])|(?P<url>https?://[^\s<>\"']+)")
_CODE_TYPES = frozenset({"code", "pre"})


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, the unit of the Bot API's offsets."""
    return len(text.encode("utf-16-le", "surrogatepass")) >> 1


def parse_text(params: Params, name: str, entities_name: str) -> tuple[str, list[JSON]]:
    """The text of a call and its entities, ordered by offset."""
    text = params.text(name)
    mode = params.text("parse_mode").lower()
    if text and mode and mode != "none":
        if mode != "html":
            raise bad("unsupported parse_mode")
        text, entities = parse_html(text)
    else:
        problem = "can't parse entities JSON object"
        entities = _checked_entities(params.data(entities_name, problem), text)
    return text, add_automatic_entities(text, entities)


def _checked_entities(value: Any, text: str) -> list[JSON]:
    if not value:
        return []
    if not isinstance(value, list):
        return []
    kept = [entity for each in value if (entity := _entity(each)) is not None]
    size = utf16_length(text)
    for entity in kept:
        _check_bounds(entity, size)
    return sorted((each for each in kept if each["length"]), key=lambda each: (each["offset"], -each["length"]))


def _entity(value: Any) -> JSON | None:
    if not isinstance(value, dict):
        raise bad("can't parse MessageEntity: expected an Object")
    for name in ("offset", "length"):
        if type(value.get(name)) is not int:
            raise bad(f"can't parse MessageEntity: Can't find field \"{name}\"")
    kind = value.get("type")
    if kind in AUTOMATIC_TYPES:
        return None
    if kind not in SETTABLE_TYPES:
        raise bad("can't parse MessageEntity: Unsupported type specified")
    return {name: item for name, item in value.items() if item is not None}


def _check_bounds(entity: JSON, size: int) -> None:
    offset, length = entity["offset"], entity["length"]
    if offset < 0:
        raise bad(f"receive an entity with incorrect offset {offset}")
    if length < 0:
        raise bad(f"receive an entity with incorrect length {length}")
    if offset > size or (offset == size and length):
        raise bad(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if offset + length > size:
        place = f"ends after the end of the text at UTF-16 offset {offset + length}"
        raise bad(f"entity beginning at UTF-16 offset {offset} {place}")


def add_automatic_entities(text: str, entities: list[JSON]) -> list[JSON]:
    """Adds commands and URLs as the real server does, except inside code and links."""
    if "/" not in text:
        return entities
    covered = [each for each in entities if each["type"] in _CODE_TYPES or each["type"] == "text_link"]
    found = []
    for match in _AUTOMATIC.finditer(text):
        kind = "bot_command" if match["command"] else "url"
        offset, length = utf16_length(text[: match.start()]), utf16_length(match[0])
        if not any(each["offset"] < offset + length and offset < each["offset"] + each["length"] for each in covered):
            found.append({"type": kind, "offset": offset, "length": length})
    return sorted([*entities, *found], key=lambda each: (each["offset"], -each["length"])) if found else entities
