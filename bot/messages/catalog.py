"""Catalogs: a line's key and parameters become text in the reader's language, with its markup as spans."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.messages.pofile import PoFileError, read_po

from bot.core.clock import KST
from bot.messages.particles import josa
from bot.messages.screen import Day, Hour, Line, Marked, Moment, Param, Word

#: Languages that are complete; a catalog that is not listed here is not offered.
LANGUAGES = ("ko", "en", "vi", "zh")
DEFAULT = "ko"

_MARKUP = re.compile(r"\*\*(.+?)\*\*|`(.+?)`", re.DOTALL)
#: `{name}`, or `{name:을/를}` with the particle that the last sound of the value asks for.
_PLACE = re.compile(r"\{(\w+)(?::([^{}]+))?\}")


class CatalogBroken(Exception):
    """A catalog is missing or cannot be read; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text; start and length count characters."""

    start: int
    length: int
    kind: Literal["bold", "code"]


@dataclass(frozen=True, slots=True)
class FormattedText:
    text: str
    spans: tuple[Span, ...] = ()


Catalog = Mapping[str, str]


class Catalogs:
    def __init__(
        self, catalogs: Mapping[str, Catalog], zone: ZoneInfo = KST, facts: Mapping[str, str] | None = None
    ) -> None:
        self._catalogs = catalogs
        self._zone = zone
        #: The bank's own facts, for every text that names them.
        self._facts = facts or {}
        self.languages = tuple(catalogs)
        self.default = DEFAULT if DEFAULT in catalogs else self.languages[0]

    @classmethod
    def load(cls, zone: ZoneInfo = KST, facts: Mapping[str, str] | None = None) -> "Catalogs":
        """Read every language's catalog; raise `CatalogBroken` if one is missing or unreadable."""
        return cls({language: read_catalog(language) for language in LANGUAGES}, zone, facts)

    def nearest(self, tag: str | None) -> str:
        """Return the language for the messenger's IETF tag: Korean without a tag, English for an unknown one."""
        code = (tag or self.default).split("-")[0].lower()
        return code if code in self.languages else "en"

    def text(self, language: str, line: Line) -> str:
        """Return the text without markup."""
        return self.rich(language, line).text

    def rich(self, language: str, line: Line) -> FormattedText:
        """Return the text with its markup. Parameters are plain text: markup in them has no effect."""
        builder = _Builder()
        self._write(builder, language, self._template(language, line.key), line.params, None)
        return builder.done()

    def page(self, language: str, lines: tuple[Line, ...]) -> FormattedText:
        """Return paragraphs; a line whose key ends in `.row` follows the one before without a gap."""
        builder = _Builder()
        for number, line in enumerate(lines):
            if number:
                tight = line.key.endswith(".row") and lines[number - 1].key.endswith(".row")
                builder.add("\n" if tight else "\n\n", None)
            self._write(builder, language, self._template(language, line.key), line.params, None)
        return builder.done()

    def _template(self, language: str, key: str) -> str:
        catalog = self._catalogs.get(language) or self._catalogs[self.default]
        return catalog.get(key) or self._catalogs[self.default].get(key) or key

    def _write(
        self,
        builder: "_Builder",
        language: str,
        template: str,
        params: Mapping[str, Param],
        kind: Literal["bold", "code"] | None,
    ) -> None:
        place = 0
        for found in _MARKUP.finditer(template):
            self._fill(builder, language, template[place : found.start()], params, kind)
            inner: Literal["bold", "code"] = "bold" if found[1] is not None else "code"
            self._fill(builder, language, found[1] or found[2], params, inner)
            place = found.end()
        self._fill(builder, language, template[place:], params, kind)

    def _fill(
        self,
        builder: "_Builder",
        language: str,
        text: str,
        params: Mapping[str, Param],
        kind: Literal["bold", "code"] | None,
    ) -> None:
        place = 0
        for found in _PLACE.finditer(text):
            builder.add(text[place : found.start()], kind)
            value = params.get(found[1], self._facts.get(found[1]))
            if isinstance(value, Marked):
                self._write(builder, language, value.value, {}, kind)
            elif value is None:
                builder.add(found[0], kind)
            else:
                said = self._said(language, value)
                builder.add(josa(said, found[2]) if found[2] else said, kind)
            place = found.end()
        builder.add(text[place:], kind)

    def _said(self, language: str, value: Param) -> str:
        match value:
            case Word(key=key):
                return self.text(language, Line(key))
            case Day(value=day):
                return str(format_date(day, "long", locale=language))
            case Moment(value=moment):
                local = moment.astimezone(self._zone)
                written = format_date(local.date(), "long", locale=language)
                return f"{written} {self._time(language, local)}"
            case Hour(value=moment):
                return self._time(language, moment.astimezone(self._zone))
            case _:
                return str(value)

    def _time(self, language: str, local: datetime) -> str:
        return str(format_time(local, self._template(language, "format.time"), locale=language))


class _Builder:
    """Collects text and the spans in it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._spans: list[Span] = []
        self._length = 0

    def add(self, text: str, kind: Literal["bold", "code"] | None) -> None:
        if not text:
            return
        if kind is not None:
            last = self._spans[-1] if self._spans else Span(0, -1, kind)
            if last.kind == kind and last.start + last.length == self._length:
                # One span for the whole value: a code that is copied in pieces would lack a part.
                self._spans[-1] = Span(last.start, last.length + len(text), kind)
            else:
                self._spans.append(Span(self._length, len(text), kind))
        self._parts.append(text)
        self._length += len(text)

    def done(self) -> FormattedText:
        return FormattedText("".join(self._parts), tuple(self._spans))


def read_catalog(language: str) -> Catalog:
    """Return the messages of `locales/<language>/LC_MESSAGES/messages.po` by key."""
    path: Traversable = files("locales").joinpath(language, "LC_MESSAGES", "messages.po")
    try:
        catalog = read_po(BytesIO(path.read_bytes()), locale=language, abort_invalid=True)
    except (OSError, ValueError, PoFileError) as error:
        raise CatalogBroken(f"the catalog of {language} cannot be read: {error}") from error
    return {str(message.id): str(message.string) for message in catalog if message.id and message.string}
