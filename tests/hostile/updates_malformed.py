"""What no messenger should ever send: real updates with wrong types, cut, spliced, and bytes that are no update."""

import json
from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

from handlers.local.wire.json_shapes import JSON
from tests.hostile.updates_shapes import MARK

INFINITY = float("inf")
NUMBERS = (
    0, -1, 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**30, -(10**40),
    0.0, -0.0, 1.5, 5.0, 1e308, 1e-320, INFINITY, -INFINITY, float("nan"),
)  # fmt: skip
WRONG: tuple[Any, ...] = (
    *NUMBERS, None, True, False, "", "0", "101", "-5", "NaN", [], {}, [[]], [None], {"id": 1}, {"": None}, [{}, 5],
    "\ud800", f"{MARK}\udfff", "\x00", "a" * 70_000, f"{MARK}%s{{0}}",
)  # fmt: skip
#: One that is too deep for a recursive reader, and one that is not.
DEEP = (200, 3_000)
HERE = "deep here"
KINDS = (
    "message", "edited_message", "channel_post", "callback_query", "my_chat_member", "inline_query", "poll",
    "business_message", "kind_of_tomorrow",
)  # fmt: skip
#: Ids of an update that the inbox can store, and at its limits.
IDS = (0, 1, 2**31, 2**53, 2**63 - 2, 2**63 - 1)
KEPT = 400
MOST_BYTES = 1 << 20
#: One in this many bodies is longer than allowed.
LONG_ONE_IN = 400


