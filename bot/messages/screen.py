"""What is shown, as data: keys, parameters and buttons. Language and messenger are chosen when it is sent."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

import msgspec


class Word(msgspec.Struct, frozen=True, tag="word"):
    """A parameter that is itself a catalog key, so that it appears in the reader's language."""

    key: str


class Day(msgspec.Struct, frozen=True, tag="day"):
    """A calendar day in Korea."""

    value: date


class Moment(msgspec.Struct, frozen=True, tag="moment"):
    """A point in time, shown in the bank's time zone."""

    value: datetime


class Hour(msgspec.Struct, frozen=True, tag="hour"):
    """A point in time of which only the hour and minute are shown."""

    value: datetime


class Marked(msgspec.Struct, frozen=True, tag="marked"):
    """Our own text from `locales/` whose markup counts. All other text is shown as it is written."""

    value: str


Param = str | int | Word | Day | Moment | Hour | Marked


class Line(msgspec.Struct, frozen=True):
    """One paragraph: a catalog key and its parameters."""

    key: str
    params: Mapping[str, Param] = {}


class Button(msgspec.Struct, frozen=True):
    """A choice under a screen. The token says what was meant; it is looked up when it comes back, never trusted."""

    label: Line
    token: str


Rows = tuple[tuple[Button, ...], ...]


class Screen(msgspec.Struct, frozen=True):
    """Paragraphs and rows of buttons. `revision` is the case's, or -1 for buttons that are valid at any time."""

    lines: tuple[Line, ...]
    rows: Rows = ()
    revision: int = -1
    #: The reply keyboard that goes with it: a button that shares the customer's own contact, or the keyboard's removal.
    keyboard: Literal["contact", "remove"] | None = None

    @property
    def key(self) -> str:
        return self.lines[0].key


def button(key: str, token: str, **params: Param) -> Button:
    return Button(Line(key, params), token)
