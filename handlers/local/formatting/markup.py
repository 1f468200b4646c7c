"""Turns the Bot API's HTML into entities. Errors have the wording of the real parser."""

import html
import re

from handlers.local.wire.json_shapes import JSON, bad

_ENTITY_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
}
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[^\s>]*)(?P<rest>[^>]*)>")
_HREF = re.compile(r"""href\s*=\s*["']?(?P<href>[^"'\s>]*)""")


def parse_html(source: str) -> tuple[str, list[JSON]]:
    """Plain text and its entities. Raises `Refusal` for HTML that the real server rejects."""
    parser = _Parser(source)
    parser.run()
    return parser.text, sorted(parser.entities, key=lambda each: (each["offset"], -each["length"]))


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._open: list[tuple[str, int, str]] = []
        self.text = ""
        self.entities: list[JSON] = []

    def run(self) -> None:
        position = 0
        while (start := self._source.find("<", position)) >= 0:
            self.text += html.unescape(self._source[position:start])
            position = self._tag(start)
        self.text += html.unescape(self._source[position:])
        if self._open:
            raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{self._open[-1][0]}\"")

    def _tag(self, start: int) -> int:
        tag = _TAG.match(self._source, start)
        at = f"at byte offset {len(self._source[:start].encode())}"
        if tag is None:
            raise bad(f"can't parse entities: Unclosed start tag {at}")
        name = tag["name"].lower()
        if tag["end"]:
            self._close(name, at)
        elif name not in _ENTITY_TYPES:
            raise bad(f'can\'t parse entities: Unsupported start tag "{name}" {at}')
        else:
            href = _HREF.search(tag["rest"])
            self._open.append((name, self._offset(), html.unescape(href["href"]) if href else ""))
        return tag.end()

    def _close(self, name: str, at: str) -> None:
        if not self._open:
            raise bad(f"can't parse entities: Unexpected end tag {at}")
        opened, offset, href = self._open.pop()
        if name and name != opened:
            raise bad(f'can\'t parse entities: Unmatched end tag {at}, expected "</{opened}>", found "</{name}>"')
        length = self._offset() - offset
        if length and (opened != "a" or href):
            link = {"url": href} if opened == "a" else {}
            self.entities.append({"type": _ENTITY_TYPES[opened], "offset": offset, "length": length, **link})

    def _offset(self) -> int:
        return len(self.text.encode("utf-16-le", "surrogatepass")) >> 1