@dataclass
class Tearing:
    chance: Random
    #: Updates from a normal conversation.
    real: deque[JSON] = field(default_factory=lambda: deque(maxlen=KEPT))

    def body(self, number: int) -> bytes:
        """Return one body, whose update has this id unless the id is what is malformed."""
        chance = self.chance
        update = json.loads(json.dumps(chance.choice(self.real)))
        update["update_id"] = number
        way = chance.random()
        if way < 0.60:
            for _ in range(chance.choice((1, 1, 1, 2, 5))):
                chance.choice(_TEARS)(self, update)
            return self.written(update)
        if way < 0.85:
            return self._bytes(bytearray(self.written(update)))
        if way < 0.97:
            return self.written(self._spliced(update))
        return self._no_update(number)

    def again(self, number: int) -> bytes:
        """Return another body with an id that has come already, and with no other id."""
        update = json.loads(json.dumps(self.chance.choice(self.real)))
        self.chance.choice(_TEARS)(self, update)
        return self.written({**update, "update_id": number})

    def written(self, update: Any) -> bytes:
        """Return its JSON, in one of the ways in which others write it."""
        if self.chance.random() < 0.2:
            try:
                return self._deepened(json.dumps(update, ensure_ascii=False, separators=(",", ":")).encode())
            except UnicodeEncodeError:
                pass
        return self._deepened(json.dumps(update, separators=(",", ":")).encode())

    def _deepened(self, body: bytes) -> bytes:
        """Put nested lists and objects where that was asked for; the writer above would recurse itself."""
        marked = b'"%s"' % HERE.encode()
        if marked not in body:
            return body
        levels = self.chance.choice((*DEEP[:1] * 9, *DEEP[1:]))
        kinds = [self.chance.choice(((b'{"message":[', b"]}"), (b"[", b"]"))) for _ in range(levels)]
        before, after = b"".join(each for each, _ in kinds), b"".join(each for _, each in reversed(kinds))
        return body.replace(marked, before + b'"%s"' % MARK.encode() + after)

    # --- one defect each ---

    def wrong_value(self, update: JSON) -> None:
        parent, key = self._place(update)
        parent[key] = deepcopy(self.chance.choice(WRONG))

    def wrong_number(self, update: JSON) -> None:
        """Ids travel farthest: into lanes, rows and calls."""
        places = [(p, k) for p, k in _places(update) if isinstance(p[k], int)]
        parent, key = self.chance.choice(places or [self._place(update)])
        parent[key] = self.chance.choice(NUMBERS + IDS)

    def missing(self, update: JSON) -> None:
        parent, key = self._place(update)
        del parent[key]

    def renamed(self, update: JSON) -> None:
        kinds = [name for name in update if name != "update_id"]
        if kinds:
            update[self.chance.choice(KINDS)] = update.pop(self.chance.choice(kinds))

    def deep(self, update: JSON) -> None:
        parent, key = self._place(update)
        parent[key] = HERE

    def two_kinds(self, update: JSON) -> None:
        other = json.loads(json.dumps(self.chance.choice(self.real)))
        for name, value in other.items():
            update.setdefault(name, value)

    def another_chat(self, update: JSON) -> None:
        other = self._chat_of(self.chance.choice(self.real))
        mine = self._chat_of(update)
        if mine is not None and other is not None:
            mine["id"] = other["id"]

    def _spliced(self, update: JSON) -> Any:
        """Put a part of one update where a part of another was, of the same name if there is one."""
        other = json.loads(json.dumps(self.chance.choice(self.real)))
        parent, key = self._place(update)
        same = [p[k] for p, k in _places(other) if k == key]
        parent[key] = self.chance.choice(same) if same else self.chance.choice([*other.values()])
        return update

    def _place(self, update: JSON) -> tuple[Any, Any]:
        """Return a container and a key in it; outer ones as often as the many inner ones."""
        here: Any = update or {"update_id": 1}
        while True:
            key = self.chance.choice([*here]) if isinstance(here, dict) else self.chance.randrange(len(here))
            below = here[key]
            if not isinstance(below, dict | list) or not below or self.chance.random() < 0.25:
                return here, key
            here = below

    @staticmethod
    def _chat_of(update: JSON) -> JSON | None:
        for value in update.values():
            if isinstance(value, dict):
                message = value.get("message", value)
                chat = message.get("chat") if isinstance(message, dict) else None
                return chat if isinstance(chat, dict) and "id" in chat else None
        return None

    # --- bytes ---

    def _bytes(self, body: bytearray) -> bytes:
        chance = self.chance
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(len(body))
            match chance.randrange(5):
                case 0:
                    body[at] ^= 1 << chance.randrange(8)
                case 1:
                    del body[at : at + chance.randrange(1, 9)]
                case 2:
                    body[at:at] = chance.choice(_PIECES)
                case 3:
                    body[at:at] = body[at : at + chance.randrange(1, 200)]
                case _:
                    body[at] = chance.randrange(256)
            if not body:
                break
        return bytes(body)

    def _no_update(self, number: int) -> bytes:
        chance = self.chance
        if not chance.randrange(LONG_ONE_IN // 33):
            return b'{"update_id":%d,"x":"%s"}' % (number, b"a" * MOST_BYTES)
        return chance.choice(
            (
                b"", b" ", b"null", b"true", b"5", b'"text"', b"[]", b"{}", b"[" * 50_000, b'{"a":' * 20_000,
                b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"\xff\xfe", b"\x00" * 100, b"{'update_id': 1}",
                chance.randbytes(200), b"update_id=5&message=x", b'{"update_id":' + b"9" * 5_000 + b"}",
                b'{"update_id":1e999}', b'{"update_id":-1e999}', b'{"update_id":NaN}', b'{"update_id":"5"}',
                b'{"update_id":[%d]}' % number, b'{"update_id":true}', b'{"update_id":null}', b'{"update_id":1.5}',
                b'{"update_id":%d,"message":{"chat":{"id":%s}}}' % (number, b"9" * 4_000),
                b'{"update_id":%d,"message":{"chat":{"id":true,"type":"private"},"message_id":1,"text":"x"}}' % number,
                b'{"update_id":%d,"update_id":%d,"message":null}' % (chance.choice(IDS), number),
            )
        )  # fmt: skip


_PIECES = (
    b"\x00", b'"', b"\\", b"\\u0000", b"\\ud800", b"\xed\xa0\x80", b"\xff", b"{", b"}", b"[", b"]", b",", b":", b"-",
    b"e999", b"0" * 40, b"null", b"NaN", b"/*", b"\xe2\x80\xae", b"\xc0\x80", b"\xf4\x90\x80\x80",
)  # fmt: skip
_TEARS: tuple[Callable[[Tearing, JSON], None], ...] = (
    *(Tearing.wrong_value,) * 4,
    *(Tearing.wrong_number,) * 4,
    *(Tearing.missing,) * 3,
    Tearing.renamed,
    Tearing.deep,
    Tearing.two_kinds,
    *(Tearing.another_chat,) * 2,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in it, as a container and a key."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], dict | list):
            found += _places(value[key])
    return found
