"""Outgoing messages as they wait in the outbox: data without text, rendered when they are sent."""

from dataclasses import dataclass

import msgspec

from bot.messages.screen import Line, Screen


class Card(msgspec.Struct, frozen=True, tag="card"):
    """The case's current screen. `fresh` sends it below everything else; otherwise the present message is edited."""

    screen: Screen
    fresh: bool


class Fallback(msgspec.Struct, frozen=True):
    """What is sent instead, in its own lane, if the first channel does not work."""

    lane: str
    message: "SendScreen | Sms | Mail"


class SendScreen(msgspec.Struct, frozen=True, tag="tell"):
    """A message of its own. `about` is the chat that it is about, in the operators' chat."""

    screen: Screen
    about: int | None = None
    otherwise: Fallback | None = None
    #: The request whose result it tells: its outcome can be asked for.
    result: str | None = None


class RelayText(msgspec.Struct, frozen=True, tag="relay"):
    """A person's own words, passed between a customer and staff."""

    line: Line


class DeleteMessage(msgspec.Struct, frozen=True, tag="erase"):
    message_id: int


class SendFile(msgspec.Struct, frozen=True, tag="hand"):
    """One of the certificate's files, by the request that it was made for."""

    request_id: str
    name: str


class Sms(msgspec.Struct, frozen=True, tag="sms"):
    """`to` is empty for an unknown person: the same work is done, and nothing is sent."""

    to: str
    line: Line
    language: str
    otherwise: Fallback | None = None
    result: str | None = None
    #: The chat whose customer is told if the address bounces.
    chat: int | None = None
    #: Not sent at night, in Korea.
    by_day: bool = False


class Mail(msgspec.Struct, frozen=True, tag="mail"):
    to: str
    subject: Line
    body: tuple[Line, ...]
    language: str
    #: A calendar file (RFC 5545) that goes with it.
    calendar: bytes | None = None
    otherwise: Fallback | None = None
    result: str | None = None
    chat: int | None = None
    by_day: bool = False


Message = Card | SendScreen | RelayText | DeleteMessage | SendFile | Sms | Mail


#: The beginning of a chat's lane.
CHAT = "chat:"


def chat_lane(chat_id: int) -> str:
    """Return the lane of a chat: messages of one lane are sent in order."""
    return f"{CHAT}{chat_id}"


@dataclass(frozen=True, slots=True)
class ChatTarget:
    """What a sender has to know of a chat; nothing of its case."""

    language: str
    card: int | None
    last: int
    blocked: bool
