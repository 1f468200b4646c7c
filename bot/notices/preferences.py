"""Rows of `reminders`: which certificate a chat is reminded of, and the customer's preferences."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from bot.storage.database import Row, Transaction

Channel = Literal["chat", "sms", "mail"]
#: Where results go beside the chat, which always has them.
Results = Literal["both", "sms", "mail", "chat"]

#: The most days ahead.
EARLIEST = 366


@dataclass(frozen=True, slots=True)
class Choice:
    """The customer's preferences: how many days before the expiry, at which hour in Korea, on which channel.

    `results` is not about reminders: it says where else the result of an application goes.
    """

    active: bool = True
    lead: int = EARLIEST
    hour: int = 10
    channel: Channel = "chat"
    results: Results = "both"


@dataclass(frozen=True, slots=True)
class WatchedCertificate:
    """A certificate and how far its holder was reminded: until `told_until`, nothing is due any more."""

    serial: str
    issued_on: date
    expires_on: date
    told_until: datetime
    #: The customer asked to be reminded once more on this day.
    again_on: date | None = None


@dataclass(frozen=True, slots=True)
class NoticePreferences:
    choice: Choice
    watched: WatchedCertificate | None
    turn: int


NOTHING = NoticePreferences(Choice(), None, 0)


def load(tx: Transaction, chat_id: int) -> NoticePreferences:
    row = tx.row("reminder_load", chat_id=chat_id)
    if row is None:
        return NOTHING
    choice = Choice(bool(row["active"]), row["lead"], row["hour"], row["channel"], row["results"])
    return NoticePreferences(choice, _watched(row), row["turn"])


def save(tx: Transaction, chat_id: int, kept: NoticePreferences) -> None:
    choice, watched = kept.choice, kept.watched
    tx.write(
        "reminder_save",
        chat_id=chat_id,
        active=int(choice.active),
        lead=choice.lead,
        hour=choice.hour,
        channel=choice.channel,
        results=choice.results,
        serial=watched.serial if watched else None,
        issued_on=watched.issued_on.isoformat() if watched else None,
        expires_on=watched.expires_on.isoformat() if watched else None,
        again_on=watched.again_on.isoformat() if watched and watched.again_on else None,
        told_until=watched.told_until.timestamp() if watched else 0.0,
        turn=kept.turn,
    )


def _watched(row: Row) -> WatchedCertificate | None:
    if row["serial"] is None:
        return None
    again = date.fromisoformat(row["again_on"]) if row["again_on"] else None
    return WatchedCertificate(
        row["serial"],
        date.fromisoformat(row["issued_on"]),
        date.fromisoformat(row["expires_on"]),
        datetime.fromtimestamp(row["told_until"], UTC),
        again,
    )
